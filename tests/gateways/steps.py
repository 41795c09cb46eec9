"""The steps that gateway tests share: save a method, charge it, give back."""

from datetime import UTC, datetime, timedelta
from itertools import count

from tests.gateways.drivers import Driver
from zetel import clock
from zetel.gateways.base import Setup, Trace
from zetel.rules.money import Money
from zetel.rules.outcomes import MethodKind, Outcome, RefundOutcome

RETURN = "http://localhost:8000/back/?step=2"
EVER = datetime(2026, 5, 1, tzinfo=UTC)
NEVER = datetime(2026, 5, 30, tzinfo=UTC)
TEN = Money(1000, "EUR")
_numbers = count(1)


def fresh(prefix: str) -> str:
    return f"{prefix}-{next(_numbers)}"


def begin(driver: Driver, kind: MethodKind | None = None, language: str = "nl") -> Setup:
    return driver.gateway.begin_setup(
        customer_reference="customer-anna",
        kind=kind or driver.kind,
        reference=fresh("setup"),
        return_url=RETURN,
        language=language,
    )


def saved(driver: Driver, behaviour: str = "paid", kind: MethodKind | None = None) -> str:
    """The token of a method that behaves so."""
    setup = begin(driver, kind)
    driver.finish(setup, kind or driver.kind, behaviour)
    method = driver.gateway.fetch_setup(setup.id).method
    assert method is not None
    return method.token


def charge(
    driver: Driver,
    token: str,
    reference: str,
    amount: Money = TEN,
    key: str = "",
    description: str = "Premium",
    present: bool = True,
) -> Outcome:
    return driver.gateway.charge(
        token=token,
        amount=amount,
        reference=reference,
        idempotency_key=key or f"key-{reference}",
        return_url=RETURN,
        description=description,
        language="nl",
        present=present,
    )


def find(driver: Driver, reference: str, token: str = "", charge_id: str = "") -> Outcome | None:
    """Ask by reference, with what our rows would know besides."""
    return driver.gateway.fetch(reference=reference, trace=trace(token, charge_id))


def find_refund(driver: Driver, reference: str, charge_id: str) -> RefundOutcome | None:
    return driver.gateway.fetch_refund(reference=reference, trace=trace(charge_id=charge_id))


def give_up(driver: Driver, reference: str, token: str = "", charge_id: str = "") -> Outcome:
    return driver.gateway.cancel(reference=reference, trace=trace(token, charge_id))


def trace(token: str = "", charge_id: str = "") -> Trace:
    """Of a charge so long ago that every company would show it by now."""
    now = clock.now()
    return Trace(charge_id=charge_id, token=token, made_at=now - timedelta(hours=4), asked_at=now)


def refund(
    driver: Driver, charge_id: str, amount: int, reference: str, currency: str = "EUR"
) -> RefundOutcome:
    return driver.gateway.refund(
        charge_id=charge_id,
        amount=Money(amount, currency),
        reference=reference,
        idempotency_key=f"key-{reference}",
    )


def captured(driver: Driver, reference: str) -> list[Money]:
    """What the company's ledger took for a reference."""
    ledger = driver.gateway.captures(since=EVER, until=NEVER)
    return [line.amount for line in ledger if line.reference == reference]
