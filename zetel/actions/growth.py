"""A subscription grows by itself to the smallest size that fits, seven days after people outgrew its seats (rule C8).

It is the same quote, change and payment as an increase that its owner asks for (C1), only that nobody pressed a
button. Declined, it is tried again at the distances of G4 and at once with a new method; meanwhile nobody new comes
in. What cannot grow now is looked at again an hour later.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from zetel.actions import changes, mail, payments, quotes, seat_use, settled, small_amounts
from zetel.actions._change import lock_space, record
from zetel.actions.seat_use import SeatUse
from zetel.actions.settled import Settled
from zetel.actions.subscription_changes import facts
from zetel.models import Change, Overage, PaymentMethod, Person, Quote
from zetel.rules.event_types import EventType
from zetel.rules.overages import days_to_next_try
from zetel.rules.payments import approval_until, quote_until
from zetel.rules.quotes import PricedChange, to_json
from zetel.rules.subscriptions import grow as grown

LOOK_AGAIN = timedelta(hours=1)


def due(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Overages whose growth is due, and those that were declined and have another method since; longest due first."""
    another = Q(
        declined_at__isnull=False, subscription__customer__methods__status="active",
        subscription__customer__methods__created_at__gt=F("declined_at"),
    )  # fmt: skip
    rows = Overage.objects.filter(Q(grow_at__lte=now) | another, status="open", subscription__status="active")
    return list(rows.order_by("grow_at", "id").values_list("pk", flat=True).distinct()[:limit])


def grow(overage_id: uuid.UUID, *, now: datetime) -> Change | None:
    """Ask for the money that a growth costs; None when it may not, need not or cannot grow now."""
    with transaction.atomic():
        row = Overage.objects.select_related(
            "subscription__space", "subscription__customer__billing_owner"
        ).get(pk=overage_id)
        lock_space(row.subscription.space)
        owner = row.subscription.customer.billing_owner
        may = owner is not None and not row.subscription.is_manual
        held = settled.hold(row.subscription_id, person=owner, now=now) if owner and may else None
        row = Overage.objects.select_for_update().get(pk=overage_id)
        use = seat_use.of(row.subscription_id, now)
        if row.status != "open" or row.resizes_at > now:  # the renewal that was due bought the seats
            return None
        if held is None or owner is None or use is None or use.obstacle or use.fits is None:
            Overage.objects.filter(pk=row.pk).update(grow_at=now + LOOK_AGAIN)
            return None
        return _ask(row, held, use, use.fits, owner, now)


def put_off(overage_id: uuid.UUID, *, now: datetime) -> None:
    """Something stood in the way: another change waits for its money, or a period is not settled."""
    Overage.objects.filter(pk=overage_id, status="open").update(grow_at=now + LOOK_AGAIN)


def _ask(
    row: Overage, held: Settled, use: SeatUse, seats: int, owner: Person, now: datetime
) -> Change | None:
    quotes.check_nothing_waits(held.space)
    priced = held.priced(grown(held.terms, seats=seats, on=held.on, ends_on=held.ends_on))
    method = PaymentMethod.objects.filter(
        customer=held.customer, status="active", confirms_after_days=0
    ).first()
    if priced.due and method is None:
        _no_method(row, held, use, priced, now)
        return None
    quote = _quote(row, held, priced, seats, owner, now)
    days = days_to_next_try(row.tries + 1)
    change = Change.objects.create(
        space=held.space, quote=quote, person=owner, subscription=held.subscription, created_at=now,
        expires_at=approval_until(now, held.subscription.next_bill_at),
    )  # fmt: skip
    Overage.objects.filter(pk=row.pk).update(
        change=change, tries=row.tries + 1, grow_at=now + timedelta(days=days) if days else None
    )
    small = small_amounts.waits(held.customer, quote.due_amount, quote.currency)
    if (
        method is None or quote.due_amount == 0 or small
    ):  # balance pays for it, or it goes with the next charge
        changes.complete(change, now=now, paid_by=None)
        return change
    record(
        EventType.CHANGE_STARTED, now=now, actor=None, space=held.space, customer=held.customer,
        subscription=held.subscription, after=facts(quote),
    )  # fmt: skip
    payments.want(
        held.customer, amount=quote.due_amount, currency=quote.currency, change=change, method=method, now=now,
        language=owner.language, return_path=f"/upgrade/changes/{change.public_id}/",
    )  # fmt: skip
    return change


def _quote(
    row: Overage, held: Settled, priced: PricedChange, seats: int, owner: Person, now: datetime
) -> Quote:
    return Quote.objects.create(
        person=owner, space=held.space, customer=held.customer, subscription=held.subscription,
        wish={
            "plan": None, "cycle": None, "seats": seats, "version": held.subscription.version,
            "overage": row.public_id,
        },
        body=to_json(priced), currency=held.present.currency, due_amount=priced.due, priced_on=priced.on,
        priced_at=now, expires_at=quote_until(now, held.subscription.next_bill_at), basis=held.basis,
    )  # fmt: skip


def _no_method(row: Overage, held: Settled, use: SeatUse, priced: PricedChange, now: datetime) -> None:
    """There is nothing to take the money from: as good as declined, until there is a method."""
    _say_declined(row, use, "method_required", now, grow_at=None)
    record(
        EventType.CHANGE_DECLINED, now=now, actor=None, space=held.space, customer=held.customer,
        subscription=held.subscription,
        after={"reason": "method_required", "amount": priced.due, "currency": held.present.currency},
    )  # fmt: skip


def declined(change: Change, *, reason: str, hard: bool, now: datetime) -> None:
    """The payment of a growth was refused, or its time is over: nobody new until paid, and the owner is told."""
    row = Overage.objects.filter(change=change, status="open").first()
    if row is None:
        return
    use = seat_use.of(row.subscription_id, now)
    if use is not None:
        _say_declined(row, use, reason, now, grow_at=None if hard else row.grow_at)


def needs_approval(change: Change, *, now: datetime) -> None:
    """The bank wants to hear from the owner, who is not there: a mail leads to the page that waits for it."""
    if not Overage.objects.filter(change=change, status="open").exists():
        return
    params = {**facts(change.quote), "path": f"/upgrade/changes/{change.public_id}/"}
    mail.queue(
        "growth_approval", once_key=f"growth_approval:{change.pk}", now=now, to_person=change.person,
        space=change.space, params=params,
    )  # fmt: skip


def _say_declined(
    row: Overage, use: SeatUse, reason: str, now: datetime, *, grow_at: datetime | None
) -> None:
    Overage.objects.filter(pk=row.pk).update(declined_at=now, grow_at=grow_at)
    owner = use.customer.billing_owner
    if owner is None:
        return
    mail.queue(
        "growth_declined", once_key=f"growth_declined:{row.pk}:{row.opened_at.date()}:{row.tries}", now=now,
        to_person=owner, space=use.space, owner_of=use.subscription,
        params={
            "space": use.space.name, "counted": use.counted, "seats": use.seats, "fits": use.fits, "reason": reason,
        },
    )  # fmt: skip
