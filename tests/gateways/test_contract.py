"""What every gateway must do, whichever company stands behind it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.gateways.drivers import Driver
from tests.gateways.steps import (
    EVER,
    NEVER,
    RETURN,
    TEN,
    begin,
    captured,
    charge,
    find,
    find_refund,
    fresh,
    give_up,
    refund,
    saved,
)
from zetel.gateways.base import BadSignature, KeyReused
from zetel.rules.money import Money
from zetel.rules.outcomes import Dispute, RefundOutcome

pytestmark = pytest.mark.django_db


def test_a_good_card_is_paid_and_stands_in_the_ledger_once(driver: Driver, clock: HandClock) -> None:
    outcome = charge(driver, saved(driver), "pay-1")
    assert (outcome.kind, outcome.amount, outcome.at) == ("paid", TEN, clock.now)
    assert outcome.charge_id
    assert captured(driver, "pay-1") == [TEN]


@pytest.mark.parametrize(("behaviour", "hard"), [("declined_soft", False), ("declined_hard", True)])
def test_a_decline_is_final_says_whether_it_is_hard_and_takes_nothing(
    driver: Driver, behaviour: str, hard: bool
) -> None:
    outcome = charge(driver, saved(driver, behaviour), "pay-1")
    assert (outcome.kind, outcome.hard, outcome.amount) == ("declined", hard, None)
    assert outcome.reason
    assert captured(driver, "pay-1") == []


def test_a_payment_approved_at_the_bank_is_paid_and_the_browser_comes_back(driver: Driver) -> None:
    token = saved(driver, "approval")
    outcome = charge(driver, token, "pay-1")
    assert outcome.kind == "action"
    assert captured(driver, "pay-1") == []
    assert driver.approve(outcome.action_url).startswith(f"{RETURN}&charge=")
    after = find(driver, "pay-1", token, outcome.charge_id)
    assert after is not None
    assert (after.kind, after.amount) == ("paid", TEN)
    assert find(driver, "pay-1", token, after.charge_id) == after
    (line,) = driver.gateway.captures(since=EVER, until=NEVER)
    assert (line.reference, line.amount, line.charge_id) == ("pay-1", TEN, after.charge_id)


def test_a_charge_without_the_person_waits_for_the_banks_approval_as_well(driver: Driver) -> None:
    """Of a renewal the bank may want to hear too; the address is for the mail."""
    token = saved(driver, "approval")
    outcome = charge(driver, token, "pay-1", present=False)
    assert outcome.kind == "action"
    again = charge(driver, token, "pay-1", present=False)
    assert (again.kind, again.charge_id) == ("action", outcome.charge_id)
    driver.approve(outcome.action_url)
    after = find(driver, "pay-1", token, outcome.charge_id)
    assert after is not None
    assert (after.kind, after.amount) == ("paid", TEN)
    assert captured(driver, "pay-1") == [TEN]


def test_a_payment_refused_at_the_bank_is_declined_softly(driver: Driver) -> None:
    token = saved(driver, "approval")
    outcome = charge(driver, token, "pay-1")
    driver.refuse(outcome.action_url)
    after = find(driver, "pay-1", token, outcome.charge_id)
    assert after is not None
    assert (after.kind, after.hard) == ("declined", False)
    assert captured(driver, "pay-1") == []


def test_a_payment_cancelled_while_it_waits_for_approval_can_never_be_approved(driver: Driver) -> None:
    token = saved(driver, "approval")
    outcome = charge(driver, token, "pay-1")
    cancelled = give_up(driver, "pay-1", token, outcome.charge_id)
    assert (cancelled.kind, cancelled.reason) == ("declined", "cancelled")
    with suppress(KeyError):  # where the company still lets them, it takes nothing
        driver.approve(outcome.action_url)
    assert captured(driver, "pay-1") == []


def test_cancelling_a_paid_charge_leaves_it_paid(driver: Driver) -> None:
    token = saved(driver)
    charge(driver, token, "pay-1")
    assert give_up(driver, "pay-1", token).kind == "paid"
    assert captured(driver, "pay-1") == [TEN]


def test_cancelling_an_unknown_reference_is_a_refusal(driver: Driver) -> None:
    outcome = give_up(driver, "never-asked", saved(driver))
    assert (outcome.kind, outcome.reason) == ("declined", "unknown_reference")


@pytest.mark.parametrize("failure", ["timeout_after", "error_after"])
def test_no_answer_after_charging_is_unknown_and_found_paid_by_reference(
    driver: Driver, failure: str, clock: HandClock
) -> None:
    token = saved(driver, failure)
    outcome = charge(driver, token, "pay-1")
    assert (outcome.kind, outcome.amount) == ("unknown", None)
    found = find(driver, "pay-1", token)
    assert found is not None
    assert (found.kind, found.amount) == ("paid", TEN)
    assert captured(driver, "pay-1") == [TEN]


@pytest.mark.parametrize("failure", ["timeout_before", "error_before"])
def test_no_answer_before_charging_is_unknown_and_the_retry_with_the_same_key_pays_once(
    driver: Driver, failure: str
) -> None:
    token = saved(driver, failure)
    assert charge(driver, token, "pay-1").kind == "unknown"
    assert find(driver, "pay-1", token) is None
    assert charge(driver, token, "pay-1").kind == "paid"
    assert captured(driver, "pay-1") == [TEN]


def test_the_same_key_answers_the_same_and_charges_once(driver: Driver) -> None:
    token = saved(driver)
    first = charge(driver, token, "pay-1", key="one-key")
    assert charge(driver, token, "pay-1", key="one-key") == first
    assert captured(driver, "pay-1") == [TEN]


def test_the_same_key_with_another_amount_is_a_fault_and_charges_nothing(driver: Driver) -> None:
    token = saved(driver)
    charge(driver, token, "pay-1", key="one-key")
    with pytest.raises(KeyReused):
        charge(driver, token, "pay-1", amount=Money(2000, "EUR"), key="one-key")
    assert captured(driver, "pay-1") == [TEN]


def test_a_refund_in_parts_never_passes_what_was_captured(driver: Driver) -> None:
    paid = charge(driver, saved(driver), "pay-1")
    assert refund(driver, paid.charge_id, 300, "ref-1").kind == "done"
    assert refund(driver, paid.charge_id, 701, "ref-2").kind == "refused"
    assert refund(driver, paid.charge_id, 700, "ref-3").kind == "done"
    assert refund(driver, paid.charge_id, 1, "ref-4").kind == "refused"
    (line,) = driver.gateway.captures(since=EVER, until=NEVER)
    assert (line.amount, line.refunded) == (TEN, TEN)


def test_a_whole_refund_answers_its_amount_and_is_found_by_reference(driver: Driver) -> None:
    paid = charge(driver, saved(driver), "pay-1")
    done = refund(driver, paid.charge_id, 1000, "ref-1")
    assert (done.kind, done.amount) == ("done", TEN)
    assert find_refund(driver, "ref-1", paid.charge_id) == done
    assert find_refund(driver, "never-asked", paid.charge_id) is None


def test_a_refund_retried_with_the_same_key_goes_back_once(driver: Driver) -> None:
    paid = charge(driver, saved(driver), "pay-1")
    assert refund(driver, paid.charge_id, 600, "ref-1") == refund(driver, paid.charge_id, 600, "ref-1")
    (line,) = driver.gateway.captures(since=EVER, until=NEVER)
    assert line.refunded == Money(600, "EUR")


def test_refunding_an_unknown_charge_is_refused(driver: Driver) -> None:
    assert refund(driver, "ch_unknown", 100, "ref-1").kind == "refused"


@pytest.mark.django_db(transaction=True)
def test_refunds_asked_for_in_parallel_never_exceed_the_capture(driver: Driver) -> None:
    paid = charge(driver, saved(driver), "pay-1")

    def one(number: int) -> RefundOutcome:
        try:
            return refund(driver, paid.charge_id, 300, f"ref-{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        kinds = sorted(outcome.kind for outcome in pool.map(one, range(8)))
    assert kinds == ["done"] * 3 + ["refused"] * 5
    (line,) = driver.gateway.captures(since=EVER, until=NEVER)
    assert line.refunded == Money(900, "EUR")


@pytest.mark.django_db(transaction=True)
def test_one_charge_asked_for_eight_times_at_once_is_taken_once(driver: Driver) -> None:
    token = saved(driver)

    def one(_number: int) -> str:
        try:
            return charge(driver, token, "pay-1").charge_id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(one, range(8)))
    assert len(ids - {""}) == 1  # a company may also say that the key is in use
    assert captured(driver, "pay-1") == [TEN]


def test_a_card_is_saved_by_redirect_with_its_last_digits_and_expiry(card_driver: Driver) -> None:
    driver = card_driver
    setup = begin(driver)
    assert driver.gateway.fetch_setup(setup.id).status == "pending"
    driver.finish(setup, "card")
    result = driver.gateway.fetch_setup(setup.id)
    assert result.status == "done"
    assert result.method is not None
    assert (result.method.kind, result.method.label) == ("card", "Visa •••• 4242")
    assert result.method.expires_on == date(2034, 12, 31)


def test_a_paypal_account_is_saved_by_redirect_and_charged(paypal_driver: Driver) -> None:
    driver = paypal_driver
    setup = begin(driver, "paypal")
    driver.finish(setup, "paypal")
    method = driver.gateway.fetch_setup(setup.id).method
    assert method is not None
    assert (method.kind, method.expires_on) == ("paypal", None)
    assert method.label.startswith("PayPal ")
    assert charge(driver, method.token, "pay-1").kind == "paid"


def test_a_setup_the_company_refused_saves_nothing(driver: Driver) -> None:
    """A company that lets the person try another card on its own page keeps the setup open."""
    setup = begin(driver)
    driver.finish(setup, driver.kind, "setup_refused")
    result = driver.gateway.fetch_setup(setup.id)
    assert (result.status in ("refused", "pending"), result.method) == (True, None)
    assert result.reason or result.status == "pending"


def test_a_setup_the_person_abandoned_saves_nothing(driver: Driver) -> None:
    setup = begin(driver)
    driver.abandon(setup)
    result = driver.gateway.fetch_setup(setup.id)
    assert (result.status in ("refused", "pending"), result.method) == (True, None)
    assert result.reason == ("cancelled" if result.status == "refused" else "")


def test_an_unknown_setup_is_refused(driver: Driver) -> None:
    assert driver.gateway.fetch_setup("set_unknown").status == "refused"


def test_setting_up_a_method_charges_nothing(driver: Driver) -> None:
    for kind in driver.gateway.capabilities.methods:
        saved(driver, kind=kind)
    assert list(driver.gateway.captures(since=EVER, until=NEVER)) == []


def test_a_forgotten_method_is_declined_for_good(driver: Driver) -> None:
    token = saved(driver)
    driver.gateway.forget(token)
    driver.gateway.forget("pm_unknown")
    outcome = charge(driver, token, "pay-1")
    assert (outcome.kind, outcome.hard) == ("declined", True)
    assert captured(driver, "pay-1") == []


def test_a_reference_the_company_does_not_know_is_none(driver: Driver) -> None:
    assert find(driver, "never-asked", saved(driver)) is None


def test_a_webhook_is_verified_and_says_what_happened(driver: Driver, clock: HandClock) -> None:
    token = saved(driver)
    driver.webhooks(clock.now)
    paid = charge(driver, token, "pay-1")
    ((headers, body),) = driver.webhooks(clock.now)
    driver.gateway.verify(headers, body, now=clock.now)
    driver.gateway.verify({name.upper(): value for name, value in headers.items()}, body, now=clock.now)
    event = driver.gateway.parse(body)
    assert (event.kind, event.reference, event.outcome) == ("charge", "pay-1", paid)
    assert event.created_at == clock.now


def test_a_webhook_of_a_refund_and_of_a_setup_name_what_they_are_about(
    driver: Driver, clock: HandClock
) -> None:
    setup = begin(driver)
    driver.finish(setup, driver.kind)
    told = [driver.gateway.parse(body) for _headers, body in driver.webhooks(clock.now)]
    assert [(event.kind, event.setup_id) for event in told] == [("setup", setup.id)] * driver.tells_setups
    paid = charge(driver, saved(driver), "pay-1")
    driver.webhooks(clock.now)
    done = refund(driver, paid.charge_id, 400, "ref-1")
    ((_headers, body),) = driver.webhooks(clock.now)
    event = driver.gateway.parse(body)
    assert (event.kind, event.reference, event.refund) == ("refund", "ref-1", done)


def test_a_payment_that_the_bank_takes_back_is_told_with_what_is_left_of_it(
    driver: Driver, clock: HandClock
) -> None:
    """G8: what was refunded is not taken once more, what the bank holds cannot be refunded, and both ways are told."""
    paid = charge(driver, saved(driver), "pay-1")
    refund(driver, paid.charge_id, 300, "ref-1")
    driver.webhooks(clock.now)
    driver.take_back(paid.charge_id, clock.now)
    ((headers, body),) = driver.webhooks(clock.now)
    driver.gateway.verify(headers, body, now=clock.now)
    event = driver.gateway.parse(body)
    assert (event.kind, event.outcome) == ("dispute", None)
    assert event.reference == "pay-1" or event.charge_id == paid.charge_id
    assert event.dispute == Dispute(
        kind="taken",
        amount=Money(700, "EUR"),
        at=clock.now,
        reason=event.dispute.reason if event.dispute else "",
    )
    assert refund(driver, paid.charge_id, 100, "ref-2").kind == "refused"
    driver.webhooks(clock.now)
    clock.move(days=2)
    driver.give_back(paid.charge_id, clock.now)
    ((_headers, body),) = driver.webhooks(clock.now)
    event = driver.gateway.parse(body)
    assert event.dispute is not None
    assert (event.dispute.kind, event.dispute.amount, event.dispute.at) == (
        "returned", Money(700, "EUR"), clock.now,
    )  # fmt: skip


def test_a_forged_changed_or_unsigned_webhook_is_refused(driver: Driver, clock: HandClock) -> None:
    charge(driver, saved(driver), "pay-1")
    headers, body = driver.webhooks(clock.now)[-1]
    for bad_headers, bad_body in driver.forged(headers, body):
        with pytest.raises(BadSignature):
            driver.gateway.verify(bad_headers, bad_body, now=clock.now)


def test_a_webhook_that_is_too_old_or_from_the_future_is_refused(driver: Driver, clock: HandClock) -> None:
    charge(driver, saved(driver), "pay-1")
    headers, body = driver.webhooks(clock.now)[-1]
    driver.gateway.verify(headers, body, now=clock.now + driver.fresh_for)
    for away in (driver.fresh_for + timedelta(seconds=1), -driver.fresh_for - timedelta(seconds=1)):
        with pytest.raises(BadSignature):
            driver.gateway.verify(headers, body, now=clock.now + away)


def test_a_replayed_webhook_carries_the_same_event_id_and_two_events_never_do(
    driver: Driver, clock: HandClock
) -> None:
    token = saved(driver)
    driver.webhooks(clock.now)
    charge(driver, token, "pay-1")
    charge(driver, token, "pay-2")
    (_h1, first), (_h2, second) = driver.webhooks(clock.now)
    assert driver.gateway.parse(first).id == driver.gateway.parse(first).id
    assert driver.gateway.parse(first).id != driver.gateway.parse(second).id


def test_captures_are_listed_oldest_first_within_a_half_open_window(driver: Driver, clock: HandClock) -> None:
    token, start = saved(driver), clock.now
    for number in range(3):
        charge(driver, token, f"pay-{number}")
        clock.move(hours=1)
    charge(driver, saved(driver, "declined_soft"), "pay-declined")
    window = driver.gateway.captures(since=start, until=start + timedelta(hours=2))
    assert [(line.reference, line.captured_at) for line in window] == [
        ("pay-0", start),
        ("pay-1", start + timedelta(hours=1)),
    ]


def test_a_long_ledger_is_listed_whole(driver: Driver) -> None:
    token = saved(driver)
    for number in range(205):
        charge(driver, token, f"pay-{number:03}")
    references = [line.reference for line in driver.gateway.captures(since=EVER, until=NEVER)]
    assert sorted(references) == [f"pay-{number:03}" for number in range(205)]


@pytest.mark.parametrize(
    "amount",
    [
        Money(1500, "JPY"),
        Money(30490, "KWD"),
        Money(9_007_199_254_740_993, "IDR"),
        Money(5_000_000_000, "EUR"),
    ],
    ids=str,
)
def test_amounts_come_back_to_the_minor_unit_in_any_currency(driver: Driver, amount: Money) -> None:
    paid = charge(driver, saved(driver), "pay-1", amount=amount)
    assert (paid.kind, paid.amount) == ("paid", amount)
    assert refund(driver, paid.charge_id, amount.amount - 1, "ref-1", amount.currency).amount == Money(
        amount.amount - 1, amount.currency
    )
    assert captured(driver, "pay-1") == [amount]


def test_below_the_minimum_is_declined_and_the_minimum_is_paid(driver: Driver) -> None:
    token = saved(driver)
    for currency, least in driver.gateway.capabilities.minimum_amount.items():
        assert charge(driver, token, fresh("small"), amount=Money(least - 1, currency)).kind == "declined"
        assert charge(driver, token, fresh("least"), amount=Money(least, currency)).kind == "paid"


@pytest.mark.parametrize(
    "description",
    [
        "李小龙 и Ünïcödé 🦄",
        "a\u202egnp.exe",
        "e\u0301\u200d\u2028",
        "<script>alert(1)</script>",
        "x" * 5000,
        "a\r\nb\0c\ud800",
    ],
    ids=["scripts", "bidi", "combining", "markup", "long", "control"],
)
def test_any_description_is_charged_and_shown_at_the_bank_safely(driver: Driver, description: str) -> None:
    token = saved(driver, "approval")
    outcome = charge(driver, token, "pay-1", description=description)
    driver.approve(outcome.action_url)
    find(driver, "pay-1", token, outcome.charge_id)
    assert captured(driver, "pay-1") == [TEN]


def test_capabilities_say_what_is_true(driver: Driver) -> None:
    can = driver.gateway.capabilities
    assert can.redirect
    for kind in can.methods:
        setup = begin(driver, kind)
        assert setup.redirect_url.startswith(("http://", "https://"))
    assert bool(begin(driver).element_url) is can.element
