"""What sales offer to one person for one space: plan, cycle, size and price, which bind until a moment (rule P6)."""

from django.db import models
from django.db.models import Q

from zetel.models.requests import SalesRequest
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person, Space
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
    valid_until = models.DateTimeField()
    status = models.CharField(max_length=12, default="open")
    change = models.OneToOneField("zetel.Change", models.PROTECT, null=True, related_name="offer")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("cycle", "month", "year", name="offer_cycle"),
            one_of("status", *OfferStatus, name="offer_status"),
            models.UniqueConstraint(fields=["space"], condition=Q(status="open"), name="offer_one_open"),
        ]
