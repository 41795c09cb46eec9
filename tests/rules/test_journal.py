"""The journal by hand: what is booked for a sale, its payment, a credit and what comes of it (X1, I7)."""

from datetime import date

from zetel.rules.journal import (
    Account,
    Booking,
    IssuedDocument,
    booking_of_loose_entry,
    booking_of_payment,
    booking_of_return,
    bookings_of_document,
    trial_balance,
)
from zetel.rules.money import Money

DAY = date(2026, 5, 30)


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def posted(booking: Booking) -> list[tuple[str, int, str]]:
    return [
        (posting.account.value, posting.money.amount, posting.money.currency) for posting in booking.postings
    ]


def test_the_sixth_worked_example_with_tax_leaves_nothing_owed_and_the_money_in_the_till() -> None:
    note = IssuedDocument(
        "CN-1",
        DAY,
        eur(-2738),
        net_amounts=[-2263],
        tax_amounts=[-475],
        balance_used=0,
        became=[(DAY, eur(2738))],
    )
    invoice = IssuedDocument(
        "INV-2",
        DAY,
        eur(48969),
        net_amounts=[40470],
        tax_amounts=[8499],
        balance_used=2738,
        used=[eur(-2738)],
    )
    bookings = [
        *bookings_of_document(note), *bookings_of_document(invoice), booking_of_payment("pay_1", DAY, eur(46231), "EUR")
    ]  # fmt: skip
    assert [booking.kind for booking in bookings] == [
        "document", "became_balance", "document", "balance_used", "payment",
    ]  # fmt: skip
    assert posted(bookings[1]) == [("receivable", 2738, "EUR"), ("balance", -2738, "EUR")]
    assert posted(bookings[3]) == [("receivable", -2738, "EUR"), ("balance", 2738, "EUR")]
    assert [booking.off() for booking in bookings] == [{}] * 5
    assert trial_balance(bookings) == {
        (Account.RECEIVABLE, "EUR"): 0,
        (Account.REVENUE, "EUR"): -38207,
        (Account.TAX, "EUR"): -8024,
        (Account.BALANCE, "EUR"): 0,
        (Account.CASH, "EUR"): 46231,
    }


def test_a_total_that_its_lines_and_taxes_do_not_make_is_off_by_the_difference() -> None:
    wrong = IssuedDocument("INV-1", DAY, eur(12), net_amounts=[4, 5], tax_amounts=[2], balance_used=0)
    assert [booking.off() for booking in bookings_of_document(wrong)] == [{"EUR": 1}]


def test_balance_used_and_its_entries_must_be_the_same() -> None:
    for used, entries, off in ((5, [], {"EUR": -5}), (0, [-5], {"EUR": 5}), (5, [-2, -3], {})):
        document = IssuedDocument(
            "INV-1", DAY, eur(10), [10], [0], balance_used=used, used=[eur(entry) for entry in entries]
        )
        assert [booking.off() for booking in bookings_of_document(document)][1] == off


def test_an_entry_in_another_currency_than_its_document_is_off_in_both() -> None:
    document = IssuedDocument(
        "CN-1", DAY, eur(-10), [-10], [0], balance_used=0, became=[(DAY, Money(10, "USD"))]
    )
    assert [booking.off() for booking in bookings_of_document(document)] == [{}, {"EUR": 10, "USD": -10}]


def test_an_entry_that_names_no_document_comes_from_nowhere() -> None:
    assert booking_of_loose_entry("bal_1", DAY, eur(5)).off() == {"EUR": -5}


def test_money_for_nothing_waits_on_an_account_of_its_own_until_it_went_back() -> None:
    came = booking_of_payment("pay_1", DAY, eur(700), None)
    back = booking_of_return("refund", "ref_1", DAY, eur(700), None)
    assert posted(came) == [("cash", 700, "EUR"), ("unallocated", -700, "EUR")]
    assert posted(back) == [("cash", -700, "EUR"), ("unallocated", 700, "EUR")]
    assert set(trial_balance([came, back]).values()) == {0}


def test_a_payment_taken_back_opens_what_it_had_paid() -> None:
    back = booking_of_return("taken_back", "pay_1", DAY, eur(700), "EUR")
    assert posted(back) == [("cash", -700, "EUR"), ("receivable", 700, "EUR")]


def test_a_payment_in_another_currency_than_the_invoice_is_off_in_both() -> None:
    assert booking_of_payment("pay_1", DAY, Money(5, "USD"), "EUR").off() == {"USD": 5, "EUR": -5}
