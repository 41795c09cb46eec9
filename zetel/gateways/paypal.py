"""The adapter to PayPal: accounts kept in its vault, and charged by orders.

PayPal remembers the id of a request for an order for six hours only, and cannot look an order up by our reference. So a
charge is asked about by its id, else in PayPal's ledger, which shows everything after three hours at most: a charge is
either still remembered by its request id, or it can be seen. Its invoice id, our reference, guards it as well.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import structlog

from zetel.gateways import paypal_words as words
from zetel.gateways.base import (
    NO_TRACE,
    BadSignature,
    Capabilities,
    Capture,
    GatewayEvent,
    GatewayUnavailable,
    KeyReused,
    Setup,
    SetupResult,
    Trace,
    check_age,
    header,
    printable,
    with_query,
)
from zetel.gateways.paypal_client import Json, NoAnswer, PayPalClient, Refused
from zetel.gateways.paypal_ledger import LAG, captures_between, find, is_unseen
from zetel.rules.money import Money
from zetel.rules.outcomes import MethodKind, Outcome, RefundOutcome

SANDBOX = "https://api-m.sandbox.paypal.com"
LIVE = "https://api-m.paypal.com"
# PayPal sends a webhook again for three days, with the instant of the first time.
TOLERANCE = timedelta(days=4)
DESCRIPTION_MAX = 127
SIGNED = ("auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time")
_LOCALES = {"nl": "nl-NL", "en": "en-US"}
_CAPTURES = {f"PAYMENT.CAPTURE.{what}" for what in ("COMPLETED", "PENDING", "DENIED", "DECLINED")}
_SELLER_WON = ("RESOLVED_SELLER_FAVOUR", "CANCELED_BY_BUYER")

log = structlog.get_logger()


class PayPalGateway:
    """PayPal as a gateway. Without keys it answers that everything is unknown, for accounts saved before."""

    name = "paypal"
    capabilities = Capabilities(
        methods=("paypal",),
        redirect=True,
        element=False,
        confirms_after_days=0,
        signed_webhooks=True,
        minimum_amount={},
        key_memory_hours=6,
        ledger_lag_hours=LAG // timedelta(hours=1),
        token_prefix="",
    )

    def __init__(self, *, client_id: str, secret: str, webhook_id: str, address: str) -> None:
        self.is_set_up = bool(client_id and secret and webhook_id)
        self._webhook_id = webhook_id
        self._paypal = PayPalClient(client_id=client_id, secret=secret, address=address)

    def close(self) -> None:
        self._paypal.close()

    def begin_setup(
        self, *, customer_reference: str, kind: MethodKind, reference: str, return_url: str, language: str
    ) -> Setup:
        account = {
            "usage_type": "MERCHANT",
            "experience_context": {
                "return_url": with_query(return_url, "setup=back"),
                "cancel_url": with_query(return_url, "setup=cancelled"),
                "locale": _LOCALES.get(language, "en-US"), "shipping_preference": "NO_SHIPPING",
            },
        }  # fmt: skip
        try:
            made = self._paypal.post(
                "/v3/vault/setup-tokens", {"payment_source": {"paypal": account}}, key=f"setup-{reference}"
            )
        except (NoAnswer, Refused) as error:
            raise GatewayUnavailable(self.name) from error
        return Setup(id=made["id"], redirect_url=words.link(made, "approve"))

    def fetch_setup(self, setup_id: str) -> SetupResult:
        """An approved setup is turned into a saved account here; asked again, the same id gives the same account."""
        try:
            setup = self._paypal.get(f"/v3/vault/setup-tokens/{setup_id}")
            if setup["status"] not in ("APPROVED", "VAULTED", "TOKENIZED"):
                return SetupResult(status="pending")
            made = self._paypal.post(
                "/v3/vault/payment-tokens",
                {"payment_source": {"token": {"id": setup_id, "type": "SETUP_TOKEN"}}},
                key=f"vault-{setup_id}",
            )
        except NoAnswer as error:
            raise GatewayUnavailable(self.name) from error
        except Refused as refusal:
            unknown = refusal.status == 404
            return SetupResult(
                status="refused", reason="unknown_setup" if unknown else refusal.issue.lower()[:64]
            )
        return SetupResult(status="done", method=words.method(made))

    def charge(
        self,
        *,
        token: str,
        amount: Money,
        reference: str,
        idempotency_key: str,
        return_url: str,
        description: str,
        language: str,
        present: bool,
    ) -> Outcome:
        context = {
            "return_url": with_query(return_url, "charge=back"),
            "cancel_url": with_query(return_url, "charge=cancelled"),
            "locale": _LOCALES.get(language, "en-US"), "shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW",
        }  # fmt: skip
        body = {
            "intent": "CAPTURE",
            "purchase_units": [{
                "amount": words.spelled(amount), "invoice_id": reference, "custom_id": reference,
                "description": printable(description, DESCRIPTION_MAX),
            }],
            "payment_source": {"paypal": {"vault_id": token, "experience_context": context}},
        }  # fmt: skip
        try:
            made = self._paypal.post("/v2/checkout/orders", body, key=idempotency_key)
        except NoAnswer as error:
            return Outcome(kind="unknown", reason=error.reason)
        except Refused as refusal:
            return self._refused(refusal)
        unit = made["purchase_units"][0]
        is_other = words.reference_of(unit) not in ("", reference) or words.money(unit["amount"]) != amount
        if is_other:
            raise KeyReused("this request id was used for another order")
        return words.order(made)

    def _refused(self, refusal: Refused) -> Outcome:
        if refusal.issue == words.KEY_REUSED:
            raise KeyReused("this request id was used for another request") from refusal
        return words.refused(refusal)

    def fetch(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome | None:
        try:
            if trace.charge_id.startswith(words.ORDER):
                return self._order(trace.charge_id.removeprefix(words.ORDER), reference)
            if trace.charge_id:
                return words.capture(self._paypal.get(f"/v2/payments/captures/{trace.charge_id}"))
            return find(self._paypal, reference, trace)
        except NoAnswer as error:
            return Outcome(kind="unknown", reason=error.reason)
        except Refused as refusal:
            log.error("paypal calls a question wrong", reference=reference, issue=refusal.issue)
            return Outcome(kind="unknown", reason=refusal.issue.lower()[:64])

    def _order(self, order_id: str, reference: str) -> Outcome:
        """An order as it stands; what its payer approved meanwhile is captured now, once."""
        try:
            order = self._paypal.get(f"/v2/checkout/orders/{order_id}")
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return Outcome(kind="declined", reason="approval_expired")  # nobody came, and PayPal dropped it
        if order["status"] != "APPROVED":
            return words.order(order)
        try:
            order = self._paypal.post(
                f"/v2/checkout/orders/{order_id}/capture", {}, key=f"{reference}-capture"
            )
        except Refused as refusal:
            return self._refused(refusal)
        return words.order(order)

    def cancel(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome:
        """An order takes no money before we capture it, so giving one up is never capturing it."""
        try:
            if trace.charge_id.startswith(words.ORDER):
                order = self._paypal.get(f"/v2/checkout/orders/{trace.charge_id.removeprefix(words.ORDER)}")
                said: Outcome | None = words.order(order)
            else:
                said = self.fetch(reference=reference, trace=trace)
        except NoAnswer as error:
            return Outcome(kind="unknown", reason=error.reason)
        except Refused:
            said = None
        if said is None and trace.charge_id:
            return Outcome(kind="declined", reason="cancelled")
        if said is None:
            if is_unseen(trace):
                return Outcome(kind="unknown", reason="not_in_ledger_yet")
            return Outcome(kind="declined", reason="unknown_reference")
        if said.kind == "action":
            return Outcome(kind="declined", charge_id=said.charge_id, reason="cancelled", at=said.at)
        return said

    def refund(self, *, charge_id: str, amount: Money, reference: str, idempotency_key: str) -> RefundOutcome:
        body = {"amount": words.spelled(amount), "invoice_id": reference, "custom_id": reference}
        try:
            made = self._paypal.post(f"/v2/payments/captures/{charge_id}/refund", body, key=idempotency_key)
        except NoAnswer as error:
            return RefundOutcome(kind="unknown", reason=error.reason)
        except Refused as refusal:
            if refusal.issue == words.KEY_REUSED:
                raise KeyReused("this request id was used for another refund") from refusal
            if refusal.issue in words.PAID_BEFORE:
                return RefundOutcome(kind="unknown", reason=refusal.issue.lower())
            return RefundOutcome(kind="refused", reason=refusal.issue.lower()[:64])
        return words.refund(made)

    def fetch_refund(self, *, reference: str, trace: Trace = NO_TRACE) -> RefundOutcome | None:
        """PayPal finds refunds by way of the order that they belong to."""
        if not trace.charge_id:
            return None
        try:
            capture = self._paypal.get(f"/v2/payments/captures/{trace.charge_id}")
            order_id = (capture.get("supplementary_data") or {}).get("related_ids", {}).get("order_id")
            if not order_id:
                return None  # the request id of a refund is remembered for weeks: repeating it asks as well
            order = self._paypal.get(f"/v2/checkout/orders/{order_id}")
        except NoAnswer as error:
            return RefundOutcome(kind="unknown", reason=error.reason)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            return RefundOutcome(kind="unknown", reason=refusal.issue.lower()[:64])
        payments = order["purchase_units"][0].get("payments") or {}
        ours = [made for made in payments.get("refunds") or [] if words.reference_of(made) == reference]
        return words.refund(ours[0]) if ours else None

    def forget(self, token: str) -> None:
        try:
            self._paypal.drop(f"/v3/vault/payment-tokens/{token}")
        except Refused:
            return  # it is gone already
        except NoAnswer as error:
            raise GatewayUnavailable(self.name) from error

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """PayPal is asked whether it signed this. Its certificate could be checked here instead, but then which
        certificates are PayPal's would be for us to keep. The raw bytes go along as they came: another spacing
        would not be what was signed."""
        told = {name.replace("-", "_"): header(headers, f"paypal-{name}") for name in SIGNED}
        sent_at = _sent_at(told["transmission_time"])
        if sent_at is None or not all(told.values()) or not _is_paypals(told["cert_url"]):
            raise BadSignature("no signature that can be read")
        check_age(sent_at, now=now, tolerance=TOLERANCE)
        try:
            json.loads(body)
            frame = json.dumps({**told, "webhook_id": self._webhook_id}).encode()
            said = self._paypal.post_raw(
                "/v1/notifications/verify-webhook-signature",
                frame[:-1] + b', "webhook_event": ' + body + b"}",
            )
        except (Refused, ValueError) as error:
            raise BadSignature("not what PayPal signs") from error
        except NoAnswer as error:
            raise GatewayUnavailable(self.name) from error
        if said.get("verification_status") != "SUCCESS":
            raise BadSignature("not signed by PayPal")

    def parse(self, body: bytes) -> GatewayEvent:
        event = json.loads(body)
        said, what = event["resource"], event["event_type"]
        at = words.instant(event["create_time"])
        told: Json = {"kind": "other"}
        if what in _CAPTURES:
            told = {"kind": "charge", "outcome": words.capture(said), "charge_id": said["id"]}
        elif what == "CHECKOUT.ORDER.APPROVED":
            told = {"kind": "charge", "reference": words.reference_of(said["purchase_units"][0])}
        elif what == "PAYMENT.CAPTURE.REFUNDED":
            told = {"kind": "refund", "refund": words.refund(said)}
        elif what == "PAYMENT.CAPTURE.REVERSED":
            told = {"kind": "dispute", "dispute": words.dispute(said, taken=True, at=at)}
        elif what == "CUSTOMER.DISPUTE.CREATED" or (
            what == "CUSTOMER.DISPUTE.RESOLVED"
            and (said.get("dispute_outcome") or {}).get("outcome_code") in _SELLER_WON
        ):
            reference, charge_id = words.disputed(said)
            taken = words.dispute(said, taken=what.endswith("CREATED"), at=at)
            told = {"kind": "dispute", "dispute": taken, "reference": reference, "charge_id": charge_id}
        told.setdefault("reference", words.reference_of(said))
        tokens = (str(said["id"]),) if what.startswith("VAULT.PAYMENT-TOKEN.") else ()
        return GatewayEvent(id=event["id"], created_at=at, tokens=tokens, **told)

    def captures(self, *, since: datetime, until: datetime) -> Iterator[Capture]:
        try:
            yield from captures_between(self._paypal, since, until)
        except (NoAnswer, Refused) as error:
            raise GatewayUnavailable(self.name) from error


def _is_paypals(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".paypal.com")


def _sent_at(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
