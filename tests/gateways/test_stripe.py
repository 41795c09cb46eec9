"""What is Stripe's own: the shape of requests, how it is looked for, errors, and keys in the settings."""

from urllib.parse import parse_qsl

import pytest
import stripe as sdk

from tests.conftest import HandClock
from tests.gateways.drivers import StripeDriver, stripe_at
from tests.gateways.schemas import faults_of_form, load
from tests.gateways.steps import (
    RETURN,
    TEN,
    begin,
    captured,
    charge,
    find,
    fresh,
    give_up,
    refund,
    saved,
    trace,
)
from zetel import gateways
from zetel.gateways import stripe_words as words
from zetel.gateways.base import BadSignature, GatewayUnavailable
from zetel.gateways.stripe import StripeGateway
from zetel.rules.money import Money

pytestmark = pytest.mark.django_db


@pytest.mark.checks
def test_every_request_body_is_as_stripe_publishes_it(stripe: StripeDriver, checks) -> None:  # type: ignore[no-untyped-def]
    token = saved(stripe)
    paid = charge(stripe, token, "pay-1")
    charge(stripe, saved(stripe, "approval"), "pay-2", present=False, description="Ünïcödé & <b>")
    charge(stripe, saved(stripe, "approval"), "pay-3")
    give_up(stripe, "pay-3", token=saved(stripe))
    find(stripe, "pay-3")
    refund(stripe, paid.charge_id, 300, "ref-1")
    stripe.gateway.forget(token)
    posts = [asked for asked in stripe.company.asked if asked.method == "POST"]
    whole = load(checks / "gateways" / "stripe_requests.json")
    found = [
        fault for asked in posts
        if not asked.path.endswith("/confirm")  # the published file leaves this one out
        for fault in faults_of_form(whole, asked, parse_qsl(asked.body.decode(), keep_blank_values=True))
    ]  # fmt: skip
    assert found == []
    assert {asked.path.rpartition("/")[2] for asked in posts} >= {
        "customers", "sessions", "payment_intents", "confirm", "refunds", "detach",
    }  # fmt: skip


def test_every_request_that_makes_something_carries_a_key_and_our_reference(stripe: StripeDriver) -> None:
    paid = charge(stripe, saved(stripe), "pay-1")
    refund(stripe, paid.charge_id, 300, "ref-1")
    made = [asked for asked in stripe.company.asked if asked.method == "POST"]
    assert len(made) == 4
    assert all(asked.header("Idempotency-Key") for asked in made)
    assert all(b"metadata[reference]=" in asked.body for asked in made)


def test_one_customer_of_ours_is_one_customer_of_stripes(stripe: StripeDriver, clock: HandClock) -> None:
    """Searching lags, so the key guards the first minute; later the search finds it."""
    tokens = [saved(stripe), saved(stripe)]
    clock.move(days=2)
    tokens.append(saved(stripe))
    assert len({token.partition(":")[2] for token in tokens}) == 1


def test_a_charge_is_found_at_once_although_the_search_lags(stripe: StripeDriver, clock: HandClock) -> None:
    token = saved(stripe)
    paid = charge(stripe, token, "pay-1")
    assert find(stripe, "pay-1") is None, "the search alone does not see it yet"
    assert find(stripe, "pay-1", token) == paid
    assert find(stripe, "pay-1", charge_id=paid.charge_id) == paid
    clock.move(minutes=2)
    assert find(stripe, "pay-1") == paid


def test_a_decline_without_the_person_that_waits_for_approval_is_no_end_when_its_webhook_comes(
    stripe: StripeDriver, clock: HandClock
) -> None:
    """Stripe tells of a failed payment first; booking it would decline what its payer is about to approve."""
    token = saved(stripe, "approval")
    stripe.webhooks(clock.now)
    outcome = charge(stripe, token, "pay-1", present=False)
    told = [stripe.gateway.parse(body) for _headers, body in stripe.webhooks(clock.now)]
    assert [(event.kind, event.outcome.kind if event.outcome else "") for event in told] == [
        ("other", ""), ("charge", "action"),
    ]  # fmt: skip
    assert outcome.kind == "action"


@pytest.mark.parametrize("behaviour", ["paid", "declined_soft", "approval"])
def test_a_webhook_names_what_must_not_be_kept_wherever_it_stands(
    stripe: StripeDriver, clock: HandClock, behaviour: str
) -> None:
    """Of a decline Stripe shows the card within the error."""
    token = saved(stripe, behaviour)
    stripe.webhooks(clock.now)
    charge(stripe, token, "pay-1", present=False)
    told = [body for _headers, body in stripe.webhooks(clock.now)]
    assert told
    method_id = token.partition(":")[0]
    for body in told:
        assert method_id.encode() in body
        assert set(stripe.gateway.parse(body).tokens) == {method_id, "pi_secret_0123456789abcdef"}


def test_an_old_webhook_stays_too_old_whatever_stands_beside_the_instant_that_was_signed(
    stripe: StripeDriver, clock: HandClock
) -> None:
    charge(stripe, saved(stripe), "pay-1")
    headers, body = stripe.webhooks(clock.now)[-1]
    signature = headers["Stripe-Signature"]
    clock.move(hours=1)
    fresh_at = stripe.company.seconds()
    for forged in (
        f"at={fresh_at},{signature}", f"{signature},t={fresh_at}", f"at=never,{signature}",
        signature.replace(",", "=,", 1),
    ):  # fmt: skip
        with pytest.raises(BadSignature, match="too old"):
            stripe.gateway.verify({"Stripe-Signature": forged}, body, now=clock.now)


@pytest.mark.parametrize(
    ("code", "hard"),
    [("insufficient_funds", False), ("do_not_honor", False), ("generic_decline", False), ("lost_card", True),
     ("expired_card", True), ("revocation_of_authorization", True)],
)  # fmt: skip
def test_declines_are_told_apart(code: str, hard: bool) -> None:
    intent = {"id": "pi_1", "status": "requires_payment_method", "created": 0, "currency": "eur", "amount": 1}
    said = words.outcome({**intent, "last_payment_error": {"code": "card_declined", "decline_code": code}})
    assert (said.kind, said.reason, said.hard) == ("declined", code, hard)


def test_what_stripe_advises_never_to_try_again_is_hard() -> None:
    intent = {"id": "pi_1", "status": "requires_payment_method", "created": 0, "currency": "eur", "amount": 1}
    error = {"decline_code": "do_not_honor", "advice_code": "do_not_try_again"}
    assert words.outcome({**intent, "last_payment_error": error}).hard


@pytest.mark.parametrize("status", [429, 500, 502, 503, 409, 401, 403])
def test_an_answer_that_is_no_answer_is_unknown_and_never_refused(status: int) -> None:
    kind = {401: sdk.AuthenticationError, 403: sdk.PermissionError, 429: sdk.RateLimitError}.get(
        status, sdk.APIError
    )
    assert words.refused(kind("x", None, status)).kind == "unknown"


def test_a_wrong_or_missing_key_leaves_everything_unknown_and_charges_nothing(stripe: StripeDriver) -> None:
    token = saved(stripe)
    unset = StripeGateway(secret_key="", webhook_secret="", address=stripe.company.address)
    said = unset.charge(
        token=token, amount=TEN, reference="pay-1", idempotency_key="k", return_url=RETURN, description="x",
        language="nl", present=True,
    )  # fmt: skip
    assert (said.kind, said.reason) == ("unknown", "gateway_setup")
    after = unset.fetch(reference="pay-1", trace=trace(token))
    assert after is not None
    assert after.kind == "unknown"
    with pytest.raises(GatewayUnavailable):
        unset.fetch_setup("cs_test_1")
    assert captured(stripe, "pay-1") == []


def test_nobody_listening_is_unknown_within_seconds(stripe: StripeDriver) -> None:
    away = stripe_at("http://127.0.0.1:9")
    said = away.charge(
        token="pm_1:cus_1", amount=TEN, reference=fresh("pay"), idempotency_key="k", return_url=RETURN,
        description="x", language="nl", present=True,
    )  # fmt: skip
    assert (said.kind, said.reason) == ("unknown", "timeout")
    with pytest.raises(GatewayUnavailable):
        away.begin_setup(customer_reference="c", kind="card", reference="s", return_url=RETURN, language="nl")


def test_currencies_that_stripe_counts_in_hundredths_are_turned() -> None:
    assert words.minor(Money(1500, "ISK")) == 150_000
    assert words.money(150_000, "isk") == Money(1500, "ISK")
    assert words.minor(Money(1500, "JPY")) == 1500


def test_an_installation_without_keys_offers_the_pretend_company_only() -> None:
    assert [gateway.name for gateway in gateways.available()] == ["sandbox"]


def test_the_return_addresses_are_those_that_were_given(stripe: StripeDriver) -> None:
    begin(stripe)
    body = dict(parse_qsl(stripe.company.asked[-1].body.decode()))
    assert body["success_url"] == f"{RETURN}&setup={{CHECKOUT_SESSION_ID}}"
    assert body["cancel_url"] == f"{RETURN}&setup=back"
    assert body["mode"] == "setup"
