"""Money on its way: payments wanted, each try at a gateway, refunds, and what gateways told us (rule G3).

The row is the intent: it is committed before the gateway is called, and the outcome is booked once by its reference.
"""

from django.db import models
from django.db.models import Q

from zetel.models.customers import Customer, PaymentMethod
from zetel.models.invoices import Invoice
from zetel.models.row import Row, one_of
from zetel.models.subscriptions import Change
from zetel.rules.transitions import UNSETTLED_ATTEMPT, AttemptStatus, PaymentStatus, RefundStatus

UNSETTLED = tuple(sorted(UNSETTLED_ATTEMPT))


class Payment(Row):
    """Money wanted from a customer, for a change that waits for it or for an open invoice."""

    PREFIX = "pay"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="payments")
    change = models.OneToOneField(Change, models.PROTECT, null=True, related_name="payment")
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="payments")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, default="wanted")
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("status", *PaymentStatus, name="payment_status"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
        ]


class Attempt(Row):
    """One try at one gateway with one method. `reference` is ours and names at most one capture (X2).

    `sent_at` is when its charge was last asked for, since a company may show that only hours later.
    """

    PREFIX = "att"

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    method = models.ForeignKey(PaymentMethod, models.PROTECT, related_name="attempts")
    gateway = models.CharField(max_length=32)
    reference = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=12, default="created")
    charge_id = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    is_hard = models.BooleanField(default=False)
    action_url = models.CharField(max_length=512, blank=True)
    return_path = models.CharField(max_length=512, blank=True)
    language = models.CharField(max_length=5, default="en")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("status", *AttemptStatus, name="attempt_status"),
            models.UniqueConstraint(fields=["payment", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(status__in=(*UNSETTLED, "paid")), name="attempt_one_open"
            ),
        ]
        indexes = [models.Index(fields=["ask_at"], condition=Q(status__in=UNSETTLED), name="attempt_to_ask")]


class PaymentShare(Row):
    """What of a payment is for another open invoice, one too small to be collected alone (rule G9)."""

    PREFIX = "shr"

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="shares")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payment_shares")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="share_positive"),
            models.UniqueConstraint(fields=["payment", "invoice"], name="share_once"),
        ]


class TakenBack(Row):
    """What a bank took back of a payment, for one of its invoices, and when it gave that back again (rule G8).

    `said_at` is the company's own instant of the latest that it said, so that nothing late turns it around.
    """

    PREFIX = "tkb"

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="taken_back")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="taken_back")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=64, blank=True)
    taken_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True, blank=True)
    said_at = models.DateTimeField()
    is_for_staff = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="taken_back_positive"),
            models.UniqueConstraint(
                fields=["payment", "invoice"], condition=Q(returned_at=None), name="taken_back_once"
            ),
        ]


class Refund(Row):
    """Money to give back of a paid attempt; never more than it (rule G6).

    `invoice` is the one whose money it is and `credit_note` what it goes with; neither where nothing was invoiced.
    """

    PREFIX = "ref"

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="refunds")
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="refunds")
    credit_note = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="refunds_of_note")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=12, default="wanted")
    reason = models.CharField(max_length=64)
    refund_id = models.CharField(max_length=128, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    ask_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("status", *RefundStatus, name="refund_status"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
        ]


class InboundEvent(Row):
    """What a gateway told us, stored once before anything is done with it (X14)."""

    PREFIX = "inb"

    gateway = models.CharField(max_length=32)
    event_id = models.CharField(max_length=128)
    body = models.TextField()
    status = models.CharField(max_length=12, default="new")
    note = models.CharField(max_length=255, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("status", "new", "done", "ignored", "parked", name="inbound_status"),
            models.UniqueConstraint(fields=["gateway", "event_id"], name="inbound_once"),
        ]
