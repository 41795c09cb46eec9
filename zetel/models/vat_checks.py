"""Each asking about a customer's VAT number, and what the service or staff said (rule T2): kept, never edited."""

from django.db import models
from django.db.models import Q

from zetel.models.customers import Customer
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person
from zetel.rules.transitions import VatCheckStatus


class VatCheck(Row):
    """One number of one customer: waiting until it is answered, with the consultation number as proof.

    `evidence` is what staff saw, where they recorded it instead of the service; `ask_at` when a waiting one is due.
    With `gives_back` tax is still to be given back, because money was under way.
    """

    PREFIX = "vat"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="vat_checks")
    country = models.CharField(max_length=2)
    number = models.CharField(max_length=32)
    status = models.CharField(max_length=12, default=VatCheckStatus.WAITING)
    consultation = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=500, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    staff = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    ask_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    gives_back = models.BooleanField(default=False)

    class Meta:
        constraints = [
            one_of("status", *VatCheckStatus, name="vat_check_status"),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(status="waiting"), name="vat_check_one_waiting"
            ),
        ]
        indexes = [
            models.Index(fields=["ask_at"], condition=Q(status="waiting"), name="vat_check_to_ask"),
            models.Index(fields=["customer", "-id"], name="vat_check_latest"),
            models.Index(fields=["id"], condition=Q(gives_back=True), name="vat_check_gives_back"),
        ]
