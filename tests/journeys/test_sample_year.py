"""A year of the sample organization of `zetel demo`: 40 members, 3 guests, 6 teams, through the actions and the worker.

2027 has no 29 February. Ontwikkeling is paid from 31 January, Onderzoek from 29 March, Noordlicht from 30 August, so
boundaries fall on the 28th, 29th, 30th and 31st. Amounts are cents: Premium 13.49 and Business 30.49 a seat and month,
a year ten months, 21 % on top. A line reads: issued, number, plan, seats, price, days of days, net.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import Count, Sum

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.world import change_quote, confirm, quote_for, try_out
from zetel.actions import (
    cancellations,
    customers,
    directory_account,
    directory_domains,
    directory_people,
    hand_over,
)
from zetel.cli.demo import INFORMATION, Sample
from zetel.gateways.sandbox import save_sample_card
from zetel.jobs import methods, tasks
from zetel.models import (
    BalanceEntry,
    Customer,
    Event,
    Invoice,
    InvoiceLine,
    Mail,
    Membership,
    MethodSetup,
    Overage,
    Payment,
    Person,
    Space,
    Subscription,
)
from zetel.sandbox import company

pytestmark = pytest.mark.django_db

Line = tuple[str, str, str, int, int, str, int]


class Year:
    """The sample organization, and the days that go by."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        clock.set(at(1, 29))
        begin(clock.now)
        self.sample = Sample("sample")
        self.noordlicht = self.sample.organization()
        self.development = self.sample.teams(self.noordlicht)
        self.research = Space.objects.get(name="Onderzoek")
        self.seen = 0

    def who(self, name: str) -> Person:
        return Person.objects.get(email=f"{name}@noordlicht.example")

    def plan_of(self, space: Space) -> Subscription:
        return Subscription.objects.filter(space=space).latest("id")

    def until(self, month: int, day: int, year: int = 2027) -> datetime:
        """Let the worker do every morning what is due, up to this one."""
        then = at(month, day, year)
        while (due := self.next_due()) and due <= then:
            self.clock.set(due)
            tasks.do_due(due)
        tasks.do_due(self.clock.set(then))
        return then

    def next_due(self) -> datetime | None:
        """The next morning on which the worker finds anything to do; it looks each minute, and finds nothing else."""
        plans, overages = Subscription.objects.live(), Overage.objects.filter(status="open")
        found = [
            *(at for row in plans.values_list("next_bill_at", "dunning_at", "trial_due_at", "remind_at") for at in row),
            *overages.values_list("resizes_at", flat=True),
        ]  # fmt: skip
        mornings = (morning_after(moment) for moment in found if moment)
        return min((x for x in mornings if x > self.clock.now), default=None)

    def come(self, space: Space, *names: str) -> None:
        for name in names:
            person = self.sample.person(name, f"{name.lower()}@noordlicht.example")
            directory_people.add_person(
                space=space, person=person, actor=self.who("anna"), now=self.clock.now
            )

    def go(self, space: Space, *names: str) -> None:
        for name in names:
            directory_people.leave(space=space, person=self.who(name), now=self.clock.now)

    def change(self, space: Space, **wish: object) -> None:
        made = confirm(change_quote(self.plan_of(space), self.clock.now, **wish), self.clock.now)  # type: ignore[arg-type]
        assert made.status == "done", made.reason

    def save_card(self, customer: Customer) -> None:
        owner = customer.billing_owner
        assert owner
        methods.begin(
            customer, person=owner, kind="card", next_path="/", return_path="/x/{setup}", now=self.clock.now
        )
        setup = MethodSetup.objects.filter(customer=customer).latest("id")
        save_sample_card(setup.setup_id, now=self.clock.now)
        methods.finish(setup, now=self.clock.now)

    def month(self) -> list[Line]:
        """What was issued since the last look, and the doctor's visit."""
        assert_healthy(self.clock.now)
        rows = InvoiceLine.objects.select_related("invoice").order_by(
            "invoice__issued_at", "invoice_id", "position"
        )
        found = [
            (
                f"{x.invoice.issued_on:%d %b}", short(x.invoice.number), x.plan,
                x.seats if x.kind == "charge" else -x.seats, x.unit_amount,
                f"{(x.end - x.start).days}/{(x.period_end - x.period_start).days}", x.amount,
            )
            for x in rows[self.seen :]
        ]  # fmt: skip
        self.seen += len(found)
        return found


def at(month: int, day: int, year: int = 2027) -> datetime:
    return datetime(year, month, day, 9, 0, tzinfo=UTC)


def short(number: str) -> str:
    """`INV-2027-00016` is `INV 16`."""
    kind, _, sequence = number.split("-")
    return f"{kind} {int(sequence)}"


def morning_after(moment: datetime) -> datetime:
    that_day = moment.replace(hour=9, minute=0, second=0, microsecond=0)
    return that_day if that_day >= moment else that_day + timedelta(days=1)


@pytest.mark.story("C1", "C2", "C3", "C8", "C11", "G4", "P9", "P10", "R4", "R5")
def test_a_year(clock: HandClock) -> None:
    year = Year(clock)
    spring(year)
    summer(year)
    autumn(year)
    winter(year)


def spring(year: Year) -> None:
    """A team is bought, outgrows its seats, goes up and down; another one tries Business and keeps it."""
    now = year.clock
    year.sample.buy(year.development)
    year.until(2, 1)
    assert year.month() == [("31 Jan", "INV 1", "premium", 10, 1349, "28/28", 13490)]
    year.until(2, 10)
    year.come(year.development, "Aad", "Bea", "Cor")  # 12 people, 10 seats: seven days later it has 15
    year.until(2, 27)
    tess = year.who("tess")
    trial = try_out(year.research, tess, now.now, plan="business", seats=10)
    year.until(3, 1)
    assert year.month() == [
        ("17 Feb", "INV 2", "premium", 5, 1349, "11/28", 2650),
        ("28 Feb", "INV 3", "premium", 15, 1349, "31/31", 20235),
    ]
    customers.change_information(trial.customer, replace(INFORMATION, name="Tess"), actor=tess, now=now.now)
    year.save_card(trial.customer)
    year.until(4, 1)
    assert year.month() == [
        ("29 Mar", "INV 4", "business", 10, 3049, "31/31", 30490),
        ("31 Mar", "INV 5", "premium", 15, 1349, "30/30", 20235),
    ]
    year.until(4, 15)
    year.go(year.noordlicht, "aad", "bea", "cor")
    year.change(
        year.development, plan="business", seats=10
    )  # the plan now, the seats at the end of the period
    year.until(5, 1)
    assert year.month() == [
        ("15 Apr", "INV 6", "premium", -15, 1349, "15/30", -10118),
        ("15 Apr", "INV 6", "business", 15, 3049, "15/30", 22868),
        ("29 Apr", "INV 7", "business", 10, 3049, "30/30", 30490),
        ("30 Apr", "INV 8", "business", 10, 3049, "31/31", 30490),
    ]


def summer(year: Year) -> None:
    """A card that has no money, another one, a new owner, and a plan that was cancelled and goes on."""
    now, development = year.clock, year.plan_of(year.development)
    year.until(5, 30)
    company.plan("declined_soft", "declined_soft")
    year.until(6, 1)
    development.refresh_from_db()
    assert (development.status, development.dunning_step) == ("past_due", 2)
    year.until(6, 2)
    year.save_card(development.customer)
    tasks.do_due(now.now)
    development.refresh_from_db()
    assert (development.status, development.customer.billing_owner) == ("active", year.who("bram"))
    assert year.month() == [
        ("29 May", "INV 9", "business", 10, 3049, "31/31", 30490),
        ("31 May", "INV 10", "business", 10, 3049, "30/30", 30490),
    ]
    year.until(6, 10)
    hand_over.give(development, to=year.who("eva"), actor=year.who("bram"), now=now.now)
    year.until(7, 1)
    assert year.month() == [
        ("29 Jun", "INV 11", "business", 10, 3049, "30/30", 30490),
        ("30 Jun", "INV 12", "business", 10, 3049, "31/31", 30490),
    ]
    year.until(7, 5)
    cancellations.cancel(development, actor=year.who("eva"), now=now.now)
    year.until(7, 20)
    development.refresh_from_db()
    assert development.ends_on == date(2027, 7, 31)
    cancellations.resume(development, actor=year.who("eva"), now=now.now)
    year.until(8, 1)
    assert year.month() == [
        ("29 Jul", "INV 13", "business", 10, 3049, "31/31", 30490),
        ("31 Jul", "INV 14", "business", 10, 3049, "31/31", 30490),
    ]


def autumn(year: Year) -> None:
    """All of Noordlicht is bought over both teams; a domain comes with three people, and goes again."""
    now, eva, anna = year.clock, year.who("eva"), year.who("anna")
    year.until(8, 30)
    company_of = year.plan_of(year.development).customer
    made = confirm(
        quote_for(year.noordlicht, eva, now.now, plan="business", seats=40, customer=company_of), now.now
    )
    assert made.status == "done", made.reason
    year.until(9, 1)
    assert year.month() == [
        ("29 Aug", "INV 15", "business", 10, 3049, "31/31", 30490),
        ("30 Aug", "CN 1", "business", -10, 3049, "1/31", -984),
        ("30 Aug", "CN 2", "business", -10, 3049, "30/31", -29506),
        ("30 Aug", "INV 16", "business", 40, 3049, "31/31", 121960),
    ]
    assert Membership.objects.get(space=year.noordlicht, person=eva, left_at=None).is_admin
    year.until(9, 10)
    directory_account.add_verified_address(person=anna, email="anna@partner.example", now=now.now)
    directory_domains.add_domain(
        organization=year.noordlicht, domain="partner.example", actor=anna, now=now.now
    )
    year.until(10, 1)
    assert year.month() == [
        ("17 Sep", "INV 17", "business", 10, 3049, "13/31", 12786),
        ("30 Sep", "INV 18", "business", 50, 3049, "30/30", 152450),
    ]
    year.until(10, 4)
    directory_domains.remove_domain(
        organization=year.noordlicht, domain="partner.example", actor=anna, now=now.now
    )
    year.change(year.noordlicht, seats=40)
    year.until(11, 1)
    assert year.month() == [("30 Oct", "INV 19", "business", 40, 3049, "31/31", 121960)]


def winter(year: Year) -> None:
    """To yearly; then nothing is billed any more, and the books of the year are closed."""
    year.until(11, 15)
    year.change(year.noordlicht, cycle="year")
    year.until(12, 1)
    assert year.month() == [
        ("15 Nov", "INV 20", "business", -40, 3049, "15/31", -59013),
        ("15 Nov", "INV 20", "business", 40, 30490, "366/366", 1219600),
    ]
    for end in ((1, 1), (1, 31)):
        year.until(*end, 2028)
        assert year.month() == []
    close(year)


def close(year: Year) -> None:
    """22 documents, all settled: 1,191 was used at once, 35,702 is Tess's own, and everybody was told everything."""
    totals = Invoice.objects.values_list("kind", "state").annotate(
        count=Count("id"), total=Sum("total_amount")
    )
    assert sorted(totals) == [("credit_note", "paid", 2, -36_893), ("invoice", "paid", 20, 2_352_246)]
    balances = BalanceEntry.objects.order_by("id").values_list(
        "customer__billing_owner__name", "kind", "amount"
    )
    assert list(balances) == [
        ("Eva Bakker", "credit_note", 1191), ("Tess Kuiper", "credit_note", 35_702), ("Eva Bakker", "used", -1191),
    ]  # fmt: skip
    paid = Payment.objects.filter(status="paid")
    assert (paid.count(), paid.aggregate(total=Sum("amount"))["total"]) == (20, 2_352_246 - 1191)
    assert not Mail.objects.exclude(status="sent").exists()
    assert Counter(Mail.objects.values_list("kind", flat=True)) == {
        "invoice": 2 * 22,  # the billing owner's, and that of the accounts mailbox
        "trial_started": 1, "trial_ends_soon": 2, "plan_changed": 4, "plan_covered": 1, "admin_told": 1,
        "seats_full": 1, "seats_exceeded": 2, "seats_resized": 2, "payment_failed": 2, "payment_recovered": 1,
        "billing_owner_old": 1, "billing_owner_new": 1, "cancelled": 1,
    }  # fmt: skip
    told = Event.objects.exclude(kind__regex=r"^(person|membership|space|catalog|method|change|staff)\.")
    assert Counter(told.values_list("kind", flat=True)) == {
        "subscription.bought": 2, "subscription.trial_started": 1, "subscription.trial_converted": 1,
        "subscription.renewed": 13, "subscription.grew": 2, "subscription.changed": 2,
        "subscription.change_scheduled": 1, "subscription.past_due": 1, "subscription.recovered": 1,
        "subscription.cancelled": 1, "subscription.resumed": 1, "subscription.replaced": 2,
        "overage.opened": 2, "overage.closed": 2, "payment.declined": 2, "invoice.paid": 14,
        "billing_owner.changed": 1, "customer.changed": 1, "admin.named": 1, "domain.added": 2, "domain.removed": 1,
    }  # fmt: skip
