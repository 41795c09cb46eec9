"""The adapter to Stripe, by its official SDK: cards saved on Stripe's own page, and charged by payment intents.

Our reference stands in the metadata of everything, and every request carries an idempotency key. Stripe's search lags,
so a charge is looked up by its id, else among its customer's. The SDK repeats nothing by itself and waits seconds, not
minutes: repeating is decided above, where the outcome is booked. PayPal is spoken to by PayPal's own adapter.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import stripe
import structlog
from stripe import StripeClient, WebhookSignature
from stripe.params import PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from zetel.gateways import stripe_words as words
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
from zetel.gateways.stripe_words import Json
from zetel.rules.money import Money
from zetel.rules.outcomes import MethodKind, Outcome, RefundOutcome

TOLERANCE = timedelta(minutes=5)
CHARGE_SECONDS = (2.0, 6.0)  # to connect, and to wait for a bank
ASK_SECONDS = (2.0, 3.0)
PAGE = 100
DESCRIPTION_MAX = 500
SIGNATURE_HEADER = "stripe-signature"
_CHARGES = {f"payment_intent.{what}" for what in ("succeeded", "processing", "requires_action", "canceled")}
_REFUNDS = ("refund.created", "refund.updated", "refund.failed")
_DISPUTES = {"charge.dispute.funds_withdrawn": True, "charge.dispute.funds_reinstated": False}

log = structlog.get_logger()


class StripeGateway:
    """Stripe as a gateway. Without a key it answers that everything is unknown, for methods saved before."""

    name = "stripe"
    capabilities = Capabilities(
        methods=("card",),
        redirect=True,
        element=False,
        confirms_after_days=0,
        signed_webhooks=True,
        minimum_amount={"EUR": 50, "USD": 50, "GBP": 30, "JPY": 50, "KWD": 150},
        key_memory_hours=24,
        ledger_lag_hours=0,
        token_prefix="pm_",
    )

    def __init__(self, *, secret_key: str, webhook_secret: str, address: str = "") -> None:
        self.is_set_up = bool(secret_key and webhook_secret)
        self._webhook_secret = webhook_secret
        self._charging = _client(secret_key, address, CHARGE_SECONDS)
        self._asking = _client(secret_key, address, ASK_SECONDS)

    def begin_setup(
        self, *, customer_reference: str, kind: MethodKind, reference: str, return_url: str, language: str
    ) -> Setup:
        back = with_query(return_url, "setup={CHECKOUT_SESSION_ID}")
        try:
            customer_id = self._customer(customer_reference)
            params: SessionCreateParams = {
                "mode": "setup", "customer": customer_id, "allowed_payment_method_types": ["card"],
                "success_url": back, "cancel_url": with_query(return_url, "setup=back"),
                "client_reference_id": reference, "metadata": {"reference": reference},
                "setup_intent_data": {"metadata": {"reference": reference}},
                "locale": "nl" if language == "nl" else "en",
            }  # fmt: skip
            made = self._charging.v1.checkout.sessions.create(
                params, {"idempotency_key": f"setup-{reference}"}
            )
        except stripe.StripeError as error:
            raise self._unavailable("setup", error) from error
        return Setup(id=made.id, redirect_url=made.url or "")

    def _customer(self, reference: str) -> str:
        """Stripe's customer of that reference; searching lags, so the key guards against a second one."""
        found = self._charging.v1.customers.search(
            {"query": f"metadata['reference']:'{reference}'", "limit": 1}
        )
        if found.data:
            return found.data[0].id
        return self._charging.v1.customers.create(
            {"metadata": {"reference": reference}}, {"idempotency_key": f"customer-{reference}"}
        ).id

    def fetch_setup(self, setup_id: str) -> SetupResult:
        try:
            session = self._charging.v1.checkout.sessions.retrieve(
                setup_id, {"expand": ["setup_intent.payment_method"]}
            ).to_dict()
        except stripe.InvalidRequestError:
            return SetupResult(status="refused", reason="unknown_setup")
        except stripe.StripeError as error:
            raise self._unavailable("setup", error) from error
        if session["status"] == "expired":
            return SetupResult(status="refused", reason="expired")
        intent = session.get("setup_intent") or {}
        if session["status"] == "complete" and intent.get("status") == "succeeded":
            return SetupResult(status="done", method=words.method(intent["payment_method"]))
        return SetupResult(status="pending")

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
        method_id, _, customer_id = token.partition(":")
        back = with_query(return_url, "charge=back")
        params: PaymentIntentCreateParams = {
            "amount": words.minor(amount), "currency": amount.currency.lower(), "customer": customer_id,
            "payment_method": method_id, "allowed_payment_method_types": ["card"], "confirm": True,
            "description": printable(description, DESCRIPTION_MAX), "metadata": {"reference": reference},
            "return_url": back, "expand": ["latest_charge"],
        }  # fmt: skip
        if not present:
            params["off_session"] = True
        try:
            made = self._charging.v1.payment_intents.create(params, {"idempotency_key": idempotency_key})
        except stripe.IdempotencyError as error:
            raise KeyReused("this idempotency key was used for another request") from error
        except stripe.CardError as error:
            if not present and words.wants_approval(words.error_of(error)):
                return self._ask_for_approval(error, method_id, back, idempotency_key)
            return words.refused(error)
        except stripe.StripeError as error:
            return self._refused("charge", reference, error)
        return words.outcome(made.to_dict())

    def _ask_for_approval(self, declined: stripe.CardError, method_id: str, back: str, key: str) -> Outcome:
        """The bank wants to hear from a person who is not here: the same intent goes on as if they were, which gives
        the address where they approve. They get it by mail."""
        intent_id = (words.error_of(declined).get("payment_intent") or {}).get("id", "")
        try:
            waiting = self._charging.v1.payment_intents.confirm(
                intent_id,
                {"payment_method": method_id, "return_url": back, "expand": ["latest_charge"]},
                {"idempotency_key": f"{key}-approval"},
            )
        except stripe.StripeError as error:
            return words.refused(error)
        return words.outcome(waiting.to_dict())

    def fetch(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome | None:
        try:
            intent = self._find(reference, trace)
        except stripe.StripeError as error:
            return Outcome(kind="unknown", reason=self._failure("fetch", error))
        return words.outcome(intent) if intent else None

    def _find(self, reference: str, trace: Trace) -> Json | None:
        """The intent of a reference: by its id, else among its customer's (which is exact), else by searching."""
        intents = self._asking.v1.payment_intents
        if trace.charge_id:
            try:
                return intents.retrieve(trace.charge_id, {"expand": ["latest_charge"]}).to_dict()
            except stripe.InvalidRequestError:
                return None
        customer_id = trace.token.partition(":")[2]
        found: Iterator[stripe.PaymentIntent]
        if customer_id:
            found = intents.list(
                {"customer": customer_id, "limit": PAGE, "expand": ["data.latest_charge"]}
            ).auto_paging_iter()
        else:
            query = f"metadata['reference']:'{reference}'"
            found = iter(intents.search({"query": query, "expand": ["data.latest_charge"]}).data)
        ours = [
            intent.to_dict() for intent in found if intent.metadata.to_dict().get("reference") == reference
        ]
        taken = [intent for intent in ours if intent["status"] == "succeeded"]
        return next(iter(taken or ours), None)

    def cancel(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome:
        try:
            intent = self._find(reference, trace)
            if intent is None:
                return Outcome(kind="declined", reason="unknown_reference")
            if intent["status"] != "requires_action":
                return words.outcome(intent)
            done = self._asking.v1.payment_intents.cancel(
                intent["id"], {"cancellation_reason": "abandoned", "expand": ["latest_charge"]}
            )
        except stripe.InvalidRequestError:  # it was approved, or refused, in this very moment
            return self.fetch(reference=reference, trace=trace) or Outcome(
                kind="unknown", reason="gateway_error"
            )
        except stripe.StripeError as error:
            return Outcome(kind="unknown", reason=self._failure("cancel", error))
        return words.outcome(done.to_dict())

    def refund(self, *, charge_id: str, amount: Money, reference: str, idempotency_key: str) -> RefundOutcome:
        try:
            made = self._charging.v1.refunds.create(
                {
                    "payment_intent": charge_id,
                    "amount": words.minor(amount),
                    "metadata": {"reference": reference},
                },
                {"idempotency_key": idempotency_key},
            )
        except stripe.IdempotencyError as error:
            raise KeyReused("this idempotency key was used for another request") from error
        except stripe.InvalidRequestError as error:
            return RefundOutcome(kind="refused", reason=str(error.code or "refund_refused")[:64])
        except stripe.StripeError as error:
            return RefundOutcome(kind="unknown", reason=self._failure("refund", error))
        return words.refund(made.to_dict())

    def fetch_refund(self, *, reference: str, trace: Trace = NO_TRACE) -> RefundOutcome | None:
        try:
            refunds = self._asking.v1.refunds.list({"payment_intent": trace.charge_id, "limit": PAGE})
            ours = (
                made.to_dict()
                for made in refunds.auto_paging_iter()
                if words.reference_of(made.to_dict()) == reference
            )
            found = next(ours, None)
        except stripe.InvalidRequestError:
            return None
        except stripe.StripeError as error:
            return RefundOutcome(kind="unknown", reason=self._failure("fetch_refund", error))
        return words.refund(found) if found else None

    def forget(self, token: str) -> None:
        try:
            self._charging.v1.payment_methods.detach(token.partition(":")[0])
        except stripe.InvalidRequestError:
            return  # it is gone already
        except stripe.StripeError as error:
            raise self._unavailable("forget", error) from error

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        given = header(headers, SIGNATURE_HEADER)
        try:
            WebhookSignature.verify_header(body, given, self._webhook_secret)
        except (stripe.SignatureVerificationError, TypeError, ValueError) as error:
            raise BadSignature("not signed by Stripe") from error
        check_age(_signed_at(given), now=now, tolerance=TOLERANCE)

    def parse(self, body: bytes) -> GatewayEvent:
        event = json.loads(body)
        said, what = event["data"]["object"], event["type"]
        at = words.instant(event["created"])
        told: dict[str, Any] = {"kind": "other"}
        if what in _CHARGES or (
            # That the bank wants to hear from an absent person is no end of the charge: it goes on (see `charge`).
            what == "payment_intent.payment_failed"
            and not words.wants_approval(said.get("last_payment_error") or {})
        ):
            told = {"kind": "charge", "outcome": words.outcome(said, at=at), "charge_id": said["id"]}
        elif what in _REFUNDS:
            told = {"kind": "refund", "refund": words.refund(said)}
        elif what in _DISPUTES:
            taken = words.dispute(said, taken=_DISPUTES[what], at=at)
            told = {"kind": "dispute", "dispute": taken, "charge_id": said.get("payment_intent") or ""}
        elif what.startswith("checkout.session."):
            told = {"kind": "setup", "setup_id": said["id"]}
        return GatewayEvent(
            id=event["id"],
            reference=words.reference_of(said),
            created_at=at,
            tokens=tuple(words.tokens(said)),
            **told,
        )

    def captures(self, *, since: datetime, until: datetime) -> Iterator[Capture]:
        """Stripe lists the newest first, so a window is held in memory to be turned around."""
        try:
            listed = self._charging.v1.charges.list(
                {
                    "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
                    "limit": PAGE,
                }
            )
            taken = [
                _capture(charge.to_dict())
                for charge in listed.auto_paging_iter()
                if charge.paid and charge.captured
            ]
        except stripe.StripeError as error:
            raise self._unavailable("captures", error) from error
        yield from reversed(taken)

    def _refused(self, what: str, reference: str, error: stripe.StripeError) -> Outcome:
        said = words.refused(error)
        if isinstance(error, stripe.InvalidRequestError):
            log.error("stripe calls a request wrong", what=what, reference=reference, code=error.code)
        else:
            self._failure(what, error)
        return said

    def _failure(self, what: str, error: stripe.StripeError) -> str:
        reason = words.failure(error)
        log.warning("stripe gave no answer", what=what, reason=reason, status=error.http_status)
        return reason

    def _unavailable(self, what: str, error: stripe.StripeError) -> GatewayUnavailable:
        self._failure(what, error)
        return GatewayUnavailable(self.name)


def _client(secret_key: str, address: str, seconds: tuple[float, float]) -> StripeClient:
    return StripeClient(
        secret_key or "sk_none",
        http_client=stripe.RequestsClient(timeout=seconds),
        base_addresses={"api": address} if address else None,
        max_network_retries=0,
    )


def _signed_at(signature: str) -> datetime:
    """The instant that was signed: the first one of the header, read as the SDK does, which found it right before."""
    parts = (part.split("=") for part in signature.split(","))
    return words.instant(int(next(part[1] for part in parts if part[0] == "t")))


def _capture(charge: Json) -> Capture:
    return Capture(
        charge_id=charge.get("payment_intent") or charge["id"],
        reference=words.reference_of(charge),
        amount=words.money(charge["amount_captured"], charge["currency"]),
        refunded=words.money(charge["amount_refunded"], charge["currency"]),
        captured_at=words.instant(charge["created"]),
    )
