"""X8, X11 and X12: seats that fit and are on the ladder, nobody paid for twice, and a billing owner for each."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery

from zetel.actions import seat_use
from zetel.jobs.doctor.finding import Finding, also, batches, name_of
from zetel.jobs.doctor.looks import Facts, Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import (
    CatalogVersion,
    Change,
    Customer,
    Event,
    Membership,
    Offer,
    Person,
    Space,
    Subscription,
)
from zetel.models.row import Row
from zetel.models.spaces import DIVISION
from zetel.rules.billing import Terms
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.seats import LADDER
from zetel.rules.trials import terms_shown


def check_seats(reading: Reading) -> Iterator[Finding]:
    """X8: sizes are on the plan's ladder; the people counted fit, or an open overage says that they do not."""
    ladders = _ladders()
    live = (agreement for agreement in reading.agreements() if agreement.is_live and agreement.terms)
    for batch in batches(live):
        counted = _counted([agreement.row.space for agreement in batch])
        doubtful = []
        for agreement in batch:
            row = agreement.row
            terms = terms_shown(agreement.terms, seat_use.day_of(row, agreement.terms, reading.now))
            people = counted.get(row.space_id, 0)
            if terms.seats not in ladders.get(terms.plan, LADDER) or people > terms.seats:
                doubtful.append((row, terms, people))
        yield from _sizes(doubtful, ladders)


def _sizes(
    doubtful: Sequence[tuple[Subscription, Terms, int]], ladders: dict[str, Sequence[int]]
) -> Iterator[Finding]:
    """Only of these it is asked whether sales agreed to the size, and whether an overage says that they do not fit."""
    if not doubtful:
        return
    told = Subscription.objects.annotate(overage=_last_overage(), agreed=_agreed(), by_sales=_by_sales())
    known = told.in_bulk([row.pk for row, _, _ in doubtful])
    for row, terms, counted in doubtful:
        is_agreed = terms.seats in (also(known[row.pk], "agreed"), also(known[row.pk], "by_sales"))
        if terms.seats not in ladders.get(terms.plan, LADDER) and not is_agreed:
            facts: dict[str, object] = {"plan": terms.plan, "seats": terms.seats}
            yield Finding("X8", "seats_off_ladder", row.public_id, facts)
        if counted > terms.seats and also(known[row.pk], "overage") != EventType.OVERAGE_OPENED:
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


def _counted(spaces: Sequence[Space]) -> dict[UUID, int]:
    """People who take a seat, by space; those of a division are the people of its teams, each once (S3)."""
    people = Membership.objects.counted()
    places = [space.pk for space in spaces if space.kind != DIVISION]
    divisions = [space.pk for space in spaces if space.kind == DIVISION]
    own = people.filter(space_id__in=places).values_list("space_id")
    inner = people.filter(space__division_id__in=divisions).values_list("space__division_id")
    distinct = Count("person_id", distinct=True)
    found = dict(own.annotate(count=distinct))
    return found | dict(inner.annotate(count=distinct)) if divisions else found


def check_coverage(reading: Reading) -> Iterator[Finding]:
    """X11: inside a paid division or organization nothing else is paid for."""
    yield from _COVERAGE.found()


_COVERAGE = Looks("X11", Look("paid_for_twice", Subscription, """
    SELECT DISTINCT ON (inner_sub.id) inner_sub.id AS subject, inner_sub.space_id AS space,
      outer_sub.space_id AS covered_by
    FROM zetel_subscription inner_sub JOIN zetel_space space ON space.id = inner_sub.space_id
    JOIN zetel_subscription outer_sub ON outer_sub.space_id IN (space.organization_id, space.division_id)
    WHERE inner_sub.status = ANY (%(paid_for)s) AND outer_sub.status = ANY (%(paid_for)s)
    ORDER BY inner_sub.id, outer_sub.id""", ids={"space": Space, "covered_by": Space}))  # fmt: skip


def check_owners(reading: Reading) -> Iterator[Finding]:
    """X12: one active member of the space holds billing; of a paid organization one who is its admin (R1, R4)."""
    yield from _OWNERS.found()


# A subscription with its billing owner, and how that person stands in its space; a person counts while they are there.
_OWNED = """
    SELECT sub.id AS subject, sub.customer_id AS customer, sub.space_id AS space, customer.billing_owner_id AS owner
    FROM zetel_subscription sub JOIN zetel_space place ON place.id = sub.space_id
    JOIN zetel_customer customer ON customer.id = sub.customer_id
    LEFT JOIN zetel_person person ON person.id = customer.billing_owner_id
    CROSS JOIN LATERAL (
      SELECT person.is_active AND NOT person.is_machine AND coalesce(bool_or(member.standing = 'member'), false)
          AS is_member,
        coalesce(bool_or(member.is_admin AND member.space_id = place.id), false) AS is_admin
      FROM zetel_membership member JOIN zetel_space inside ON inside.id = member.space_id
      WHERE member.person_id = person.id AND member.left_at IS NULL AND member.deactivated_at IS NULL
        AND (inside.id = place.id OR inside.division_id = place.id)
    ) AS stands
    WHERE sub.status = ANY (%(live)s) AND """
_IDS: dict[str, type[Row]] = {"customer": Customer, "space": Space, "owner": Person}


def _of_nobody(row: Facts) -> Facts:
    """The facts where there is no owner to name."""
    return {name: name_of(_IDS[name], UUID(row[name])) for name in ("customer", "space")}


_OWNERS = Looks(
    "X12",
    Look("owner_gone", Subscription, f"{_OWNED} person.id IS NULL AND sub.ends_on IS NOT NULL",
         is_notice=True, judge=_of_nobody),  # R6: it is not renewed
    Look("owner_missing", Subscription, f"{_OWNED} person.id IS NULL AND sub.ends_on IS NULL", judge=_of_nobody),
    Look("owner_not_member", Subscription, f"{_OWNED} person.id IS NOT NULL AND NOT stands.is_member", ids=_IDS),
    # A trial makes nobody admin, and what comes after it does when something was paid (R4).
    Look("owner_not_admin", Subscription, _OWNED + """ stands.is_member AND NOT stands.is_admin
        AND place.kind = 'organization' AND sub.status = ANY (%(paid_for)s) AND (sub.trial_ends_on IS NULL OR EXISTS (
          SELECT FROM zetel_invoice WHERE subscription_id = sub.id AND kind = 'invoice' AND state = 'paid'))""",
         ids=_IDS),
)  # fmt: skip
