"""What a trial is due for: a reminder, and on its last day the plan or Basic (rules P9, P10, C7, G4, I6).

The plan begins on the day on which the trial ends, whenever that is done, and the first invoice is issued then and
charged like a renewal's. Running it again at the same instant changes nothing.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import invoices, mail, overages, payments, standing, subscriptions, trials_mail
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.actions.dunning_mail import usable_method
from zetel.actions.trials_first import First, first_of
from zetel.models import CatalogVersion, Customer, Invoice, PaymentMethod, Space, Subscription
from zetel.rules import transitions
from zetel.rules import trials as rules
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.periods import first_instant, local_date
from zetel.rules.quotes import end_covered
from zetel.rules.trials import End


@dataclass(frozen=True)
class _Held:
    """A trial with what is decided from; space, customer and subscription are locked."""

    space: Space
    customer: Customer
    subscription: Subscription
    around: standing.Around
    method: PaymentMethod | None
    end: date

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.subscription.time_zone)

    @property
    def outcome(self) -> End:
        ranks = CatalogVersion.objects.current().ranks
        above = self.around.holdings(self.around.above, ranks, self.end)
        return rules.outcome(
            cancelled=self.subscription.ends_on is not None, covered=rules.is_covered(above, self.end),
            can_pay=self.method is not None and self.customer.billing_owner is not None,
        )  # fmt: skip


def due(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Trials for which something is to be done at or before `now`, longest due first."""
    rows = Subscription.objects.filter(status="trial", parked_reason="", trial_due_at__lte=now)
    return list(rows.order_by("trial_due_at", "id").values_list("pk", flat=True)[:limit])


def step(subscription_id: uuid.UUID, *, now: datetime) -> Invoice | None:
    """Remind, or on the last day begin the plan or end the trial; the first invoice when there is one.

    Raises `period_unsettled` while a plan inside has a period to be billed from before that day (C12).
    """
    with transaction.atomic():
        held = _hold(subscription_id)
        row = held.subscription
        is_due = row.trial_due_at is not None and row.trial_due_at <= now
        if row.status != "trial" or row.parked_reason or not is_due:
            return None
        today = local_date(now, held.zone)
        if today < held.end:
            _remind(held, today, now)
            return None
        why = held.outcome
        if why is End.CONVERTS:
            return _convert(held, now)
        subscriptions.end(row, held.customer, on=held.end, reason=why, now=now, actor=None)
        if why is not End.CANCELLED:  # whoever cancelled was told of this day then
            trials_mail.ended(held.space, held.customer, row, on=held.end, reason=why, now=now)
        return None


def _hold(subscription_id: uuid.UUID) -> _Held:
    found = Subscription.objects.select_related("space").get(pk=subscription_id)
    space = lock_space(found.space)
    customer = lock_customer(Subscription.objects.values_list("customer_id", flat=True).get(pk=found.pk))
    row = Subscription.objects.select_for_update().get(pk=found.pk)
    row.space, row.customer = space, customer
    assert row.trial_ends_on is not None, "a trial has its end"
    return _Held(space, customer, row, standing.around(space), usable_method(customer), row.trial_ends_on)


def _first(held: _Held) -> First:
    terms = standing.terms_of([held.subscription.pk])[held.subscription.pk]
    return first_of(held.space, held.customer, terms, counted=standing.counted_people(held.space))


def _remind(held: _Held, today: date, now: datetime) -> None:
    """Tell once what the end will bring, unless nothing begins then; and set the day of the next step."""
    days, why = rules.days_to_tell(held.end, today), held.outcome
    if days is not None and why in (End.CONVERTS, End.NO_METHOD):
        first = _first(held)
        told: dict[str, Any] = trials_mail.facts(held.space, held.subscription, first.terms) | {
            "days": (held.end - today).days, "amount": first.due, "method": held.method.label if held.method else "",
            "inside": [row.space.name for row in held.around.inside if row.status != "trial"],
        }  # fmt: skip
        trials_mail.tell(
            "trial_ends_soon", held.space, held.customer, held.subscription, now=now, told=told, key=str(days)
        )
    next_on = rules.next_step_on(held.end, today)
    Subscription.objects.filter(pk=held.subscription.pk).update(
        trial_due_at=first_instant(next_on, held.zone)
    )


def _convert(held: _Held, now: datetime) -> Invoice:
    """The plan begins: what it covers ends, the first invoice is issued, and its money is asked for."""
    row, customer, space = held.subscription, held.customer, held.space
    ended = _end_inside(held, now)
    first = _first(held)
    if first.grown:
        subscriptions.append_terms(row, first.grown, now=now)
    invoice = invoices.issue(
        first.document, now=now, customer=customer, subscription=row, space=space, renews_on=held.end,
        balance_used=first.balance_used,
    )  # fmt: skip
    subscriptions.use_balance(customer, first.balance_used, invoice=invoice, now=now)
    period_end = first.terms.period_at(held.end).end
    moved = transition(
        row, transitions.SUBSCRIPTION, "active", version=row.version + 1, trial_due_at=None,
        **subscriptions.bill_next(customer, period_end),
    )  # fmt: skip
    assert moved, "the lock on the subscription is held"
    record(
        EventType.SUBSCRIPTION_TRIAL_CONVERTED, now=now, actor=None, space=space, customer=customer,
        subscription=row, invoice=invoice,
        after=trials_mail.facts(space, row, first.terms) | {
            "invoice": invoice.number, "amount": invoice.total_amount, "period_start": held.end.isoformat(),
            "period_end": period_end.isoformat(), "ended": ended,
        },
    )  # fmt: skip
    if first.grown and customer.billing_owner:
        mail.queue(
            "seats_resized", once_key=f"seats_resized:{row.pk}:{held.end}", now=now, space=space,
            to_person=customer.billing_owner, owner_of=row,
            params={"space": space.name, "seats": first.grown.seats, "trial": True},
        )  # fmt: skip
    overages.recount(space, now=now)
    _collect(held, invoice, first.due, now)
    invoices.mail_invoice(invoice, now=now)
    return invoice


def _end_inside(held: _Held, now: datetime) -> Sequence[str]:
    """End what the plan covers from this day on, trials too, and credit what is unused (P9); the spaces' names."""
    at = first_instant(held.end, held.zone)
    for row in held.around.inside:
        if row.status == "active" and row.next_bill_at is not None and row.next_bill_at < at:
            raise ZetelError("period_unsettled", space=row.space.name)
    stands = standing.inside_standings(held.around, held.customer, at)
    for row, standing_inside in zip(held.around.inside, stands, strict=True):
        ending = end_covered(standing_inside, on=held.end)
        subscriptions.end_covered(row, ending, now=now, actor=None, by=held.space)
    return [row.space.name for row in held.around.inside]


def _collect(held: _Held, invoice: Invoice, amount: int, now: datetime) -> None:
    """Ask for the money; what balance pays wholly is paid. Whatever fails after that is G4's."""
    if amount == 0:
        invoices.mark_paid(invoice)
        subscriptions.admin_after_trial(held.subscription, held.space, held.customer, now=now)
        return
    assert held.method is not None, "a trial converts with a method"
    payments.want(
        held.customer, amount=amount, currency=invoice.currency, method=held.method, now=now, invoice=invoice,
        language=held.customer.language, return_path="/billing",
    )  # fmt: skip
