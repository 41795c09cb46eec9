"""The adapter to Sandbox Pay, the pretend company: its answers in our words.

The only door between Zetel and the company. Whatever the company said wrongly (an amount, a currency) is passed on
as it was said; who asked compares. No answer, or a broken one, is `unknown`.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

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
)
from zetel.rules.money import Money
from zetel.rules.outcomes import Dispute, MethodKind, Outcome, OutcomeKind, RefundOutcome, SavedMethod
from zetel.sandbox import company, setups
from zetel.sandbox.behaviours import CARDS

TOLERANCE = timedelta(minutes=5)
_NO_ANSWER = (company.TimedOut, company.Failed, company.Down)
_KINDS: dict[str, OutcomeKind] = {
    "paid": "paid",
    "processing": "processing",
    "action": "action",
    "declined": "declined",
    "cancelled": "declined",
}


class SandboxGateway:
    """Sandbox Pay as a gateway. Has no state: all memory is the company's."""

    name = "sandbox"
    is_set_up = True
    capabilities = Capabilities(
        methods=("card", "paypal"),
        redirect=True,
        element=True,
        confirms_after_days=0,
        signed_webhooks=True,
        minimum_amount=company.MINIMUM_AMOUNT,
        key_memory_hours=company.KEY_MEMORY // timedelta(hours=1),
        ledger_lag_hours=0,
        token_prefix="pm_",
    )

    def begin_setup(
        self, *, customer_reference: str, kind: MethodKind, reference: str, return_url: str, language: str
    ) -> Setup:
        try:
            answer = company.begin_setup(
                customer_reference=customer_reference,
                kind=kind,
                reference=reference,
                return_url=return_url,
                language=language,
            )
        except _NO_ANSWER as error:
            raise GatewayUnavailable(self.name) from error
        return Setup(id=answer["id"], redirect_url=answer["redirect_url"], element_url=answer["element_url"])

    def fetch_setup(self, setup_id: str) -> SetupResult:
        try:
            answer = company.fetch_setup(setup_id)
        except _NO_ANSWER as error:
            raise GatewayUnavailable(self.name) from error
        if answer is None:
            return SetupResult(status="refused", reason="unknown_setup")
        method = _method(answer["method"]) if answer["method"] else None
        return SetupResult(status=answer["status"], method=method, reason=answer["reason"])

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
        try:
            answer = company.charge(
                token=token,
                amount=amount.amount,
                currency=amount.currency,
                reference=reference,
                idempotency_key=idempotency_key,
                return_url=return_url,
                description=description,
                language=language,
            )
        except _NO_ANSWER as error:
            return Outcome(kind="unknown", reason=_failure(error))
        except company.Invalid as error:
            raise _fault(error) from error
        return _outcome(answer)

    def fetch(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome | None:
        try:
            answer = company.fetch_charge(reference=reference)
        except _NO_ANSWER as error:
            return Outcome(kind="unknown", reason=_failure(error))
        return _outcome(answer) if answer else None

    def cancel(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome:
        try:
            answer = company.cancel(reference=reference)
        except _NO_ANSWER as error:
            return Outcome(kind="unknown", reason=_failure(error))
        return _outcome(answer) if answer else Outcome(kind="declined", reason="unknown_reference")

    def refund(self, *, charge_id: str, amount: Money, reference: str, idempotency_key: str) -> RefundOutcome:
        try:
            answer = company.refund(
                charge=charge_id,
                amount=amount.amount,
                currency=amount.currency,
                reference=reference,
                idempotency_key=idempotency_key,
            )
        except _NO_ANSWER as error:
            return RefundOutcome(kind="unknown", reason=_failure(error))
        except company.Invalid as error:
            if error.code == "unknown_charge":
                return RefundOutcome(kind="refused", reason=error.code)
            raise _fault(error) from error
        return _refund(answer)

    def fetch_refund(self, *, reference: str, trace: Trace = NO_TRACE) -> RefundOutcome | None:
        try:
            answer = company.fetch_refund(reference=reference)
        except _NO_ANSWER as error:
            return RefundOutcome(kind="unknown", reason=_failure(error))
        return _refund(answer) if answer else None

    def forget(self, token: str) -> None:
        try:
            company.forget(token)
        except _NO_ANSWER as error:
            raise GatewayUnavailable(self.name) from error

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        given = header(headers, company.SIGNATURE_HEADER)
        seconds = given.partition(",")[0].removeprefix("t=")
        if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
            raise BadSignature("no signature that can be read")
        sent_at = datetime.fromtimestamp(int(seconds), UTC)
        if not hmac.compare_digest(company.signature(body, sent_at).encode(), given.encode()):
            raise BadSignature("not signed by the company")
        check_age(sent_at, now=now, tolerance=TOLERANCE)

    def parse(self, body: bytes) -> GatewayEvent:
        content = json.loads(body)
        data = content["data"]
        kind = content["type"].partition(".")[0]
        return GatewayEvent(
            id=content["id"],
            kind=kind if kind in ("charge", "refund", "setup", "dispute") else "other",
            reference=data.get("reference", ""),
            created_at=datetime.fromisoformat(content["created_at"]),
            outcome=_outcome(data) if kind == "charge" else None,
            refund=_refund(data) if kind == "refund" else None,
            dispute=_dispute(data) if kind == "dispute" else None,
            setup_id=data["id"] if kind == "setup" else "",
            tokens=(data["method"]["token"],) if data.get("method") else (),
        )

    def captures(self, *, since: datetime, until: datetime) -> Iterator[Capture]:
        after = ""
        while True:
            try:
                page = company.captures(since=since, until=until, after=after)
            except _NO_ANSWER as error:
                raise GatewayUnavailable(self.name) from error
            yield from (_capture(answer) for answer in page["captures"])
            after = page["next"]
            if not after:
                return


def _failure(error: company.CompanyError) -> str:
    return {company.TimedOut: "timeout", company.Failed: "gateway_error"}.get(type(error), "gateway_down")


def _fault(error: company.Invalid) -> AssertionError:
    """A request the company calls wrong is our fault; it must be loud and must not pass for a refusal."""
    if error.code == "key_reused":
        return KeyReused("this idempotency key was used for another request")
    return AssertionError(f"the gateway refused the request itself: {error.code}")


def _outcome(answer: company.Answer) -> Outcome:
    kind = _KINDS[answer["status"]]
    return Outcome(
        kind=kind,
        amount=Money(answer["amount"], answer["currency"]) if kind != "declined" else None,
        charge_id=answer["id"],
        hard=answer["hard"],
        reason=answer["reason"],
        action_url=answer["action_url"],
        at=datetime.fromisoformat(answer["changed_at"]),
    )


def _refund(answer: company.Answer) -> RefundOutcome:
    return RefundOutcome(
        kind="done" if answer["status"] == "done" else "refused",
        refund_id=answer["id"],
        reason=answer["reason"],
        amount=Money(answer["amount"], answer["currency"]),
    )


def _dispute(answer: company.Answer) -> Dispute:
    return Dispute(
        kind="taken" if answer["status"] == "taken" else "returned",
        amount=Money(answer["amount"], answer["currency"]),
        at=datetime.fromisoformat(answer["changed_at"]),
        reason=answer["reason"],
    )


def _method(answer: company.Answer) -> SavedMethod:
    label = (
        f"{answer['brand']} {answer['email']}"
        if answer["email"]
        else f"{answer['brand']} •••• {answer['last4']}"
    )
    return SavedMethod(
        token=answer["token"],
        kind=answer["kind"],
        label=label,
        expires_on=date.fromisoformat(answer["expires_on"]) if answer["expires_on"] else None,
    )


def _capture(answer: company.Answer) -> Capture:
    return Capture(
        charge_id=answer["id"],
        reference=answer["reference"],
        amount=Money(answer["amount"], answer["currency"]),
        refunded=Money(answer["refunded_amount"], answer["currency"]),
        captured_at=datetime.fromisoformat(answer["captured_at"]),
    )


def deliver_webhooks(now: datetime) -> int:
    """The company posts what is due to our own endpoint, as a real one would over the internet."""
    return company.deliver_due(now)


def bank_acts(charge_id: str) -> tuple[str, ...]:
    """What the payer's bank can do about a charge now: `take` it back, `return` it; for a sandbox alone."""
    return company.bank_acts(charge_id)


def let_bank(act: str, charge_id: str, *, now: datetime) -> bool:
    """Let the payer's bank take a charge back or return it; whether it could. The webhook says so to everybody."""
    return company.take_back(charge_id, now) if act == "take" else company.give_back(charge_id, now)


def save_sample_card(setup_id: str, *, now: datetime) -> None:
    """Do what a person does on the company's page: type the first documented card. For sample data only."""
    setups.enter(setup_id, setups.Typed.of_card(CARDS[0], date(now.year + 5, 12, 31)), now)
