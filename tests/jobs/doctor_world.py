"""A small healthy installation for the doctor's tests: a paid workspace, renewed once, with everything sent and told.

Each test then damages one thing by hand, below the product, and looks whether the doctor names exactly that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import connection

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.doctor import findings
from tests.memory import remembered
from tests.world import DUTCH, buy, customer_of
from zetel.jobs import billing_run, inbound, outbox
from zetel.models import Attempt, Customer, Invoice, Payment, Person, Space, Subscription, SubscriptionTerms
from zetel.sandbox import company
from zetel.sandbox.models import Charge

Named = list[tuple[str, str]]


@dataclass
class Story:
    """Anna's workspace: Premium for 15 from 12 May 2026, renewed on 12 June; Bram is a member."""

    world: World
    clock: HandClock
    anna: Person
    bram: Person
    studio: Space

    @property
    def subscription(self) -> Subscription:
        return Subscription.objects.get(space=self.studio)

    @property
    def customer(self) -> Customer:
        return self.subscription.customer

    @property
    def first(self) -> Invoice:
        return Invoice.objects.get(subscription=self.subscription, renews_on=None)

    @property
    def renewal(self) -> Invoice:
        return Invoice.objects.get(subscription=self.subscription, renews_on="2026-06-12")

    @property
    def payment(self) -> Payment:
        return Payment.objects.get(invoice=self.renewal)

    @property
    def attempt(self) -> Attempt:
        return Attempt.objects.get(payment=self.payment)

    @property
    def charge(self) -> Charge:
        return Charge.objects.get(reference=self.attempt.reference)

    @property
    def terms(self) -> SubscriptionTerms:
        return SubscriptionTerms.objects.get(subscription=self.subscription)

    def found(self, rule: str, *, notices: bool = False) -> Named:
        """What the doctor finds under one rule: (code, subject)."""
        return [
            (finding.what, finding.subject) for finding in findings(self.clock.now, rule, notices=notices)
        ]

    def facts(self, rule: str) -> Mapping[str, object]:
        """The facts of the one finding there is."""
        [finding] = findings(self.clock.now, rule, notices=True)
        return finding.facts


def hear_and_tell(clock: HandClock) -> None:
    """The company's webhooks come in and are booked; mails go out with their PDFs."""

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        inbound.receive("sandbox", headers, body, now=clock.now)
        return 200

    company.deliver_due(clock.now, post)
    inbound.drain(clock.now)
    outbox.drain(clock.now)


def damage(statement: str) -> None:
    """Do with SQL what no action would do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def story(db: None, clock: HandClock) -> Story:
    return renewed(clock)


@remembered
def renewed(clock: HandClock) -> Story:
    world = begin(clock.now)
    anna, bram = world.person("Anna"), world.person("Bram")
    studio = world.workspace(anna)
    world.join(studio, bram)
    buy(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    hear_and_tell(clock)
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    hear_and_tell(clock)
    return Story(world, clock, anna, bram, studio)
