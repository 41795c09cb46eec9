"""X8, X11 and X12: seats that fit and are on the ladder, nobody paid for twice, and a billing owner for each."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, Subquery

from zetel.actions import seat_use, standing
from zetel.jobs.doctor.finding import Finding, also, name_of, rows_of
from zetel.models import CatalogVersion, Change, Event, Invoice, Membership, Offer, Space, Subscription
from zetel.models.spaces import DIVISION, MEMBER, ORGANIZATION
from zetel.models.subscriptions import LIVE
from zetel.rules.billing import Terms
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.seats import LADDER
from zetel.rules.transitions import SubscriptionStatus
from zetel.rules.trials import terms_shown

PAID = tuple(status for status in LIVE if status != SubscriptionStatus.TRIAL)


def check_seats(now: datetime) -> Iterator[Finding]:
    """X8: sizes are on the plan's ladder; the people counted fit, or an open overage says that they do not."""
    ladders = _ladders()
    live = Subscription.objects.live().select_related("customer", "space").order_by("id")
    for rows in rows_of(live.annotate(overage=_last_overage(), agreed=_agreed(), by_sales=_by_sales())):
        terms = standing.terms_of([row.pk for row in rows])
        counted = _counted([row.space for row in rows])
        for row in rows:
            if given := terms.get(row.pk):
                current = terms_shown(given, seat_use.day_of(row, given, now))
                yield from _size(row, current, ladders, counted.get(row.space_id, 0))


def _size(
    row: Subscription, terms: Terms, ladders: dict[str, Sequence[int]], counted: int
) -> Iterator[Finding]:
    is_agreed = terms.seats in (also(row, "agreed"), also(row, "by_sales"))
    if terms.seats not in ladders.get(terms.plan, LADDER) and not is_agreed:
        yield Finding("X8", "seats_off_ladder", row.public_id, {"plan": terms.plan, "seats": terms.seats})
    if counted > terms.seats and also(row, "overage") != EventType.OVERAGE_OPENED:
        facts = {"seats": terms.seats, "counted": counted, "space": row.space.public_id}
        yield Finding("X8", "seats_exceeded", row.public_id, facts)


def _last_overage() -> Subquery:
    """What was last heard of an overage of the subscription, if there ever was one (C8)."""
    said = Event.objects.filter(
        subscription=OuterRef("pk"), kind__in=(EventType.OVERAGE_OPENED, EventType.OVERAGE_CLOSED)
    )
    return Subquery(said.order_by("-id").values("kind")[:1])


def _agreed() -> Subquery:
    """The size that sales offered and that was bought: it may be above the ladder (P4, P6)."""
    return Subquery(
        Offer.objects.filter(change__subscription=OuterRef("pk")).order_by("-id").values("seats")[:1]
    )


def _by_sales() -> Subquery:
    """The size that sales last gave a plan on manual invoice (G5)."""
    done = Change.objects.filter(subscription=OuterRef("pk"), status="done", quote__wish__by_sales=True)
    return Subquery(done.exclude(quote__wish__seats=None).order_by("-id").values("quote__wish__seats")[:1])


def _ladders() -> dict[str, Sequence[int]]:
    try:
        return {code: plan.policy.ladder for code, plan in CatalogVersion.objects.current().plans.items()}
    except ZetelError:
        return {}  # before a catalogue was applied nothing is sold


def _counted(spaces: Sequence[Space]) -> dict[uuid.UUID, int]:
    """People who take a seat, by space; those of a division are the people of its teams, each once (S3)."""
    people = Membership.objects.counted()
    places = [space.pk for space in spaces if space.kind != DIVISION]
    divisions = [space.pk for space in spaces if space.kind == DIVISION]
    own = people.filter(space_id__in=places).values_list("space_id")
    inner = people.filter(space__division_id__in=divisions).values_list("space__division_id")
    distinct = Count("person_id", distinct=True)
    return dict([*own.annotate(count=distinct), *inner.annotate(count=distinct)])


def check_coverage(now: datetime) -> Iterator[Finding]:
    """X11: inside a paid division or organization nothing else is paid for."""
    live = Subscription.objects.filter(status__in=PAID)
    outer = Q(space=OuterRef("space__organization")) | Q(space=OuterRef("space__division"))
    inside = live.annotate(cover=Subquery(live.filter(outer).order_by("id").values("space_id")[:1]))
    for row in inside.exclude(cover=None).select_related("space").order_by("id").iterator():
        facts = {"space": row.space.public_id, "covered_by": name_of(Space, also(row, "cover"))}
        yield Finding("X11", "paid_for_twice", row.public_id, facts)


def check_owners(now: datetime) -> Iterator[Finding]:
    """X12: one active member of the space holds billing; of a paid organization one who is its admin (R1, R4)."""
    inside = Membership.objects.active().filter(person=OuterRef("customer__billing_owner"))
    here = inside.filter(space=OuterRef("space"))
    in_teams = inside.filter(space__division=OuterRef("space"), standing=MEMBER)
    rows = Subscription.objects.live().annotate(
        is_member=Exists(here.filter(standing=MEMBER)) | Exists(in_teams), is_admin=Exists(here.filter(is_admin=True)),
        was_paid=Exists(Invoice.objects.filter(subscription=OuterRef("pk"), kind="invoice", state="paid")),
    )  # fmt: skip
    for row in rows.select_related("customer__billing_owner", "space").order_by("id").iterator():
        owner = row.customer.billing_owner
        facts: dict[str, object] = {"customer": row.customer.public_id, "space": row.space.public_id}
        if owner is None and row.ends_on is not None:
            yield Finding("X12", "owner_gone", row.public_id, facts, is_notice=True)  # R6: it is not renewed
        elif owner is None:
            yield Finding("X12", "owner_missing", row.public_id, facts)
        elif not also(row, "is_member") or not owner.is_active or owner.is_machine:
            yield Finding("X12", "owner_not_member", row.public_id, facts | {"owner": owner.public_id})
        elif _wants_admin(row) and not also(row, "is_admin"):
            yield Finding("X12", "owner_not_admin", row.public_id, facts | {"owner": owner.public_id})


def _wants_admin(row: Subscription) -> bool:
    """A trial makes nobody admin, and what comes after it does when something was paid (R4)."""
    if row.space.kind != ORGANIZATION or row.status not in PAID:
        return False
    return row.trial_ends_on is None or also(row, "was_paid")
