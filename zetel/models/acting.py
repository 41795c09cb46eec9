"""When one of the seller's people acts for a customer: who, for whom, why, and until when (rule R9)."""

from django.db import models
from django.db.models import Q

from zetel.models.customers import Customer
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person

ROLES = ("sales", "support", "operator")


class Acting(Row):
    """One stretch of acting for a customer; at most one of a person is not ended. It ends by itself at `ends_at`."""

    PREFIX = "act"

    staff = models.ForeignKey(Person, models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("role", *ROLES, name="acting_role"),
            models.UniqueConstraint(fields=["staff"], condition=Q(ended_at=None), name="acting_once"),
        ]
