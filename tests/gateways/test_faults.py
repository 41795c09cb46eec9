"""Each kind of failure at each step, through every company: one charge or none, the state true, nobody stuck (G3).

Premium monthly for 15 seats is EUR 202.35. A story goes on as the worker would let it, minute by minute, and ends with
the doctor, who holds the company's own ledger against our payments.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.gateways.drivers import Driver, PayPalDriver
from tests.gateways.steps import EVER, charge, fresh
from tests.world import confirm, customer_of, quote_for
from zetel import gateways
from zetel.actions import credit_notes, staff
from zetel.actions.credit_notes import Wish
from zetel.gateways.base import GatewayUnavailable, Setup
from zetel.jobs import methods, tasks
from zetel.models import (
    BalanceEntry,
    Change,
    Customer,
    Invoice,
    Mail,
    MethodSetup,
    Payment,
    PaymentMethod,
    Person,
    Refund,
    Subscription,
)
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db

FAULTS = ["timeout_after", "error_before", "timeout_before", "error_after"]
SAMPLE = 2
LATER = datetime(2026, 8, 1, tzinfo=UTC)
JUNE_12 = datetime(2026, 6, 12, 4, 0, tzinfo=UTC)


@pytest.fixture
def through(driver: Driver, monkeypatch: pytest.MonkeyPatch, clock: HandClock) -> Iterator[Driver]:
    """Every payment of the test goes through this company; at the end the doctor looks, while it still answers."""
    monkeypatch.setattr(gateways, "_GATEWAYS", {driver.gateway.name: driver.gateway})
    yield driver
    assert_healthy(clock.now)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A usual run loses answers in two of the four ways."""
    if "fault" in metafunc.fixturenames:
        count = None if metafunc.config.getoption("--long") else SAMPLE
        metafunc.parametrize("fault", FAULTS[:count])


@pytest.fixture
def anna(clock: HandClock) -> Person:
    return begin(clock.now).person("Anna")


def save(driver: Driver, customer: Customer, person: Person, now: datetime, behaviour: str = "paid") -> None:
    setup = visit(driver, customer, person, now, behaviour)
    methods.finish(setup, now=now)


def visit(
    driver: Driver, customer: Customer, person: Person, now: datetime, behaviour: str = "paid"
) -> MethodSetup:
    url = methods.begin(
        customer, person=person, kind=driver.kind, next_path="/", return_path="/back/{setup}", now=now
    )
    setup = MethodSetup.objects.filter(customer=customer).latest("id")
    driver.finish(Setup(id=setup.setup_id, redirect_url=url), driver.kind, behaviour)
    return setup


def buy(
    driver: Driver, anna: Person, now: datetime, behaviour: str = "paid", fault: str = "", ask_fault: str = ""
) -> Change:
    customer = customer_of(anna, now)
    save(driver, customer, anna, now, behaviour)
    quote = quote_for(begin(now).workspace(anna), anna, now, customer=customer)
    if fault:
        driver.plan(fault)
    if ask_fault:
        driver.plan(ask_fault, "fetch")
    return confirm(quote, now)


def work(clock: HandClock, minutes: int = 3, times: int = 1) -> None:
    for _ in range(times):
        clock.move(minutes=minutes)
        tasks.do_due(clock.now)


def ledger(driver: Driver) -> list[tuple[int, int]]:
    """What the company took, and gave back of it."""
    lines = driver.gateway.captures(since=EVER, until=LATER)
    return [(line.amount.amount, line.refunded.amount) for line in lines]


def test_whatever_answer_is_lost_each_thing_is_done_once(
    through: Driver, anna: Person, clock: HandClock, fault: str
) -> None:
    """A purchase (the first question about it gets no answer either), a refund, a method change, a renewal."""
    change = buy(through, anna, clock.now, fault=fault, ask_fault="timeout_before")
    assert change.status == "pending"
    work(clock)
    change.refresh_from_db()
    assert change.status == "done"
    assert ledger(through) == [(20235, 0)]
    refunds_once(through, clock, fault)
    assert change.subscription is not None
    changes_method_at_last(through, change.subscription.customer, anna, clock, fault)
    clock.set(JUNE_12)
    through.plan(fault)
    work(clock, times=2)
    assert ledger(through) == [(20235, 1000), (20235, 0)]
    invoices = Invoice.objects.filter(kind="invoice").order_by("id")
    assert [(row.total_amount, row.state) for row in invoices] == [(20235, "paid"), (20235, "paid")]
    assert Subscription.objects.get().status == "active"


def refunds_once(through: Driver, clock: HandClock, fault: str) -> None:
    credit(clock.now)
    through.plan(fault, "refund")
    tasks.do_due(clock.now)
    assert Refund.objects.get().status == "unknown"
    work(clock)
    assert Refund.objects.get().status == "done"
    assert ledger(through) == [(20235, 1000)]


def credit(now: datetime) -> None:
    """Finance give ten euros back."""
    finn = begin(now).person("Finn")
    staff.name_staff(person=finn, role="finance", now=now)
    credit_notes.credit(
        Invoice.objects.get(), Wish(amount=1000), goes_to="refund", actor=finn, reason="Storing", now=now
    )


def changes_method_at_last(
    through: Driver, customer: Customer, anna: Person, clock: HandClock, fault: str
) -> None:
    """The old method stays until the new one works."""
    old = PaymentMethod.objects.get()
    clock.move(days=2)  # a company that keys its customer by ours has forgotten the key by now
    through.plan(fault, "setup")
    try:
        setup = visit(through, customer, anna, clock.now)
    except ZetelError as error:
        assert error.code == "gateway_unavailable"  # noqa: PT017  # which calls there are depends on the company
        setup = visit(through, customer, anna, clock.now)
    assert PaymentMethod.objects.get(status="active") == old
    through.plan(fault, "fetch_setup")
    with pytest.raises(ZetelError, match="gateway_unavailable"):
        methods.finish(setup, now=clock.now)
    assert PaymentMethod.objects.get(status="active") == old
    made = methods.finish(setup, now=clock.now)
    assert made is not None
    assert (made.status, made.gateway) == ("active", through.gateway.name)


def test_what_is_not_paid_right_sells_nothing(through: Driver, anna: Person, clock: HandClock) -> None:
    """Declined, declined for good, another amount than asked, refused at the bank, and never answered there."""
    refused = buy(through, anna, clock.now, "approval")
    through.refuse(refused.payment.attempts.get().action_url)
    changes = [buy(through, anna, clock.now, behaviour) for behaviour in ("declined_soft", "declined_hard")]
    is_sandbox = through.gateway.name == "sandbox"
    fault, behaviour = ("wrong_amount", "paid") if is_sandbox else ("", "wrong_amount")
    changes += [buy(through, anna, clock.now, behaviour, fault), refused]
    waiting = buy(through, anna, clock.now, "approval")
    assert (waiting.status, bool(waiting.payment.attempts.get().action_url)) == ("action", True)
    work(clock, minutes=61)
    for change in changes:
        change.refresh_from_db()
    assert [change.status for change in changes] == ["declined"] * 4
    work(clock, minutes=22 * 60)
    waiting.refresh_from_db()
    assert waiting.status in ("declined", "expired")
    assert (Subscription.objects.count(), Invoice.objects.count()) == (0, 0)
    assert ledger(through) == [(20236, 0)]
    assert Mail.objects.filter(kind="staff_alert", params__what="amount_mismatch").count() == 1


@pytest.mark.parametrize("driver", ["paypal"], indirect=True)
def test_money_that_a_company_shows_only_after_its_change_ended_goes_back(
    through: Driver, anna: Person, clock: HandClock
) -> None:
    """Not seeing a charge yet is no refusal: PayPal's report shows it after three hours, and it is found then."""
    assert isinstance(through, PayPalDriver)
    through.company.lags = True
    change = buy(through, anna, clock.now, fault="timeout_after", ask_fault="timeout_before")
    Change.objects.filter(pk=change.pk).update(expires_at=clock.now + timedelta(minutes=1))
    work(clock)
    change.refresh_from_db()
    assert (change.status, change.payment.attempts.get().status) == ("expired", "unknown")
    work(clock, minutes=6 * 60, times=2)
    assert change.payment.attempts.get().status == "paid"
    assert ledger(through) == [(20235, 20235)]
    assert (Subscription.objects.count(), Invoice.objects.count()) == (0, 0)
    through.company.lags = False


def test_what_the_bank_asks_about_is_paid_when_its_owner_approves(
    through: Driver, anna: Person, clock: HandClock
) -> None:
    """At the purchase on the way back; at the renewal from the mail, since nobody sits there."""
    change = buy(through, anna, clock.now, "approval")
    through.approve(change.payment.attempts.get().action_url)
    work(clock)
    change.refresh_from_db()
    assert change.status == "done"
    clock.set(JUNE_12)
    work(clock)
    waiting = Payment.objects.order_by("id").last()
    assert waiting is not None
    attempt = waiting.attempts.get()
    assert (attempt.status, Subscription.objects.get().status) == ("action", "past_due")
    assert Mail.objects.filter(to_person=anna, created_at__gte=JUNE_12, kind="payment_failed").exists()
    through.approve(attempt.action_url)
    work(clock, minutes=61)
    assert ledger(through) == [(20235, 0), (20235, 0)]
    assert Subscription.objects.get().status == "active"


def test_money_that_is_processing_comes_and_a_declined_renewal_is_paid_by_a_new_method(
    through: Driver, anna: Person, clock: HandClock
) -> None:
    change = buy(through, anna, clock.now, "processing")
    assert (change.status, Subscription.objects.count()) == ("pending", 0)
    work(clock, minutes=11)
    subscription = Subscription.objects.get()
    save(through, subscription.customer, anna, clock.now, "declined_soft")
    clock.set(JUNE_12)
    work(clock)
    assert Subscription.objects.get().status == "past_due"
    save(through, subscription.customer, anna, clock.now)
    assert Subscription.objects.get().status == "active"
    assert ledger(through) == [(20235, 0), (20235, 0)]


def test_a_replaced_method_is_given_up_at_its_company_once_and_when_no_try_with_it_is_open(
    through: Driver, anna: Person, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose try is open, or whose company is away, is given up with the next change of method."""
    customer = buy(through, anna, clock.now, "processing").quote.customer
    assert customer is not None
    save(through, customer, anna, clock.now)
    assert given_up() == [False, False]  # the first one's money is still coming
    work(clock, minutes=11)
    with monkeypatch.context() as away:
        away.setattr(through.gateway, "forget", unavailable)
        save(through, customer, anna, clock.now)
    assert given_up() == [False, False, False]
    save(through, customer, anna, clock.now)
    assert given_up() == [True, True, True, False]
    for old in PaymentMethod.objects.filter(status="replaced"):
        said = charge(through, old.token, fresh("pay"))
        assert (said.kind, said.hard) == ("declined", True)
    assert ledger(through) == [(20235, 0)]
    told: list[str] = []
    last = PaymentMethod.objects.get(status="active")
    monkeypatch.setattr(through.gateway, "forget", told.append)
    save(through, customer, anna, clock.now)
    assert told == [last.token]


def given_up() -> list[bool]:
    rows = PaymentMethod.objects.order_by("id").values_list("given_up_at", flat=True)
    return [at is not None for at in rows]


def unavailable(_token: str) -> None:
    raise GatewayUnavailable


def test_a_refund_that_is_refused_becomes_balance(through: Driver, anna: Person, clock: HandClock) -> None:
    buy(through, anna, clock.now, "refund_refused")
    credit(clock.now)
    work(clock)
    assert Refund.objects.get().status == "refused"
    assert sum(BalanceEntry.objects.values_list("amount", flat=True)) == 1000
    assert ledger(through) == [(20235, 0)]
