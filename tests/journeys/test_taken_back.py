"""Stories of money that banks take back, and give back after all, late and twice (rules G8, G4, X14).

Premium monthly for 15 seats is EUR 202.35 a month, from 12 May 2026; no tax, so that figures are plain.
"""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.conftest import HandClock
from tests.journeys.test_credits import JUNE_12, balance, bought, finn, first, kept, work
from tests.world import subscribe
from zetel.actions import credit_notes, dues
from zetel.actions.taken_back import record_dispute
from zetel.jobs import inbound
from zetel.models import Attempt, Invoice, Mail, Person, Space, Subscription
from zetel.rules.money import Money
from zetel.rules.outcomes import Dispute
from zetel.sandbox import company

__all__ = ["bought", "finn"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def test_a_payment_taken_back_within_its_period_is_asked_for_again_like_a_renewal(
    bought: Subscription, clock: HandClock
) -> None:
    """G8, G4: paid 12 May, taken back on the 15th, tried on the 16th, 18th and 20th; paid in the end."""
    invoice = first(bought)
    taken_back(invoice, clock)
    assert (dues.due_of(invoice), Subscription.objects.get(pk=bought.pk).status) == (20235, "past_due")
    company.plan("declined_soft")
    clock.move(days=1)
    work(clock)
    assert kept(clock.now) == [20235]
    clock.move(days=2)
    work(clock)
    assert (dues.due_of(invoice), Subscription.objects.get(pk=bought.pk).status) == (0, "active")
    assert [row.status for row in invoice.payments.order_by("id")] == ["taken_back", "paid"]
    assert Mail.objects.filter(kind="payment_failed").order_by("id")[0].params["reason"] == "taken_back"


def test_a_dispute_that_is_won_books_the_money_again_and_once(bought: Subscription, clock: HandClock) -> None:
    invoice = first(bought)
    taken_back(invoice, clock)
    assert company.give_back(charge_of(invoice), clock.now)
    hear(clock)
    hear(clock)
    assert (dues.due_of(invoice), balance(bought)) == (0, 0)
    assert Subscription.objects.get(pk=bought.pk).status == "active"
    assert invoice.payments.get().status == "paid"


def test_money_that_comes_twice_after_a_dispute_becomes_balance(
    bought: Subscription, clock: HandClock
) -> None:
    """Taken back, paid by a second try, then returned: 202.35 too much is the customer's balance."""
    invoice = first(bought)
    taken_back(invoice, clock)
    clock.move(days=1)
    work(clock)
    assert dues.due_of(invoice) == 0
    company.give_back(charge_of(invoice, 0), clock.now)
    hear(clock)
    assert (dues.due_of(invoice), balance(bought)) == (0, 20235)


def test_what_is_taken_back_after_its_period_is_for_staff_to_decide(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """G8: on 14 June the invoice of May is open again; nobody is dunned, no card is tried, staff write it off."""
    invoice = first(bought)
    clock.set(JUNE_12)
    work(clock)
    clock.move(days=2)
    company.take_back(charge_of(invoice), clock.now)
    hear(clock)
    assert dues.due_of(invoice) == 20235
    assert Subscription.objects.get(pk=bought.pk).status == "active"
    assert Mail.objects.get(kind="staff_alert").params["what"] == "taken_back_late"
    for _ in range(8):
        clock.move(days=1)
        work(clock)
    assert kept(clock.now) == [20235, 20235]
    credit_notes.write_off(invoice, actor=finn, reason="niet te innen", now=clock.now)
    assert invoice.payments.get().status == "taken_back"


def test_a_documented_card_is_disputed_by_itself_and_the_money_comes_back(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    bought = subscribe(studio, anna, clock.now, behaviour="disputed_won")
    invoice = first(bought)
    hear(clock)
    clock.move(days=3)
    hear(clock)
    assert (dues.due_of(invoice), Subscription.objects.get(pk=bought.pk).status) == (20235, "past_due")
    clock.move(days=4)
    hear(clock)
    work(clock)
    assert (dues.due_of(invoice), Subscription.objects.get(pk=bought.pk).status) == (0, "active")


def test_news_of_a_dispute_that_comes_late_or_twice_turns_nothing_around(
    bought: Subscription, clock: HandClock
) -> None:
    """X14: the end was heard before the beginning; the beginning, when it comes, is old."""
    invoice = first(bought)
    reference = Attempt.objects.get(payment__invoice=invoice).reference
    money = Money(20235, "EUR")
    taken = Dispute(kind="taken", amount=money, at=clock.now + timedelta(days=1))
    won = Dispute(kind="returned", amount=money, at=clock.now + timedelta(days=2))
    clock.move(days=3)
    assert record_dispute(reference, won, now=clock.now) == "ignored"
    assert record_dispute(reference, taken, now=clock.now) == "ignored"
    assert record_dispute("no-such-reference", taken, now=clock.now) == "ignored"
    assert dues.due_of(invoice) == 0
    more = Dispute(kind="taken", amount=Money(20236, "EUR"), at=clock.now)
    assert record_dispute(reference, more, now=clock.now) == "parked"
    assert (dues.due_of(invoice), invoice.payments.get().status) == (0, "paid")


def charge_of(invoice: Invoice, number: int = -1) -> str:
    rows = list(Attempt.objects.filter(payment__invoice=invoice, status="paid").order_by("id"))
    return rows[number].charge_id


def hear(clock: HandClock) -> None:
    """The company's webhooks come in and are booked."""

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        inbound.receive("sandbox", headers, body, now=clock.now)
        return 200

    company.deliver_due(clock.now, post)
    inbound.drain(clock.now)


def taken_back(invoice: Invoice, clock: HandClock) -> None:
    """Three days later the payer's bank takes the money back."""
    clock.move(days=3)
    assert company.take_back(charge_of(invoice), clock.now)
    hear(clock)
