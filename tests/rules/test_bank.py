"""Which open invoice a line of a bank statement is for, and what makes a line itself (rule G5)."""

from dataclasses import replace
from datetime import date

import pytest

from zetel.rules.bank import OpenInvoice, Proposal, StatementLine, keys, propose
from zetel.rules.money import Money

OPEN = (
    OpenInvoice("a", "INV-2026-00001", Money(269_800, "EUR"), ("Acme B.V.", "Anna de Vries")),
    OpenInvoice("b", "INV-2026-00012", Money(269_800, "EUR"), ("Bakkerij Jansen",)),
    OpenInvoice("c", "INV-2026-00013", Money(5_000, "EUR"), ("Café Zuid",)),
    OpenInvoice("d", "INV-2026-00014", Money(5_000, "USD"), ("Delta",)),
)
LINE = StatementLine(date(2026, 6, 12), Money(269_800, "EUR"))


def found(**told: object) -> str:
    """The invoice, and by what: number, amount, name."""
    proposal = propose(replace(LINE, **told), OPEN)  # type: ignore[arg-type]
    if proposal is None:
        return ""
    marks = zip("nap", (proposal.by_number, proposal.by_amount, proposal.by_name), strict=True)
    return proposal.id + " " + "".join(mark for mark, holds in marks if holds)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({"remittance": "Factuur INV-2026-00001"}, "a na"),
        ({"remittance": "inv 2026 00012 bedankt"}, "b na"),  # as banks and people write it
        ({"remittance": "INV-2026-00001", "amount": Money(100, "EUR")}, "a n"),  # too little
        ({"remittance": "INV-2026-000012"}, ""),  # another number, and the amount fits two
        ({"remittance": "INV-2026-00002", "payer": "Bakkerij Jansen"}, ""),  # names one that is not open
        ({"remittance": "klant 2026-00002", "payer": "Bakkerij Jansen"}, "b ap"),
        ({"payer": "JANSEN BAKKERIJ"}, "b ap"),
        ({"payer": "cafe zuid bv", "amount": Money(5_000, "EUR")}, "c ap"),
        ({"payer": "Somebody", "amount": Money(5_000, "EUR")}, "c a"),
        ({"payer": "Acme BV", "amount": Money(7, "EUR")}, "a p"),
        ({"remittance": "INV-2026-00014", "amount": Money(5_000, "EUR"), "payer": "x"}, "c a"),  # M9
        ({"remittance": "INV-2026-00001 INV-2026-00012", "amount": Money(1, "EUR")}, ""),  # two are named
        ({"payer": "BV", "amount": Money(7, "EUR")}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_line_is_proposed_for_what_speaks_most_for(told: dict[str, object], wanted: str) -> None:
    assert found(**told) == wanted


def test_only_number_and_amount_together_are_sure() -> None:
    assert Proposal("a", True, True, False).is_sure
    assert not Proposal("a", True, False, True).is_sure


def test_a_line_is_itself_by_the_banks_name_whatever_the_text() -> None:
    one = replace(LINE, reference="R1", remittance="as version 02")
    other = replace(LINE, reference="R1", remittance="as version 08")
    assert keys([one]) == keys([other])
    assert len({*keys([one]), *keys([replace(one, reference="R2")])}) == 2


def test_lines_that_are_alike_are_counted_through() -> None:
    twice = keys([LINE, LINE])
    assert len(set(twice)) == 2
    assert keys([LINE, LINE]) == twice
    assert keys([LINE])[0] == twice[0]
