"""More people than seats: opened where the person joins, closed where there is a seat for everybody again (rule C8).

`recount` looks at every live subscription of a space's organization or workspace, so whatever changed there is seen in
the same transaction, under its lock: people, domains, divisions, seats. Growing by itself is in `growth`.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from zetel.actions import mail, seat_use
from zetel.actions._change import record, transition
from zetel.actions.seat_use import SeatUse
from zetel.models import Overage, Space, Subscription
from zetel.rules import overages as rules
from zetel.rules import transitions
from zetel.rules.event_types import EventType
from zetel.rules.overages import Closed
from zetel.rules.periods import first_instant, local_date
from zetel.rules.seats import Fullness


def recount(space: Space, *, now: datetime) -> list[SeatUse]:
    """Open, keep or close the overage of every live subscription around a space; the lock of its root is held."""
    uses = seat_use.in_tree(space, now)
    for use in uses:
        _settle(use, now)
    return uses


def people_joined(space: Space, *, now: datetime) -> None:
    """The same after people came: each billing owner is told once that seats are nearly or quite full."""
    for use in recount(space, now=now):
        if use.fullness in (Fullness.NEARLY_FULL, Fullness.FULL):
            _tell(use, f"seats_{use.fullness}", f"{use.seats}:{use.present.starts_on}", now)


def _settle(use: SeatUse, now: datetime) -> None:
    is_over, row = use.fullness is Fullness.EXCEEDED, use.overage
    if row is None:
        if is_over:
            _open(use, now)
    elif is_over:
        Overage.objects.filter(pk=row.pk).update(counted=use.counted, seats=use.seats)
    else:
        because = Closed.RESIZED if use.seats > row.seats else Closed.FREED
        close(row, use.subscription, because, now=now)


def _open(use: SeatUse, now: datetime) -> Overage:
    zone = ZoneInfo(use.customer.time_zone)
    today = local_date(now, zone)
    last = use.subscription.overages.order_by("-opened_at").first()
    facts: dict[str, Any] = {"counted": use.counted, "seats": use.seats, "opened_at": now}
    if (
        last
        and last.closed_at
        and rules.keeps_first_day(last.reason, local_date(last.closed_at, zone), today)
    ):
        row = last
        facts |= {"tries": 0, "declined_at": None, "closed_at": None, "reason": ""}
        transition(row, transitions.OVERAGE, "open", grow_at=max(row.resizes_at, now), **facts)
    else:
        resizes_at = first_instant(rules.resizes_on(today), zone)
        row = Overage.objects.create(
            subscription=use.subscription,
            first_on=today,
            resizes_at=resizes_at,
            grow_at=resizes_at,
            **facts,
        )
    told = seat_use.told(use, row, now)
    record(
        EventType.OVERAGE_OPENED, now=now, actor=None, space=use.space, customer=use.customer,
        subscription=use.subscription,
        after=told | {"reason": told.get("obstacle") or ("renews" if told.get("renews") else "grows")},
    )  # fmt: skip
    _tell(use, "seats_exceeded", f"{row.pk}:{today}", now, **told)
    return row


def close(row: Overage, subscription: Subscription, because: Closed, *, now: datetime) -> None:
    """There is a seat for everybody again, or no subscription any more."""
    if transition(row, transitions.OVERAGE, "closed", closed_at=now, reason=because, grow_at=None):
        record(
            EventType.OVERAGE_CLOSED, now=now, actor=None, space=subscription.space, customer=subscription.customer,
            subscription=subscription, before={"first_on": row.first_on.isoformat()}, after={"reason": str(because)},
        )  # fmt: skip


def close_ended(subscription: Subscription, *, now: datetime) -> None:
    """With its subscription an overage is over."""
    for row in Overage.objects.filter(subscription=subscription, status="open"):
        close(row, subscription, Closed.ENDED, now=now)


def _tell(use: SeatUse, kind: str, key: str, now: datetime, **facts: object) -> None:
    owner = use.customer.billing_owner
    if owner is None:
        return
    params = {"space": use.space.name, "counted": use.counted, "seats": use.seats, **facts}
    mail.queue(
        kind,
        once_key=f"{kind}:{use.subscription.pk}:{key}",
        now=now,
        to_person=owner,
        space=use.space,
        owner_of=use.subscription,
        params=params,
    )
