"""Cancelling, resuming, and undoing what was scheduled: what costs nothing and needs no quote (rules C2, C4, C11).

The rules decide; here the decision is kept: terms appended, the end set or taken back, one event, one mail.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from zetel.actions import dunning, mail, quotes, settled, subscriptions
from zetel.actions._change import record
from zetel.actions.reasons import REASON_MAX, written
from zetel.actions.settled import Settled
from zetel.actions.subscription_changes import facts_of
from zetel.models import Person, Subscription
from zetel.rules import subscriptions as rules
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.subscriptions import ChangePlan, Field


def cancel(
    subscription: Subscription, *, actor: Person, now: datetime, reason: str = "", by_sales: bool = False
) -> Subscription:
    """End with the paid period, monthly and yearly alike, and drop everything scheduled; `reason` as typed.

    A change that waits for its money does not hold it up: it finds another agreement and its money goes back. What is
    past due ends at once (G4). A plan on manual invoice is cancelled by sales, who say why (G5, C10), and ends with
    its period also while an invoice is overdue.
    """
    reason = written(reason) if by_sales else reason.strip()
    if len(reason) > REASON_MAX:
        raise ZetelError("value_too_long", field="reason", longest=REASON_MAX)
    with transaction.atomic():
        held = settled.hold(subscription.pk, person=actor, now=now, by_sales=by_sales)
        if by_sales and held.subscription.status == "past_due":
            plan = rules.cancel(held.terms, on=held.on, ends_on=held.ends_on)
            return _keep(
                held, plan, EventType.SUBSCRIPTION_CANCELLED, "cancelled", actor=actor, reason=reason, now=now
            )
        if held.subscription.status == "past_due":
            dunning.end(held.subscription, reason="cancelled_unpaid", actor=actor, now=now, words=reason)
            return Subscription.objects.get(pk=subscription.pk)
        settled.check_active(held)
        plan = rules.cancel(held.terms, on=held.on, ends_on=held.ends_on)
        return _keep(
            held, plan, EventType.SUBSCRIPTION_CANCELLED, "cancelled", actor=actor, reason=reason, now=now
        )


def resume(
    subscription: Subscription, *, actor: Person, now: datetime, reason: str = "", by_sales: bool = False
) -> Subscription:
    """Take a cancellation back until the end; restores nothing that it replaced. Raises no_change, change_pending."""
    words = written(reason) if by_sales else ""
    with transaction.atomic():
        quotes.check_nothing_waits(subscription.space)
        held = _hold(subscription, actor, now, by_sales=by_sales)
        plan = rules.resume(held.terms, on=held.on, ends_on=held.ends_on)
        kind = EventType.SUBSCRIPTION_RESUMED
        return _keep(held, plan, kind, "plan_changed", actor=actor, now=now, reason=words)


def withdraw(
    subscription: Subscription, fields: Iterable[Field], *, actor: Person, now: datetime
) -> Subscription:
    """Undo what is scheduled for these fields; `no_change` when none of them waits."""
    with transaction.atomic():
        quotes.check_nothing_waits(subscription.space)
        held = _hold(subscription, actor, now)
        plan = rules.withdraw(held.terms, fields=fields, on=held.on, price=held.price)
        kind = EventType.SUBSCRIPTION_CHANGE_WITHDRAWN
        return _keep(held, plan, kind, "plan_changed", actor=actor, now=now)


def _hold(subscription: Subscription, actor: Person, now: datetime, *, by_sales: bool = False) -> Settled:
    held = settled.hold(subscription.pk, person=actor, now=now, by_sales=by_sales)
    settled.check_active(held)
    return held


def _keep(
    held: Settled,
    plan: ChangePlan,
    kind: EventType,
    letter: str,
    *,
    actor: Person,
    now: datetime,
    reason: str = "",
) -> Subscription:
    """Write a decision that moves no money: the period runs to its end as it was paid."""
    priced = held.priced(plan)
    assert not priced.document.lines, "what costs nothing bills nothing"
    for terms in plan.append:
        subscriptions.append_terms(held.subscription, terms, now=now)
    changed, ended_before = held.subscription, held.ends_on
    changed.ends_on, changed.version = plan.ends_on, changed.version + 1
    Subscription.objects.filter(pk=changed.pk).update(ends_on=changed.ends_on, version=changed.version)
    told: dict[str, Any] = facts_of(replace(priced, append=()), held.space.name)
    owner = held.customer.billing_owner
    if changed.is_manual:
        dunning.hold_renewal(changed.pk)
    record(
        kind, now=now, actor=actor, space=held.space, customer=held.customer, subscription=changed, reason=reason,
        on_behalf_of=owner if changed.is_manual else None,
        before={"ends_on": ended_before.isoformat()} if ended_before else {}, after=told,
    )  # fmt: skip
    mail.queue(
        letter, once_key=f"{kind}:{changed.pk}:{changed.version}", now=now, to_person=owner or actor, space=held.space,
        owner_of=changed, params=told | {"what": kind.partition(".")[2]},
    )  # fmt: skip
    return changed
