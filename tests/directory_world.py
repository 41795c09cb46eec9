"""People and spaces for the tests of the directory: Anna runs Acme, Bram and Chris work there, Daan is a stranger.

Everything is made by the actions themselves, so a world is never in a state that the product could not reach.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import zetel
from zetel.actions import directory, directory_account, directory_people
from zetel.actions.catalog import apply_catalog
from zetel.models import Customer, Membership, Person, Space, Subscription, SubscriptionTerms

CATALOG = Path(zetel.__file__).parent / "catalog.toml"


@dataclass
class World:
    """Makes rows at the world's instant."""

    now: datetime

    def person(self, name: str, email: str = "") -> Person:
        address = email or f"{name.lower()}@acme.example"
        return directory_account.create_person(email=address, name=name, now=self.now)

    def workspace(self, person: Person, name: str = "Studio Noord") -> Space:
        return directory.create_workspace(
            name=name, country="NL", time_zone="Europe/Amsterdam", person=person, now=self.now
        )

    def organization(self, person: Person, name: str = "Acme", domain: str = "acme.example") -> Space:
        return directory.create_organization(
            name=name, domain=domain, country="NL", time_zone="Europe/Amsterdam", person=person, now=self.now
        )

    def team(self, organization: Space, person: Person, name: str = "Ontwerp") -> Space:
        return directory.create_team(organization=organization, name=name, person=person, now=self.now)

    def division(self, organization: Space, person: Person, name: str = "Noord") -> Space:
        return directory.create_division(organization=organization, name=name, actor=person, now=self.now)

    def join(self, space: Space, *people: Person) -> None:
        for person in people:
            directory_people.add_person(space=space, person=person, actor=None, now=self.now)

    def crowd(self, space: Space, count: int, domain: str = "acme.example") -> list[Person]:
        """So many new people in a space."""
        people = [self.person(f"Mens{n}", f"mens{n}-{space.name.lower()[:3]}@{domain}") for n in range(count)]
        self.join(space, *people)
        return people

    def paid(self, space: Space, owner: Person, *, plan: str = "premium", seats: int = 30) -> Subscription:
        """A live subscription, written directly: buying is tested elsewhere."""
        customer = Customer.objects.create(
            name=owner.label, country="NL", currency="EUR", billing_owner=owner, created_at=self.now
        )
        day = self.now.date()
        subscription = Subscription.objects.create(
            space=space, customer=customer, status="active", started_on=day, created_at=self.now
        )
        SubscriptionTerms.objects.create(
            subscription=subscription, starts_on=day, plan=plan, cycle="month", seats=seats, unit_amount=1349,
            currency="EUR", anchor_on=day, created_at=self.now,
        )  # fmt: skip
        return subscription

    def stay(self, space: Space, person: Person) -> Membership:
        return Membership.objects.get(space=space, person=person, left_at=None)

    def names(self, space: Space) -> list[str]:
        """Who is in a space now, by name."""
        rows = Membership.objects.active().filter(space=space).select_related("person")
        return sorted(row.person.label for row in rows)


def begin(now: datetime) -> World:
    apply_catalog(CATALOG.read_text(), now=now)
    return World(now)
