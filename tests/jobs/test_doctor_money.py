"""The doctor on money: each damage to a healthy installation is found and named (X1, X2, X3, X6, X7, X9, X10)."""

from datetime import date, timedelta

import pytest

from tests.jobs.doctor_world import Story, damage
from tests.world import subscribe
from zetel.models import (
    BalanceEntry,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    IssuedFile,
    Payment,
    Quote,
    Refund,
    Series,
    Subscription,
    TakenBack,
)
from zetel.models.ids import new_id
from zetel.sandbox import company
from zetel.sandbox.models import Charge

pytestmark = pytest.mark.django_db


def test_a_total_that_is_not_lines_and_taxes_is_off_in_the_journal(story: Story) -> None:
    Invoice.objects.filter(pk=story.renewal.pk).update(net_amount=20236, total_amount=24485)
    assert story.found("X1") == [("booking_off", "INV-2026-00002")]
    assert story.facts("X1") == {"booking": "document", "off": {"EUR": 1}}


def test_balance_used_without_its_entry_is_off_in_the_journal(story: Story) -> None:
    Invoice.objects.filter(pk=story.renewal.pk).update(balance_used_amount=100)
    assert story.facts("X1") == {"booking": "balance_used", "off": {"EUR": -100}}


def test_a_payment_in_another_currency_than_its_invoice_is_off_in_both(story: Story) -> None:
    payment = story.payment
    Payment.objects.filter(pk=payment.pk).update(currency="USD")
    assert story.found("X1") == [("booking_off", payment.public_id)]
    assert story.facts("X1") == {"booking": "payment", "off": {"USD": 24484, "EUR": -24484}}


def test_a_currency_that_is_none_is_named(story: Story) -> None:
    payment = story.payment
    Payment.objects.filter(pk=payment.pk).update(currency="XXX")
    assert story.found("X1") == [("currency_unknown", payment.public_id)]


def test_a_balance_below_nothing_is_named_with_its_customer(story: Story) -> None:
    BalanceEntry.objects.create(
        customer=story.customer, currency="EUR", amount=-500, kind="credit_note", invoice=story.renewal,
        created_at=story.clock.now,
    )  # fmt: skip
    assert story.found("X1") == [("balance_negative", story.customer.public_id)]


def test_money_that_came_for_nothing_and_stays_is_named(story: Story) -> None:
    payment = story.payment
    Payment.objects.filter(pk=payment.pk).update(invoice=None)
    assert story.found("X1") == [("money_for_nothing", payment.public_id)]


def test_a_payment_that_the_company_never_took_is_named(story: Story) -> None:
    reference = story.attempt.reference
    story.charge.delete()
    assert story.found("X2") == [("payment_without_capture", reference)]


def test_money_that_we_know_nothing_of_is_named(story: Story) -> None:
    Charge.objects.filter(pk=story.charge.pk).update(reference="pay_elsewhere-1")
    reference = story.attempt.reference
    assert story.found("X2") == [
        ("capture_without_payment", "pay_elsewhere-1"),
        ("payment_without_capture", reference),
    ]


def test_a_second_capture_for_one_reference_is_named(story: Story) -> None:
    second, reference = story.charge, story.attempt.reference
    damage('ALTER TABLE "sandbox_charge" DROP CONSTRAINT IF EXISTS "sandbox_one_charge_per_reference"')
    second.pk, second.page_key, second._state.adding = "ch_second", "second", True
    second.save(force_insert=True)
    assert story.found("X2") == [("captured_twice", reference)]


def test_a_capture_of_another_amount_is_named(story: Story) -> None:
    Charge.objects.filter(pk=story.charge.pk).update(captured_amount=24485)
    assert story.found("X2") == [("capture_amount_differs", story.attempt.reference)]
    assert (story.facts("X2")["amount"], story.facts("X2")["wanted"]) == (24485, 24484)


def test_a_refund_that_only_the_company_knows_is_named(story: Story) -> None:
    Charge.objects.filter(pk=story.charge.pk).update(refunded_amount=500)
    assert story.found("X2") == [("refunds_differ", story.attempt.reference)]


def test_refunds_beyond_the_payment_are_named(story: Story) -> None:
    Refund.objects.create(
        attempt=story.attempt, amount=24485, currency="EUR", reference="too-much", reason="test", status="sent",
        created_at=story.clock.now, ask_at=story.clock.now,
    )  # fmt: skip
    assert story.found("X2") == [("refunds_exceed_payment", story.attempt.reference)]


def test_a_paid_try_of_a_payment_that_says_otherwise_is_named(story: Story) -> None:
    payment = story.payment
    Payment.objects.filter(pk=payment.pk).update(status="refused")
    assert story.found("X2") == [("payment_and_attempts_differ", payment.public_id)]


def test_one_charge_booked_for_two_payments_is_named(story: Story) -> None:
    first = Payment.objects.get(invoice=story.first).attempts.get()
    reference, charge_id = story.attempt.reference, first.charge_id
    story.payment.attempts.update(charge_id=charge_id)
    assert story.found("X2") == [("charge_booked_twice", charge_id), ("captured_twice", reference)]


def test_a_company_that_is_away_is_told_as_not_compared(story: Story) -> None:
    company.go_down(story.clock.now + timedelta(hours=2))
    assert story.found("X2") == []
    assert story.found("X2", notices=True) == [("gateway_unavailable", "sandbox")]


def test_two_live_subscriptions_of_one_space_and_the_lost_guard_are_named(story: Story) -> None:
    damage('DROP INDEX "subscription_one_live"')
    again = story.subscription
    again.pk, again._state.adding = new_id(), True
    again.save(force_insert=True)
    assert story.found("X3") == [
        ("guard_missing", "zetel_subscription"),
        ("live_twice", "zetel_subscription"),
    ]


def test_a_period_renewed_twice_and_the_lost_guard_are_named(story: Story) -> None:
    damage('ALTER TABLE "zetel_invoice" DROP CONSTRAINT "invoice_one_per_period"')
    Invoice.objects.filter(pk=story.first.pk).update(renews_on=date(2026, 6, 12))
    assert story.found("X3") == [("guard_missing", "zetel_invoice"), ("renewed_twice", "zetel_invoice")]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"amount": 20234}, {"line_wrong", "net_wrong", "tax_rows_wrong"}),
        ({"discount_amount": 5}, {"discount_wrong", "net_wrong", "tax_rows_wrong"}),
        ({"end": date(2026, 8, 1)}, {"line_dates_wrong"}),
        ({"tax_category": "Q"}, {"tax_category_unknown"}),
        ({"rate_bp": 900}, {"tax_rows_wrong"}),
        ({"kind": "credit"}, {"credit_names_nothing", "line_wrong"}),
    ],
)
def test_a_line_that_is_not_its_figures_is_named(
    story: Story, changed: dict[str, object], what: set[str]
) -> None:
    InvoiceLine.objects.filter(invoice=story.renewal).update(**changed)
    assert {(code, subject) for code, subject in story.found("X6")} == {
        (code, "INV-2026-00002") for code in what
    }


def test_a_tax_row_that_is_not_the_rate_of_its_base_is_named(story: Story) -> None:
    InvoiceTax.objects.filter(invoice=story.renewal).update(tax_amount=4250)
    assert story.found("X6") == [("tax_wrong", "INV-2026-00002"), ("tax_rows_wrong", "INV-2026-00002")]


def test_a_paid_invoice_without_its_money_and_an_open_one_with_it_are_named(story: Story) -> None:
    taken = TakenBack.objects.create(
        payment=story.payment,
        invoice=story.renewal,
        amount=24484,
        taken_at=story.clock.now,
        said_at=story.clock.now,
    )
    assert story.found("X6") == [
        ("state_wrong", "INV-2026-00002"),
        ("taken_back_differs", story.payment.public_id),
    ]
    Payment.objects.filter(pk=story.payment.pk).update(status="taken_back")
    assert story.found("X6") == [("state_wrong", "INV-2026-00002")]
    assert story.facts("X6")["due"] == 24484
    taken.delete()
    Payment.objects.update(status="paid")
    Invoice.objects.filter(pk=story.first.pk).update(state="open")
    assert story.found("X6") == [("state_wrong", "INV-2026-00001")]


def test_an_invoice_that_got_more_than_it_asked_is_named(story: Story) -> None:
    Payment.objects.filter(pk=story.payment.pk).update(amount=24485)
    assert story.found("X6") == [("due_negative", "INV-2026-00002")]
    assert story.facts("X6")["due"] == -1


def test_a_payment_that_asks_for_more_than_is_due_is_named(story: Story) -> None:
    Payment.objects.create(
        customer=story.customer, invoice=story.renewal, amount=100, currency="EUR", created_at=story.clock.now
    )
    assert story.found("X6") == [("asks_more_than_due", "INV-2026-00002")]
    assert story.facts("X6") == {"asked": 100, "due": 0}


def test_a_line_taken_back_beyond_its_days_is_named(story: Story) -> None:
    line, charged = story.renewal.lines.get(), story.first.lines.get()
    InvoiceLine.objects.filter(pk=line.pk).update(
        kind="credit", amount=-20235, seats=16, takes_back=[str(charged.pk)], is_coverage=True
    )
    assert ("line_credited_too_much", "INV-2026-00001") in story.found("X6")


def test_an_invoice_that_is_not_its_quote_is_named(story: Story) -> None:
    Quote.objects.filter(invoice=story.first).update(due_amount=24483)
    assert story.found("X7") == [("quote_differs", "INV-2026-00001")]
    assert story.facts("X7") == {"of": "due", "issued": 24484, "quoted": 24483}


def test_a_line_that_was_not_quoted_is_named_with_its_figures(story: Story) -> None:
    InvoiceLine.objects.filter(invoice=story.first).update(seats=10)
    assert story.found("X7") == [("quoted_line_differs", "INV-2026-00001")]
    assert story.facts("X7") == {"position": 1, "issued": {"seats": 10}, "quoted": {"seats": 15}}


def test_a_paid_change_without_its_invoice_is_named(story: Story) -> None:
    change = story.first.quote.change if story.first.quote else None
    Invoice.objects.filter(pk=story.first.pk).update(quote=None)
    assert change is not None
    assert story.found("X7") == [("change_without_invoice", change.public_id)]


def test_a_gap_in_the_numbers_is_named(story: Story) -> None:
    Invoice.objects.filter(pk=story.renewal.pk).update(sequence=3, number="INV-2026-00003")
    series = Series.objects.get()
    assert story.found("X9") == [("series_differs", series.public_id), ("number_missing", "INV-2026-00003")]


def test_a_date_that_runs_backwards_is_named(story: Story) -> None:
    Invoice.objects.filter(pk=story.renewal.pk).update(issued_on=date(2026, 5, 11))
    assert story.found("X9") == [("date_runs_backwards", "INV-2026-00002")]


def test_a_number_that_is_not_that_of_its_place_is_named(story: Story) -> None:
    Invoice.objects.filter(pk=story.renewal.pk).update(number="INV-2026-00012")
    assert story.found("X9") == [("number_wrong", "INV-2026-00012")]


def test_altered_bytes_and_a_file_that_went_missing_are_named(story: Story) -> None:
    IssuedFile.objects.filter(invoice=story.first, kind="pdf").update(content=b"%PDF-other")
    assert story.found("X10") == [("file_altered", "INV-2026-00001")]
    IssuedFile.objects.filter(invoice=story.first, kind="pdf").delete()
    assert story.found("X10") == [("file_missing", "INV-2026-00001")]


def test_a_document_changed_after_its_issue_is_named_with_both_figures(story: Story) -> None:
    Invoice.objects.filter(pk=story.first.pk).update(net_amount=20000, total_amount=24249)
    assert story.found("X10") == [("document_changed", "INV-2026-00001")]
    assert (story.facts("X10")["now"], story.facts("X10")["issued"]) == (24249, 24484)


def test_a_second_space_and_its_own_money_is_no_finding(story: Story) -> None:
    subscribe(story.world.workspace(story.bram, name="Atelier"), story.bram, story.clock.now, seats=2)
    assert Subscription.objects.count() == 2
    assert [story.found(rule) for rule in ("X1", "X2", "X3", "X6", "X7", "X9", "X10")] == [[]] * 7
