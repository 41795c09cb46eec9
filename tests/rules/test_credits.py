"""What can still be given back, reckoned by hand, and any row of partial credits held against the invoice (I1, M13)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zetel.rules.billing import Billed, Line, Terms, as_billed, due_minus_billed
from zetel.rules.credits import (
    Books,
    Creditable,
    Kept,
    credit_gross,
    credit_lines,
    credit_whole,
    creditable,
    fitted,
    gross,
    nets_left,
    parts_by_invoice,
    spendable,
    taken,
)
from zetel.rules.documents import Document, document
from zetel.rules.errors import ZetelError
from zetel.rules.money import share
from zetel.rules.periods import Cycle
from zetel.rules.tax import TaxRow, TaxTreatment

MAY, JUNE = date(2026, 5, 12), date(2026, 6, 12)
MAY_30 = date(2026, 5, 30)
DUTCH = TaxTreatment("S", 2100, "domestic")
FREE = TaxTreatment("O", 0, "outside_eu")
PREMIUM = Terms(MAY, "premium", Cycle.MONTH, 15, 1349, "EUR", MAY)


def sold(line_id: str, net: int, rate_bp: int = 2100, seats: int = 1) -> Kept:
    """A charge line of a whole month."""
    line = Billed(
        line_id, "premium", Cycle.MONTH, 1349, seats, MAY, JUNE, MAY, JUNE, rate_bp, "S" if rate_bp else "Z"
    )
    return Kept("INV", line, net)


def issued(name: str, of: Document) -> list[Kept]:
    """The lines of a document as they are kept once it is issued."""
    return [
        Kept(name, as_billed(line, f"{name}-{number}"), line.net, line.rule not in ("M11", "M13"))
        for number, line in enumerate(of.lines, start=1)
    ]


def invoice_of(kept: list[Kept]) -> tuple[TaxRow, ...]:
    nets: dict[int, int] = {}
    for row in kept:
        nets[row.line.rate_bp] = nets.get(row.line.rate_bp, 0) + row.net
    return tuple(TaxRow("S" if bp else "Z", bp, net, share(net, bp)) for bp, net in sorted(nets.items()))


def bought(terms: Terms = PREMIUM, treatment: TaxTreatment = FREE) -> list[Kept]:
    return issued("INV", document(due_minus_billed([terms], [], through=terms.starts_on), treatment))


def test_ten_euros_with_21_percent_inside_are_8_26_and_1_74() -> None:
    kept = bought(treatment=DUTCH)
    note = credit_gross(creditable("INV", invoice_of(kept), kept), 1000)
    assert (note.net, note.tax, note.total) == (-826, -174, -1000)
    (line,) = note.lines
    assert (line.kind, line.amount, line.rule, line.takes_back) == ("credit", -826, "M13", ("INV-1",))


def test_a_whole_credit_mirrors_every_line_and_every_rate() -> None:
    kept = [sold("a", 20235), sold("b", 1000, 900), sold("c", 500)]
    note = credit_whole(creditable("INV", invoice_of(kept), kept))
    assert [(line.amount, line.takes_back) for line in note.lines] == [
        (-1000, ("b",)), (-20235, ("a",)), (-500, ("c",)),
    ]  # fmt: skip
    assert note.taxes == (TaxRow("S", 900, -1000, -90), TaxRow("S", 2100, -20735, -4354))


def test_a_share_of_a_line_is_never_more_than_the_line_still_has() -> None:
    kept = [sold("a", 20235), sold("b", 1000)]
    whole = creditable("INV", invoice_of(kept), kept)
    note = credit_lines(whole, {"b": 400})
    assert (note.net, note.tax) == (-400, -84)
    after = creditable("INV", less(invoice_of(kept), note), [*kept, *issued("CN", note)], {"CN"})
    assert after.nets == {"a": 20235, "b": 600}
    with pytest.raises(ZetelError, match="credit_too_large"):
        credit_lines(after, {"b": 601})
    with pytest.raises(ZetelError, match="value_required"):
        credit_lines(after, {})


def test_coverage_that_a_later_invoice_took_back_cannot_be_credited_once_more() -> None:
    """Worked example 2: of 202.35 a change of plan takes 84.86 back, so that 117.49 is left."""
    kept = bought()
    business = replace(PREMIUM, starts_on=MAY_30, plan="business", unit_amount=3049)
    lines = due_minus_billed([PREMIUM, business], [row.line for row in kept], through=MAY_30)
    kept += issued("INV2", document(lines, FREE))
    first = creditable("INV", (TaxRow("O", 0, 20235, 0),), kept)
    assert (first.nets, first.gross) == ({"INV-1": 11749}, 11749)
    assert credit_whole(first).total == -11749
    second = creditable("INV2", (TaxRow("O", 0, 10693, 0),), kept)
    assert (second.nets, second.gross) == ({"INV2-2": 19179}, 10693)
    assert credit_whole(second).total == -10693
    with pytest.raises(ZetelError, match="credit_too_large"):
        credit_lines(second, {"INV2-2": 10694})


def test_a_credit_of_coverage_falls_to_the_latest_seats_first() -> None:
    """Worked example 7: ten seats taken back are the five added ones and five of the first."""
    kept = bought(replace(PREMIUM, seats=5))
    ten = replace(PREMIUM, starts_on=date(2026, 5, 19), seats=10)
    first = replace(PREMIUM, seats=5)
    kept += issued(
        "INV2",
        document(due_minus_billed([first, ten], [row.line for row in kept], through=ten.starts_on), FREE),
    )
    lines = due_minus_billed([first, ten], [row.line for row in kept], through=MAY_30, ends_on=MAY_30)
    note = document(lines, None)
    assert note.total == -5657
    found = taken([*kept, *issued("CN", note)])["CN-1"]
    assert found == {"INV-1": 2829, "INV2-1": 2828}
    parts = parts_by_invoice(note, issued("CN", note), kept, {"INV": 6745, "INV2": 5222})
    assert {key: gross(rows) for key, rows in parts.items()} == {
        "INV": found["INV-1"], "INV2": found["INV2-1"],
    }  # fmt: skip
    assert spendable(note, Books(tuple(kept))) == 5657
    assert spendable(note, Books(tuple(kept), dues={"INV2": 5222})) == found["INV-1"]
    assert spendable(note, Books(tuple(kept), dues={"INV2": 1000})) == 4657


def test_a_year_that_began_with_the_rest_of_a_month_is_given_back_on_both_invoices() -> None:
    """Worked example 3: the year's invoice is 2,023.50 less 84.86, so a note over the whole year needs both."""
    kept = bought()
    year = replace(PREMIUM, starts_on=MAY_30, cycle=Cycle.YEAR, unit_amount=13490, anchor_on=MAY_30)
    lines = due_minus_billed([PREMIUM, year], [row.line for row in kept], through=MAY_30)
    kept += issued("INV2", document(lines, FREE))
    back = due_minus_billed([PREMIUM, year], [row.line for row in kept], through=MAY_30, ends_on=MAY_30)
    note = document(back, None)
    assert note.total == -202350
    room = {"INV": 20235, "INV2": 193864}
    parts = parts_by_invoice(note, issued("CN", note), kept, room)
    assert {key: gross(rows) for key, rows in parts.items()} == {"INV2": 193864, "INV": 8486}
    assert spendable(note, Books(tuple(kept))) == 202350
    assert spendable(note, Books(tuple(kept), dues={"INV": 20235})) == 202350 - 8486


def test_money_given_back_before_is_not_given_back_with_the_coverage() -> None:
    kept = bought(treatment=DUTCH)
    rows = invoice_of(kept)
    gift = credit_gross(creditable("INV", rows, kept), 1000)
    kept += issued("CN", gift)
    lines = due_minus_billed([PREMIUM], [kept[0].line], through=MAY, ends_on=MAY)
    note = fitted(document(lines, None), Books(tuple(kept), {"INV": less(rows, gift)}))
    assert [(line.kind, line.amount, line.rule) for line in note.lines] == [
        ("credit", -20235, "M7"), ("charge", 826, "M11"),
    ]  # fmt: skip
    assert note.total == -(20235 + 4249 - 1000)
    assert nets_left([*kept, *issued("CN2", note)])["INV-1"] == 0


def less(rows: tuple[TaxRow, ...], note: Document) -> tuple[TaxRow, ...]:
    """What a note leaves of an invoice's rows."""
    by = {(row.category, row.rate_bp): row for row in note.taxes}
    none = TaxRow("", 0, 0, 0)
    return tuple(
        replace(row, net=row.net + by.get(key, none).net, tax=row.tax + by.get(key, none).tax)
        for row in rows
        for key in [(row.category, row.rate_bp)]
    )


AMOUNTS = st.integers(1, 5000)
LINES = st.lists(st.tuples(AMOUNTS, st.sampled_from([0, 900, 2100])), min_size=1, max_size=5)


@given(LINES, st.data())
def test_any_credits_that_end_in_full_are_the_invoice_to_the_cent_at_each_rate(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    kept = [sold(f"line {number}", net, bp) for number, (net, bp) in enumerate(lines)]
    whole = rows = invoice_of(kept)
    notes: list[Document] = []
    for number in range(data.draw(st.integers(0, 4))):
        left = creditable("INV", rows, kept, {f"CN{n}" for n in range(number)})
        assume(left.gross > 1)
        note = _part(left, data)
        assert -note.tax >= 0
        assert -note.total <= left.gross
        rows, kept = less(rows, note), [*kept, *issued(f"CN{number}", note)]
        notes.append(note)
    left = creditable("INV", rows, kept, {f"CN{n}" for n in range(len(notes))})
    if left.gross:
        notes.append(credit_whole(left))
        rows, kept = less(rows, notes[-1]), [*kept, *issued("CN last", notes[-1])]
    assert all((row.net, row.tax) == (0, 0) for row in rows)
    assert -sum(note.total for note in notes) == gross(whole)
    assert set(nets_left(kept).values()) == {0}
    with pytest.raises(ZetelError, match="credit_too_large"):
        credit_whole(creditable("INV", rows, kept, {"CN last", *(f"CN{n}" for n in range(5))}))


def _part(left: Creditable, data: st.DataObject) -> Document:
    """A part of what is left, by amount or by lines."""
    nets = {line_id: net for line_id, net in left.nets.items() if net}
    if not nets or data.draw(st.booleans()):
        return credit_gross(left, data.draw(st.integers(1, left.gross - 1)))
    chosen = data.draw(st.lists(st.sampled_from(sorted(nets)), min_size=1, unique=True))
    return credit_lines(left, {line_id: data.draw(st.integers(1, nets[line_id])) for line_id in chosen})


@given(st.integers(2, 40), st.integers(0, 30), st.integers(1, 60000), st.sampled_from([0, 900, 2100]))
def test_money_then_the_end_gives_back_the_invoice_and_no_more(
    seats: int, days: int, gift: int, rate_bp: int
) -> None:
    treatment = TaxTreatment("S" if rate_bp else "Z", rate_bp, "domestic")
    terms, on = replace(PREMIUM, seats=seats), MAY.replace(day=12 + min(days, 19))
    kept = bought(terms, treatment)
    rows = invoice_of(kept)
    given_back = credit_gross(creditable("INV", rows, kept), min(gift, gross(rows)))
    after = [*kept, *issued("CN", given_back)]
    lines: tuple[Line, ...] = due_minus_billed([terms], [kept[0].line], through=on, ends_on=on)
    note = fitted(document(lines, None), Books(tuple(after), {"INV": less(rows, given_back)}))
    assert note.total <= 0
    assert -note.total - given_back.total <= gross(rows)
    assert nets_left([*after, *issued("CN2", note)])["INV-1"] >= 0
    if on == MAY:
        assert -note.total - given_back.total == gross(rows)
