"""A studio that people outgrow: letting them in and out, living some days, and reading what became of it."""

from datetime import UTC, datetime

from tests.conftest import HandClock
from tests.directory_world import CATALOG, World
from zetel.actions import directory_people
from zetel.actions.catalog import apply_catalog
from zetel.jobs import tasks
from zetel.models import Event, Mail, Overage, Person, Space, Subscription

MAY_19 = datetime(2026, 5, 18, 22, 0, tzinfo=UTC)  # its first instant in Amsterdam
SEAT_MAILS = (
    "seats_nearly_full",
    "seats_full",
    "seats_exceeded",
    "seats_resized",
    "growth_declined",
    "growth_approval",
)


def come(world: World, space: Space, clock: HandClock, *names: str) -> list[Person]:
    """New people join now."""
    world.now = clock.now
    people = [world.person(name, f"{name.lower().replace(' ', '')}@acme.example") for name in names]
    world.join(space, *people)
    return people


def back(world: World, space: Space, clock: HandClock, *people: Person) -> None:
    """People who left join again now."""
    world.now = clock.now
    world.join(space, *people)


def go(space: Space, person: Person, clock: HandClock) -> None:
    directory_people.leave(space=space, person=person, now=clock.now)


def work(clock: HandClock, at: datetime | None = None) -> None:
    """What the worker does each minute, and once more: nothing may happen twice."""
    if at is not None:
        clock.set(at)
    tasks.do_due(clock.now)
    tasks.do_due(clock.now)


def overages(subscription: Subscription) -> list[tuple[str, str, str]]:
    """Status, first day, and why it was closed, of every overage."""
    rows = Overage.objects.filter(subscription=subscription).order_by("id")
    return [(row.status, row.first_on.isoformat(), row.reason) for row in rows]


def told(kind: str = "") -> list[str]:
    """The kinds of the mails about seats, in order; with a kind those alone."""
    rows = Mail.objects.filter(kind__in=[kind] if kind else SEAT_MAILS).order_by("id")
    return list(rows.values_list("kind", flat=True))


def happened(subscription: Subscription) -> list[str]:
    rows = Event.objects.filter(
        subscription=subscription, kind__regex=r"^(overage|subscription\.grew|change)"
    )
    return list(rows.order_by("id").values_list("kind", flat=True))


def policy(on_exceed: str, clock: HandClock) -> None:
    """From now on the catalogue's plans do this when more people are counted than seats were bought."""
    text = CATALOG.read_text().replace('on_exceed = "expand"', f'on_exceed = "{on_exceed}"')
    apply_catalog(text, now=clock.now)
