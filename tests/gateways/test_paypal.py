"""What is PayPal's own: the shape of requests, ids that are forgotten, a report that lags, and its signatures."""

import json
from pathlib import Path

import httpx
import pytest

from tests.conftest import HandClock
from tests.gateways.company import Strange
from tests.gateways.drivers import PayPalDriver, paypal_at
from tests.gateways.schemas import faults_of_json, load
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
    refund,
    saved,
    trace,
)
from zetel.gateways import paypal_words as words
from zetel.gateways.base import BadSignature, GatewayUnavailable, Trace
from zetel.gateways.paypal import PayPalGateway
from zetel.gateways.paypal_client import Refused
from zetel.rules.money import Money

pytestmark = pytest.mark.django_db


@pytest.mark.checks
def test_every_request_body_is_as_paypal_publishes_it(
    paypal: PayPalDriver, checks: Path, clock: HandClock
) -> None:
    token = saved(paypal)
    paid = charge(paypal, token, "pay-1", description="Ünïcödé & <b>")
    waiting = charge(paypal, saved(paypal, "approval"), "pay-2")
    paypal.approve(waiting.action_url)
    find(paypal, "pay-2", charge_id=waiting.charge_id)
    refund(paypal, paid.charge_id, 300, "ref-1")
    headers, body = paypal.webhooks(clock.now)[-1]
    paypal.gateway.verify(headers, body, now=clock.now)
    paypal.gateway.forget(token)
    whole = load(checks / "gateways" / "paypal_requests.json")
    sent = [asked for asked in paypal.company.asked if asked.method == "POST" and "oauth2" not in asked.path]
    assert [fault for asked in sent for fault in faults_of_json(whole, asked)] == []
    assert {asked.path.rpartition("/")[2] for asked in sent} == {
        "setup-tokens", "payment-tokens", "orders", "capture", "refund", "verify-webhook-signature",
    }  # fmt: skip


def test_an_access_token_is_kept_and_a_new_one_asked_for_when_it_is_called_wrong(
    paypal: PayPalDriver,
) -> None:
    token = saved(paypal)
    charge(paypal, token, "pay-1")
    logins = [asked for asked in paypal.company.asked if "oauth2" in asked.path]
    assert len(logins) == 1
    paypal.company.tokens.clear()
    assert charge(paypal, token, "pay-2").kind == "paid"
    assert captured(paypal, "pay-2") == [TEN]


def test_a_charge_without_an_answer_is_taken_once_however_late_it_is_asked_about(
    paypal: PayPalDriver, clock: HandClock
) -> None:
    """Within six hours the request id answers, after three the report does: there is no hour without either."""
    paypal.company.lags = True
    token, made_at = saved(paypal, "timeout_after"), clock.now
    for hours in (0, 1, 3, 5, 7, 30):
        clock.set(made_at.replace(hour=10))
        clock.move(hours=hours)
        reference = f"pay-{hours}"
        paypal.company.touched.clear()
        begun = clock.now
        assert charge(paypal, token, reference).kind == "unknown"
        clock.move(hours=hours)
        found = paypal.gateway.fetch(
            reference=reference, trace=Trace(token=token, made_at=begun, asked_at=clock.now)
        )
        assert (found is None) is (hours < 3)
        if found is None:
            found = charge(paypal, token, reference)
        assert (found.kind, found.amount) == ("paid", TEN)
    taken = [capture["invoice_id"] for capture in paypal.company.captures.values()]
    assert sorted(taken) == sorted(f"pay-{hours}" for hours in (0, 1, 3, 5, 7, 30))


def test_an_invoice_id_that_was_paid_before_is_asked_about_and_never_a_refusal(
    paypal: PayPalDriver, clock: HandClock
) -> None:
    token = saved(paypal)
    charge(paypal, token, "pay-1")
    paypal.company.keys.clear()
    again = charge(paypal, token, "pay-1", key="another")
    assert (again.kind, again.reason) == ("unknown", "duplicate_invoice_id")
    found = find(paypal, "pay-1", token)
    assert found is not None
    assert found.kind == "paid"
    assert captured(paypal, "pay-1") == [TEN]


def test_a_charge_that_went_back_whole_was_paid_all_the_same(paypal: PayPalDriver) -> None:
    token = saved(paypal)
    refund(paypal, charge(paypal, token, "pay-1").charge_id, 1000, "ref-1")
    found = find(paypal, "pay-1", token)
    assert found is not None
    assert (found.kind, found.amount) == ("paid", TEN)
    (line,) = paypal.gateway.captures(since=EVER, until=NEVER)
    assert (line.amount, line.refunded) == (TEN, TEN)


def test_an_order_that_its_payer_approved_is_captured_when_asked_and_once(paypal: PayPalDriver) -> None:
    outcome = charge(paypal, saved(paypal, "approval"), "pay-1")
    assert outcome.charge_id.startswith("O-")
    paypal.approve(outcome.action_url)
    assert captured(paypal, "pay-1") == []
    first = find(paypal, "pay-1", charge_id=outcome.charge_id)
    assert find(paypal, "pay-1", charge_id=outcome.charge_id) == first
    assert captured(paypal, "pay-1") == [TEN]


def test_the_webhook_of_an_approval_asks_for_the_charge(paypal: PayPalDriver, clock: HandClock) -> None:
    outcome = charge(paypal, saved(paypal, "approval"), "pay-1")
    paypal.approve(outcome.action_url)
    event = paypal.gateway.parse(paypal.webhooks(clock.now)[-1][1])
    assert (event.kind, event.reference, event.outcome) == ("charge", "pay-1", None)


def test_a_saved_account_whose_answer_was_lost_is_the_same_account_when_asked_again(
    paypal: PayPalDriver,
) -> None:
    setup = begin(paypal)
    paypal.finish(setup, "paypal")
    paypal.company.plan("timeout_after", operation="setup")
    with pytest.raises(GatewayUnavailable):
        paypal.gateway.fetch_setup(setup.id)
    first, second = paypal.gateway.fetch_setup(setup.id), paypal.gateway.fetch_setup(setup.id)
    assert first == second
    assert len(paypal.company.vault) == 1


def test_a_refund_is_found_by_way_of_its_order(paypal: PayPalDriver) -> None:
    paid = charge(paypal, saved(paypal), "pay-1")
    paypal.company.plan("timeout_after", operation="refund")
    assert refund(paypal, paid.charge_id, 400, "ref-1").kind == "unknown"
    found = find_refund(paypal, "ref-1", paid.charge_id)
    assert found is not None
    assert (found.kind, found.amount) == ("done", Money(400, "EUR"))


def test_the_account_is_taken_out_of_the_vault_when_it_is_forgotten(paypal: PayPalDriver) -> None:
    token = saved(paypal)
    paypal.gateway.forget(token)
    assert paypal.company.vault == {}


def test_paypal_is_asked_about_the_very_bytes_that_came(paypal: PayPalDriver, clock: HandClock) -> None:
    charge(paypal, saved(paypal), "pay-1")
    headers, body = paypal.webhooks(clock.now)[-1]
    paypal.gateway.verify(headers, body, now=clock.now)
    same_content = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert same_content != body
    with pytest.raises(BadSignature):
        paypal.gateway.verify(headers, same_content, now=clock.now)


def test_a_webhook_that_paypal_cannot_be_asked_about_is_sent_again(
    paypal: PayPalDriver, clock: HandClock
) -> None:
    charge(paypal, saved(paypal), "pay-1")
    headers, body = paypal.webhooks(clock.now)[-1]
    paypal.company.plan("error_before", operation="look")
    with pytest.raises(GatewayUnavailable):
        paypal.gateway.verify(headers, body, now=clock.now)


def test_wrong_keys_leave_everything_unknown_and_charge_nothing(paypal: PayPalDriver) -> None:
    token = saved(paypal)
    wrong = PayPalGateway(client_id="x", secret="y", webhook_id="z", address=paypal.company.address)
    said = wrong.charge(
        token=token, amount=TEN, reference="pay-1", idempotency_key="k", return_url=RETURN, description="x",
        language="nl", present=True,
    )  # fmt: skip
    assert (said.kind, said.reason) == ("unknown", "gateway_setup")
    with pytest.raises(GatewayUnavailable):
        list(wrong.captures(since=EVER, until=NEVER))
    wrong.close()
    assert captured(paypal, "pay-1") == []


@pytest.mark.parametrize(
    ("issue", "kind", "reason"),
    [("PAYEE_ACCOUNT_RESTRICTED", "unknown", "gateway_setup"),
     ("PAYER_ACCOUNT_RESTRICTED", "declined", "payer_account_restricted")],
)  # fmt: skip
def test_a_fault_of_the_sellers_own_account_declines_nobody(issue: str, kind: str, reason: str) -> None:
    said = words.refused(Refused(422, {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue}]}))
    assert (said.kind, said.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, "<p>Log in"), (302, "{}"), (400, "<p>No"), (404, '{"message": "no such route"}'), (422, "[]")],
)  # fmt: skip
def test_what_is_not_in_paypals_form_is_no_answer_of_paypals_and_never_a_refusal(
    paypal: PayPalDriver, monkeypatch: pytest.MonkeyPatch, status: int, answer: str
) -> None:
    token = saved(paypal)

    def fail(_fault: str) -> None:
        raise Strange(status, answer)

    monkeypatch.setattr(paypal.company, "fail", fail)
    paypal.company.plan("error_after")
    said = charge(paypal, token, "pay-1")
    assert (said.kind, said.reason) == ("unknown", "gateway_error")
    assert charge(paypal, token, "pay-1").kind == "paid"
    assert captured(paypal, "pay-1") == [TEN]


def test_a_process_that_never_speaks_to_paypal_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(**_told: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(httpx, "Client", opened)
    made = paypal_at("http://127.0.0.1:9")
    made.close()
    with pytest.raises(AssertionError, match="opened"):
        made.forget("t")


def test_nobody_listening_is_unknown_within_seconds() -> None:
    away = paypal_at("http://127.0.0.1:9")
    said = away.charge(
        token="t", amount=TEN, reference=fresh("pay"), idempotency_key="k", return_url=RETURN, description="x",
        language="nl", present=True,
    )  # fmt: skip
    assert (said.kind, said.reason) == ("unknown", "timeout")
    after = away.fetch(reference="pay-1", trace=trace("t"))
    assert after is not None
    assert after.kind == "unknown"
    away.close()


@pytest.mark.parametrize(
    ("amount", "value"),
    [(Money(1, "EUR"), "0.01"), (Money(1500, "JPY"), "1500"), (Money(1234, "KWD"), "1.234"),
     (Money(150_000, "HUF"), "1500"), (Money(150_001, "HUF"), "1500.01")],
)  # fmt: skip
def test_amounts_are_spelled_as_paypal_does(amount: Money, value: str) -> None:
    said = words.spelled(amount)
    assert said == {"currency_code": amount.currency, "value": value}
    assert words.money(said) == amount
