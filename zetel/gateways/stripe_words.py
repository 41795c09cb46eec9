"""What Stripe says, in our words: payment intents, refunds, saved cards, disputes, and errors.

Pure: JSON as Stripe documents it goes in, our values come out. Refused is what Stripe calls final; whatever leaves the
outcome open (no answer, a fault of Stripe, a wrong key of ours) is unknown and is asked about (rule G3).
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import stripe

from zetel.rules.money import Money
from zetel.rules.outcomes import Dispute, Outcome, RefundOutcome, SavedMethod

Json = dict[str, Any]

# Stripe counts these in hundredths although ISO 4217 gives them no decimals.
_HUNDREDTHS = ("ISK", "UGX")
# Declines after which the same card is not to be tried again.
HARD_DECLINES = frozenset(
    {
        "card_not_supported", "currency_not_supported", "expired_card", "fraudulent", "incorrect_number",
        "invalid_account", "invalid_number", "lost_card", "merchant_blacklist", "new_account_information_available",
        "no_action_taken", "not_permitted", "pickup_card", "restricted_card", "revocation_of_all_authorizations",
        "revocation_of_authorization", "security_violation", "service_not_allowed", "stolen_card",
        "stop_payment_order", "testmode_decline", "transaction_not_allowed",
    }
)  # fmt: skip
_BRANDS = {
    "amex": "American Express", "cartes_bancaires": "Cartes Bancaires", "diners": "Diners Club", "eftpos_au": "Eftpos",
    "jcb": "JCB", "mastercard": "Mastercard", "unionpay": "UnionPay", "visa": "Visa",
}  # fmt: skip
_WAITING = ("requires_action", "requires_payment_method", "requires_confirmation")


def minor(amount: Money) -> int:
    """An amount as Stripe counts it."""
    return amount.amount * 100 if amount.currency in _HUNDREDTHS else amount.amount


def money(amount: int, currency: str) -> Money:
    """An amount of Stripe's as ISO 4217 counts it."""
    code = currency.upper()
    return Money(amount // 100 if code in _HUNDREDTHS else amount, code)


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def reference_of(thing: Json) -> str:
    return str((thing.get("metadata") or {}).get("reference", ""))


def outcome(intent: Json, *, at: datetime | None = None) -> Outcome:
    """A payment intent as it stands. `at` is when it came to stand so, else its latest charge tells."""
    status, id_ = intent["status"], intent["id"]
    charge = intent.get("latest_charge")
    if at is None:
        at = instant((charge if isinstance(charge, dict) else intent)["created"])
    if status == "succeeded":
        amount = money(intent["amount_received"], intent["currency"])
        return Outcome(kind="paid", amount=amount, charge_id=id_, at=at)
    if status == "processing":
        return Outcome(
            kind="processing", amount=money(intent["amount"], intent["currency"]), charge_id=id_, at=at
        )
    if status == "requires_action":
        return Outcome(
            kind="action", amount=money(intent["amount"], intent["currency"]), charge_id=id_, at=at,
            action_url=_redirect(intent),
        )  # fmt: skip
    if status == "canceled":
        return Outcome(kind="declined", charge_id=id_, reason="cancelled", at=at)
    if status in _WAITING:
        return _declined(intent.get("last_payment_error") or {}, id_, at)
    return Outcome(kind="unknown", charge_id=id_, reason=str(status)[:64], at=at)


def _redirect(intent: Json) -> str:
    action = intent.get("next_action") or {}
    return str((action.get("redirect_to_url") or {}).get("url", ""))


def _declined(error: Json, charge_id: str, at: datetime) -> Outcome:
    """Final for this charge; Stripe says in one of three places whether the card can ever work."""
    code = str(error.get("decline_code") or error.get("code") or "declined")
    if code == "payment_intent_authentication_failure":
        code = "approval_refused"
    hard = code in HARD_DECLINES or error.get("advice_code") == "do_not_try_again"
    return Outcome(kind="declined", charge_id=charge_id, hard=hard, reason=code, at=at)


def wants_approval(error: Json) -> bool:
    """Whether a charge without the person was declined because the bank wants to hear from them."""
    return "authentication_required" in (error.get("code"), error.get("decline_code"))


def refused(error: stripe.StripeError) -> Outcome:
    """An error in answer to a charge. Only what Stripe calls final is a refusal."""
    if isinstance(error, stripe.CardError):
        said: Json = error_of(error)
        intent = said.get("payment_intent") or {}
        charge = intent.get("latest_charge")
        created = (charge if isinstance(charge, dict) else intent).get("created")
        declined = _declined(said, str(intent.get("id", "")), instant(created or 0))
        return declined if created else Outcome(kind="declined", hard=declined.hard, reason=declined.reason)
    if isinstance(error, stripe.InvalidRequestError):
        gone = error.param in ("payment_method", "customer")
        reason = "unknown_method" if gone else str(error.code or "request_refused")
        return Outcome(kind="declined", hard=gone, reason=reason[:64])
    return Outcome(kind="unknown", reason=failure(error))


def error_of(error: stripe.StripeError) -> Json:
    body = error.json_body
    return dict(body.get("error") or {}) if isinstance(body, dict) else {}


def failure(error: stripe.StripeError) -> str:
    """Why there is no outcome, as a code."""
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return "gateway_setup"
    if isinstance(error, stripe.APIConnectionError):
        return "timeout"
    return "gateway_busy" if isinstance(error, stripe.RateLimitError) else "gateway_error"


def refund(answer: Json) -> RefundOutcome:
    """A refund as it stands; one that is under way is asked about again."""
    amount = money(answer["amount"], answer["currency"])
    status = answer["status"]
    if status == "succeeded":
        return RefundOutcome(kind="done", refund_id=answer["id"], amount=amount)
    if status in ("failed", "canceled"):
        reason = str(answer.get("failure_reason") or status)
        return RefundOutcome(kind="refused", refund_id=answer["id"], reason=reason[:64], amount=amount)
    return RefundOutcome(kind="unknown", refund_id=answer["id"], reason=str(status), amount=amount)


def dispute(answer: Json, *, taken: bool, at: datetime) -> Dispute:
    return Dispute(
        kind="taken" if taken else "returned", amount=money(answer["amount"], answer["currency"]), at=at,
        reason=str(answer.get("reason", "")),
    )  # fmt: skip


def tokens(said: object) -> Iterator[str]:
    """What, anywhere in something Stripe says, could charge somebody's card or go on with a payment, told by its shape:
    a declined payment names the card within its error."""
    if isinstance(said, str):
        if said.startswith("pm_") or "_secret_" in said:
            yield said
    elif isinstance(said, (dict, list)):
        for inner in said.values() if isinstance(said, dict) else said:
            yield from tokens(inner)


def method(answer: Json) -> SavedMethod:
    """A saved card. The token names card and Stripe's customer, since a charge needs both."""
    card = answer["card"]
    brand = str(card.get("display_brand") or card["brand"])
    year, month = card["exp_year"], card["exp_month"]
    return SavedMethod(
        token=f"{answer['id']}:{answer['customer']}",
        kind="card",
        label=f"{_BRANDS.get(brand, brand.replace('_', ' ').title())} •••• {card['last4']}",
        expires_on=date(year, month, monthrange(year, month)[1]),
    )
