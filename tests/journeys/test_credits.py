"""Stories of credit notes, balance, refunds and money that banks take back (I7, M9 to M13, G6, G8, G9, C10).

Premium monthly for 15 seats is EUR 202.35 a month, from 12 May 2026; without tax unless the buyer is Dutch.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import DUTCH, change, customer_of, subscribe, try_out
from zetel.actions import cancel_now, collections, credit_notes, credits, dues, staff, standing
from zetel.actions.credit_notes import Wish
from zetel.gateways import get
from zetel.jobs import billing_run, tasks
from zetel.models import (
    BalanceEntry,
    Event,
    Invoice,
    InvoiceLine,
    Mail,
    Person,
    Refund,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

MAY_30 = datetime(2026, 5, 30, 10, 0, tzinfo=UTC)
JUNE_12 = datetime(2026, 6, 12, 4, 0, tzinfo=UTC)


@pytest.fixture
def finn(world: World) -> Person:
    """Works at the seller's finance."""
    person = world.person("Finn")
    staff.name_staff(person=person, role="finance", now=world.now)
    return person


@pytest.fixture
def bought(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    return subscribe(studio, anna, clock.now)


@pytest.fixture
def dutch(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """With 21 %: 202.35 + 42.49 = 244.84."""
    return subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))


def first(subscription: Subscription) -> Invoice:
    return subscription.invoices.filter(kind="invoice").order_by("id")[0]


def balance(subscription: Subscription, currency: str = "EUR") -> int:
    return standing.balance_of(Subscription.objects.get(pk=subscription.pk).customer, currency)


def documents(subscription: Subscription) -> list[tuple[str, int, str]]:
    rows = subscription.invoices.order_by("issued_at", "id")
    return [(row.number, row.total_amount, row.state) for row in rows]


def work(clock: HandClock) -> None:
    """What the worker does each minute, twice: nothing may happen two times."""
    tasks.do_due(clock.now)
    tasks.do_due(clock.now)


def kept(now: datetime) -> list[int]:
    """What the company took and did not give back, capture by capture."""
    ledger = get("sandbox").captures(since=datetime(2026, 1, 1, tzinfo=UTC), until=now + timedelta(days=1))
    return [capture.amount.amount - capture.refunded.amount for capture in ledger]


@pytest.mark.story("M13", "C10")
def test_ten_euros_credited_become_balance_that_pays_the_next_invoice_first(
    dutch: Subscription, finn: Person, clock: HandClock
) -> None:
    """M13, I7, I6, M11: the money is 8.26 + 1.74; the run afterwards bills the whole period and nothing more."""
    note = credit_notes.credit(
        first(dutch),
        Wish(amount=1000),
        goes_to="balance",
        actor=finn,
        reason="Een dag storing",
        now=clock.now,
    )
    assert (note.number, note.net_amount, note.tax_amount, note.total_amount) == (
        "CN-2026-00001",
        -826,
        -174,
        -1000,
    )
    assert not InvoiceLine.objects.get(invoice=note).is_coverage
    assert balance(dutch) == 1000
    assert first(dutch).state == "paid"
    billing_run.run_due(clock.now)
    assert len(documents(dutch)) == 2
    clock.set(JUNE_12)
    work(clock)
    renewal = dutch.invoices.get(renews_on=date(2026, 6, 12))
    assert (renewal.total_amount, renewal.balance_used_amount, renewal.state) == (24484, 1000, "paid")
    assert balance(dutch) == 0
    assert kept(clock.now) == [24484, 23484]
    event = Event.objects.get(kind="credit_note.issued")
    assert (event.actor, event.reason, event.after["spendable"]) == (finn, "Een dag storing", 1000)


def test_a_whole_invoice_goes_back_to_the_card_it_was_paid_with(
    dutch: Subscription, finn: Person, clock: HandClock
) -> None:
    """G6: never more than the payment, and with a credit note that mirrors the invoice."""
    invoice = first(dutch)
    note = credit_notes.credit(
        invoice, Wish(), goes_to="refund", actor=finn, reason="Dubbel gekocht", now=clock.now
    )
    assert [(line.kind, line.amount) for line in note.lines.all()] == [("credit", -20235)]
    assert (note.net_amount, note.tax_amount) == (-20235, -4249)
    assert (balance(dutch), dues.due_of(invoice)) == (0, 0)
    work(clock)
    assert Refund.objects.get().status == "done"
    assert kept(clock.now) == [0]
    assert documents(dutch) == [("INV-2026-00001", 24484, "credited"), ("CN-2026-00001", -24484, "paid")]
    with pytest.raises(ZetelError, match="credit_too_large"):
        credit_notes.credit(invoice, Wish(), goes_to="refund", actor=finn, reason="nog eens", now=clock.now)
    assert Refund.objects.count() == 1


@pytest.mark.story("I7")
def test_what_the_balance_had_paid_stays_balance_and_only_the_card_part_is_refunded(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    credit_notes.credit(
        first(bought), Wish(amount=5000), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    clock.set(JUNE_12)
    work(clock)
    renewal = bought.invoices.get(renews_on=date(2026, 6, 12))
    assert credits.refundable(renewal) == 15235
    credit_notes.credit(renewal, Wish(), goes_to="refund", actor=finn, reason="niet gebruikt", now=clock.now)
    work(clock)
    assert kept(clock.now) == [20235, 0]
    assert balance(bought) == 5000


def test_a_refused_refund_is_the_customers_balance_and_staff_hear_of_it(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    company.plan("refund_refused", operation="refund")
    credit_notes.credit(
        first(bought),
        Wish(amount=2500),
        goes_to="refund",
        actor=finn,
        reason="te veel betaald",
        now=clock.now,
    )
    assert balance(bought) == 0
    work(clock)
    assert Refund.objects.get().status == "refused"
    assert balance(bought) == 2500
    assert dues.due_of(first(bought)) == 0
    assert Mail.objects.get(kind="staff_alert").params["what"] == "refund_refused"


@pytest.mark.story("I7")
def test_a_credit_lowers_what_is_open_and_nothing_unpaid_becomes_spendable(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """I7: 202.35 is open, 50.00 is credited, 152.35 is left; the next try asks for that and no more."""
    company.plan("declined_soft")
    clock.set(JUNE_12)
    work(clock)
    renewal = bought.invoices.get(renews_on=date(2026, 6, 12))
    credit_notes.credit(
        renewal, Wish(amount=5000), goes_to="refund", actor=finn, reason="afspraak", now=clock.now
    )
    assert (dues.due_of(renewal), balance(bought), Refund.objects.count()) == (15235, 0, 0)
    clock.move(days=1)
    work(clock)
    assert kept(clock.now) == [20235, 15235]
    assert Subscription.objects.get(pk=bought.pk).status == "active"


def test_what_was_credited_is_not_given_back_once_more_when_dunning_ends(
    dutch: Subscription, finn: Person, clock: HandClock
) -> None:
    """M11, I1: 244.84 is open, 10.00 was credited as money; the end takes back 234.84, together the whole."""
    company.plan(*["declined_soft"] * 5)
    clock.set(JUNE_12)
    work(clock)
    renewal = dutch.invoices.get(renews_on=date(2026, 6, 12))
    credit_notes.credit(
        renewal, Wish(amount=1000), goes_to="balance", actor=finn, reason="afspraak", now=clock.now
    )
    for _ in range(7):
        clock.move(days=1)
        work(clock)
    assert documents(dutch)[1:] == [
        ("INV-2026-00002", 24484, "credited"), ("CN-2026-00001", -1000, "paid"), ("CN-2026-00002", -23484, "paid"),
    ]  # fmt: skip
    assert balance(dutch) == 0


@pytest.mark.parametrize(("credited", "taken"), [(5000, [20235, 15235]), (20235, [20235])])
def test_balance_that_comes_while_a_renewal_is_open_pays_before_the_next_try(
    bought: Subscription, finn: Person, clock: HandClock, credited: int, taken: list[int]
) -> None:
    """I6: of 202.35 the balance pays 50.00 and the card the rest; or the balance pays all of it."""
    company.plan("declined_soft")
    clock.set(JUNE_12)
    work(clock)
    credit_notes.credit(
        first(bought), Wish(amount=credited), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    clock.move(days=1)
    work(clock)
    assert kept(clock.now) == taken
    assert (balance(bought), Subscription.objects.get(pk=bought.pk).status) == (0, "active")
    assert documents(bought)[1][2] == "paid"


def test_writing_off_asks_for_nothing_more_and_the_plan_goes_on(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    company.plan("declined_soft")
    clock.set(JUNE_12)
    work(clock)
    renewal = bought.invoices.get(renews_on=date(2026, 6, 12))
    credit_notes.write_off(renewal, actor=finn, reason="failliet", now=clock.now)
    for _ in range(8):
        clock.move(days=1)
        work(clock)
    assert documents(bought)[1] == ("INV-2026-00002", 20235, "written_off")
    assert Subscription.objects.get(pk=bought.pk).status == "active"
    assert kept(clock.now) == [20235]
    event = Event.objects.get(kind="invoice.written_off")
    assert (event.actor, event.reason, event.after["amount"]) == (finn, "failliet", 20235)
    with pytest.raises(ZetelError, match="nothing_due"):
        credit_notes.write_off(renewal, actor=finn, reason="nog eens", now=clock.now)
    with pytest.raises(ZetelError, match="invoice_written_off"):
        credit_notes.credit(renewal, Wish(), goes_to="balance", actor=finn, reason="toch", now=clock.now)


def test_balance_is_paid_out_on_request_in_its_own_currency(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """M10, M9: what was paid out cannot be spent, and other currencies are not touched."""
    credit_notes.credit(
        first(bought), Wish(amount=5000), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    customer = bought.customer
    with pytest.raises(ZetelError, match="balance_too_small"):
        credit_notes.pay_out(customer, "USD", actor=finn, reason="op verzoek", now=clock.now)
    assert credit_notes.pay_out(customer, "EUR", actor=finn, reason="op verzoek", now=clock.now) == 5000
    assert balance(bought) == 0
    assert list(BalanceEntry.objects.values_list("kind", "amount")) == [
        ("credit_note", 5000),
        ("paid_out", -5000),
    ]
    clock.set(JUNE_12)
    work(clock)
    assert kept(clock.now) == [20235, 20235]


def test_every_act_of_staff_needs_its_reason_and_a_figure_that_still_holds(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """C10: without a reason, after a colleague was first, or beyond what is left, nothing changes."""
    invoice = first(bought)
    before = (Event.objects.count(), Invoice.objects.count(), BalanceEntry.objects.count())
    for reason, code in ((" ", "reason_required"), ("x" * 501, "value_too_long")):
        with pytest.raises(ZetelError, match=code):
            credit_notes.credit(invoice, Wish(), goes_to="balance", actor=finn, reason=reason, now=clock.now)
        with pytest.raises(ZetelError, match=code):
            cancel_now.cancel_now(
                bought, unused="kept", goes_to="balance", actor=finn, reason=reason, now=clock.now
            )
    with pytest.raises(ZetelError, match="credit_too_large"):
        credit_notes.credit(
            invoice, Wish(amount=20236), goes_to="balance", actor=finn, reason="x", now=clock.now
        )
    with pytest.raises(ZetelError, match="version_conflict"):
        credit_notes.credit(
            invoice, Wish(), goes_to="balance", actor=finn, reason="x", now=clock.now, left=20234
        )
    assert before == (Event.objects.count(), Invoice.objects.count(), BalanceEntry.objects.count())


@pytest.mark.story("C10")
def test_cancelled_at_once_with_what_is_unused_credited_by_the_day(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """C10: on 30 May 13 of 31 days are unused, 84.86 as in worked example 2; they go back to the card."""
    clock.set(MAY_30)
    note = cancel_now.cancel_now(
        bought, unused="credited", goes_to="refund", actor=finn, reason="op verzoek", now=clock.now
    )
    assert note is not None
    assert [(x.kind, x.seats, x.amount, x.is_coverage) for x in note.lines.all()] == [
        ("credit", 15, -8486, True)
    ]
    ended = Subscription.objects.get(pk=bought.pk)
    assert (ended.status, ended.ended_on, ended.end_reason) == ("ended", date(2026, 5, 30), "staff")
    work(clock)
    assert kept(clock.now) == [11749]
    assert (balance(bought), first(bought).state) == (0, "paid")
    assert Mail.objects.get(kind="subscription_ended_by_staff").params["words"] == "op verzoek"
    assert Event.objects.get(kind="subscription.ended").reason == "op verzoek"
    with pytest.raises(ZetelError, match="no_subscription"):
        cancel_now.cancel_now(bought, unused="kept", goes_to="balance", actor=finn, reason="x", now=clock.now)


def test_cancelled_at_once_without_a_credit_what_was_paid_stays_paid(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    clock.set(MAY_30)
    note = cancel_now.cancel_now(
        bought, unused="kept", goes_to="balance", actor=finn, reason="misbruik", now=clock.now
    )
    assert note is None
    work(clock)
    assert kept(clock.now) == [20235]
    assert documents(bought) == [("INV-2026-00001", 20235, "paid")]
    clock.set(JUNE_12)
    work(clock)
    assert len(documents(bought)) == 1


def test_a_trial_and_a_plan_that_is_past_due_are_ended_at_once_too(
    studio: Space, bought: Subscription, world: World, anna: Person, finn: Person, clock: HandClock
) -> None:
    trial = try_out(world.workspace(anna, name="Atelier"), anna, clock.now, seats=2)
    cancel_now.cancel_now(
        trial, unused="credited", goes_to="refund", actor=finn, reason="fout", now=clock.now
    )
    company.plan("declined_soft")
    clock.set(JUNE_12)
    work(clock)
    note = cancel_now.cancel_now(
        bought, unused="kept", goes_to="balance", actor=finn, reason="failliet", now=clock.now
    )
    assert note is not None
    assert documents(bought)[1:] == [("INV-2026-00002", 20235, "credited"), ("CN-2026-00001", -20235, "paid")]
    ended = Subscription.objects.order_by("id").values_list("status", "end_reason")
    assert list(ended) == [("ended", "staff"), ("ended", "staff")]
    assert kept(clock.now) == [20235]


@pytest.mark.story("M11")
def test_a_change_of_plan_after_money_was_credited_takes_back_no_more_than_was_paid(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """M11, I1: the whole first invoice was credited as money, so the upgrade of 30 May gives nothing back again."""
    credit_notes.credit(
        first(bought), Wish(), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    assert balance(bought) == 20235
    clock.set(MAY_30)
    change(bought, clock.now, plan="business")
    upgrade = bought.invoices.order_by("id").last()
    assert upgrade is not None
    assert [(x.kind, x.amount, x.rule) for x in upgrade.lines.order_by("position")] == [
        ("credit", -8486, "M7"), ("charge", 19179, "M7"), ("charge", 8486, "M11"),
    ]  # fmt: skip
    assert (upgrade.total_amount, upgrade.balance_used_amount) == (19179, 19179)
    assert balance(bought) == 1056
    billing_run.run_due(clock.now)
    assert len(documents(bought)) == 3


def test_a_change_below_the_smallest_charge_takes_effect_and_is_collected_with_the_next(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """G9: balance leaves EUR 0.40 of 5 more seats to pay, below the company's 0.50; the renewal takes it along."""
    clock.set(MAY_30)
    price = 2829  # 5 x 13.49 x 13/31
    credit_notes.credit(
        first(bought),
        Wish(amount=price - 40),
        goes_to="balance",
        actor=finn,
        reason="coulance",
        now=clock.now,
    )
    made = change(bought, clock.now, seats=20)
    assert made.status == "done"
    small = bought.invoices.filter(kind="invoice").order_by("id")[1]
    assert (small.total_amount, small.balance_used_amount, small.state) == (price, price - 40, "open")
    work(clock)
    assert (dues.due_of(small), Subscription.objects.get(pk=bought.pk).status) == (40, "active")
    with pytest.raises(ZetelError, match="amount_below_minimum"):
        pay_by_hand(small, clock)
    clock.set(JUNE_12)
    work(clock)
    renewal = bought.invoices.get(renews_on=date(2026, 6, 12))
    small.refresh_from_db()
    assert (renewal.total_amount, renewal.state, small.state) == (26980, "paid", "paid")
    assert kept(clock.now) == [20235, 27020]
    assert Mail.objects.filter(kind="payment_failed").count() == 0


def test_a_renewal_that_balance_leaves_a_few_cents_of_is_no_reason_to_dun(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """G9: 0.35 of a renewal stays open, and the renewal after it asks for 202.70."""
    credit_notes.credit(
        first(bought), Wish(amount=20200), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    clock.set(JUNE_12)
    work(clock)
    assert [row[2] for row in documents(bought)] == ["paid", "paid", "open"]
    clock.move(days=9)
    work(clock)
    assert Subscription.objects.get(pk=bought.pk).status == "active"
    clock.set(datetime(2026, 7, 12, 4, 0, tzinfo=UTC))
    work(clock)
    assert [row[2] for row in documents(bought)] == ["paid", "paid", "paid", "paid"]
    assert kept(clock.now) == [20235, 20270]


def test_a_charge_that_carried_others_and_is_declined_leaves_all_of_them_open(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    credit_notes.credit(
        first(bought), Wish(amount=20200), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    clock.set(JUNE_12)
    work(clock)
    company.plan("declined_soft")
    clock.set(datetime(2026, 7, 12, 4, 0, tzinfo=UTC))
    work(clock)
    assert [row[2] for row in documents(bought)] == ["paid", "paid", "open", "open"]
    clock.move(days=1)
    work(clock)
    assert [row[2] for row in documents(bought)] == ["paid", "paid", "paid", "paid"]
    assert kept(clock.now) == [20235, 20270]


def test_who_pays_by_hand_is_charged_what_the_page_showed(
    bought: Subscription, finn: Person, clock: HandClock
) -> None:
    """G9: of 0.35 that waits nothing is added to the 202.35 that somebody pressed the button for."""
    credit_notes.credit(
        first(bought), Wish(amount=20200), goes_to="balance", actor=finn, reason="coulance", now=clock.now
    )
    clock.set(JUNE_12)
    work(clock)
    company.plan("declined_soft")
    clock.set(datetime(2026, 7, 12, 4, 0, tzinfo=UTC))
    work(clock)
    pay_by_hand(bought.invoices.get(renews_on=date(2026, 7, 12)), clock)
    work(clock)
    assert [row[2] for row in documents(bought)] == ["paid", "paid", "open", "paid"]
    assert kept(clock.now) == [20235, 20235]
    assert Subscription.objects.get(pk=bought.pk).status == "active"


def pay_by_hand(invoice: Invoice, clock: HandClock) -> None:
    owner = invoice.customer.billing_owner
    assert owner is not None
    collections.pay(invoice, actor=owner, now=clock.now, language="nl", return_path="/s/x")
