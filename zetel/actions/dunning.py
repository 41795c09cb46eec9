"""After a payment for an invoice failed: past due, further tries, paid after all, or the end (rules G3, G4, E1).

A plan on manual invoice is past due while one is overdue; it has no steps here, but is active again in the same way.
Every act here holds the locks on space and customer, so of many workers one does a step and the others find it done.
The subscription keeps its next billing instant while it is past due: it is billed on when it was paid.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import (
    credits,
    dues,
    dunning_end,
    dunning_mail,
    payments,
    small_amounts,
    standing,
    subscriptions,
)
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.actions.dunning_mail import usable_method
from zetel.actions.payments import RETURN_PATH as RETURN_PATH
from zetel.models import Attempt, Customer, Invoice, Payment, PaymentMethod, Person, Space, Subscription
from zetel.models.payments import UNSETTLED
from zetel.models.subscriptions import LIVE
from zetel.rules import dunning as rules
from zetel.rules import transitions
from zetel.rules.dunning import Act
from zetel.rules.event_types import EventType
from zetel.rules.periods import first_instant, local_date


@dataclass(frozen=True)
class _Held:
    """A subscription with the open invoices that may be asked for, oldest first; the rows are locked."""

    space: Space
    customer: Customer
    subscription: Subscription
    invoices: Sequence[Invoice]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.subscription.time_zone or self.customer.time_zone)

    def today(self, now: datetime) -> date:
        return local_date(now, self.zone)

    @property
    def is_past_due(self) -> bool:
        return self.subscription.status == "past_due"


def due(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Past due subscriptions whose next step is there, longest due first."""
    rows = Subscription.objects.filter(status="past_due", parked_reason="", dunning_at__lte=now)
    return list(rows.order_by("dunning_at", "id").values_list("pk", flat=True)[:limit])


def step(subscription_id: uuid.UUID, *, now: datetime) -> list[Attempt]:
    """Do the step that is due: the tries to collect now. Nothing while an outcome is open, and nothing twice."""
    with transaction.atomic():
        held = _hold(subscription_id)
        at = held.subscription.dunning_at
        if (
            not held.is_past_due
            or held.subscription.parked_reason
            or at is None
            or at > now
            or _is_open(held)
        ):
            return []
        held = _use_balance(held, now)
        if not held.invoices:
            _recover(held, None, now)
            return []
        method = usable_method(held.customer)
        todo = rules.act(held.subscription.dunning_step, can_try=method is not None)
        if todo is Act.END:
            end(held.subscription, reason="unpaid", actor=None, now=now)
            return []
        number = held.subscription.dunning_step
        _advance(held, now)
        if method is None:
            _tell(held, held.invoices[0], f"step-{number}", "", now)
            return []
        return [_try(invoice, held.customer, method, now) for invoice in held.invoices]


def _use_balance(held: _Held, now: datetime) -> _Held:
    """Balance that came since pays before the gateway is asked (I6); what is held then."""
    used = False
    for invoice in held.invoices:
        balance = standing.balance_of(held.customer, invoice.currency)
        amount = min(balance, dues.due_of(invoice))
        if amount <= 0:
            continue
        credits.add_balance(held.customer, -amount, kind="used_later", invoice=invoice, now=now)
        credits.settle(invoice)
        record(
            EventType.BALANCE_CHANGED, now=now, actor=None, space=held.space, customer=held.customer,
            subscription=held.subscription, invoice=invoice,
            after={"number": invoice.number, "amount": amount, "currency": invoice.currency, "reason": "used"},
        )  # fmt: skip
        used = True
    return _hold(held.subscription.pk) if used else held


def failed(attempt: Attempt, *, why: str, now: datetime) -> None:
    """A try for an invoice came to nothing, or waits for its payer at the bank. Locks on space and customer are held.

    The first time makes the subscription past due; after the last try it ends. A method that came meanwhile is tried.
    """
    invoice = attempt.payment.invoice
    if invoice is None or invoice.subscription_id is None:
        return
    if attempt.status == "action" and attempt.return_path != RETURN_PATH:
        return  # somebody pays by hand and is on the way to the bank
    held = _hold(invoice.subscription_id)
    if held.subscription.status not in LIVE or invoice.pk not in {row.pk for row in held.invoices}:
        return
    was_told = held.is_past_due and attempt.status != "action" and bool(attempt.action_url)
    if not held.is_past_due:
        _begin(held, invoice, why, now)
    elif not was_told and _is_late(held, now):
        _advance(held, now)  # this try stood in for the step that came due while its outcome was open
    if attempt.status != "action" and _goes_on(held, invoice, attempt, now):
        return
    if not was_told:
        _tell(held, invoice, attempt.reference, why, now)


def _is_late(held: _Held, now: datetime) -> bool:
    at = held.subscription.dunning_at
    return at is not None and at <= now and held.subscription.dunning_step < rules.STEPS


def _goes_on(held: _Held, invoice: Invoice, attempt: Attempt, now: datetime) -> bool:
    """After a try that is over: a method that came meanwhile is tried; after the last step comes the end."""
    method = usable_method(held.customer)
    if method and method.created_at > attempt.method.created_at and not _tried(invoice, method):
        _try(invoice, held.customer, method, now)
        return True
    if held.subscription.dunning_step >= rules.STEPS and not _is_open(held):
        end(held.subscription, reason="unpaid", actor=None, now=now)
        return True
    return False


def lacks_method(invoice: Invoice, *, now: datetime) -> None:
    """There is nothing to collect a renewal with: the same path, and its mail asks for a method."""
    assert invoice.subscription_id is not None, "a renewal is of a subscription"
    held = _hold(invoice.subscription_id)
    if not held.is_past_due:
        _begin(held, invoice, "no_method", now)
    _tell(held, invoice, "step-0", "", now)


def paid(invoice: Invoice, *, now: datetime) -> None:
    """An invoice was paid: when it was the last open one, the subscription is active again. The first one after a
    trial makes an organization's billing owner its admin (R4)."""
    if invoice.subscription_id is None:
        return
    held = _hold(invoice.subscription_id)
    subscriptions.admin_after_trial(held.subscription, held.space, held.customer, now=now)
    if held.is_past_due and not held.invoices:
        _recover(held, invoice, now)


def taken_back(invoice: Invoice, *, key: str, now: datetime) -> None:
    """A bank took a payment back within its period: that was the first try, the next ones follow (G8).

    Locks on space and customer are held. What nobody may ask for by itself is left to staff.
    """
    assert invoice.subscription_id is not None, "within its period it has a subscription"
    held = _hold(invoice.subscription_id)
    if held.subscription.status not in LIVE or invoice.pk not in {row.pk for row in held.invoices}:
        return
    if not held.is_past_due:
        _begin(held, invoice, "taken_back", now)
    _tell(held, invoice, key, "taken_back", now)


def asks_no_more(invoice: Invoice, *, now: datetime, why: str = "") -> None:
    """Staff credited an invoice, wrote it off or gave it time: what is past due for nothing else goes on.

    Locks are held.
    """
    if invoice.subscription_id is None:
        return
    held = _hold(invoice.subscription_id)
    if held.is_past_due and not held.invoices:
        _recover(held, None, now, why)


def overdue(invoice: Invoice) -> None:
    """A manual invoice is overdue: its plan is past due, without tries; nothing renews meanwhile (G5).

    Locks are held, and whoever calls records it.
    """
    assert invoice.subscription_id is not None, "a manual invoice is of a subscription"
    hold_renewal(invoice.subscription_id)


def hold_renewal(subscription_id: uuid.UUID) -> None:
    """Bring a plan on manual invoice to what its invoices say: past due while one is overdue and it would renew.

    One that is cancelled ends at its boundary all the same. Locks are held, and whoever calls records it.
    """
    held = _hold(subscription_id)
    row, late = held.subscription, bool(held.invoices)
    if row.status == "active" and late and row.ends_on is None:
        transition(row, transitions.SUBSCRIPTION, "past_due", version=row.version + 1)
    elif row.status == "past_due" and (not late or row.ends_on is not None):
        transition(row, transitions.SUBSCRIPTION, "active", version=row.version + 1)


def method_came(customer: Customer, method: PaymentMethod, *, now: datetime) -> list[Attempt]:
    """A new method is tried at once for what is past due; the schedule stays. The lock on the customer is held."""
    open_ones = Invoice.objects.filter(
        customer=customer, kind="invoice", state="open", subscription__status="past_due", manual=None
    )
    asking = list(open_ones.select_related("space").order_by("id"))
    return [
        _try(invoice, customer, method, now)
        for invoice in small_amounts.collectable(asking, customer)
        if not _under_way(invoice)
    ]


def pay_now(
    invoice: Invoice, *, now: datetime, language: str = "", return_path: str = RETURN_PATH
) -> Attempt:
    """One more try by hand, with the active method; the schedule stays. Locks are held and rights were checked.

    When a try is under way already, it is that one. Raises method_required.
    """
    under_way = _under_way(invoice)
    if under_way:
        return under_way
    customer = lock_customer(invoice.customer_id)
    method = payments.active_method(customer)
    return _try(invoice, customer, method, now, language=language, return_path=return_path)


def end(
    subscription: Subscription, *, reason: str, actor: Person | None, now: datetime, words: str = ""
) -> list[Invoice]:
    """End a past due subscription today and take back what was not paid; the credit notes. Locks are held."""
    held = _hold(subscription.pk)
    on = standing.day_of(held.subscription, standing.terms_of([subscription.pk])[subscription.pk], now)
    return dunning_end.end(
        held.subscription, held.customer, held.space, held.invoices, on=on, reason=reason, actor=actor, now=now,
        words=words,
    )  # fmt: skip


def waiting_for_payer(subscription_id: uuid.UUID) -> list[Attempt]:
    """Tries that wait for approval at the bank: the next step takes them back at the gateway first."""
    rows = Attempt.objects.filter(payment__invoice__subscription=subscription_id, status="action")
    return list(rows.select_related("method").order_by("id"))


def _hold(subscription_id: uuid.UUID) -> _Held:
    """Lock in the order of the house; taking a lock again that is held costs nothing."""
    space_of = Subscription.objects.select_related("space").get(pk=subscription_id)
    space = lock_space(space_of.space)
    customer = lock_customer(space_of.customer_id)
    subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
    subscription.space, subscription.customer = space, customer
    asking = Invoice.objects.filter(subscription=subscription, kind="invoice", state="open").order_by("id")
    if subscription.is_manual:  # what is not overdue yet is no trouble (G5)
        asking = asking.filter(manual__overdue_at__isnull=False)
    return _Held(space, customer, subscription, small_amounts.collectable(list(asking), customer))


def _begin(held: _Held, invoice: Invoice, why: str, now: datetime) -> None:
    """The first failure: past due from now on, with one step done."""
    row = held.subscription
    moved = transition(
        row, transitions.SUBSCRIPTION, "past_due", version=row.version + 1, **_at_step(held, 1, now)
    )
    if moved:
        record(
            EventType.SUBSCRIPTION_PAST_DUE, now=now, actor=None, space=held.space, customer=held.customer,
            subscription=row, invoice=invoice,
            after=dunning_mail.facts(invoice) | {"reason": why},
        )  # fmt: skip


def _advance(held: _Held, now: datetime) -> None:
    row, number = held.subscription, held.subscription.dunning_step
    fields = _at_step(held, number + 1, now)
    taken = Subscription.objects.filter(pk=row.pk, status="past_due", dunning_step=number).update(**fields)
    assert taken == 1, "the lock on the subscription is held"
    row.dunning_step, row.dunning_at = fields["dunning_step"], fields["dunning_at"]


def _at_step(held: _Held, done: int, now: datetime) -> dict[str, Any]:
    on = rules.next_on(done, held.today(now))
    return {"dunning_step": done, "dunning_at": first_instant(on, held.zone)}


def _recover(held: _Held, invoice: Invoice | None, now: datetime, why: str = "") -> None:
    row = held.subscription
    if not transition(
        row, transitions.SUBSCRIPTION, "active", version=row.version + 1, dunning_step=0, dunning_at=None
    ):
        return
    record(
        EventType.SUBSCRIPTION_RECOVERED, now=now, actor=None, space=held.space, customer=held.customer,
        subscription=row, invoice=invoice,
        after=dunning_mail.facts(invoice) if invoice else {"reason": why} if why else {},
    )  # fmt: skip
    if invoice:
        dunning_mail.recovered(held.space, held.customer, row, invoice, now=now)


def _try(
    invoice: Invoice,
    customer: Customer,
    method: PaymentMethod,
    now: datetime,
    *,
    language: str = "",
    return_path: str = RETURN_PATH,
) -> Attempt:
    """One more try: of the payment that was refused, or a new one where the amount or the payment is another."""
    amount = dues.due_of(invoice)
    refused = Payment.objects.filter(
        invoice=invoice, change=None, shares=None, status="refused", amount=amount
    ).last()
    if refused and transition(refused, transitions.PAYMENT, "wanted"):
        return payments.next_attempt(
            refused, method=method, now=now, language=language or customer.language, return_path=return_path
        )
    return payments.want(
        customer, amount=amount, currency=invoice.currency, method=method, now=now, invoice=invoice,
        language=language or customer.language, return_path=return_path,
    )  # fmt: skip


def _under_way(invoice: Invoice) -> Attempt | None:
    return Attempt.objects.filter(payment__invoice=invoice, status__in=UNSETTLED).first()


def _is_open(held: _Held) -> bool:
    """Whether an outcome is open, so that nothing may be tried or ended (rules G3, G4)."""
    return any(_under_way(invoice) for invoice in held.invoices)


def _tried(invoice: Invoice, method: PaymentMethod) -> bool:
    return Attempt.objects.filter(payment__invoice=invoice, method=method).exists()


def _tell(held: _Held, invoice: Invoice, key: str, why: str, now: datetime) -> None:
    dunning_mail.failed(
        held.space, held.customer, held.subscription, invoice, zone=held.zone, key=key, why=why, now=now
    )
