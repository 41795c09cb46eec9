"""Subscriptions lived through the actions on a database, told as a plain list of what happened to each.

`Books` holds a world whose clock moves as told: people come and go, wish, cancel, pay or cannot pay; the worker does
what is due. Beside the product it keeps the list that `reckoning` reckons from, and compares the two after each step.
What the product refuses must be refused by the reckoning too, with the same code, and the other way round.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Min

from tests.conftest import HandClock
from tests.directory_world import CATALOG, World, begin
from tests.doctor import assert_healthy
from tests.journeys import bank, reckoning
from tests.journeys.reckoning import Happened, Reckoning, Refused, Sold, Stretch
from tests.world import change_quote, customer_of, quote_for
from zetel.actions import cancellations, customers, directory_people, standing
from zetel.actions.catalog import apply_catalog
from zetel.actions.directory_plans import entitled
from zetel.gateways.sandbox import save_sample_card
from zetel.jobs import billing_run, collect, dunning_run, methods, overage_run
from zetel.models import (
    Change,
    Customer,
    Invoice,
    InvoiceLine,
    MethodSetup,
    Overage,
    Person,
    Quote,
    Space,
    Subscription,
)
from zetel.rules import subscriptions as rules
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

HALF = Fraction(1, 2)
T = TypeVar("T")
UNITS = {"EUR": {"premium": 1349, "business": 3049, "enterprise": 4999},
         "JPY": {"premium": 1500, "business": 3400, "enterprise": 5500}}  # fmt: skip
RISE_PERCENT = 10


def first_instant(day: date, zone: str) -> datetime:
    """The first instant at which the calendar of a zone shows a day (or the next one that it has), by halving."""
    low = datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=30)
    high = low + timedelta(hours=60)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (low, middle) if date_in(middle, zone) >= day else (middle, high)
    return high


def date_in(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


@dataclass
class Life:
    """One subscription: what happened to it, and the zone in which its running period is counted."""

    space: Space
    customer: Customer
    subscription: Subscription
    zone: str
    happened: list[Happened]
    price: reckoning.Price

    @property
    def reckoned(self) -> Reckoning:
        return reckoning.reckon(self.happened, self.price)

    @property
    def row(self) -> Subscription:
        return Subscription.objects.get(pk=self.subscription.pk)

    @property
    def owner(self) -> Person:
        owner = self.row.customer.billing_owner
        assert owner
        return owner

    def become(self, other: "Life") -> None:
        self.happened, self.zone = list(other.happened), other.zone

    def is_due(self, now: datetime) -> bool:
        found = self.reckoned
        return found.ended_on is None and first_instant(found.period[1], self.zone) <= now

    def last_day(self, now: datetime) -> date:
        """The day of an end that comes before its time; grace may outlive the period that was not paid."""
        return max(date_in(now, self.zone), self.reckoned.period[0])

    def today(self, now: datetime) -> date:
        """In the zone of the running period and never outside it (M3)."""
        start, end = self.reckoned.period
        return min(max(date_in(now, self.zone), start), end - timedelta(days=1))


class Books:
    """A seller's books: places, people, customers, lives."""

    def __init__(self, clock: HandClock, *, currency: str = "EUR", zone: str = "Europe/Amsterdam") -> None:
        self.clock, self.currency, self.zone = clock, currency, zone
        self.world: World = begin(clock.now)
        self.anna, self.bram = self.world.person("Anna"), self.world.person("Bram")  # they never leave
        self.rises: list[date] = []
        self.lives: list[Life] = []
        self.places: list[Space] = []
        self.comers: dict[uuid.UUID, list[Person]] = defaultdict(list)
        self.broke = ""
        self.mood = ""  # of the bank, at the next confirmation
        self.worked_at = clock.now
        self.number = 0

    # ------------------------------------------------------------ the world

    @property
    def now(self) -> datetime:
        return self.clock.now

    def price(self, plan: str, cycle: str, on: date) -> int:
        unit = UNITS[self.currency][plan]
        for _ in [day for day in self.rises if day <= on]:
            unit += unit * RISE_PERCENT // 100
        return unit * 10 if cycle == "year" else unit

    def prices_rise(self) -> None:
        """Everything costs a tenth more from the day after tomorrow on, for new agreements (P2)."""
        day = self.now.date() + timedelta(days=2)
        if self.rises and self.rises[-1] >= day:
            return
        self.rises.append(day)
        text = CATALOG.read_text()
        for day in self.rises:
            text += "".join(self._price_row(plan, day) for plan in UNITS[self.currency])
        apply_catalog(text, now=self.now)

    def _price_row(self, plan: str, day: date) -> str:
        unit = self.price(plan, "month", day)
        amount = f"{unit // 100}.{unit % 100:02}" if self.currency == "EUR" else str(unit)
        return (
            f'\n[[prices]]\nplan = "{plan}"\ncycle = "month"\ncurrency = "{self.currency}"\n'
            f'amount = "{amount}"\nvalid_from = {day}\n'
        )

    @contextmanager
    def company_says(self) -> Iterator[None]:
        """What the company answers while the customer has no money."""
        if self.broke:
            company.plan(*[self.broke] * 40)
        yield
        company.clear_plans()

    def payer(self) -> Customer:
        customer = customer_of(self.anna, self.now, currency=self.currency, time_zone=self.zone)
        self.save_card(customer)
        return customer

    def save_card(self, customer: Customer) -> None:
        owner = Customer.objects.get(pk=customer.pk).billing_owner or self.anna
        methods.begin(
            customer, person=owner, kind="card", next_path="/", return_path="/x/{setup}", now=self.now
        )
        setup = MethodSetup.objects.filter(customer=customer).latest("id")
        save_sample_card(setup.setup_id, now=self.now)
        with self.company_says():
            methods.finish(setup, now=self.now)

    def open_workspace(self) -> None:
        self.places = [self.world.workspace(self.anna)]
        self.world.join(self.places[0], self.bram)

    def open_organization(self) -> None:
        """An organization and a team in it; whoever is in the team is in the organization."""
        acme = self.world.organization(self.anna)
        self.places = [self.world.team(acme, self.anna), acme]
        self.world.join(self.places[0], self.bram)

    def live(self, space: Space) -> Life | None:
        """The live subscription of a place, as far as the product knows."""
        return next((x for x in reversed(self.lives) if x.space == space and x.row.status != "ended"), None)

    def inside(self, space: Space) -> list[Life]:
        return [
            life for place in self.places if place.organization_id == space.pk and (life := self.live(place))
        ]

    def counted(self, space: Space) -> int:
        return 2 + len(self.comers[space.pk])

    # ------------------------------------------------------------ what people do

    def join(self, space: Space) -> None:
        self.number += 1
        self.world.now = self.now
        person = self.world.person(f"Mens {self.number}", f"mens{self.number}@acme.example")
        with suppress(ZetelError):  # there is no room, or a growth is unpaid
            self.world.join(space, person)
            self.came(space, person)

    def came(self, space: Space, person: Person) -> None:
        for place in self.places:
            if place.pk in (space.pk, space.organization_id):
                self.comers[place.pk].append(person)

    def leave(self, space: Space) -> None:
        """Whoever leaves the organization leaves its team."""
        if not self.comers[space.pk]:
            return
        person = self.comers[space.pk].pop()
        directory_people.leave(space=space, person=person, now=self.now)
        for place in self.places:
            if place.organization_id == space.pk and person in self.comers[place.pk]:
                self.comers[place.pk].remove(person)

    def buy(self, space: Space, *, plan: str, cycle: str, seats: int, again: bool = False) -> None:
        """With a new customer, or `again` with the last one; what is inside ends and is taken back (P9)."""
        last = self.lives[-1].customer.pk if again and self.lives else self.payer().pk
        customer = Customer.objects.get(pk=last)  # as it is now: it may have moved
        if customer.billing_owner not in (None, self.anna):
            customer = self.payer()  # that one was handed over
        zone = self.zone_of(customer)
        code, bought = (
            self.may_buy(space, seats),
            Happened("bought", date_in(self.now, zone), plan, cycle, seats),
        )
        quote = refused_alike(
            code,
            lambda: quote_for(
                space, self.anna, self.now, plan=plan, cycle=cycle, seats=seats, customer=customer
            ),
        )
        if quote is None:
            return
        ending = [life for life in [*self.inside(space), self.live(space)] if life]
        for life in ending:
            life.become(self.settled(life))
        since = {life.subscription.pk: unpaid_since(life) for life in ending}
        made = self.confirm(quote)
        if made.status != "done":
            return
        for life in ending:
            if not life.reckoned.ended_on:
                on = life.last_day(self.now)
                life.happened.append(Happened("replaced", on, since=since[life.subscription.pk]))
        assert made.subscription
        self.lives.append(Life(space, customer, made.subscription, zone, [bought], self.price))

    def may_buy(self, space: Space, seats: int) -> str:
        """The code with which a purchase is refused (P5, P8, P9); what ended by now stands in nobody's way."""
        around = {place.pk: self.live(place) for place in self.places}
        standing = {pk for pk, life in around.items() if life and not self.settled(life).reckoned.ended_on}
        if space.pk in standing:
            return "already_subscribed"
        if space.organization_id in standing:
            return "already_covered"
        return "seats_in_use" if seats < self.counted(space) else ""

    def wish(self, life: Life, *, minutes: int = 0, **fields: str | int) -> None:
        """Quote and confirm, perhaps some minutes later: the quote's day counts, as long as its period lasts (C6)."""
        if self.broke and life.is_due(self.now):
            self.work()  # what a change makes of an invoice that nobody pays is told elsewhere
        settled = self.settled(life)
        then, code = self.then(settled, lambda on: Happened("wished", on, **fields))  # type: ignore[arg-type]
        seats = fields.get("seats")
        if code != "no_subscription" and code != "past_due" and seats is not None:
            few = int(seats) < self.counted(life.space)
            code = "seats_in_use" if few and seats != settled.reckoned.now.seats else code
        quote = refused_alike(
            code, lambda: change_quote(life.subscription, self.now, **fields)  # type: ignore[arg-type]
        )  # fmt: skip
        if quote is None:
            return
        life.become(settled)
        self.clock.move(minutes=minutes)
        late = "quote_expired" if life.is_due(self.now) else ""
        made = refused_alike(late, lambda: self.confirm(quote))
        if made is not None and made.status == "done":
            life.become(then)

    def confirm(self, quote: Quote) -> Change:
        """Press the button; what becomes of it is known before anybody goes on."""
        mood, self.mood = "" if self.broke else self.mood, ""
        with self.company_says():
            made = bank.confirm_by(mood, quote, self.clock)
        if made.status == "declined":
            assert self.broke or mood in ("refuse", "leave") or made.reason == "amount_below_minimum", (
                made.reason
            )
        return made

    def cancel(self, life: Life) -> None:
        what = "unpaid" if life.row.status == "past_due" else "cancelled"
        self.free(
            life, lambda on: Happened(what, on), lambda: cancellations.cancel(life.row, actor=life.owner, now=self.now)
        )  # fmt: skip

    def resume(self, life: Life) -> None:
        self.free(
            life, lambda on: Happened("resumed", on),
            lambda: cancellations.resume(life.row, actor=life.owner, now=self.now),
        )  # fmt: skip

    def withdraw(self, life: Life, *names: str) -> None:
        fields = [rules.Field(name) for name in names]
        self.free(
            life, lambda on: Happened("withdrew", on, fields=names),
            lambda: cancellations.withdraw(life.row, fields, actor=life.owner, now=self.now),
        )  # fmt: skip

    def free(self, life: Life, asked: Callable[[date], Happened], act: Callable[[], Subscription]) -> None:
        """What costs nothing is done at once."""
        then, code = self.then(self.settled(life), asked)
        if refused_alike(code, act):
            life.become(then)

    def settled(self, life: Life) -> Life:
        """The life with every boundary that went by billed, as each act does first (C12)."""
        found = replace(life, happened=list(life.happened))
        while found.row.status == "active" and found.is_due(self.now):
            self.renewed(found)
        return found

    def renewed(self, life: Life) -> None:
        life.happened.append(Happened("renewed", counted=self.counted(life.space)))
        life.zone = self.zone_of(life.customer)

    def zone_of(self, customer: Customer) -> str:
        return Customer.objects.values_list("time_zone", flat=True).get(pk=customer.pk)

    def then(self, settled: Life, asked: Callable[[date], Happened]) -> tuple[Life, str]:
        """The life after what is asked for, or the code with which that is refused."""
        after, before = replace(settled, happened=list(settled.happened)), settled.reckoned
        if before.ended_on:
            return after, "no_subscription"
        it = asked(settled.today(self.now))
        if it.what == "unpaid":
            it = replace(it, on=settled.last_day(self.now), since=unpaid_since(settled))
        if settled.row.status == "past_due" and it.what != "unpaid":
            return after, "past_due"
        after.happened.append(it)
        try:
            found = after.reckoned
        except Refused as refused:
            return after, str(refused)
        if found.now.anchor != before.now.anchor:  # a period begins
            after.zone = self.zone_of(after.customer)
        return after, ""

    def move(self, life: Life, zone: str) -> None:
        """The customer moves to another time zone (M3)."""
        customer = Customer.objects.get(pk=life.customer.pk)
        told = {field.name: getattr(customer, field.name) for field in fields(customers.BillingInformation)}
        information = customers.BillingInformation(**{**told, "time_zone": zone})
        customers.change_information(customer, information, actor=life.owner, now=self.now)

    # ------------------------------------------------------------ time

    def live_until(self, instant: datetime) -> None:
        """Let the worker do everything at the moment at which it comes due."""
        while (at := self.next_due()) and at < instant:
            self.clock.set(max(at, self.now))
            self.work()
        self.clock.set(instant)
        self.work()

    def next_due(self) -> datetime | None:
        rows = Subscription.objects.filter(parked_reason="")
        found: list[datetime | None] = [
            *rows.filter(status="active").values_list("next_bill_at", flat=True),
            *rows.filter(status="past_due").values_list("dunning_at", flat=True),
            *Overage.objects.filter(status="open").values_list("resizes_at", flat=True),
        ]
        return min((at for at in found if at and at > self.now), default=None)

    def work(self) -> None:
        """What the worker does, but for mails; and what came of it, in the order of the documents."""
        self.worked_at = self.now
        with self.company_says():
            billing_run.run_due(self.now)
            collect.ask_due(self.now)
            dunning_run.run_due(self.now)
            overage_run.grow_due(self.now)
            collect.refund_due(self.now)
        for life in self.lives:
            self.read(life)

    def read(self, life: Life) -> None:
        """What came by itself: renewals, growth, ends. Whether that was right is for the reckoning to say."""
        known = len(life.reckoned.bills)
        for invoice in life.subscription.invoices.order_by("issued_at", "id")[known:]:
            if invoice.renews_on:
                self.renewed(life)
            elif invoice.kind == "credit_note":
                if not life.reckoned.ended_on:
                    on, since = life.last_day(self.now), unpaid_since(life, "credited")
                    life.happened.append(Happened("unpaid", on, since=since))
            else:
                assert invoice.quote is not None
                assert "overage" in invoice.quote.wish
                grew, counted = life.today(self.now), self.counted(life.space)
                life.happened.append(
                    Happened("grew", grew, seats=invoice.quote.wish["seats"], counted=counted)
                )
        row = life.row
        if row.status == "ended" and row.end_reason == "cancelled" and not life.reckoned.ended_on:
            self.renewed(life)
        if row.status == "active":
            assert not life.is_due(self.now), "a boundary went by and is neither renewed nor ended (X4)"

    # ------------------------------------------------------------ whether it agrees

    def check(self) -> None:
        for life in self.lives:
            agree(life, self.now)
        self.check_plans()
        assert_healthy(self.now)
        assert not Subscription.objects.exclude(parked_reason="").exists()

    def check_plans(self) -> None:
        """Each place has the plan that its own subscription or its organization's gives it now (E1)."""
        lives = {place.pk: self.live(place) for place in self.places}
        if any(life and life.is_due(self.now) for life in lives.values()):
            return
        for place in self.places:
            around = [pk for pk in (place.pk, place.organization_id) if pk]
            life = next((lives[pk] for pk in around if lives.get(pk)), None)
            assert entitled(place, self.now).plan == (life.reckoned.now.plan if life else "basic")


def unpaid_since(life: Life, state: str = "open") -> date | None:
    """The first day of what was renewed and is not paid, as the product has it."""
    rows = Invoice.objects.filter(subscription=life.subscription, kind="invoice", state=state)
    first: date | None = rows.aggregate(first=Min("renews_on"))["first"]
    return first


def refused_alike(code: str, act: Callable[[], T]) -> T | None:
    """Do it; refused exactly when a code is expected, and with that one."""
    if not code:
        return act()
    with pytest.raises(ZetelError) as refused:
        act()
    assert refused.value.code == code
    return None


def agree(life: Life, now: datetime) -> None:
    """Every document of the product is a bill of the reckoning, line by line, and what stands agreed is the same."""
    found = life.reckoned
    documents = documents_of(life.subscription)
    assert len(documents) == len(found.bills), f"{documents} where {found.bills} were reckoned"
    per_period: dict[object, list[Fraction]] = defaultdict(list)
    for lines, bill in zip(documents, found.bills, strict=True):
        assert [stretch for stretch, _ in lines] == bill
        for stretch, amount in lines:
            assert abs(amount - stretch.exact) <= HALF, f"{stretch} is {amount}"
            per_period[stretch.sold.start, stretch.sold.end].append(amount - stretch.exact)
    for period, errors in per_period.items():
        assert abs(sum(errors, Fraction(0))) <= HALF * len(errors), f"{period} is off by {sum(errors)}"
    row = life.row
    assert row.ended_on == found.ended_on
    if found.ended_on:
        assert row.status == "ended"
        return
    assert row.next_bill_at == first_instant(found.period[1], life.zone)
    assert row.ends_on == found.ends_on
    on, terms = life.today(now), standing.terms_of([row.pk])[row.pk]
    waiting = {str(s.field): s.new for s in rules.scheduled(terms, on=on, ends_on=row.ends_on)}
    assert waiting == found.waiting


def documents_of(subscription: Subscription) -> list[list[tuple[Stretch, int]]]:
    """The lines of each document, oldest first, as stretches with their amounts."""
    rows = InvoiceLine.objects.filter(subscription=subscription).select_related("invoice")
    found: dict[object, list[tuple[Stretch, int]]] = {}
    for row in rows.order_by("invoice__issued_at", "invoice_id", "position"):
        sold = Sold(row.plan, row.cycle, row.unit_amount, row.period_start, row.period_end)
        seats = row.seats if row.kind == "charge" else -row.seats
        found.setdefault(row.invoice_id, []).append((Stretch(sold, seats, row.start, row.end), row.amount))
    return [sorted(lines) for lines in found.values()]
