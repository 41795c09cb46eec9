"""What PayPal says, in our words: orders, captures, refunds, saved accounts, disputes, lines of its ledger.

Pure: JSON as PayPal documents it goes in, our values come out. Amounts are decimal text there; they are turned without
a fraction of two. An order that waits for its payer is called by its id after `O-`, a capture by its own.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from zetel.gateways.paypal_client import Refused
from zetel.rules.money import Money, decimals
from zetel.rules.outcomes import Dispute, Outcome, RefundOutcome, SavedMethod

Json = dict[str, Any]

ORDER = "O-"
# PayPal takes these in whole units only, although ISO 4217 gives them two decimals.
_WHOLE = ("HUF", "TWD")
HARD_ISSUES = frozenset(
    {
        "AGREEMENT_ALREADY_CANCELLED", "BILLING_AGREEMENT_NOT_FOUND", "INVALID_PAYMENT_TOKEN", "INVALID_RESOURCE_ID",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "PAYER_ACCOUNT_RESTRICTED", "PAYER_CANNOT_PAY", "PAYMENT_TOKEN_NOT_FOUND",
        "RESOURCE_NOT_FOUND", "TOKEN_ID_NOT_FOUND", "VAULT_ID_NOT_FOUND",
    }
)  # fmt: skip
# One of them says that this invoice id was paid before: never a refusal.
PAID_BEFORE = frozenset({"DUPLICATE_INVOICE_ID", "ORDER_ALREADY_CAPTURED"})
OUR_ACCOUNT = "PAYEE_ACCOUNT_"  # restricted, locked, invalid: it is the seller's that PayPal speaks of
KEY_REUSED = "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"
_ACTION_LINKS = ("payer-action", "approve")


def spelled(amount: Money) -> Json:
    """An amount as PayPal writes it."""
    places = decimals(amount.currency)
    value = Decimal(amount.amount).scaleb(-places)
    if amount.currency in _WHOLE and value == value.to_integral_value():
        places = 0
    return {"currency_code": amount.currency, "value": f"{value:.{places}f}"}


def money(said: Json) -> Money:
    currency = str(said["currency_code"])
    return Money(int(Decimal(str(said["value"])).scaleb(decimals(currency))), currency)


def instant(text: str) -> datetime:
    """PayPal writes `Z`, and in its reports an offset without a colon."""
    return datetime.fromisoformat(text)


def reference_of(thing: Json) -> str:
    return str(thing.get("invoice_id") or thing.get("custom_id") or "")


def order(said: Json) -> Outcome:
    """An order as it stands; an approved one is not paid before it is captured."""
    unit = said["purchase_units"][0]
    taken = (unit.get("payments") or {}).get("captures") or []
    if taken:
        return capture(taken[-1])
    status, id_ = said["status"], f"{ORDER}{said['id']}"
    if status == "VOIDED":
        return Outcome(kind="declined", charge_id=id_, reason="cancelled")
    if status in ("PAYER_ACTION_REQUIRED", "CREATED", "SAVED", "APPROVED"):
        at = said.get("create_time")
        return Outcome(
            kind="action", amount=money(unit["amount"]), charge_id=id_, action_url=link(said, *_ACTION_LINKS),
            at=instant(at) if at else None,
        )  # fmt: skip
    return Outcome(kind="unknown", charge_id=id_, reason=str(status).lower()[:64])


def capture(said: Json) -> Outcome:
    """A capture as it stands. What was given back of it later was paid all the same."""
    at = instant(said.get("create_time") or said["update_time"])
    if said["status"] in ("COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"):
        return Outcome(kind="paid", amount=money(said["amount"]), charge_id=said["id"], at=at)
    if said["status"] == "PENDING":
        return Outcome(kind="processing", amount=money(said["amount"]), charge_id=said["id"], at=at)
    response = said.get("processor_response") or {}
    reason = str(response.get("response_code") or said["status"]).lower()
    return Outcome(kind="declined", charge_id=said["id"], reason=reason, at=at)


def refused(error: Refused) -> Outcome:
    """A refusal of a charge. That it was paid before is none: what became of it is asked for. Nor is a fault of the
    seller's own account: no payer is told that theirs was declined because of that."""
    if error.issue in PAID_BEFORE:
        return Outcome(kind="unknown", reason=error.issue.lower())
    if error.issue.startswith(OUR_ACCOUNT):
        return Outcome(kind="unknown", reason="gateway_setup")
    url = link(error.body, "payer-action")
    if error.issue == "PAYER_ACTION_REQUIRED" and url:
        return Outcome(kind="action", action_url=url)
    gone = error.issue in HARD_ISSUES or "vault_id" in error.field
    return Outcome(kind="declined", hard=gone, reason=error.issue.lower()[:64])


def link(said: Json, *names: str) -> str:
    return next((str(way["href"]) for way in said.get("links") or [] if way.get("rel") in names), "")


def refund(said: Json) -> RefundOutcome:
    amount, status = money(said["amount"]), said["status"]
    if status == "COMPLETED":
        return RefundOutcome(kind="done", refund_id=said["id"], amount=amount)
    if status in ("FAILED", "CANCELLED"):
        reason = (said.get("status_details") or {}).get("reason") or status
        return RefundOutcome(
            kind="refused", refund_id=said["id"], reason=str(reason).lower()[:64], amount=amount
        )
    return RefundOutcome(kind="unknown", refund_id=said["id"], reason=str(status).lower(), amount=amount)


def method(said: Json) -> SavedMethod:
    account = said["payment_source"]["paypal"]
    return SavedMethod(
        token=str(said["id"]),
        kind="paypal",
        label=f"PayPal {account.get('email_address', '')}".strip(),
        expires_on=None,
    )


def disputed(said: Json) -> tuple[str, str]:
    """Our reference and PayPal's id of what is in dispute."""
    about = (said.get("disputed_transactions") or [{}])[0]
    reference = str(about.get("invoice_number") or about.get("custom") or "")
    return reference, str(about.get("seller_transaction_id") or "")


def dispute(said: Json, *, taken: bool, at: datetime) -> Dispute:
    return Dispute(
        kind="taken" if taken else "returned", amount=money(said.get("dispute_amount") or said["amount"]), at=at,
        reason=str(said.get("reason", "")).lower(),
    )  # fmt: skip
