"""A stand-in for PayPal, by its published documents: access tokens, the vault, orders, captures, refunds, reports.

It keeps request ids for six hours for orders and 45 days for refunds, shows a payment in its report after three hours,
refuses an invoice id that was paid before, and checks a webhook's signature over the raw bytes that it once sent.
"""

import hashlib
import hmac
import json
import zlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.gateways.company import Asked, Company, Json, NoAnswer, Refusal
from zetel.rules.money import decimals

CLIENT_ID, SECRET, WEBHOOK_ID = "client-of-the-stand-in", "secret-of-the-stand-in", "8PT597110X687430LKGECATA"
KEY_MEMORY = {"order": timedelta(hours=6), "other": timedelta(days=45)}
REPORT_LAG = timedelta(hours=3)
SETTLES_AFTER = timedelta(minutes=10)
DECLINES = {"declined_soft": "INSTRUMENT_DECLINED", "declined_hard": "PAYER_ACCOUNT_LOCKED_OR_CLOSED"}


def issue(name: str, status: int = 422, **more: Any) -> Refusal:
    body = {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": name, "description": name}], **more}
    return Refusal(status, body)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PayPalCompany(Company):
    broken = {"name": "INTERNAL_SERVER_ERROR", "message": "An internal server error has occurred."}

    def __init__(self) -> None:
        super().__init__()
        self.setups: dict[str, Json] = {}
        self.vault: dict[str, Json] = {}
        self.orders: dict[str, Json] = {}
        self.captures: dict[str, Json] = {}
        self.behaviours: dict[str, str] = {}
        self.touched: set[str] = set()
        self.report: list[tuple[datetime, Json]] = []
        self.keys: dict[str, tuple[str, Json, datetime]] = {}
        self.tokens = {"A21-first"}
        self.events: list[bytes] = []
        self._numbers = count(1)
        self.lags = True

    # what a person and a bank do

    def complete(self, setup_id: str, behaviour: str = "paid") -> None:
        """The person logs in to PayPal and agrees."""
        if behaviour == "setup_refused":
            return
        self.setups[setup_id]["status"] = "APPROVED"
        self.behaviours[setup_id] = behaviour

    def decide(self, action_url: str, *, approved: bool) -> str:
        """The person at PayPal's page; answers where the browser is sent back to."""
        order = self.orders[parse_qs(urlsplit(action_url).query)["token"][0]]
        context = order["context"]
        if not approved:
            order["status"] = "VOIDED"
            return str(context["cancel_url"])
        order["status"] = "APPROVED"
        self._emit("CHECKOUT.ORDER.APPROVED", self._shown(order))
        return f"{context['return_url']}&token={order['id']}&PayerID=2J6QB8YJQSJRJ"

    def dispute(self, capture_id: str, *, is_won: bool) -> None:
        capture = self.captures[capture_id]
        capture["held"] = not is_won
        left = int(capture["minor"]) - int(capture["back"])
        amount = self._spelled(left, capture["amount"]["currency_code"])
        about = {"seller_transaction_id": capture_id, "invoice_number": capture["invoice_id"]}
        said: Json = {
            "dispute_id": f"PP-D-{next(self._numbers)}", "disputed_transactions": [about], "dispute_amount": amount,
            "reason": "UNAUTHORISED",
        }  # fmt: skip
        if is_won:
            said["dispute_outcome"] = {"outcome_code": "RESOLVED_SELLER_FAVOUR"}
        self._emit(f"CUSTOMER.DISPUTE.{'RESOLVED' if is_won else 'CREATED'}", said)

    def webhooks(self) -> list[tuple[dict[str, str], bytes]]:
        bodies, self.events = self.events, []
        return [(self._signed(body), body) for body in bodies]

    def _signed(self, body: bytes) -> dict[str, str]:
        told = {
            "PAYPAL-TRANSMISSION-ID": f"t{next(self._numbers)}-transmission", "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            "PAYPAL-TRANSMISSION-TIME": _written(self.time()),
            "PAYPAL-CERT-URL": "https://api.paypal.com/v1/notifications/certs/CERT-360caa42",
        }  # fmt: skip
        told["PAYPAL-TRANSMISSION-SIG"] = self._mac(
            told["PAYPAL-TRANSMISSION-ID"], told["PAYPAL-TRANSMISSION-TIME"], body
        )
        return told

    def _mac(self, id_: str, at: str, body: bytes) -> str:
        text = f"{id_}|{at}|{WEBHOOK_ID}|{zlib.crc32(body)}".encode()
        return "s" + b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()

    # the server

    def operation(self, asked: Asked) -> str:
        path = asked.path
        if path.endswith("/refund"):
            return "refund"
        if path == "/v2/checkout/orders":
            return "charge"
        if path.endswith("/capture"):
            return "capture"
        if path.startswith("/v3/vault/"):
            return {"GET": "fetch_setup", "DELETE": "forget"}.get(asked.method, "setup")
        return {"/v1/reporting/transactions": "fetch", "/v1/oauth2/token": "login"}.get(path, "look")

    def serve(self, asked: Asked) -> Json:
        if asked.path == "/v1/oauth2/token":
            return self._log_in(asked)
        if asked.header("Authorization").removeprefix("Bearer ") not in self.tokens:
            raise Refusal(401, {"name": "AUTHENTICATION_FAILURE"})
        self._settle_due()
        key, body = asked.header("PayPal-Request-Id"), {}
        if asked.body and not asked.path.endswith("verify-webhook-signature"):
            body = json.loads(asked.body)
        if asked.method != "POST" or not key:
            return self._route(asked, body)
        key, print_of = f"{asked.path} {key}", hashlib.sha256(asked.body).hexdigest()
        memory = KEY_MEMORY["order" if asked.path.startswith("/v2/checkout") else "other"]
        kept = self.keys.get(key)
        if kept and self.time() - kept[2] < memory:
            if kept[0] != print_of:
                raise issue("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")
            if "refusal" in kept[1]:
                raise Refusal(422, kept[1]["refusal"])
            order = self.orders.get(str(kept[1].get("id")))
            return self._shown(order) if order else kept[1]
        try:
            answer = self._route(asked, body)
        except Refusal as refusal:
            if refusal.status == 422:
                self.keys[key] = (print_of, {"refusal": refusal.body}, self.time())
            raise
        self.keys[key] = (print_of, answer, self.time())
        if asked.path == "/v2/checkout/orders":
            self._stumble(body["payment_source"]["paypal"]["vault_id"], ("timeout_after", "error_after"))
        return answer

    def _log_in(self, asked: Asked) -> Json:
        given = b64decode(asked.header("Authorization").removeprefix("Basic ")).decode()
        if given != f"{CLIENT_ID}:{SECRET}":
            raise Refusal(401, {"error": "invalid_client"})
        token = f"A21-{next(self._numbers)}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 32400}

    def _stumble(self, token: str, faults: tuple[str, ...]) -> None:
        behaviour = self.behaviours.get(token, "")
        if behaviour in faults and token not in self.touched:
            self.touched.add(token)
            if behaviour.startswith("error"):
                raise Refusal(500, self.broken)
            raise NoAnswer

    def _route(self, asked: Asked, body: Json) -> Json:
        match (asked.method, *asked.path.strip("/").split("/")):
            case ("POST", "v3", "vault", "setup-tokens"):
                return self._set_up(body)
            case ("GET", "v3", "vault", "setup-tokens", id_):
                return self._known(self.setups, id_)
            case ("POST", "v3", "vault", "payment-tokens"):
                return self._keep(body["payment_source"]["token"]["id"])
            case ("DELETE", "v3", "vault", "payment-tokens", id_):
                self._known(self.vault, id_)
                del self.vault[id_]
                return {}
            case ("POST", "v2", "checkout", "orders"):
                return self._order(body)
            case ("GET", "v2", "checkout", "orders", id_):
                return self._shown(self._known(self.orders, id_))
            case ("POST", "v2", "checkout", "orders", id_, "capture"):
                return self._capture_approved(self._known(self.orders, id_))
            case ("GET", "v2", "payments", "captures", id_):
                return self._known(self.captures, id_)
            case ("POST", "v2", "payments", "captures", id_, "refund"):
                return self._refund(self._known(self.captures, id_), body)
            case ("POST", "v1", "notifications", "verify-webhook-signature"):
                return self._verify(asked.body)
            case ("GET", "v1", "reporting", "transactions"):
                return self._transactions(dict(asked.query))
        raise Refusal(404, {"name": "RESOURCE_NOT_FOUND"})

    def _known(self, kept: dict[str, Json], id_: str) -> Json:
        if id_ not in kept:
            raise issue("INVALID_RESOURCE_ID", 404)
        return kept[id_]

    def _id(self) -> str:
        return f"{next(self._numbers):017d}"

    def _set_up(self, body: Json) -> Json:
        id_ = self._id()
        way = {"rel": "approve", "href": f"{self.address}/agreements/approve?approval_session_id={id_}"}
        self.setups[id_] = {"id": id_, "status": "PAYER_ACTION_REQUIRED", "links": [way]}
        return self.setups[id_]

    def _keep(self, setup_id: str) -> Json:
        setup = self._known(self.setups, setup_id)
        if setup["status"] != "APPROVED":
            raise issue("SETUP_TOKEN_NOT_APPROVED")
        token = f"tok{next(self._numbers):06d}"
        setup["status"] = "VAULTED"
        self.behaviours[token] = self.behaviours[setup_id]
        source = {"paypal": {"email_address": "anna@paypal.example", "payer_id": "2J6QB8YJQSJRJ"}}
        self.vault[token] = {"id": token, "customer": {"id": "c1"}, "payment_source": source}
        return self.vault[token]

    def _order(self, body: Json) -> Json:
        unit, wallet = body["purchase_units"][0], body["payment_source"]["paypal"]
        token = wallet["vault_id"]
        if token not in self.vault:
            raise issue("TOKEN_ID_NOT_FOUND")
        self._stumble(token, ("timeout_before", "error_before"))
        behaviour = self.behaviours[token]
        self._refuse_paid_before(unit["invoice_id"])
        if behaviour in DECLINES:
            raise issue(DECLINES[behaviour])
        id_ = self._id()
        order = {
            "id": id_,
            "unit": unit,
            "context": wallet["experience_context"],
            "captures": [],
            "refunds": [],
        }
        self.orders[id_] = order | {"create_time": _written(self.time()), "behaviour": behaviour}
        order = self.orders[id_]
        if behaviour == "approval":
            order["status"] = "PAYER_ACTION_REQUIRED"
        else:
            self._capture(order)
        return self._shown(order)

    def _refuse_paid_before(self, invoice_id: str) -> None:
        if any(capture["invoice_id"] == invoice_id for capture in self.captures.values()):
            raise issue("DUPLICATE_INVOICE_ID")

    def _shown(self, order: Json) -> Json:
        way = {"rel": "payer-action", "href": f"{self.address}/checkoutnow?token={order['id']}"}
        payments = {"captures": order["captures"], "refunds": order["refunds"]}
        unit = {**order["unit"], **({"payments": payments} if order["captures"] else {})}
        facts = {name: order[name] for name in ("id", "status", "create_time")}
        return json.loads(json.dumps({**facts, "purchase_units": [unit], "links": [way]}))  # type: ignore[no-any-return]

    def _capture_approved(self, order: Json) -> Json:
        if order["status"] != "APPROVED":
            raise issue("ORDER_NOT_APPROVED" if not order["captures"] else "ORDER_ALREADY_CAPTURED")
        self._refuse_paid_before(order["unit"]["invoice_id"])
        self._capture(order)
        return self._shown(order)

    def _capture(self, order: Json) -> None:
        unit, amount = order["unit"], dict(order["unit"]["amount"])
        minor = self._minor(amount)
        if order["behaviour"] == "wrong_amount":
            minor += 1
            amount = self._spelled(minor, amount["currency_code"])
        pending = order["behaviour"] == "processing"
        capture = {
            "id": self._id(), "status": "PENDING" if pending else "COMPLETED", "amount": amount,
            "invoice_id": unit["invoice_id"], "custom_id": unit["custom_id"], "create_time": _written(self.time()),
            "supplementary_data": {"related_ids": {"order_id": order["id"]}}, "minor": minor, "back": 0, "held": False,
        }  # fmt: skip
        order["status"] = "COMPLETED"
        order["captures"].append(capture)
        self.captures[capture["id"]] = capture
        self._emit(f"PAYMENT.CAPTURE.{capture['status']}", capture)
        if not pending:
            self._line(capture["id"], "T0003", amount, capture["invoice_id"])

    def _settle_due(self) -> None:
        for capture in self.captures.values():
            made = datetime.fromisoformat(capture["create_time"])
            if capture["status"] == "PENDING" and self.time() - made >= SETTLES_AFTER:
                capture["status"] = "COMPLETED"
                self._emit("PAYMENT.CAPTURE.COMPLETED", capture)
                self._line(capture["id"], "T0003", capture["amount"], capture["invoice_id"])

    def _refund(self, capture: Json, body: Json) -> Json:
        minor = self._minor(body["amount"])
        if capture["held"]:
            raise issue("CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED")
        if capture["back"] + minor > capture["minor"]:
            raise issue("REFUND_AMOUNT_EXCEEDED")
        order = self.orders[capture["supplementary_data"]["related_ids"]["order_id"]]
        fails = order["behaviour"] == "refund_refused"
        refund = {
            "id": self._id(), "status": "FAILED" if fails else "COMPLETED", "amount": body["amount"],
            "invoice_id": body["invoice_id"], "custom_id": body["custom_id"], "create_time": _written(self.time()),
        }  # fmt: skip
        order["refunds"].append(refund)
        if not fails:
            capture["back"] += minor
            capture["status"] = "REFUNDED" if capture["back"] == capture["minor"] else "PARTIALLY_REFUNDED"
            if capture["status"] == "REFUNDED":
                self._reverse(capture["id"])
            self._line(refund["id"], "T1107", body["amount"], body["invoice_id"], back_of=capture["id"])
            self._emit("PAYMENT.CAPTURE.REFUNDED", refund)
        return refund

    def _minor(self, amount: Json) -> int:
        return int(str(amount["value"]).replace(".", ""))

    def _spelled(self, minor: int, currency: str) -> Json:
        places = decimals(currency)
        digits = str(minor).zfill(places + 1)
        value = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        return {"currency_code": currency, "value": value}

    def _line(self, id_: str, code: str, amount: Json, invoice_id: str, back_of: str = "") -> None:
        line = {
            "transaction_id": id_, "transaction_event_code": code, "transaction_status": "S",
            "transaction_amount": amount, "invoice_id": invoice_id, "paypal_reference_id": back_of,
            "transaction_initiation_date": self.time().strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }  # fmt: skip
        self.report.append((self.time(), line))

    def _reverse(self, capture_id: str) -> None:
        """In the report a payment that went back whole is no success any more."""
        for _, line in self.report:
            if line["transaction_id"] == capture_id:
                line["transaction_status"] = "V"

    def _transactions(self, query: dict[str, str]) -> Json:
        start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        if end - start > timedelta(days=31):
            raise Refusal(
                400, {"name": "INVALID_REQUEST", "details": [{"issue": "Date range is greater than 31 days"}]}
            )
        seen_until = self.time() - (REPORT_LAG if self.lags else timedelta())
        rows = [line for at, line in self.report if start <= at <= end and at <= seen_until]
        size, page = int(query["page_size"]), int(query["page"])
        shown = [{"transaction_info": line} for line in rows[(page - 1) * size : page * size]]
        return {"transaction_details": shown, "page": page, "total_pages": -(-len(rows) // size)}

    def _verify(self, body: bytes) -> Json:
        """Over the very bytes that came as the event."""
        told = json.loads(body)
        raw = body[body.index(b'"webhook_event": ') + len(b'"webhook_event": ') : -1]
        mac = self._mac(told["transmission_id"], told["transmission_time"], raw)
        is_ours = told["webhook_id"] == WEBHOOK_ID and hmac.compare_digest(
            mac.encode(), told["transmission_sig"].encode()
        )
        return {"verification_status": "SUCCESS" if is_ours else "FAILURE"}

    def _emit(self, what: str, thing: Json) -> None:
        event = {
            "id": f"WH-{next(self._numbers)}", "event_type": what, "create_time": _written(self.time()),
            "resource": thing,
        }  # fmt: skip
        self.events.append(json.dumps(event).encode())
