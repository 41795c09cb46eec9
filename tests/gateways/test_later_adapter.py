"""A later company needs no change outside `gateways/`: one that collects by direct debit and signs no webhooks.

It is written here as an adapter would be, against a dictionary for a company. Its webhooks carry an id and nothing
else, so what they say is asked for; its charges are processing for days, so it pays invoices and no increases (C5).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.world import buy, change_quote, confirm
from zetel import clock as installation_clock
from zetel import gateways
from zetel.gateways.base import (
    NO_TRACE,
    Capabilities,
    Capture,
    GatewayEvent,
    GatewayUnavailable,
    Setup,
    SetupResult,
    Trace,
)
from zetel.jobs import methods, tasks
from zetel.models import Attempt, InboundEvent, Invoice, MethodSetup, PaymentMethod, Person, Subscription
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.outcomes import MethodKind, Outcome, RefundOutcome, SavedMethod

pytestmark = pytest.mark.django_db
JUNE_12 = datetime(2026, 6, 12, 4, 0, tzinfo=UTC)


class DirectDebit:
    """The adapter and, in `taken`, the company: reference to money and whether it came."""

    name = "debit"
    is_set_up = True
    capabilities = Capabilities(
        methods=("direct_debit",), redirect=True, element=False, confirms_after_days=3, signed_webhooks=False,
        minimum_amount={}, key_memory_hours=0, ledger_lag_hours=0, token_prefix="",
    )  # fmt: skip

    def __init__(self) -> None:
        self.taken: dict[str, Outcome] = {}
        self.is_away = False

    def begin_setup(
        self, *, customer_reference: str, kind: MethodKind, reference: str, return_url: str, language: str
    ) -> Setup:
        return Setup(id=f"mandate-{reference}", redirect_url=f"https://debit.example/{reference}")

    def fetch_setup(self, setup_id: str) -> SetupResult:
        method = SavedMethod(token=setup_id, kind="direct_debit", label="NL •••• 4300", expires_on=None)
        return SetupResult(status="done", method=method)

    def charge(
        self, *, token: str, amount: Money, reference: str, idempotency_key: str, return_url: str,
        description: str, language: str, present: bool,
    ) -> Outcome:  # fmt: skip
        coming = Outcome(
            kind="processing", amount=amount, charge_id=f"tr_{reference}", at=installation_clock.now()
        )
        return self.taken.setdefault(reference, coming)

    def fetch(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome | None:
        return self.taken.get(reference)

    def cancel(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome:
        return self.taken.get(reference) or Outcome(kind="declined", reason="unknown_reference")

    def refund(self, *, charge_id: str, amount: Money, reference: str, idempotency_key: str) -> RefundOutcome:
        return RefundOutcome(kind="refused", reason="never")

    def fetch_refund(self, *, reference: str, trace: Trace = NO_TRACE) -> RefundOutcome | None:
        return None

    def forget(self, token: str) -> None:
        """It forgets."""

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Nothing is signed; nothing that is said is believed."""

    def parse(self, body: bytes) -> GatewayEvent:
        if self.is_away:
            raise GatewayUnavailable(self.name)
        reference = body.decode().removeprefix("id=tr_")
        said = self.taken.get(reference)
        state = said.kind if said else "unknown"
        return GatewayEvent(
            id=f"{body.decode()}:{state}", kind="charge" if said else "other", reference=reference, outcome=said,
            created_at=installation_clock.now(),
        )  # fmt: skip

    def captures(self, *, since: datetime, until: datetime) -> Iterator[Capture]:
        for reference, said in self.taken.items():
            if said.kind == "paid" and said.amount and said.at and since <= said.at < until:
                yield Capture(
                    charge_id=said.charge_id, reference=reference, amount=said.amount,
                    refunded=Money.zero(said.amount.currency), captured_at=said.at,
                )  # fmt: skip

    def settle(self, reference: str) -> None:
        coming = self.taken[reference]
        self.taken[reference] = Outcome(
            kind="paid", amount=coming.amount, charge_id=coming.charge_id, at=installation_clock.now()
        )


@pytest.fixture
def debit(monkeypatch: pytest.MonkeyPatch) -> DirectDebit:
    made = DirectDebit()
    monkeypatch.setitem(gateways._GATEWAYS, "debit", made)
    return made


@pytest.fixture
def anna(clock: HandClock) -> Person:
    return begin(clock.now).person("Anna")


@pytest.fixture
def subscription(debit: DirectDebit, anna: Person, clock: HandClock) -> Subscription:
    """Bought by card, to be paid by direct debit from now on."""
    bought = buy(begin(clock.now).workspace(anna), anna, clock.now).subscription
    methods.begin(
        bought.customer,
        person=anna,
        kind="direct_debit",
        next_path="/",
        return_path="/b/{setup}",
        now=clock.now,
    )
    methods.finish(MethodSetup.objects.latest("id"), now=clock.now)
    return bought


def test_it_is_offered_for_invoices_and_not_for_buying(debit: DirectDebit) -> None:
    assert methods.offered() == ("card", "paypal", "direct_debit")
    assert methods.offered_to_buy() == ("card", "paypal")


def test_more_seats_are_refused_and_nothing_is_charged(
    subscription: Subscription, debit: DirectDebit, clock: HandClock
) -> None:
    quote = change_quote(subscription, clock.now, seats=20)
    with pytest.raises(ZetelError, match="method_too_slow"):
        confirm(quote, clock.now)
    assert (debit.taken, Invoice.objects.count()) == ({}, 1)
    subscription.refresh_from_db()
    assert subscription.status == "active"


def test_a_renewal_is_paid_days_later_by_a_webhook_that_is_not_believed_but_asked_about(
    subscription: Subscription, debit: DirectDebit, clock: HandClock
) -> None:
    assert PaymentMethod.objects.get(status="active").confirms_after_days == 3
    clock.set(JUNE_12)
    tasks.do_due(clock.now)
    attempt = Attempt.objects.get(gateway="debit")
    assert (attempt.status, Subscription.objects.get().status) == ("processing", "active")
    body = f"id=tr_{attempt.reference}"
    clock.move(days=2)
    assert post(body) == 200  # it says no more than that something happened; it is processing still
    debit.settle(attempt.reference)
    debit.is_away = True
    assert post(body) == 503  # sent again later
    debit.is_away = False
    assert (post(body), post(body), post("id=tr_of-nobody")) == (200, 200, 200)
    tasks.do_due(clock.now)
    attempt.refresh_from_db()
    assert attempt.status == "paid"
    assert sorted(Invoice.objects.values_list("state", flat=True)) == ["paid", "paid"]
    assert InboundEvent.objects.filter(gateway="debit").count() == 3
    assert_healthy(clock.now)
    clock.move(days=1)
    assert clock.now - JUNE_12 == timedelta(days=3)


def post(body: str) -> int:
    answer = Client().post("/webhooks/debit/", body, content_type="application/x-www-form-urlencoded")
    return int(answer.status_code)
