"""What the pretend company can be made to do wrong, and that it does it as truly as a real one would."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client

from tests.conftest import HandClock
from tests.gateways.drivers import SandboxDriver, sent
from tests.gateways.steps import EVER, NEVER, TEN, begin, captured, charge, refund, saved
from zetel.gateways.base import GatewayUnavailable
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome
from zetel.sandbox import behaviours, charges, company, setups, webhooks
from zetel.sandbox.forms import passes_check_digit
from zetel.sandbox.models import Charge, Delivery, Event, Key, Method

pytestmark = pytest.mark.django_db


def found(driver: SandboxDriver, reference: str) -> Outcome:
    outcome = driver.gateway.fetch(reference=reference)
    assert outcome is not None
    return outcome


def test_every_behaviour_has_a_card_and_every_card_a_valid_number_of_its_own() -> None:
    by_card = {card.behaviour for card in behaviours.CARDS}
    by_account = {account.behaviour for account in behaviours.ACCOUNTS}
    assert by_card | by_account == set(behaviours.BEHAVIOURS)
    numbers = [card.number for card in behaviours.CARDS]
    assert all(passes_check_digit(number) for number in numbers)
    assert len({number[-4:] for number in numbers}) == len(numbers)


@pytest.mark.parametrize(
    ("behaviour", "reason", "taken"),
    [
        ("timeout_before", "timeout", 0),
        ("timeout_after", "timeout", 1),
        ("error_before", "gateway_error", 0),
        ("error_after", "gateway_error", 1),
        ("down", "gateway_down", 0),
        ("forgets_key", "timeout", 1),
    ],
)
def test_an_unknown_outcome_has_or_has_not_charged(
    sandbox: SandboxDriver, behaviour: str, reason: str, taken: int
) -> None:
    outcome = charge(sandbox, saved(sandbox, behaviour), "pay-1")
    assert (outcome.kind, outcome.reason) == ("unknown", reason)
    assert captured(sandbox, "pay-1") == [TEN] * taken if behaviour != "down" else True
    assert Charge.objects.filter(reference="pay-1", status="paid").count() == taken


def test_a_retry_with_the_same_key_charges_twice_only_when_the_company_forgot_the_key(
    sandbox: SandboxDriver,
) -> None:
    kept, forgotten = saved(sandbox, "timeout_after"), saved(sandbox, "forgets_key")
    for token, reference in ((kept, "pay-kept"), (forgotten, "pay-forgotten")):
        assert charge(sandbox, token, reference).kind == "unknown"
        charge(sandbox, token, reference)
    assert captured(sandbox, "pay-kept") == [TEN]
    assert captured(sandbox, "pay-forgotten") == [TEN, TEN]


def test_a_key_is_remembered_for_24_hours_of_the_companys_clock(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    token = saved(sandbox)
    charge(sandbox, token, "pay-1")
    clock.move(hours=23, minutes=59)
    charge(sandbox, token, "pay-1")
    assert captured(sandbox, "pay-1") == [TEN]
    clock.move(minutes=1)
    charge(sandbox, token, "pay-1")
    assert captured(sandbox, "pay-1") == [TEN, TEN]


def test_forgetting_all_keys_is_a_lever(sandbox: SandboxDriver) -> None:
    token = saved(sandbox)
    charge(sandbox, token, "pay-1")
    company.forget_keys()
    charge(sandbox, token, "pay-1")
    assert captured(sandbox, "pay-1") == [TEN, TEN]


def test_a_company_that_is_down_answers_nobody_until_it_comes_up(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    token = saved(sandbox)
    setup = begin(sandbox)
    company.go_down(clock.now + timedelta(hours=3))
    assert charge(sandbox, token, "pay-1").reason == "gateway_down"
    assert found(sandbox, "pay-1").kind == "unknown"
    assert sandbox.gateway.cancel(reference="pay-1").kind == "unknown"
    assert refund(sandbox, "ch_any", 100, "ref-1").kind == "unknown"
    assert sent(clock.now) == []
    assert Client().get(setup.redirect_url).status_code == 503
    for ask in (
        lambda: begin(sandbox),
        lambda: sandbox.gateway.fetch_setup(setup.id),
        lambda: sandbox.gateway.forget(token),
        lambda: list(sandbox.gateway.captures(since=EVER, until=NEVER)),
    ):
        with pytest.raises(GatewayUnavailable):
            ask()
    clock.move(hours=3)
    assert sandbox.gateway.fetch(reference="pay-1") is None
    assert charge(sandbox, token, "pay-1").kind == "paid"


def test_the_card_that_takes_the_company_down_works_two_hours_later(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    token = saved(sandbox, "down")
    assert charge(sandbox, token, "pay-1").kind == "unknown"
    clock.move(hours=1, minutes=59)
    assert charge(sandbox, token, "pay-1").kind == "unknown"
    clock.move(minutes=1)
    assert charge(sandbox, token, "pay-1").kind == "paid"


def test_a_wrong_amount_is_passed_on_as_it_was_said_and_taken(sandbox: SandboxDriver) -> None:
    outcome = charge(sandbox, saved(sandbox, "wrong_amount"), "pay-1")
    assert (outcome.kind, outcome.amount) == ("paid", Money(1001, "EUR"))
    assert captured(sandbox, "pay-1") == [Money(1001, "EUR")]
    assert refund(sandbox, outcome.charge_id, 1001, "ref-1").kind == "done"


def test_a_wrong_currency_can_be_planned(sandbox: SandboxDriver) -> None:
    company.plan("paid", currency="USD", amount_off=-100)
    assert charge(sandbox, saved(sandbox), "pay-1").amount == Money(900, "USD")


def test_planned_behaviours_are_used_up_in_order_before_the_cards_own(sandbox: SandboxDriver) -> None:
    token = saved(sandbox)
    company.plan("declined_soft", "timeout_before")
    assert charge(sandbox, token, "pay-1").reason == "insufficient_funds"
    assert charge(sandbox, token, "pay-2").kind == "unknown"
    assert charge(sandbox, token, "pay-2").kind == "paid"


def test_a_question_without_an_answer_is_unknown_and_the_next_is_answered(sandbox: SandboxDriver) -> None:
    charge(sandbox, saved(sandbox), "pay-1")
    company.plan("timeout_before", operation="fetch")
    assert found(sandbox, "pay-1").kind == "unknown"
    assert found(sandbox, "pay-1").kind == "paid"


def test_a_refund_without_an_answer_is_found_by_reference(sandbox: SandboxDriver) -> None:
    paid = charge(sandbox, saved(sandbox), "pay-1")
    company.plan("timeout_before", "timeout_after", operation="refund")
    assert refund(sandbox, paid.charge_id, 400, "ref-1").kind == "unknown"
    assert sandbox.gateway.fetch_refund(reference="ref-1") is None
    assert refund(sandbox, paid.charge_id, 400, "ref-1").kind == "unknown"
    again = refund(sandbox, paid.charge_id, 400, "ref-1")
    assert (again.kind, again.amount) == ("done", Money(400, "EUR"))
    assert sandbox.gateway.fetch_refund(reference="ref-1") == again
    assert [line.refunded.amount for line in sandbox.gateway.captures(since=EVER, until=NEVER)] == [400]


def test_a_refund_in_another_currency_or_of_a_refusing_card_is_refused(sandbox: SandboxDriver) -> None:
    paid = charge(sandbox, saved(sandbox), "pay-1")
    assert refund(sandbox, paid.charge_id, 400, "ref-1", "USD").reason == "other_currency"
    stubborn = charge(sandbox, saved(sandbox, "refund_refused"), "pay-2")
    assert refund(sandbox, stubborn.charge_id, 400, "ref-2").reason == "refund_refused"


@pytest.mark.parametrize(
    ("behaviour", "after", "kind", "taken"),
    [
        ("processing", timedelta(minutes=10), "paid", [TEN]),
        ("processing_days", timedelta(days=3), "paid", [TEN]),
        ("processing_declined", timedelta(minutes=10), "declined", []),
    ],
)
def test_processing_ends_when_its_time_has_come(
    sandbox: SandboxDriver, clock: HandClock, behaviour: str, after: timedelta, kind: str, taken: list[Money]
) -> None:
    outcome = charge(sandbox, saved(sandbox, behaviour), "pay-1")
    assert outcome.kind == "processing"
    ends_at = clock.now + after
    clock.set(ends_at - timedelta(seconds=1))
    assert found(sandbox, "pay-1").kind == "processing"
    assert sandbox.gateway.cancel(reference="pay-1").kind == "processing"
    clock.set(ends_at + timedelta(days=1))
    assert (found(sandbox, "pay-1").kind, found(sandbox, "pay-1").at) == (kind, ends_at)
    assert captured(sandbox, "pay-1") == taken


def test_what_was_processing_is_told_by_webhook_without_anybody_asking(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    charge(sandbox, saved(sandbox, "processing"), "pay-1")
    sent(clock.now)
    clock.move(minutes=10)
    ((_headers, body),) = sent(clock.now)
    event = sandbox.gateway.parse(body)
    assert event.outcome is not None
    assert (event.outcome.kind, event.created_at) == ("paid", clock.now)


def test_an_approval_not_given_within_24_hours_is_declined(sandbox: SandboxDriver, clock: HandClock) -> None:
    outcome = charge(sandbox, saved(sandbox, "approval"), "pay-1")
    clock.move(hours=24)
    assert (found(sandbox, "pay-1").kind, found(sandbox, "pay-1").reason) == ("declined", "approval_expired")
    assert Client().get(outcome.action_url).status_code == 410


def test_an_approved_payment_can_still_be_declined(sandbox: SandboxDriver) -> None:
    sandbox.approve(charge(sandbox, saved(sandbox, "approval_then_declined"), "pay-1").action_url)
    assert (found(sandbox, "pay-1").kind, found(sandbox, "pay-1").reason) == (
        "declined",
        "insufficient_funds",
    )


def test_a_card_is_declined_hard_once_it_has_expired(sandbox: SandboxDriver, clock: HandClock) -> None:
    token = saved(sandbox)
    clock.set(clock.now.replace(year=2034, month=12, day=31))
    assert charge(sandbox, token, "pay-1").kind == "paid"
    clock.move(days=1)
    outcome = charge(sandbox, token, "pay-2")
    assert (outcome.reason, outcome.hard) == ("expired_card", True)


def test_a_webhook_can_come_before_the_answer(
    sandbox: SandboxDriver, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = saved(sandbox, "webhook_early")
    sent(clock.now)
    bodies: list[bytes] = []

    def post(_url: str, body: bytes, _headers: object) -> int:
        bodies.append(body)
        return 200

    monkeypatch.setattr(webhooks, "post_over_http", post)
    outcome = charge(sandbox, token, "pay-1")
    assert [sandbox.gateway.parse(body).outcome for body in bodies] == [outcome]
    assert sent(clock.now) == []


def test_a_webhook_can_come_late_and_is_fresh_all_the_same(sandbox: SandboxDriver, clock: HandClock) -> None:
    token = saved(sandbox, "webhook_late")
    sent(clock.now)
    charge(sandbox, token, "pay-1")
    clock.move(hours=1, minutes=59)
    assert sent(clock.now) == []
    clock.move(minutes=1)
    ((headers, body),) = sent(clock.now)
    sandbox.gateway.verify(headers, body, now=clock.now)
    assert sandbox.gateway.parse(body).created_at == clock.now - timedelta(hours=2)


def test_a_webhook_can_come_twice_with_one_event_id_or_never(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    twice, never = saved(sandbox, "webhook_twice"), saved(sandbox, "webhook_never")
    sent(clock.now)
    charge(sandbox, never, "pay-0")
    charge(sandbox, twice, "pay-1")
    ids = [sandbox.gateway.parse(body).id for _headers, body in sent(clock.now)]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_webhooks_can_come_out_of_order(sandbox: SandboxDriver, clock: HandClock) -> None:
    token = saved(sandbox, "webhook_out_of_order")
    sent(clock.now)
    charge(sandbox, token, "pay-1")
    events = [sandbox.gateway.parse(body) for _headers, body in sent(clock.now)]
    assert [event.outcome.kind for event in events if event.outcome] == ["paid", "processing"]
    assert events[0].created_at > events[1].created_at
    assert found(sandbox, "pay-1").kind == "paid"


def test_a_slow_payment_out_of_order_says_processing_after_it_said_paid(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    token = saved(sandbox)
    sent(clock.now)
    company.plan("processing", webhook="out_of_order")
    charge(sandbox, token, "pay-1")
    kinds = []
    for minutes in (0, 10, 110):
        clock.move(minutes=minutes)
        kinds += [sandbox.gateway.parse(body).outcome for _headers, body in sent(clock.now)]
    assert [outcome.kind for outcome in kinds if outcome] == ["paid", "processing"]


def test_a_webhook_that_is_not_taken_is_sent_again_signed_anew_and_given_up_at_last(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    saved(sandbox)
    signatures = set()
    for _try in range(len(webhooks.PAUSES) + 1):
        ((headers, body),) = sent(clock.now, status=500)
        sandbox.gateway.verify(headers, body, now=clock.now)
        signatures.add(headers[company.SIGNATURE_HEADER])
        assert sent(clock.now, status=500) == []
        clock.move(days=1)
    assert len(signatures) == len(webhooks.PAUSES) + 1
    assert sent(clock.now) == []
    assert list(Delivery.objects.values_list("status", "last_answer")) == [("failed", "500")]


def test_nobody_answering_a_webhook_is_a_try_like_any_other(sandbox: SandboxDriver, clock: HandClock) -> None:
    saved(sandbox)

    def broken(_url: str, _body: bytes, _headers: object) -> int:
        raise ConnectionRefusedError

    assert company.deliver_due(clock.now, broken) == 0
    assert Delivery.objects.get().last_answer == "ConnectionRefusedError"
    clock.move(minutes=1)
    assert len(sent(clock.now)) == 1


def test_an_event_tells_what_was_then_also_when_it_is_sent_later(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    outcome = charge(sandbox, saved(sandbox, "approval"), "pay-1")
    sandbox.approve(outcome.action_url)
    statuses = [json.loads(body)["data"]["status"] for _headers, body in sent(clock.now)]
    assert statuses == ["done", "action", "paid"]
    assert Event.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_retry_made_four_times_at_once_after_no_answer_is_taken_once(sandbox: SandboxDriver) -> None:
    token = saved(sandbox, "timeout_before")
    assert charge(sandbox, token, "pay-1").kind == "unknown"
    together = Barrier(4)

    def one(_number: int) -> str:
        try:
            sandbox.gateway.fetch(reference="pay-1")  # so that each has its connection before all begin
            together.wait(timeout=10)
            return charge(sandbox, token, "pay-1").kind
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(one, range(4))) == {"paid"}
    assert captured(sandbox, "pay-1") == [TEN]


def test_two_answers_on_one_page_count_once_even_when_both_saw_it_open(
    sandbox: SandboxDriver, clock: HandClock
) -> None:
    setup = begin(sandbox)
    for number, at in ((0, 34), (1, 35)):
        setups.enter(
            setup.id, setups.Typed.of_card(behaviours.CARDS[number], date(2000 + at, 1, 31)), clock.now
        )
    assert [method.last4 for method in Method.objects.all()] == ["4242"]
    waiting = charge(sandbox, saved(sandbox, "approval"), "pay-1")
    for approved in (False, True):
        charges.decide_approval(waiting.charge_id, approved=approved, now=clock.now)
    assert captured(sandbox, "pay-1") == []


def test_keys_that_are_forgotten_anyway_are_swept_away(sandbox: SandboxDriver, clock: HandClock) -> None:
    token = saved(sandbox)
    charge(sandbox, token, "pay-1")
    clock.move(hours=23)
    charge(sandbox, token, "pay-2")
    clock.move(hours=1)
    sent(clock.now)
    assert list(Key.objects.values_list("key", flat=True)) == ["key-pay-2"]


def test_webhooks_go_over_http_with_their_signature_and_follow_no_redirect(
    sandbox: SandboxDriver, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []
    answers = [302, 200]

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, dict(self.headers), body))
            self.send_response(answers.pop(0))
            self.send_header("Location", "/elsewhere/")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    saved(sandbox)
    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(webhooks, "base_url", lambda: f"http://127.0.0.1:{server.server_port}")
        assert company.deliver_due(clock.now) == 0
        clock.move(minutes=1)
        assert company.deliver_due(clock.now) == 1
        server.shutdown()
    assert [path for path, _headers, _body in seen] == ["/webhooks/sandbox/"] * 2
    _path, headers, body = seen[-1]
    sandbox.gateway.verify(headers, body, now=clock.now)


@pytest.mark.django_db(transaction=True)
def test_calling_the_company_inside_a_transaction_is_an_error(sandbox: SandboxDriver) -> None:
    token = saved(sandbox)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        charge(sandbox, token, "pay-1")
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        sandbox.gateway.fetch(reference="pay-1")
    assert captured(sandbox, "pay-1") == []


@pytest.mark.django_db(transaction=True)
def test_what_was_charged_before_a_timeout_outlives_the_callers_rollback(sandbox: SandboxDriver) -> None:
    charge(sandbox, saved(sandbox, "timeout_after"), "pay-1")
    with transaction.atomic():
        Charge.objects.update(reference="changed")
        transaction.set_rollback(True)
    assert captured(sandbox, "pay-1") == [TEN]


def test_the_ledger_itself_refuses_to_give_back_more_than_it_took(sandbox: SandboxDriver) -> None:
    charge(sandbox, saved(sandbox), "pay-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.update(refunded_amount=1001)
