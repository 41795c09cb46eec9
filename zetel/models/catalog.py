"""What is sold: plans and their immutable prices, as applied from the catalogue file (rules P1, P2)."""

from django.db import models
from django.db.models import Q

from zetel.models.row import Row, one_of


class Plan(Row):
    """A plan as the catalogue describes it; `features`, `limits`, `policy`, `offered` are its data."""

    PREFIX = "pln"

    code = models.CharField(max_length=32, unique=True)
    rank = models.PositiveSmallIntegerField()
    features = models.JSONField(default=list)
    limits = models.JSONField(default=dict)
    policy = models.JSONField(default=dict)
    offered = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.code


class Price(Row):
    """One amount per seat in minor units, for one plan, cycle and currency, valid for a stretch of dates."""

    PREFIX = "prc"

    plan_code = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    unit_amount = models.BigIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("cycle", "month", "year", name="price_cycle"),
            models.CheckConstraint(condition=Q(unit_amount__gte=0), name="price_not_negative"),
            models.UniqueConstraint(fields=["plan_code", "cycle", "currency", "valid_from"], name="price_once"),
        ]


class CatalogVersion(Row):
    """The catalogue text that was applied, and when: what staff look at when they ask which one is live."""

    PREFIX = "cat"

    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    applied_at = models.DateTimeField()
