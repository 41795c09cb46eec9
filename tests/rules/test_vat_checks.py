"""When a VAT number is asked about, and what an answer changes (rules T1, T2, T4)."""

from datetime import timedelta

import pytest

from zetel.rules.vat_checks import is_asked, pause_after, vat_status


@pytest.mark.parametrize(
    ("seller", "customer", "number", "asked"),
    [
        ("NL", "DE", "DE136695976", True),
        ("NL", "GR", "EL094259216", True),
        ("NL", "DE", "", False),
        ("NL", "NL", "NL123456782B90", False),  # domestic: the number changes nothing
        ("NL", "US", "12-3456789", False),
        ("GB", "DE", "DE136695976", False),
    ],
)
def test_only_a_number_that_tax_depends_on_is_asked_about(
    seller: str, customer: str, number: str, asked: bool
) -> None:
    assert is_asked(seller, customer, number) is asked


def test_pauses_grow_to_four_hours() -> None:
    minutes = [pause_after(tries) // timedelta(minutes=1) for tries in (1, 2, 3, 4, 5, 300)]
    assert minutes == [1, 5, 15, 60, 240, 240]


@pytest.mark.parametrize(
    ("held", "is_valid", "by_evidence", "status"),
    [
        ("unverified", True, False, "verified"),
        ("verified", False, False, "unverified"),
        ("unverified", False, False, "unverified"),
        ("verified", False, True, "verified"),  # staff saw proof
    ],
)
def test_an_answer_changes_the_status_but_not_what_staff_proved(
    held: str, is_valid: bool, by_evidence: bool, status: str
) -> None:
    assert vat_status(held, is_valid=is_valid, by_evidence=by_evidence) == status
