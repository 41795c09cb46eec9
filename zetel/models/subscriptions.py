"""A space's standing agreement: the subscription, its dated terms, and the way to them (draft, quote, change).

Terms are append-only; what is due is reckoned from them by `rules.billing`. A change is a confirmed quote that waits
for its money: a purchase, and later every increase.
"""

from django.db import models
from django.db.models import Case, F, Q, When

from zetel.models.customers import Customer
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person, Space
from zetel.rules.transitions import (
    LIVE_SUBSCRIPTION,
    PENDING_CHANGE,
    ChangeStatus,
    OverageStatus,
    SubscriptionStatus,
)

LIVE = tuple(sorted(LIVE_SUBSCRIPTION))
WAITING = tuple(sorted(PENDING_CHANGE))


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def live(self) -> "SubscriptionQuerySet":
        return self.filter(status__in=LIVE)


class Subscription(Row):
    """One space, one customer; at most one live per space (rules P7, P8, P12).

    `remind_at` is when its owner hears of the renewal at `reminder_for`; once the next one is another, whoever changed
    it, `reminder_set` is false and `actions.reminders` sets both anew.

    `time_zone` is the one in which the running period is counted: a customer's new zone counts from the next (M3).
    While it is past due, `dunning_step` says how many steps were done and `dunning_at` when the next one comes (G4).
    With a payment term it is paid by manual invoice: never charged, changed and cancelled by sales alone (G5).
    What began as a trial keeps the day on which that ended; `trial_due_at` is when something is done for it next (P10).
    """

    PREFIX = "sub"

    space = models.ForeignKey(Space, models.PROTECT, related_name="subscriptions")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=12)
    started_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=32, blank=True)
    on_exceed = models.CharField(max_length=8, default="grow")
    next_bill_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    parked_reason = models.CharField(max_length=255, blank=True)
    reminder_for = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    reminder_set = models.GeneratedField(
        expression=Case(When(reminder_for=F("next_bill_at"), then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    dunning_step = models.PositiveSmallIntegerField(default=0)
    dunning_at = models.DateTimeField(null=True, blank=True)
    trial_ends_on = models.DateField(null=True, blank=True)
    trial_due_at = models.DateTimeField(null=True, blank=True)
    payment_term_days = models.PositiveSmallIntegerField(null=True, blank=True)
    purchase_order = models.CharField(max_length=64, blank=True)
    last_owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", *SubscriptionStatus, name="subscription_status"),
            one_of("on_exceed", "grow", "ask", name="subscription_on_exceed"),
            models.UniqueConstraint(
                fields=["space"], condition=Q(status__in=LIVE), name="subscription_one_live"
            ),
            models.UniqueConstraint(
                fields=["space"], condition=Q(trial_ends_on__isnull=False), name="subscription_one_trial"
            ),
            models.CheckConstraint(
                condition=~Q(status="trial") | Q(trial_ends_on__isnull=False), name="subscription_trial_ends"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_bill_at", "id"],
                condition=Q(status="active", parked_reason=""),
                name="subscription_due",
            ),
            models.Index(
                fields=["next_bill_at", "id"],
                condition=Q(status="active", reminder_set=False),
                name="subscription_reminder_unset",
            ),
            models.Index(
                fields=["remind_at"],
                condition=Q(status="active", ends_on=None, parked_reason="", remind_at__isnull=False),
                name="subscription_to_remind",
            ),
            models.Index(
                fields=["dunning_at", "id"],
                condition=Q(status="past_due", parked_reason=""),
                name="subscription_to_dun",
            ),
            models.Index(
                fields=["trial_due_at"],
                condition=Q(status="trial", parked_reason=""),
                name="subscription_trial_due",
            ),
        ]

    @property
    def is_manual(self) -> bool:
        return self.payment_term_days is not None


class SubscriptionTerms(Row):
    """Plan, price, cycle and seats from a date on; of two on one day the later row counts."""

    PREFIX = "trm"

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="terms")
    starts_on = models.DateField()
    plan = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8)
    seats = models.PositiveIntegerField()
    unit_amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    anchor_on = models.DateField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [one_of("cycle", "month", "year", name="terms_cycle")]
        indexes = [models.Index(fields=["subscription", "starts_on", "id"], name="terms_in_order")]


class PurchaseDraft(Row):
    """What a buyer has filled in so far: kept on our side, so that no reload or second tab loses a form."""

    PREFIX = "dft"

    person = models.ForeignKey(Person, models.CASCADE, related_name="drafts")
    space = models.ForeignKey(Space, models.CASCADE, null=True, blank=True, related_name="+")
    plan = models.CharField(max_length=32, blank=True)
    cycle = models.CharField(max_length=8, default="year")
    seats = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="EUR")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="+")
    billing_owner = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    on_exceed = models.CharField(max_length=8, default="grow")
    offer = models.ForeignKey("zetel.Offer", models.SET_NULL, null=True, blank=True, related_name="drafts")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class Quote(Row):
    """A binding price: its lines, tax and amounts as they will be invoiced (rule C6).

    `lower_agreed_at` is when its person ticked that people may lose a higher plan by it (P9).
    """

    PREFIX = "quo"

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    space = models.ForeignKey(Space, models.CASCADE, related_name="quotes")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    draft = models.ForeignKey(PurchaseDraft, models.SET_NULL, null=True, related_name="quotes")
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="+")
    offer = models.ForeignKey("zetel.Offer", models.PROTECT, null=True, related_name="quotes")
    wish = models.JSONField()
    body = models.JSONField()
    currency = models.CharField(max_length=3)
    due_amount = models.BigIntegerField()
    priced_on = models.DateField()
    priced_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    basis = models.CharField(max_length=64)
    lower_agreed_at = models.DateTimeField(null=True, blank=True)


class Change(Row):
    """A confirmed quote on its way: at most one waits per space, and a quote becomes a change once (C5, X3)."""

    PREFIX = "chg"

    space = models.ForeignKey(Space, models.PROTECT, related_name="changes")
    quote = models.OneToOneField(Quote, models.PROTECT, related_name="change")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="changes")
    status = models.CharField(max_length=12, default="pending")
    reason = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("status", *ChangeStatus, name="change_status"),
            models.UniqueConstraint(
                fields=["space"], condition=Q(status__in=WAITING), name="change_one_waiting"
            ),
        ]


class Overage(Row):
    """More people than seats, from a first day on; at most one is open for a subscription (rule C8).

    `grow_at` is when growth is tried next, None when it is not; `declined_at` says that a growth was not paid, and
    `change` is the last growth that was asked for.
    """

    PREFIX = "ovr"

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="overages")
    status = models.CharField(max_length=12, default="open")
    first_on = models.DateField()
    opened_at = models.DateTimeField()
    resizes_at = models.DateTimeField()
    counted = models.PositiveIntegerField()
    seats = models.PositiveIntegerField()
    grow_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    change = models.ForeignKey(Change, models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [
            one_of("status", *OverageStatus, name="overage_status"),
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(status="open"), name="overage_one_open"
            ),
        ]
        indexes = [models.Index(fields=["grow_at"], condition=Q(status="open"), name="overage_to_grow")]
