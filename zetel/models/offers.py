"""What sales offer to one person for one space: plan, cycle, size and price, which bind until a moment (rule P6).

With a payment term it is for a plan on manual invoice (G5): agreed by somebody on a day, and approved by sales.
"""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from zetel.models.customers import Customer
from zetel.models.requests import SalesRequest
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person, Space
from zetel.rules.periods import local_date
from zetel.rules.transitions import OfferStatus


class Offer(Row):
    """At most one is open for a space. `person` may accept it, by buying; `change` is the purchase that did."""

    PREFIX = "off"

    request = models.ForeignKey(SalesRequest, models.SET_NULL, null=True, related_name="offers")
    space = models.ForeignKey(Space, models.PROTECT, related_name="offers")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    offered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    plan = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8)
    seats = models.PositiveIntegerField()
    unit_amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    message = models.TextField(max_length=5000, blank=True)
    payment_term_days = models.PositiveSmallIntegerField(null=True, blank=True)
    purchase_order = models.CharField(max_length=64, blank=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    agreed_by = models.CharField(max_length=255, blank=True)
    agreed_on = models.DateField(null=True, blank=True)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField()
    status = models.CharField(max_length=12, default="open")
    change = models.OneToOneField("zetel.Change", models.PROTECT, null=True, related_name="offer")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("cycle", "month", "year", name="offer_cycle"),
            one_of("status", *OfferStatus, name="offer_status"),
            models.UniqueConstraint(fields=["space"], condition=Q(status="open"), name="offer_one_open"),
            models.CheckConstraint(
                condition=Q(payment_term_days=None) | Q(customer__isnull=False), name="offer_manual_has_payer"
            ),
        ]

    @property
    def is_manual(self) -> bool:
        return self.payment_term_days is not None

    @property
    def last_on(self) -> date:
        """The last day on which it holds, as people count; it is a whole day of its space (P6)."""
        return local_date(self.valid_until, ZoneInfo(self.space.time_zone)) - timedelta(days=1)

    @property
    def reference(self) -> str:
        """What people call it, as it stands on the quote."""
        return f"Q-{self.public_id[-8:].upper()}"
