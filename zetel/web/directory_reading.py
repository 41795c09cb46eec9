"""What the directory's pages show of spaces and people, read with a number of queries that does not grow with either.

Nothing here decides or writes. A division's people are those of its teams, each once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from allauth.account.models import EmailAddress
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext

from zetel.access import Seen
from zetel.actions import seat_use
from zetel.actions.directory_plans import entitled, entitlements
from zetel.actions.directory_public_mail import PUBLIC_MAIL_DOMAINS
from zetel.actions.seat_use import SeatUse
from zetel.models import CatalogVersion, Domain, Membership, Person, Space
from zetel.models.spaces import DIVISION, MEMBER, ORGANIZATION, TEAM, WORKSPACE
from zetel.rules import names, seats
from zetel.rules.catalog import OnExceed
from zetel.rules.entitlements import Source
from zetel.rules.money import Money
from zetel.web.billing_view import SEATS_TONES
from zetel.web.places import sort_key
from zetel.web.words import plan_name

PEOPLE_ON_A_PAGE = 25
FACES = 8
SPACES_LISTED_MAX = 200


@dataclass(frozen=True)
class PlanShown:
    """A plan as a badge says it."""

    name: str
    paid: bool
    trial: bool


def plans_shown(spaces: Sequence[Space], now: datetime) -> Mapping[uuid.UUID, PlanShown]:
    """The plan of each space: four queries for any number of them."""
    catalog = CatalogVersion.objects.current()
    return {
        pk: PlanShown(
            plan_name(catalog, found.plan), found.source is not Source.FREE, found.source is Source.TRIAL
        )
        for pk, found in entitlements(spaces, now, catalog).items()
    }


@dataclass(frozen=True)
class SpaceShown:
    """A team or division in a list."""

    space: Space
    people: int
    joined: bool
    plan: PlanShown

    @property
    def url(self) -> str:
        return f"/s/{self.space.public_id}/"


def inside(organization: Space, person: Person, now: datetime) -> tuple[list[SpaceShown], list[SpaceShown]]:
    """The teams and the divisions of an organization by name, with people counted and whether the person is in."""
    rows = Space.objects.filter(organization=organization).select_related("division")
    found = shown(list(rows[:SPACES_LISTED_MAX]), person, now)
    return [row for row in found if row.space.kind == TEAM], [
        row for row in found if row.space.kind == DIVISION
    ]


def shown(spaces: Sequence[Space], person: Person, now: datetime) -> list[SpaceShown]:
    """Spaces as a list shows them, sorted as people sort."""
    active = Q(left_at=None, deactivated_at=None, person__is_active=True, person__is_machine=False)
    stays = Membership.objects.filter(active)
    in_teams = _counts(stays.filter(space__in=spaces), "space_id")
    in_divisions = _counts(stays.filter(space__division__in=spaces), "space__division_id")
    joined = set(stays.filter(space__in=spaces, person=person).values_list("space_id", flat=True))
    plans = plans_shown(spaces, now)
    people = in_teams | in_divisions
    found = [SpaceShown(row, people.get(row.pk, 0), row.pk in joined, plans[row.pk]) for row in spaces]
    return sorted(found, key=lambda item: sort_key(item.space.name))


def _counts(stays: QuerySet[Membership], field: str) -> dict[uuid.UUID, int]:
    rows = stays.values_list(field).annotate(people=Count("person_id", distinct=True)).order_by()
    return dict(rows)


def people_of(space: Space, search: str = "") -> QuerySet[Membership]:
    """Who is in a space and stayed, active ones first, by name; the deactivated are at the end."""
    rows = Membership.objects.of_space(space).filter(left_at=None, person__is_active=True)
    if space.kind == DIVISION:
        each_once = rows.order_by("person_id", "id").distinct("person_id").values("pk")
        rows = Membership.objects.filter(pk__in=each_once)
    if search:
        rows = rows.filter(Q(person__name__icontains=search) | Q(person__email__icontains=search))
    return rows.select_related("person").order_by(
        F("deactivated_at").asc(nulls_first=True), Lower("person__name"), "person__email"
    )


def people_page(space: Space, search: str, number: str) -> Page[Membership]:
    """One page of people; a page that does not exist is the nearest one that does."""
    return Paginator(people_of(space, search), PEOPLE_ON_A_PAGE).get_page(number)


@dataclass(frozen=True)
class Room:
    """How many people a place holds and how many may come: by Basic's limit, or by seats for who may know.

    `one_more` is the size that one person more needs, `cost` what it would cost today, with tax, and `renewal` what a
    period costs from `renews_on` on. `keeps` says that an open invitation takes a seat.
    """

    used: int
    limit: int
    by_seats: bool
    one_more: int | None = None
    cost: Money | None = None
    renewal: Money | None = None
    renews_on: date | None = None
    keeps: bool = False

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def shown(self) -> int:
        """For a bar, which cannot be more than full."""
        return min(self.used, self.limit)

    @property
    def tone(self) -> str:
        if self.by_seats:
            return SEATS_TONES[seats.fullness(self.used, self.limit)]
        return "bad" if self.left == 0 else "warn" if self.left * 5 <= self.limit else ""


def room(seen: Seen, use: SeatUse | None, people: int, now: datetime) -> Room | None:
    """Basic's places for everybody who may invite; seats for the billing owner of what covers the space (C8)."""
    if use is None:
        limit = entitled(seen.space, now).limits.get("people")
        holds = limit is not None and seen.space.kind in (WORKSPACE, TEAM)
        return Room(people, limit or 0, by_seats=False) if holds else None
    size = seats.one_more(use.counted, use.seats, use.policy.ladder)
    priced = seat_use.price_growth(use, size, use.on) if size and size > use.seats else None
    currency = use.present.currency
    return Room(
        use.counted, use.seats, by_seats=True, one_more=size,
        cost=Money(priced.document.total, currency) if priced else None,
        renewal=Money(priced.renewal_total, currency) if priced and priced.renews_on else None,
        renews_on=priced.renews_on if priced else None,
        keeps=use.policy.on_exceed is OnExceed.BLOCK,
    )  # fmt: skip


def joining(seen: Seen, use: SeatUse | None, now: datetime) -> str:
    """What an invitation may lead to where seats are bought, for everybody who may invite; not how many (E2, R3)."""
    if use is not None:
        policy = use.policy
    else:
        held, catalog = entitled(seen.space, now), CatalogVersion.objects.current()
        if held.source is Source.FREE or held.plan not in catalog.plans:
            return ""
        policy = catalog.plans[held.plan].policy
    if policy.on_exceed is OnExceed.BLOCK:
        return gettext("When all seats are taken nobody new can join, and an open invitation keeps a seat.")
    return gettext("Everybody you invite can join, also when all seats are taken.")


def own_domains(person: Person) -> list[str]:
    """The domains that a person's verified addresses could prove for a new organization (S7)."""
    verified = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    found = dict.fromkeys(names.domain_of(address) for address in verified)
    mine = [domain for domain in found if domain not in PUBLIC_MAIL_DOMAINS]
    taken = set(Domain.objects.filter(name__in=mine).values_list("name", flat=True))
    return [domain for domain in mine if domain not in taken]


def open_organizations(person: Person) -> list[Space]:
    """Organizations on whose domains the person has a verified address, and is not in yet."""
    verified = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    domains = {names.domain_of(address) for address in verified}
    stays = Membership.objects.filter(person=person, left_at=None).values("space_id")
    return list(Space.objects.filter(domains__name__in=domains).exclude(pk__in=stays).distinct())


def first_space(person: Person) -> Space | None:
    """Where a person lands: the organization or workspace they are in longest."""
    stays = Membership.objects.active().filter(person=person, space__kind__in=(WORKSPACE, ORGANIZATION))
    stay = stays.select_related("space").order_by("joined_at", "id").first()
    return stay.space if stay else None


def admins_of(space: Space) -> list[Person]:
    """The admins of a space, for members who want to know whom to ask."""
    rows = Membership.objects.active().filter(space=space, is_admin=True, standing=MEMBER)
    return [row.person for row in rows.select_related("person").order_by("joined_at")[:20]]
