"""What a document asks for, and what a credit does to it (I2, I6, I7, M12)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zetel.rules.errors import ZetelError
from zetel.rules.invoices import (
    Account,
    CreditEffect,
    DocumentKind,
    balance_use,
    credit_effect,
    document_kind,
    due,
    issue_date,
    number,
    status_of,
)
from zetel.rules.transitions import InvoiceStatus


@pytest.mark.parametrize(
    ("account", "amount", "status"),
    [
        (Account(1000), 1000, InvoiceStatus.OPEN),
        (Account(1000, payments=1000), 0, InvoiceStatus.PAID),
        (Account(1000, balance_used=300, payments=700), 0, InvoiceStatus.PAID),
        (Account(1000, credited=1000), 0, InvoiceStatus.CREDITED),
        (Account(1000, credited=400, payments=600), 0, InvoiceStatus.PAID),
        (Account(1000, payments=1000, taken_back=1000), 1000, InvoiceStatus.OPEN),
        (Account(1000, credited=1000, payments=1000, refunds=1000), 0, InvoiceStatus.CREDITED),
        (Account(1000, credited=200, payments=1000, became_balance=200), 0, InvoiceStatus.PAID),
        (Account(0), 0, InvoiceStatus.PAID),
    ],
)
def test_due_and_status_follow_from_what_happened(
    account: Account, amount: int, status: InvoiceStatus
) -> None:
    assert due(account) == amount
    assert status_of(account) is status


def test_an_invoice_that_would_owe_its_customer_is_a_fault_in_the_books() -> None:
    with pytest.raises(AssertionError):
        due(Account(1000, payments=1001))


@pytest.mark.parametrize(
    ("account", "gross", "effect"),
    [
        (Account(1000), 400, CreditEffect(400, 0)),
        (Account(1000, payments=1000), 400, CreditEffect(0, 400)),
        (Account(1000, payments=700), 400, CreditEffect(300, 100)),
        (Account(1000, balance_used=1000), 1000, CreditEffect(0, 1000)),
    ],
)
def test_a_credit_lowers_the_open_part_first(account: Account, gross: int, effect: CreditEffect) -> None:
    assert credit_effect(account, gross) == effect


@given(st.integers(1, 10**12), st.data())
def test_nothing_unpaid_ever_becomes_spendable(total: int, data: st.DataObject) -> None:
    paid = data.draw(st.integers(0, total))
    gross = data.draw(st.integers(1, total))
    effect = credit_effect(Account(total, payments=paid), gross)
    assert effect.lowers_open + effect.goes_back == gross
    assert effect.goes_back <= paid
    after = Account(total, credited=gross, payments=paid, became_balance=effect.goes_back)
    assert due(after) == max(0, total - paid - gross)


def test_credits_together_never_exceed_the_invoice() -> None:
    for gross in (0, -1, 601):
        with pytest.raises(ZetelError, match="credit_too_large"):
            credit_effect(Account(1000, credited=400), gross)


def test_balance_pays_first_and_no_more_than_there_is() -> None:
    assert [
        balance_use(total, balance) for total, balance in ((100, 30), (100, 300), (-50, 30), (100, 0))
    ] == [
        30,
        100,
        0,
        0,
    ]


def test_which_document_is_issued() -> None:
    assert document_kind(100, 1, False) is DocumentKind.INVOICE
    assert document_kind(-100, 1, False) is DocumentKind.CREDIT_NOTE
    assert document_kind(0, 2, False) is DocumentKind.NONE
    assert document_kind(0, 1, True) is DocumentKind.INVOICE
    assert document_kind(0, 0, True) is DocumentKind.NONE


def test_dates_of_a_series_do_not_run_backwards() -> None:
    assert issue_date(date(2026, 5, 12), None) == date(2026, 5, 12)
    assert issue_date(date(2026, 5, 12), date(2026, 5, 13)) == date(2026, 5, 13)
    assert issue_date(date(2026, 5, 14), date(2026, 5, 13)) == date(2026, 5, 14)


def test_numbers_are_written_with_their_year() -> None:
    assert number("F", 2026, 42) == "F2026-00042"
    assert number("C", 2026, 123_456) == "C2026-123456"
    with pytest.raises(AssertionError):
        number("F", 2026, 0)
