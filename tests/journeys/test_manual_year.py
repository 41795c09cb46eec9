"""A manual customer's year, and what may go wrong with it: exact amounts, EUR, tax 0 unless said (rule G5).

Premium yearly is 134.90 a seat: 20 seats are 2,698.00. What is paid, late, too little, too much or twice is booked from
the bank's side alone; the doctor visits at the end of each story.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.manual import approve, camt, manual_offer, on_invoice, sales_change, staff_of
from tests.world import change_quote, customer_of, save_method, subscribe
from zetel.actions import bank, cancel_now, cancellations, collections, manual_invoices, standing
from zetel.gateways import camt053
from zetel.jobs import tasks
from zetel.models import (
    Attempt,
    BankBooking,
    BankLine,
    Customer,
    Event,
    Invoice,
    Mail,
    ManualInvoice,
    Membership,
    Offer,
    Payment,
    PaymentShare,
    Person,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def at(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 10, 0, tzinfo=UTC)


def refused(code: str) -> Any:
    return pytest.raises(ZetelError, match=code)


def read(content: bytes, now: datetime) -> list[BankLine]:
    bank.read_in(camt053.read(content), file_name="mt.xml", staff=staff_of("finance", now), now=now)
    return list(BankLine.objects.filter(status="open").order_by("id"))


def state_of(row: Invoice) -> str:
    row.refresh_from_db()
    return row.state


def test_a_year(world: World, clock: HandClock, anna: Person) -> None:
    acme = world.organization(world.person("Chris"))
    world.join(acme, anna)
    row = on_invoice(acme, anna, clock.now, order="PO-77")
    first = Invoice.objects.get()
    assert (row.status, row.payment_term_days, row.purchase_order) == ("active", 30, "PO-77")
    assert (first.total_amount, first.state, first.issued_on, first.due_on) == (
        269_800, "open", date(2026, 5, 12), date(2026, 6, 11),
    )  # fmt: skip
    assert Membership.objects.get(space=acme, person=anna).is_admin, "R4: billing of an organization"
    bought = Event.objects.get(kind="subscription.bought")
    assert (bought.actor, bought.on_behalf_of, bought.after["agreed_by"]) == (
        staff_of("sales", clock.now), anna, "Anna de Vries",
    )  # fmt: skip
    # Nothing comes: a word three days before, one the day after, and the plan waits for it.
    for day, kind, status in (
        (8, "manual_invoice_due", "active"), (11, "manual_invoice_due", "active"),
        (12, "manual_invoice_overdue", "past_due"),
    ):  # fmt: skip
        tasks.do_due(clock.set(at(6, day)))
        row.refresh_from_db()
        told = Mail.objects.filter(kind__startswith="manual_invoice").latest("id").kind
        assert (told, row.status) == (kind, status), day
    assert Mail.objects.filter(kind__startswith="manual_invoice").count() == 2
    # The bank statement pays it.
    [line] = read(camt([("2698.00", "Acme", "Factuur INV-2026-00001", "R1")]), clock.now)
    bank.book(line, first, staff=staff_of("finance", clock.now), now=clock.now)
    row.refresh_from_db()
    assert (state_of(first), row.status) == ("paid", "active")
    # Sales add ten seats: 10 x 134.90 x 181/365 = 668.96, with a due date of its own.
    clock.set(at(11, 12))
    sales_change(row, clock.now, seats=30)
    second = Invoice.objects.latest("id")
    assert (second.total_amount, second.state, second.due_on) == (66_896, "open", date(2026, 12, 12))
    clock.move(days=3)
    [line] = read(camt([("668.96", "Acme", "INV-2026-00002", "R2")], version="08"), clock.now)
    bank.book(line, second, staff=staff_of("finance", clock.now), now=clock.now)
    # The renewal is the next open invoice.
    tasks.do_due(clock.set(at(5, 12, 2027)))
    third = Invoice.objects.latest("id")
    assert (third.total_amount, third.state, third.due_on, third.renews_on) == (
        404_700, "open", date(2027, 6, 11), date(2027, 5, 12),
    )  # fmt: skip
    assert third.buyer["purchase_order"] == "PO-77"
    assert not Attempt.objects.exists(), "no card is ever tried"


def finance(now: datetime) -> Person:
    return staff_of("finance", now)


def test_too_little_then_the_rest_then_too_much(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """Too little stays open, the rest pays it; what comes twice becomes balance and pays the renewal first."""
    row = on_invoice(acme, anna, clock.now)
    first = Invoice.objects.get()
    lines = read(camt([("2000.00", "Acme", first.number, "A"), ("698.00", "Acme", first.number, "B"),
                       ("2698.00", "Acme", "nogmaals", "C")]), clock.now)  # fmt: skip
    states = []
    for line in lines:
        clock.move(minutes=1)
        bank.book(line, first, staff=finance(clock.now), now=clock.now)
        states.append((state_of(first), standing.balance_of(row.customer, "EUR")))
    assert states == [("open", 0), ("paid", 0), ("paid", 269_800)]
    reasons = (
        Event.objects.filter(kind="payment.paid")
        .order_by("id")
        .values_list("after__reason", "after__still_due")
    )
    assert list(reasons) == [("bank_part", 69_800), ("bank", 0), ("bank_more", 0)]
    tasks.do_due(clock.set(at(5, 12, 2027)))
    renewal = Invoice.objects.latest("id")
    assert (renewal.total_amount, renewal.balance_used_amount, renewal.state) == (269_800, 269_800, "paid")
    assert not ManualInvoice.objects.filter(invoice=renewal).exists(), "nothing is asked for"


def test_the_same_line_twice_is_refused(world: World, clock: HandClock, anna: Person, acme: Space) -> None:
    """Read again, also as the other version, a line is known; booked again it is refused and nothing changed."""
    on_invoice(acme, anna, clock.now)
    first = Invoice.objects.get()
    told = [("2698.00", "Acme", first.number, "R1")]
    [line] = read(camt(told), clock.now)
    bank.book(line, first, staff=finance(clock.now), now=clock.now)
    with refused("bank_line_taken"):
        bank.book(line, first, staff=finance(clock.now), now=clock.now)
    with refused("bank_line_taken"):
        read(camt(told, version="08"), clock.now)
    again = bank.read_in(
        camt053.read(camt([*told, ("1.00", "Else", "x", "R2")])),
        file_name="",
        staff=finance(clock.now),
        now=clock.now,
    )
    assert (again.known, BankLine.objects.count(), Payment.objects.count()) == (1, 2, 1)
    with refused("bank_account_other"):
        read(camt(told, iban="DE89370400440532013000"), clock.now)


def test_another_currency_is_refused(world: World, clock: HandClock, anna: Person, acme: Space) -> None:
    """M9; and by hand nothing below one cent, no day to come, and one form is booked once."""
    on_invoice(acme, anna, clock.now)
    first = Invoice.objects.get()
    [line] = read(camt([("2698.00", "Acme", first.number, "R1")], currency="USD"), clock.now)
    with refused("currency_mismatch"):
        bank.book(line, first, staff=finance(clock.now), now=clock.now)
    by: dict[str, Any] = {
        "booked_on": clock.now.date(),
        "reference": "afschrift 12",
        "once": "x1",
        "staff": finance(clock.now),
    }
    for amount, facts, code in (
        (0, {}, "amount_invalid"), (100, {"booked_on": date(2026, 5, 13)}, "value_invalid"),
    ):  # fmt: skip
        with refused(code):
            bank.book_by_hand(first, Money(amount, "EUR"), now=clock.now, **(by | facts))
    bank.book_by_hand(first, Money(100, "EUR"), now=clock.now, **by)
    with refused("bank_line_taken"):
        bank.book_by_hand(first, Money(100, "EUR"), now=clock.now, **by)
    assert (Payment.objects.count(), line.status, state_of(first)) == (1, "open", "open")


def test_a_wrong_booking_is_corrected_by_another(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """The invoice is open again and asked for, what had become balance is taken back, and the line waits again."""
    row = on_invoice(acme, anna, clock.now)
    first = Invoice.objects.get()
    [line] = read(camt([("3000.00", "Acme", first.number, "R1")]), clock.now)
    bank.book(line, first, staff=finance(clock.now), now=clock.now)
    assert standing.balance_of(row.customer, "EUR") == 30_200
    booking = BankBooking.objects.get()
    clock.set(at(6, 12))
    bank.correct(booking, staff=finance(clock.now), reason="Was for another customer", now=clock.now)
    row.refresh_from_db()
    assert (state_of(first), standing.balance_of(row.customer, "EUR"), row.status) == ("open", 0, "past_due")
    with refused("no_change"):
        bank.correct(booking, staff=finance(clock.now), reason="again", now=clock.now)
    line.refresh_from_db()
    clock.move(minutes=1)
    bank.book(line, first, staff=finance(clock.now), now=clock.now)
    row.refresh_from_db()
    assert (state_of(first), row.status) == ("paid", "active")


def test_thirty_days_late_finance_give_time_or_end_it(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """Nothing renews meanwhile; more time lets the plan go on; ended on day 81, what was used stays to be paid."""
    row = on_invoice(acme, anna, clock.now, term_days=15)
    first = Invoice.objects.get()
    tasks.do_due(
        clock.set(at(6, 26))
    )  # 30 days after 27 May; the steps before were missed and are not made up for
    manual = ManualInvoice.objects.get()
    row.refresh_from_db()
    assert (manual.steps_done, manual.next_at, manual.at_finance_at, row.status) == (
        5,
        None,
        clock.now,
        "past_due",
    )
    assert [mail.kind for mail in Mail.objects.filter(created_at=clock.now)] == ["staff_alert"]
    manual_invoices.extend(
        first, date(2026, 7, 10), actor=finance(clock.now), reason="Their bank was away", now=clock.now
    )
    row.refresh_from_db()
    first.refresh_from_db()
    assert (row.status, first.due_on) == ("active", date(2026, 5, 27)), "the invoice stays as it was issued"
    tasks.do_due(clock.set(at(7, 11)))
    row.refresh_from_db()
    assert row.status == "past_due"
    clock.set(at(8, 1))
    note = cancel_now.cancel_now(
        row,
        unused="credited",
        goes_to="balance",
        actor=finance(clock.now),
        reason="Nothing came",
        now=clock.now,
    )
    row.refresh_from_db()
    # 284 of 365 days were not used: 2,698.00 x 284/365 = 2,099.27; what is left is still asked for.
    assert note is not None
    assert (note.total_amount, row.status, state_of(first)) == (-209_927, "ended", "open")
    assert standing.balance_of(row.customer, "EUR") == 0, "nothing unpaid becomes spendable"


def test_an_overdue_invoice_holds_the_renewal_and_paying_it_lets_it_go_on(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    row = on_invoice(acme, anna, clock.now)
    first = Invoice.objects.get()
    tasks.do_due(clock.set(at(5, 20, 2027)))
    assert Invoice.objects.count() == 1, "the boundary of 12 May went by"
    [line] = read(camt([("2698.00", "Acme", first.number, "R1")]), clock.now)
    bank.book(line, first, staff=finance(clock.now), now=clock.now)
    tasks.do_due(clock.move(minutes=1))
    renewal = Invoice.objects.latest("id")
    row.refresh_from_db()
    assert (renewal.renews_on, renewal.due_on, row.status) == (date(2027, 5, 12), date(2027, 6, 19), "active")


def test_a_cancelled_plan_ends_at_its_boundary_also_while_it_is_overdue(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    row = on_invoice(acme, anna, clock.now)
    tasks.do_due(clock.set(at(7, 1)))
    sales = staff_of("sales", clock.now)
    with refused("reason_required"):
        cancellations.cancel(row, actor=sales, now=clock.now, by_sales=True)
    cancellations.cancel(row, actor=sales, reason="Asked by mail", now=clock.now, by_sales=True)
    row.refresh_from_db()
    assert (row.status, row.ends_on) == ("active", date(2027, 5, 12))
    told = Event.objects.get(kind="subscription.cancelled")
    assert (told.actor, told.on_behalf_of, told.reason) == (sales, anna, "Asked by mail")
    tasks.do_due(clock.set(at(5, 12, 2027)))
    row.refresh_from_db()
    assert (row.status, Invoice.objects.count()) == ("ended", 1)


@pytest.mark.story("R9")
def test_its_owner_changes_nothing_alone(world: World, clock: HandClock, anna: Person, acme: Space) -> None:
    """G5, R9: refused with a code, and nothing changed; support and finance may not either; sales may not of others."""
    row = on_invoice(acme, anna, clock.now)
    save_method(row.customer, anna, clock.now)
    before = (Event.objects.count(), Subscription.objects.get().version)
    first = Invoice.objects.get()
    for act in (
        lambda: change_quote(row, clock.now, seats=30),
        lambda: cancellations.cancel(row, actor=anna, now=clock.now),
        lambda: collections.pay(first, actor=anna, now=clock.now, language="en", return_path="/"),
    ):
        with refused("manual_invoice_only"):
            act()
    for role in ("support", "finance"):
        with refused("forbidden"):
            cancellations.cancel(
                row, actor=staff_of(role, clock.now), now=clock.now, reason="x", by_sales=True
            )
    with refused("manual_invoice_terms"):
        sales_change(row, clock.now, seats=15)
    by_card = subscribe(world.workspace(anna), anna, clock.now, seats=5)
    with refused("forbidden"):
        sales_change(by_card, clock.now, seats=30)
    assert Subscription.objects.get(pk=row.pk).version == before[1]
    # More people than seats: the overage stays open, and says why (C8).
    tasks.do_due(clock.set(at(7, 20)))
    assert not Attempt.objects.filter(payment__invoice=first).exists()


def test_fewer_seats_by_sales_wait_and_more_people_stay_an_overage(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    row = on_invoice(acme, anna, clock.now, seats=25)
    sales_change(row, clock.now, seats=20)
    world.join(acme, *[world.person(f"P{number}") for number in range(25)])
    tasks.do_due(clock.set(at(5, 25)))
    assert Invoice.objects.count() == 1, "nothing grows by itself"
    opened = Event.objects.get(kind="overage.opened")
    assert opened.after["obstacle"] == "manual"
    tasks.do_due(clock.set(at(6, 8)))
    [line] = read(camt([("3372.50", "Acme", "INV-2026-00001", "R1")]), clock.now)
    bank.book(line, Invoice.objects.get(), staff=finance(clock.now), now=clock.now)
    tasks.do_due(clock.set(at(5, 12, 2027)))
    # C7: 26 people are counted, so it renews with 30 whatever was scheduled: 30 x 134.90.
    assert Invoice.objects.latest("id").total_amount == 404_700


def test_approval_over_a_paid_team_credits_it_first(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """P9 at an approval: the team's plan ends that day; its credit stays its own customer's balance."""
    team = world.team(acme, anna)
    paid = subscribe(team, anna, clock.now, seats=5)
    offer = manual_offer(acme, anna, clock.now)
    approve(offer, clock.set(at(5, 30)))
    paid.refresh_from_db()
    invoice = Invoice.objects.filter(space=acme, kind="invoice").get()
    note = Invoice.objects.get(kind="credit_note")
    # 5 x 13.49 x 13/31 = 28.29.
    assert (paid.status, note.total_amount, invoice.total_amount, invoice.state) == (
        "ended",
        -2_829,
        269_800,
        "open",
    )
    with refused("already_subscribed"):
        approve(offer, clock.now)
    with refused("offer_used"):
        approve(Offer.objects.get(), clock.now)


def test_a_team_on_invoice_that_its_organization_covers_owes_what_it_used(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """P9, I7: the credit lowers what is open; nothing unpaid becomes spendable, and the rest is still asked for."""
    team = world.team(acme, anna)
    row = on_invoice(team, anna, clock.now)
    first = Invoice.objects.get()
    clock.set(at(5, 30))
    subscribe(acme, anna, clock.now, plan="business", seats=5, customer=customer_of(anna, clock.now))
    row.refresh_from_db()
    # 347 of 365 days unused: 2,698.00 x 347/365 = 2,564.95; 133.05 is left to pay.
    assert (row.status, Invoice.objects.get(kind="credit_note").total_amount) == ("ended", -256_495)
    [line] = read(camt([("133.05", "Acme", first.number, "R1")]), clock.now)
    bank.book(line, first, staff=finance(clock.now), now=clock.now)
    assert state_of(first) == "paid"


def test_a_card_beside_it_pays_nothing_of_it(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """The same customer pays another plan by card: neither what is too small alone, nor a renewal, nor what is overdue
    goes along (G1, G9)."""
    row = on_invoice(acme, anna, clock.now)
    first = Invoice.objects.get()
    subscribe(
        world.workspace(anna), anna, clock.now, seats=5, customer=Customer.objects.get(pk=row.customer_id)
    )
    tasks.do_due(clock.set(at(6, 12)))
    save_method(row.customer, anna, clock.move(minutes=1))  # all of it is overdue by now
    [line] = read(camt([("2697.80", "Acme", first.number, "R1")]), clock.now)
    bank.book(line, first, staff=finance(clock.now), now=clock.move(minutes=1))
    tasks.do_due(clock.set(at(7, 12)))  # 0.20 is left
    assert (state_of(first), PaymentShare.objects.exists()) == ("open", False)
    bank.book_by_hand(
        first, Money(20, "EUR"), booked_on=clock.now.date(), reference="x", once="x", staff=finance(clock.now),
        now=clock.move(minutes=1),
    )  # fmt: skip
    tasks.do_due(clock.set(at(5, 12, 2027)))
    assert state_of(Invoice.objects.get(subscription=row, renews_on=date(2027, 5, 12))) == "open"
    assert not Attempt.objects.filter(payment__invoice__subscription=row).exists()


def test_covered_in_its_second_year_it_owes_the_days_it_had(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """P9: agreed with sales, a renewal counts as paid, so only what is unused is taken back of its open invoice."""
    team = world.team(acme, anna)
    row = on_invoice(team, anna, clock.now)
    bank.book_by_hand(
        Invoice.objects.get(), Money(269_800, "EUR"), booked_on=clock.now.date(), reference="x", once="x",
        staff=finance(clock.now), now=clock.move(minutes=1),
    )  # fmt: skip
    tasks.do_due(clock.set(at(5, 12, 2027)))
    renewal = Invoice.objects.latest("id")
    subscribe(
        acme,
        anna,
        clock.set(at(5, 30, 2027)),
        plan="business",
        seats=5,
        customer=customer_of(anna, clock.now),
    )
    row.refresh_from_db()
    # 348 of 366 days unused: 2,698.00 x 348/366 = 2,565.31.
    assert (row.status, Invoice.objects.get(kind="credit_note").total_amount) == ("ended", -256_531)
    assert state_of(renewal) == "open"
