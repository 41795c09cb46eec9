"""A stand-in for Stripe, by its published documents: customers, sessions, intents, charges, refunds, webhooks.

It knows no cards: a saved method behaves as the test names it. Unlike a small mock it keeps idempotency keys for a day
with their answers, searches with a delay, refuses to refund too much, and tells an absent person's bank approval as an
error with the intent in it.
"""

import hashlib
import json
import re
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from stripe import WebhookSignature

from tests.gateways.company import Asked, Company, Json, NoAnswer, Refusal

WEBHOOK_SECRET = "whsec_of_the_stand_in"
SECRET_KEY = "sk_test_of_the_stand_in"
KEY_MEMORY = timedelta(hours=24)
SEARCH_LAG = timedelta(minutes=1)
SETTLES_AFTER = timedelta(minutes=10)
SMALLEST = {"eur": 50, "usd": 50, "gbp": 30, "jpy": 50, "kwd": 150}
DECLINES = {"declined_soft": "insufficient_funds", "declined_hard": "stolen_card"}


def nested(pairs: list[tuple[str, str]]) -> Json:
    """`a[b][0]=c` as objects and lists."""
    whole: Json = {}
    for name, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", name)
        place = whole
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return {name: _lists(value) for name, value in whole.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    made = {name: _lists(inner) for name, inner in value.items()}
    return list(made.values()) if made and all(name.isdigit() for name in made) else made


def refuse(status: int, kind: str, code: str, **more: Any) -> Refusal:
    return Refusal(status, {"error": {"type": kind, "code": code, "message": code, **more}})


class StripeCompany(Company):
    broken = {"error": {"type": "api_error", "message": "Something went wrong on Stripe's end."}}

    def __init__(self) -> None:
        super().__init__()
        self.things: dict[str, Json] = {}
        self.behaviours: dict[str, str] = {}
        self.touched: set[str] = set()
        self.keys: dict[str, tuple[str, int, Json, int]] = {}
        self.events: list[bytes] = []
        self._numbers = count(1)

    # what a person and a bank do

    def complete(self, session_id: str, behaviour: str = "paid") -> None:
        """The person types a card on Stripe's page. One that Stripe refuses leaves the page as it was."""
        if behaviour == "setup_refused":
            return
        session = self.things[session_id]
        card = {"brand": "visa", "display_brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}
        method = self._make("pm", "payment_method", customer=session["customer"], type="card", card=card)
        self.behaviours[method["id"]] = behaviour
        intent = self._make("seti", "setup_intent", status="succeeded", payment_method=method["id"])
        session |= {"status": "complete", "setup_intent": intent["id"], "url": None}
        self._emit("checkout.session.completed", session)

    def expire(self, session_id: str) -> None:
        self.things[session_id]["status"] = "expired"
        self._emit("checkout.session.expired", self.things[session_id])

    def decide(self, action_url: str, *, approved: bool) -> str:
        """The person at the bank's page; answers where the browser is sent back to."""
        intent = self.things[action_url.rpartition("/")[2]]
        if intent["status"] != "requires_action":
            raise KeyError(intent["id"])
        if approved:
            self._capture(intent)
        else:
            error = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure"}
            intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
            intent["last_payment_error"] = error
            self._emit("payment_intent.payment_failed", intent)
        status = "succeeded" if approved else "failed"
        return f"{intent['return_url']}&payment_intent={intent['id']}&redirect_status={status}"

    def dispute(self, intent_id: str, what: str) -> None:
        """The payer's bank takes a charge back (`funds_withdrawn`), or gives it back (`funds_reinstated`)."""
        charge = self.things[self.things[intent_id]["latest_charge"]]
        charge["disputed"] = what == "funds_withdrawn"
        dispute = self._make(
            "du", "dispute", payment_intent=intent_id, charge=charge["id"], currency=charge["currency"],
            amount=charge["amount_captured"] - charge["amount_refunded"], reason="fraudulent", metadata={},
        )  # fmt: skip
        self._emit(f"charge.dispute.{what}", dispute)

    def webhooks(self) -> list[tuple[dict[str, str], bytes]]:
        """What is to be sent, signed now."""
        bodies, self.events = self.events, []
        return [({"Stripe-Signature": self.signature(body)}, body) for body in bodies]

    def signature(self, body: bytes) -> str:
        return str(WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET, self.seconds()))

    def forget_keys(self) -> None:
        self.keys.clear()

    # the server

    def operation(self, asked: Asked) -> str:
        rest = asked.path.removeprefix("/v1/")
        if asked.method == "POST":
            special = {"payment_intents": "charge", "refunds": "refund", "checkout/sessions": "setup"}
            return special.get(rest, "setup" if rest == "customers" else rest.rpartition("/")[2])
        if rest.startswith("checkout/"):
            return "fetch_setup"
        return {"charges": "captures", "refunds": "fetch_refund"}.get(rest.partition("?")[0], "fetch")

    def serve(self, asked: Asked) -> Json:
        if asked.header("Authorization") != f"Bearer {SECRET_KEY}":
            raise refuse(401, "invalid_request_error", "api_key_invalid")
        self._settle_due()
        body = nested(parse_qsl(asked.body.decode(), keep_blank_values=True))
        key = asked.header("Idempotency-Key")
        if asked.method != "POST" or not key:
            return self._route(asked, body)
        print_of = hashlib.sha256(f"{asked.path}\n".encode() + asked.body).hexdigest()
        kept = self.keys.get(key)
        if kept and self.seconds() - kept[3] < KEY_MEMORY.total_seconds():
            if kept[0] != print_of:
                raise refuse(400, "idempotency_error", "idempotency_key_reused")
            if kept[1] != 200:
                raise Refusal(kept[1], kept[2])
            return kept[2]
        status = 200
        try:
            answer = self._route(asked, body)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
            if status == 500:
                raise
        answer = dict(json.loads(json.dumps(answer)))
        self.keys[key] = (print_of, status, answer, self.seconds())
        method = str(body.get("payment_method", ""))
        if self.behaviours.get(method) == "forgets_key":
            del self.keys[key]
        if asked.path == "/v1/payment_intents":
            self._stumble(method, ("timeout_after", "error_after", "forgets_key"))
        if status != 200:
            raise Refusal(status, answer)
        return answer

    def _stumble(self, method: str, faults: tuple[str, ...]) -> None:
        """A method that fails does so at its first touch."""
        behaviour = self.behaviours.get(method, "")
        if behaviour in faults and method not in self.touched:
            self.touched.add(method)
            if behaviour.startswith("error"):
                raise Refusal(500, self.broken)
            raise NoAnswer

    def _route(self, asked: Asked, body: Json) -> Json:
        query = nested(list(asked.query))
        parts = asked.path.removeprefix("/v1/").split("/")
        match (asked.method, *parts):
            case ("POST", "customers"):
                return self._make("cus", "customer", metadata=body["metadata"])
            case ("POST", "checkout", "sessions"):
                return self._session(body)
            case ("GET", "checkout", "sessions", id_):
                return self._with_setup(self._get(id_))
            case ("POST", "payment_intents"):
                return self._charge(body)
            case ("GET", kind, "search"):
                return self._search(kind, query["query"])
            case ("GET", "payment_intents" | "charges" | "refunds" as kind):
                return self._list(kind, query)
            case ("GET", "payment_intents", id_):
                return self._expanded(self._get(id_))
            case ("POST", "payment_intents", id_, "confirm"):
                return self._confirm(self._get(id_), body)
            case ("POST", "payment_intents", id_, "cancel"):
                return self._cancel(self._get(id_))
            case ("POST", "refunds"):
                return self._refund(body)
            case ("POST", "payment_methods", id_, "detach"):
                method = self._get(id_)
                method["customer"] = None
                return method
        raise refuse(404, "invalid_request_error", "url_unknown")

    def _make(self, prefix: str, kind: str, **facts: Any) -> Json:
        id_ = f"{prefix}_{next(self._numbers):020d}"
        self.things[id_] = {"id": id_, "object": kind, "created": self.seconds(), "livemode": False, **facts}
        return self.things[id_]

    def _get(self, id_: str) -> Json:
        if id_ not in self.things:
            raise refuse(404, "invalid_request_error", "resource_missing", param="id")
        return self.things[id_]

    def _session(self, body: Json) -> Json:
        session = self._make("cs_test", "checkout.session", status="open", setup_intent=None, **body)
        session["url"] = f"{self.address}/pay/{session['id']}"
        return session

    def _with_setup(self, session: Json) -> Json:
        if not session["setup_intent"]:
            return session
        intent = self.things[session["setup_intent"]]
        method = self.things[intent["payment_method"]]
        return {**session, "setup_intent": {**intent, "payment_method": method}}

    def _charge(self, body: Json) -> Json:
        method, customer = body["payment_method"], body["customer"]
        amount, currency = int(body["amount"]), body["currency"]
        if amount < SMALLEST.get(currency, 1):
            raise refuse(400, "invalid_request_error", "amount_too_small", param="amount")
        if self.things.get(method, {}).get("customer") != customer:
            raise refuse(400, "invalid_request_error", "resource_missing", param="payment_method")
        self._stumble(method, ("timeout_before", "error_before"))
        intent = self._make(
            "pi", "payment_intent", amount=amount, amount_received=0, currency=currency, customer=customer,
            metadata=body["metadata"], return_url=body["return_url"], latest_charge=None, next_action=None,
            last_payment_error=None, payment_method=method, client_secret="pi_secret_0123456789abcdef",
        )  # fmt: skip
        return self._decide(intent, method, off_session="off_session" in body)

    def _decide(self, intent: Json, method: str, *, off_session: bool) -> Json:
        behaviour = self.behaviours[method]
        if behaviour in DECLINES:
            self._decline(intent, method, "card_declined", DECLINES[behaviour])
        elif behaviour == "approval" and off_session:
            self._decline(intent, method, "authentication_required", "authentication_required")
        elif behaviour == "approval":
            url = f"{self.address}/approve/{intent['id']}"
            intent["status"] = "requires_action"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
            self._emit("payment_intent.requires_action", intent)
        elif behaviour == "processing":
            intent["status"] = "processing"
            self._emit("payment_intent.processing", intent)
        else:
            self._capture(intent, more=1 if behaviour == "wrong_amount" else 0)
        return self._expanded(intent)

    def _decline(self, intent: Json, method: str, code: str, decline: str) -> None:
        refused = self.things[method]
        error = {
            "type": "card_error", "code": code, "decline_code": decline, "message": "Declined.",
            "payment_method": refused,
        }  # fmt: skip
        intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
        self._emit("payment_intent.payment_failed", intent)
        raise Refusal(402, {"error": {**error, "payment_intent": self._expanded(intent)}})

    def _capture(self, intent: Json, more: int = 0) -> None:
        amount = intent["amount"] + more
        charge = self._make(
            "ch", "charge", amount=amount, amount_captured=amount, amount_refunded=0, currency=intent["currency"],
            captured=True, paid=True, status="succeeded", payment_intent=intent["id"], customer=intent["customer"],
            metadata=intent["metadata"], disputed=False,
        )  # fmt: skip
        intent |= {"status": "succeeded", "amount_received": amount, "latest_charge": charge["id"]}
        intent |= {"next_action": None, "last_payment_error": None}
        self._emit("payment_intent.succeeded", intent)

    def _settle_due(self) -> None:
        for intent in list(self.things.values()):
            due = self.seconds() - intent["created"] >= SETTLES_AFTER.total_seconds()
            if intent["object"] == "payment_intent" and intent["status"] == "processing" and due:
                self._capture(intent)

    def _confirm(self, intent: Json, body: Json) -> Json:
        if intent["status"] != "requires_payment_method":
            raise refuse(400, "invalid_request_error", "payment_intent_unexpected_state")
        intent |= {"payment_method": body["payment_method"], "return_url": body["return_url"]}
        return self._decide(intent, body["payment_method"], off_session=False)

    def _cancel(self, intent: Json) -> Json:
        if not str(intent["status"]).startswith("requires_"):
            raise refuse(400, "invalid_request_error", "payment_intent_unexpected_state")
        intent |= {"status": "canceled", "next_action": None}
        self._emit("payment_intent.canceled", intent)
        return self._expanded(intent)

    def _refund(self, body: Json) -> Json:
        charge = self.things[self._get(body["payment_intent"])["latest_charge"]]
        amount = int(body["amount"])
        if charge["disputed"]:
            raise refuse(400, "invalid_request_error", "charge_disputed")
        if charge["amount_refunded"] + amount > charge["amount_captured"]:
            raise refuse(400, "invalid_request_error", "charge_already_refunded", param="amount")
        method = self.things[body["payment_intent"]]["payment_method"]
        fails = self.behaviours.get(method) == "refund_refused"
        if not fails:
            charge["amount_refunded"] += amount
        refund = self._make(
            "re", "refund", amount=amount, currency=charge["currency"], payment_intent=body["payment_intent"],
            metadata=body["metadata"], status="failed" if fails else "succeeded",
            failure_reason="declined" if fails else None,
        )  # fmt: skip
        self._emit("refund.failed" if fails else "refund.created", refund)
        return refund

    def _search(self, kind: str, query: str) -> Json:
        wanted = query.partition(":")[2].strip("'")
        seen_until = self.seconds() - SEARCH_LAG.total_seconds()
        found = [
            self._expanded(thing) for thing in self._newest(kind)
            if thing["created"] <= seen_until and thing["metadata"].get("reference") == wanted
        ]  # fmt: skip
        return {"object": "search_result", "data": found, "has_more": False, "url": f"/v1/{kind}/search"}

    def _newest(self, kind: str) -> list[Json]:
        things = [thing for thing in self.things.values() if thing["object"] == kind.removesuffix("s")]
        return sorted(things, key=lambda thing: (thing["created"], thing["id"]), reverse=True)

    def _list(self, kind: str, query: Json) -> Json:
        rows = self._newest(kind)
        for name in ("customer", "payment_intent"):
            if query.get(name):
                rows = [row for row in rows if row.get(name) == query[name]]
        if "created" in query:
            low, high = int(query["created"]["gte"]), int(query["created"]["lt"])
            rows = [row for row in rows if low <= row["created"] < high]
        ids = [row["id"] for row in rows]
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        limit = int(query.get("limit", 10))
        page = [self._expanded(row) for row in rows[start : start + limit]]
        return {"object": "list", "url": f"/v1/{kind}", "data": page, "has_more": start + limit < len(rows)}

    def _expanded(self, thing: Json) -> Json:
        charge = thing.get("latest_charge")
        return {**thing, "latest_charge": self.things[charge]} if charge else dict(thing)

    def _emit(self, what: str, thing: Json) -> None:
        event = {
            "id": f"evt_{next(self._numbers):020d}", "object": "event", "api_version": "2026-10-28.endive",
            "type": what, "created": self.seconds(), "data": {"object": thing},
        }  # fmt: skip
        self.events.append(json.dumps(event).encode())
