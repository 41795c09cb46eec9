"""The pretend company's memory. Nobody but `zetel.sandbox` reads or writes these tables.

There is no card number and no card code here: of a card its brand, last four digits and expiry are kept, and the
name of the behaviour its number stands for. Ids begin with what they are of; page keys are the unguessable part of
the address of a hosted page.
"""

import secrets

from django.db import models
from django.db.models import F, Q


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_urlsafe(18)}"


def customer_id() -> str:
    return _id("cus")


def setup_id() -> str:
    return _id("set")


def token() -> str:
    return _id("pm")


def charge_id() -> str:
    return _id("ch")


def refund_id() -> str:
    return _id("re")


def event_id() -> str:
    return _id("evt")


def page_key() -> str:
    return secrets.token_urlsafe(32)


class Customer(models.Model):
    id = models.CharField(primary_key=True, max_length=64, default=customer_id)
    reference = models.CharField(max_length=255, unique=True)
    created_at = models.DateTimeField()


class Setup(models.Model):
    """A wish to save a payment method, carried through the hosted pages."""

    id = models.CharField(primary_key=True, max_length=64, default=setup_id)
    page_key = models.CharField(max_length=64, unique=True, default=page_key)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="setups")
    kind = models.CharField(max_length=8)
    reference = models.CharField(max_length=255, db_index=True)
    return_url = models.TextField()
    language = models.CharField(max_length=8)
    status = models.CharField(max_length=8, default="pending")
    reason = models.CharField(max_length=40, blank=True)
    draft = models.JSONField(null=True)
    """What was typed and accepted, waiting for approval: the fields of the method to be saved."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=("card", "paypal")), name="sandbox_setup_kind"),
            models.CheckConstraint(
                condition=Q(status__in=("pending", "done", "refused")), name="sandbox_setup_status"
            ),
        ]


class Method(models.Model):
    """A saved card or PayPal account. `token` is what the seller holds."""

    token = models.CharField(primary_key=True, max_length=64, default=token)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="methods")
    setup = models.OneToOneField(Setup, models.PROTECT, related_name="method")
    kind = models.CharField(max_length=8)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4, blank=True)
    email = models.CharField(max_length=255, blank=True)
    expires_on = models.DateField(null=True)
    behaviour = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    forgotten_at = models.DateTimeField(null=True)


class Charge(models.Model):
    """The ledger. `amount` was asked; `captured_*` is what was taken, and is what counts."""

    id = models.CharField(primary_key=True, max_length=64, default=charge_id)
    page_key = models.CharField(max_length=64, unique=True, default=page_key)
    method = models.ForeignKey(Method, models.PROTECT, null=True, related_name="charges")
    reference = models.CharField(max_length=255, db_index=True)
    description = models.TextField(blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, blank=True)
    hard = models.BooleanField(default=False)
    behaviour = models.CharField(max_length=40)
    changes = models.JSONField(default=dict)
    """Where it was planned to differ from that behaviour."""
    return_url = models.TextField()
    language = models.CharField(max_length=8)
    captured_amount = models.BigIntegerField(default=0)
    captured_currency = models.CharField(max_length=3, blank=True)
    refunded_amount = models.BigIntegerField(default=0)
    settles_at = models.DateTimeField(null=True)
    disputes_at = models.DateTimeField(null=True)
    """When the payer's bank will take it back of itself."""
    dispute = models.CharField(max_length=6, blank=True)
    disputed_amount = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=("paid", "processing", "action", "declined", "cancelled")),
                name="sandbox_charge_status",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("captured_amount")),
                name="sandbox_refunded_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(status="paid", captured_at__isnull=False, captured_amount__gt=0)
                | (~Q(status="paid") & Q(captured_at__isnull=True, captured_amount=0)),
                name="sandbox_paid_is_captured",
            ),
        ]
        indexes = [
            models.Index(
                fields=["settles_at"],
                condition=Q(status__in=("processing", "action")),
                name="sandbox_charge_settles",
            ),
            models.Index(
                fields=["disputes_at"], condition=Q(disputes_at__isnull=False), name="sandbox_charge_disputes"
            ),
        ]


class Refund(models.Model):
    id = models.CharField(primary_key=True, max_length=64, default=refund_id)
    charge = models.ForeignKey(Charge, models.PROTECT, related_name="refunds")
    reference = models.CharField(max_length=255, db_index=True)
    amount = models.BigIntegerField()
    status = models.CharField(max_length=8)
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()


class Key(models.Model):
    """An idempotency key. `answer` is empty while the request was seen but came to nothing (`stumbled`)."""

    key = models.CharField(max_length=255, unique=True)
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    stumbled = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_index=True)


class Planned(models.Model):
    """How a coming request will go, before what its card stands for; used up in order of id."""

    operation = models.CharField(max_length=8)
    behaviour = models.CharField(max_length=40)
    changes = models.JSONField(default=dict)


class Event(models.Model):
    """Something that happened, as it was at that moment: a later change is another event."""

    id = models.CharField(primary_key=True, max_length=64, default=event_id)
    kind = models.CharField(max_length=32)
    data = models.JSONField()
    created_at = models.DateTimeField()


class Delivery(models.Model):
    """One sending of an event. Tried again with growing pauses; `failed` when it gave up."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=8, default="waiting")
    last_answer = models.CharField(max_length=80, blank=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(status="waiting"), name="sandbox_delivery_due")
        ]


class Condition(models.Model):
    """How the company itself is doing: at most one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    down_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="sandbox_one_condition")]
