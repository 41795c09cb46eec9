"""Buying through the actions: what is billed, what is refused, and that nothing changed then (C5, C6, G3, G7, P9)."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.world import DUTCH, World, buy, confirm, customer_of, quote_for, save_method, subscribe
from zetel.actions import directory_people
from zetel.gateways import get
from zetel.jobs import billing_run, collect
from zetel.models import (
    Attempt,
    BalanceEntry,
    Change,
    Event,
    Invoice,
    Mail,
    Membership,
    Payment,
    Person,
    Refund,
    Series,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def lines_of(invoice: Invoice) -> list[tuple[str, int, int, str, str, int]]:
    return [
        (line.kind, line.seats, line.unit_amount, line.start.isoformat(), line.end.isoformat(), line.amount)
        for line in invoice.lines.order_by("position")
    ]


def test_fifteen_seats_of_premium_a_month_cost_what_the_first_worked_example_says(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    invoice = Invoice.objects.get()
    assert lines_of(invoice) == [("charge", 15, 1349, "2026-05-12", "2026-06-12", 20235)]
    assert (invoice.net_amount, invoice.tax_amount, invoice.total_amount, invoice.state) == (
        20235,
        0,
        20235,
        "paid",
    )
    assert (invoice.number, invoice.issued_on) == ("INV-2026-00001", date(2026, 5, 12))
    assert subscription.next_bill_at == datetime(2026, 6, 11, 22, 0, tzinfo=UTC)
    assert subscription.customer.billing_owner == anna
    assert captured(Attempt.objects.get()) == [20235]


@pytest.mark.story("C6")
def test_the_invoice_is_the_quote_to_the_cent(studio: Space, anna: Person, clock: HandClock) -> None:
    bought = buy(
        studio, anna, clock.now, cycle="year", seats=5, customer=customer_of(anna, clock.now, **DUTCH)
    )
    invoice = Invoice.objects.get()
    shown = bought.quote.body["document"]
    assert (invoice.net_amount, invoice.tax_amount, invoice.total_amount) == (67450, 14165, 81615)
    assert (shown["net"], shown["tax"], shown["total"]) == (67450, 14165, 81615)
    assert [line.amount for line in invoice.lines.all()] == [line["amount"] for line in shown["lines"]]
    assert [(t.category, t.rate_bp, t.tax_amount) for t in invoice.taxes.all()] == [("S", 2100, 14165)]


def test_a_declined_card_changes_nothing_and_uses_no_number(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    change = buy(studio, anna, clock.now, behaviour="declined_soft").change
    assert change.status == "declined"
    assert [model.objects.count() for model in (Subscription, Invoice, Series)] == [0, 0, 0]
    assert Payment.objects.get().status == "refused"
    again = buy(studio, anna, clock.now).change
    assert (again.status, Invoice.objects.get().number) == ("done", "INV-2026-00001")


def test_a_card_that_times_out_after_charging_is_found_by_reference_and_charged_once(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    change = buy(studio, anna, clock.now, behaviour="timeout_after").change
    assert change.status == "done"
    assert captured(Attempt.objects.get()) == [20235]


def test_a_card_that_times_out_before_charging_is_charged_once_by_the_second_try(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    change = buy(studio, anna, clock.now, behaviour="timeout_before").change
    assert change.status == "done"
    assert captured(Attempt.objects.get()) == [20235]


def test_another_amount_is_not_a_payment_and_staff_are_told(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    change = buy(studio, anna, clock.now, behaviour="wrong_amount").change
    assert (change.status, change.reason) == ("declined", "amount_mismatch")
    assert (Attempt.objects.get().status, Payment.objects.get().status) == ("parked", "parked")
    assert not Subscription.objects.exists()
    assert Mail.objects.get(kind="staff_alert").params["amount"] == 20235


def test_the_same_quote_confirmed_twice_buys_once(studio: Space, anna: Person, clock: HandClock) -> None:
    bought = buy(studio, anna, clock.now)
    assert confirm(bought.quote, clock.now).pk == bought.change.pk
    assert (Invoice.objects.count(), Payment.objects.count()) == (1, 1)


def test_a_quote_holds_for_thirty_minutes_and_not_longer(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    quote = quote_for(studio, anna, clock.now, customer=customer)
    clock.move(minutes=30)
    with pytest.raises(ZetelError, match="quote_expired"):
        confirm(quote, clock.now)
    assert not Change.objects.exists()


@pytest.mark.story("C6")
def test_a_quote_confirmed_after_midnight_is_dated_by_its_own_day(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    clock.set(datetime(2026, 5, 12, 21, 50, tzinfo=UTC))
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    quote = quote_for(studio, anna, clock.now, customer=customer)
    clock.move(minutes=20)
    assert confirm(quote, clock.now).status == "done"
    assert lines_of(Invoice.objects.get()) == [("charge", 15, 1349, "2026-05-12", "2026-06-12", 20235)]
    assert Invoice.objects.get().issued_on == date(2026, 5, 13)


def test_other_billing_information_makes_a_quote_stale(studio: Space, anna: Person, clock: HandClock) -> None:
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    quote = quote_for(studio, anna, clock.now, customer=customer)
    type(customer).objects.filter(pk=customer.pk).update(version=customer.version + 1)
    with pytest.raises(ZetelError, match="quote_stale"):
        confirm(quote, clock.now)


def test_somebody_who_joins_beyond_the_quoted_seats_is_named_in_the_refusal(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    world.join(studio, world.person("Bram"))
    quote = quote_for(studio, anna, clock.now, customer=customer, seats=2)
    world.join(studio, world.person("Chris"))
    with pytest.raises(ZetelError) as refused:
        confirm(quote, clock.now)
    assert refused.value.code == "seats_in_use"
    assert refused.value.params["members"] == ["Anna", "Bram", "Chris"]


@pytest.mark.parametrize(
    ("seats", "code"), [(1, "seat_size_unknown"), (7, "seat_size_unknown"), (600, "sales_only")]
)
def test_a_size_off_the_ladder_is_refused(
    studio: Space, anna: Person, clock: HandClock, seats: int, code: str
) -> None:
    with pytest.raises(ZetelError, match=code):
        quote_for(studio, anna, clock.now, seats=seats)


def test_a_waiting_change_keeps_others_out_and_goes_on_after_the_banks_approval(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    waiting = buy(studio, anna, clock.now, behaviour="approval").change
    assert waiting.status == "action"
    with pytest.raises(ZetelError, match="change_pending"):
        buy(studio, bram, clock.now)
    approve(Attempt.objects.get(payment__change=waiting))
    collect.ask(Attempt.objects.get(payment__change=waiting).pk, now=clock.now)
    waiting.refresh_from_db()
    assert (waiting.status, Subscription.objects.get().customer.billing_owner) == ("done", anna)


@pytest.mark.story("C5")
def test_approval_that_never_comes_expires_after_23_hours_without_a_trace(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    waiting = buy(studio, anna, clock.now, behaviour="approval").change
    clock.move(hours=23)
    assert collect.ask_due(clock.now) == 1
    waiting.refresh_from_db()
    assert waiting.status in ("declined", "expired")
    assert [model.objects.count() for model in (Subscription, Invoice)] == [0, 0]
    assert buy(studio, anna, clock.now).change.status == "done"


def test_money_that_comes_for_a_space_that_was_bought_meanwhile_is_refunded_at_once(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    waiting = buy(studio, anna, clock.now, behaviour="approval").change
    attempt = Attempt.objects.get(payment__change=waiting)
    Change.objects.filter(pk=waiting.pk).update(status="expired")
    assert buy(studio, anna, clock.now).change.status == "done"
    approve(attempt)
    collect.ask(attempt.pk, now=clock.now)
    collect.refund_due(clock.now)
    waiting.refresh_from_db()
    refund = Refund.objects.get()
    assert (waiting.status, refund.amount, refund.status) == ("refunded", 20235, "done")
    assert (Subscription.objects.count(), Invoice.objects.count()) == (1, 1)


def test_an_organization_over_a_paid_team_takes_back_what_is_unused(
    world: World, acme: Space, anna: Person, clock: HandClock
) -> None:
    team = world.team(acme, anna)
    for name in ("Bram", "Chris", "Els"):
        world.join(team, world.person(name))
    customer = customer_of(anna, clock.now, **DUTCH)
    ended = subscribe(team, anna, clock.now, seats=4, customer=customer)
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    bought = buy(acme, anna, clock.now, seats=30, customer=customer)
    note = Invoice.objects.get(kind="credit_note")
    invoice = bought.subscription.invoices.get()
    assert lines_of(note) == [("credit", 4, 1349, "2026-05-30", "2026-06-12", -2263)]
    assert (note.total_amount, note.number) == (-2738, "CN-2026-00001")
    assert (invoice.total_amount, invoice.balance_used_amount, bought.quote.due_amount) == (
        48969,
        2738,
        46231,
    )
    ended.refresh_from_db()
    assert (ended.status, ended.ended_on, ended.last_owner) == ("ended", date(2026, 5, 30), anna)
    assert sum(entry.amount for entry in BalanceEntry.objects.all()) == 0
    assert Payment.objects.get(change=bought.change).amount == 46231


def test_inside_a_covered_organization_nothing_can_be_bought(
    world: World, acme: Space, anna: Person, clock: HandClock
) -> None:
    team = world.team(acme, anna)
    subscribe(acme, anna, clock.now)
    with pytest.raises(ZetelError, match="already_covered"):
        quote_for(team, anna, clock.now)


def test_the_owner_of_an_organizations_billing_becomes_its_admin_and_the_admins_are_told(
    world: World, acme: Space, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    buy(acme, bram, clock.now)
    assert Membership.objects.get(space=acme, person=bram).is_admin
    assert [mail.to_person for mail in Mail.objects.filter(kind="admin_told")] == [anna]


@pytest.mark.story("R1")
def test_a_buyer_who_named_a_colleague_gets_no_invoice(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    subscription = buy(studio, anna, clock.now, owner=bram).subscription
    assert subscription.customer.billing_owner == bram
    assert [mail.to_person for mail in Mail.objects.filter(kind="invoice")] == [bram]


@pytest.mark.story("R1")
def test_a_guest_and_a_stranger_cannot_be_billing_owner(
    world: World, acme: Space, anna: Person, clock: HandClock
) -> None:
    guest, stranger = (
        world.person("Gerda", "gerda@elders.example"),
        world.person("Daan", "daan@elders.example"),
    )
    world.join(acme, guest)
    for person in (guest, stranger):
        with pytest.raises(ZetelError, match="not_member"):
            quote_for(acme, anna, clock.now, owner=person)


def test_a_buyer_who_left_before_confirming_is_refused(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    customer = customer_of(bram, clock.now)
    save_method(customer, bram, clock.now)
    quote = quote_for(studio, bram, clock.now, customer=customer)
    directory_people.leave(space=studio, person=bram, now=clock.now)
    with pytest.raises(ZetelError, match="not_member"):
        confirm(quote, clock.now)
    assert not Change.objects.exists()


def test_a_purchase_records_one_event_that_says_who_and_what(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    buy(studio, anna, clock.now)
    event = Event.objects.get(kind="subscription.bought")
    assert (event.actor, event.space, event.at) == (anna, studio, clock.now)
    assert (event.after["plan"], event.after["seats"], event.after["invoice"]) == (
        "premium",
        15,
        "INV-2026-00001",
    )


def approve(attempt: Attempt) -> None:
    """The person approves on the bank's page."""
    answer = Client().post(attempt.action_url, {"act": "approve"})
    assert answer.status_code == 303


def captured(attempt: Attempt) -> list[int]:
    """What the company's own ledger says it took for this reference."""
    ledger = get(attempt.gateway).captures(
        since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC)
    )
    return [capture.amount.amount for capture in ledger if capture.reference == attempt.reference]


def test_an_unpaid_invoice_that_is_taken_back_whole_asks_for_nothing_any_more(
    world: World, acme: Space, anna: Person, clock: HandClock
) -> None:
    team, customer = world.team(acme, anna), customer_of(anna, clock.now)
    ended = subscribe(team, anna, clock.now, seats=4, customer=customer)
    company.plan("declined_soft")
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    buy(acme, anna, clock.now, seats=30, customer=customer)
    renewal, note = Invoice.objects.get(renews_on="2026-06-12"), Invoice.objects.get(kind="credit_note")
    assert (renewal.total_amount, note.total_amount, renewal.state) == (5396, -5396, "credited")
    assert ended.invoices.filter(state="open").count() == 0
    assert not BalanceEntry.objects.exists()
