"""What differs between a payment company's ledger and our payments, for staff, until it differs no more (rule X2)."""

from django.db import models
from django.db.models import Q

from zetel.models.row import Row, one_of

DIFFERENCES = (
    "amount_differs", "captured_twice", "not_in_ledger", "paid_after_refusal", "refunds_differ", "unknown_payment",
)  # fmt: skip


class Difference(Row):
    """One thing that a comparison found and could not mend. It closes when a later one does not find it any more."""

    PREFIX = "dif"

    gateway = models.CharField(max_length=32)
    what = models.CharField(max_length=24)
    reference = models.CharField(max_length=64, blank=True)
    charge_id = models.CharField(max_length=128, blank=True)
    happened_at = models.DateTimeField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("what", *DIFFERENCES, name="difference_what"),
            models.UniqueConstraint(
                fields=["gateway", "what", "reference", "charge_id"], condition=Q(closed_at=None),
                name="difference_once",
            ),
        ]  # fmt: skip
