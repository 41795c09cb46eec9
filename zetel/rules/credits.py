"""What an issued line and invoice can still give back, and the credit notes that do it (rules I1, I7, M11, M13).

Every credit line names the lines it takes back. Replaying all of them in order of issue says what each line still has,
whether coverage or money was given back; a note never gives more. The last credit of an invoice takes exactly what is
left, so that all of them together are the invoice to the cent, at each rate.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from zetel.rules.billing import Billed, Line, as_billed
from zetel.rules.documents import Document, with_taxes
from zetel.rules.errors import ZetelError
from zetel.rules.money import share, spread
from zetel.rules.tax import TaxRow, gross_credit

MONEY_RULES = frozenset({"M11", "M13"})
"""The rules of lines that are no coverage: money given back (M13), and money given back before, not once more (M11)."""

Rate = tuple[str, int]  # category and rate in basis points


@dataclass(frozen=True, slots=True)
class Kept:
    """One issued line: what it says of coverage, its signed net, and the document it stands on."""

    document_id: str
    line: Billed
    net: int
    is_coverage: bool = True

    @property
    def rate(self) -> Rate:
        return self.line.tax_category, self.line.rate_bp


@dataclass(frozen=True, slots=True)
class Books:
    """What crediting looks at: lines in order of issue, what credited invoices still hold, and what is still due.

    `left` has only invoices that a credit note was issued on; `dues` only those that are open.
    """

    kept: tuple[Kept, ...] = ()
    left: Mapping[str, tuple[TaxRow, ...]] = field(default_factory=dict)
    dues: Mapping[str, int] = field(default_factory=dict)


Taken = Mapping[str, Mapping[str, int]]


def taken(kept: Sequence[Kept]) -> dict[str, dict[str, int]]:
    """Of each line that takes something back, how much net of each line it names; the parts are its net exactly."""
    left = {row.line.line_id: row.net for row in kept if not row.line.takes_back}
    days = _seat_days([row.line for row in kept if row.is_coverage])
    found: dict[str, dict[str, int]] = {}
    for row in kept:
        named = [line_id for line_id in row.line.takes_back if line_id in left]
        if not named:
            continue
        weights = [_weight(row, line_id, left, days) for line_id in named]
        parts = spread(-row.net, weights if any(weights) else [1] * len(named))
        found[row.line.line_id] = dict(zip(named, parts, strict=True))
        for line_id, part in zip(named, parts, strict=True):
            left[line_id] -= part
    return found


def _weight(row: Kept, line_id: str, left: Mapping[str, int], days: Mapping[str, Mapping[str, int]]) -> int:
    """How a line's net falls to those it names: coverage by seats and days, money by what each has left (or lacks)."""
    if row.is_coverage:
        return days.get(row.line.line_id, {}).get(line_id, 0)
    return max(0, left[line_id] if row.net < 0 else -left[line_id])


def nets_left(kept: Sequence[Kept]) -> dict[str, int]:
    """What each line still has; below nothing only where more was given back than it had."""
    left = {row.line.line_id: row.net for row in kept if not row.line.takes_back}
    for parts in taken(kept).values():
        for line_id, part in parts.items():
            left[line_id] -= part
    return left


def _seat_days(lines: Sequence[Billed]) -> dict[str, dict[str, int]]:
    """Of each credit of coverage, how many seats times days it takes off each line, the latest first (M6)."""
    groups: dict[tuple[object, ...], list[Billed]] = defaultdict(list)
    for line in lines:
        groups[line.plan, line.cycle, line.unit_amount, line.period_start, line.period_end].append(line)
    found: dict[str, dict[str, int]] = {}
    for group in groups.values():
        if any(line.seats < 0 for line in group):
            edges = sorted({day for line in group for day in (line.start, line.end)})
            for start, end in pairwise(edges):
                over = [line for line in group if line.start <= start < line.end]
                _take_on_days(over, (end - start).days, found)
    return found


def _take_on_days(over: Sequence[Billed], days: int, found: dict[str, dict[str, int]]) -> None:
    seats: dict[str, int] = {}
    inherited = {line.line_id: (line.rate_bp, line.tax_category, line.discount_bp) for line in over}
    for line in over:
        if line.seats > 0:
            seats[line.line_id] = line.seats
            continue
        missing = -line.seats
        for line_id in reversed(list(seats)):
            fits = inherited[line_id] == inherited[line.line_id]
            if not fits or (line.takes_back and line_id not in line.takes_back):
                continue
            part = min(seats[line_id], missing)
            seats[line_id], missing = seats[line_id] - part, missing - part
            if part:
                of_line = found.setdefault(line.line_id, {})
                of_line[line_id] = of_line.get(line_id, 0) + part * days


# ---------------------------------------------------------------------------------- coverage that is taken back


def fitted(asked: Document, books: Books) -> Document:
    """A document whose credits give back no more than what is left, after money was given back before (I1, M11).

    What was given back before is charged again by lines that are no coverage, so that each credit line stays the figure
    that everybody can check (M2).
    """
    given = {line_id for row in books.kept if not row.is_coverage for line_id in row.line.takes_back}
    if not given and not books.left:
        return asked
    after = (*books.kept, *_kept("", asked.lines))
    over = {line_id: -net for line_id, net in nets_left(after).items() if line_id in given and net < 0}
    again = tuple(_again(books.kept, over))
    lines = (*asked.lines, *again)
    rows = _rows_of(asked.taxes, again)
    return with_taxes(lines, _capped(rows, lines, books))


def _kept(document_id: str, lines: Iterable[Line]) -> list[Kept]:
    """Lines that are about to be issued, under ids of their own."""
    return [
        Kept(document_id, as_billed(line, f"new {number}"), line.net, line.rule not in MONEY_RULES)
        for number, line in enumerate(lines)
    ]


def _again(kept: Sequence[Kept], over: Mapping[str, int]) -> Iterable[Line]:
    """One line per rate that charges again what was given back before."""
    by_rate: dict[Rate, list[Kept]] = defaultdict(list)
    for row in kept:
        if row.line.line_id in over:
            by_rate[row.rate].append(row)
    for rows in by_rate.values():
        yield _money_line(rows, sum(over[row.line.line_id] for row in rows), "M11")


def _rows_of(taxes: Sequence[TaxRow], again: Sequence[Line]) -> tuple[TaxRow, ...]:
    nets = {(row.category, row.rate_bp): row.net for row in taxes}
    for line in again:
        nets[line.tax_category or "", line.rate_bp or 0] += line.net
    return tuple(TaxRow(category, bp, net, share(net, bp)) for (category, bp), net in sorted(nets.items()))


def _capped(rows: Sequence[TaxRow], lines: Sequence[Line], books: Books) -> tuple[TaxRow, ...]:
    """Of credits alone, tax is given back as far as it is left, and wholly by the credit that uses an invoice up."""
    of = {row.line.line_id: row.document_id for row in books.kept}
    named = {of[line_id] for line in lines for line_id in line.takes_back if line_id in of}
    if any(not line.takes_back for line in lines) or not named <= set(books.left):
        return tuple(rows)
    left: dict[Rate, TaxRow] = {}
    for document_id in named:
        for row in books.left[document_id]:
            key = row.category, row.rate_bp
            held = left.get(key, TaxRow(row.category, row.rate_bp, 0, 0))
            left[key] = replace(held, net=held.net + row.net, tax=held.tax + row.tax)
    return tuple(_row_capped(row, left.get((row.category, row.rate_bp))) for row in rows)


def _row_capped(row: TaxRow, left: TaxRow | None) -> TaxRow:
    if left is None:
        return row
    return replace(row, tax=-left.tax if -row.net == left.net else -min(-row.tax, left.tax))


def parts_by_invoice(
    asked: Document, lines: Sequence[Kept], kept: Sequence[Kept], room: Mapping[str, int]
) -> dict[str, tuple[TaxRow, ...]]:
    """What a credit note takes off each invoice, as positive rows that are the note's own together.

    `lines` are the note's, `kept` all before it; `room` is what each invoice is, less what was credited on it. What the
    note charges lowers what it takes back.
    """
    of = {row.line.line_id: row.document_id for row in kept}
    found, own = taken((*kept, *lines)), {row.line.line_id: row for row in lines}
    nets: dict[Rate, dict[str, int]] = defaultdict(dict)
    for line_id, parts in found.items():
        if line_id in own:
            for taken_id, part in parts.items():
                by = nets[own[line_id].rate]
                by[of[taken_id]] = by.get(of[taken_id], 0) + part
    whole: dict[str, int] = {}
    for by in nets.values():
        for document_id, net in by.items():
            whole[document_id] = whole.get(document_id, 0) + max(0, net)
    rows: dict[str, list[TaxRow]] = {document_id: [] for document_id in whole}
    for row in asked.taxes:
        by = {key: max(0, net) for key, net in nets.get((row.category, row.rate_bp), {}).items()}
        weights = by if any(by.values()) else whole
        if not any(weights.values()):
            continue
        ids = list(weights)
        for document_id, net, tax in zip(
            ids,
            spread(-row.net, list(weights.values())),
            spread(-row.tax, list(weights.values())),
            strict=True,
        ):
            rows[document_id].append(TaxRow(row.category, row.rate_bp, net, tax))
    falls_to = {key: tuple(found_rows) for key, found_rows in rows.items() if found_rows}
    return _within_room(falls_to, room, _sources(kept))


def _sources(kept: Sequence[Kept]) -> dict[str, list[str]]:
    """Of each invoice, those whose lines its own credit lines took back, the latest first."""
    of = {row.line.line_id: row.document_id for row in kept}
    found: dict[str, list[str]] = {}
    for line_id, parts in reversed(taken(kept).items()):
        named = [of[taken_id] for taken_id in reversed(parts) if of[taken_id] != of[line_id]]
        found.setdefault(of[line_id], []).extend(named)
    return found


def _within_room(
    parts: Mapping[str, tuple[TaxRow, ...]], room: Mapping[str, int], sources: Mapping[str, Sequence[str]]
) -> dict[str, tuple[TaxRow, ...]]:
    """What is more than an invoice is falls to those that it took back: a move to yearly charges a whole year, less the
    month, so the year's worth stands on both invoices."""
    held, waiting = dict(parts), list(parts)
    for document_id in waiting:
        for source in sources.get(document_id, ()):
            over = gross(held[document_id]) - room.get(document_id, 0)
            more = min(over, room.get(source, 0) - gross(held.get(source, ())))
            if more <= 0:
                continue
            stays, moved = _split(held[document_id], more)
            held |= {document_id: stays, source: _sum_rows(held.get(source, ()), moved)}
            if source not in waiting:
                waiting.append(source)
    return {document_id: rows for document_id, rows in held.items() if rows}


def _split(rows: tuple[TaxRow, ...], amount: int) -> tuple[tuple[TaxRow, ...], tuple[TaxRow, ...]]:
    """Rows without a gross amount, and that amount, per rate in proportion (M13)."""
    if amount == gross(rows):
        return (), rows
    moved = {(row.category, row.rate_bp): row for row in gross_credit(amount, rows).taxes}
    nothing = TaxRow("", 0, 0, 0)
    parts = [(row, moved.get((row.category, row.rate_bp), nothing)) for row in rows]
    stays = (replace(row, net=row.net - part.net, tax=row.tax - part.tax) for row, part in parts)
    return tuple(row for row in stays if row.net or row.tax), tuple(moved.values())


def _sum_rows(rows: tuple[TaxRow, ...], more: tuple[TaxRow, ...]) -> tuple[TaxRow, ...]:
    sums = {(row.category, row.rate_bp): row for row in rows}
    for row in more:
        held = sums.get((row.category, row.rate_bp), TaxRow(row.category, row.rate_bp, 0, 0))
        sums[row.category, row.rate_bp] = replace(held, net=held.net + row.net, tax=held.tax + row.tax)
    return tuple(sums.values())


def _room(books: Books) -> dict[str, int]:
    """What each invoice is, less what was credited on it: from its lines, where no credit note was issued on it."""
    nets: dict[str, dict[Rate, int]] = defaultdict(lambda: defaultdict(int))
    for row in books.kept:
        nets[row.document_id][row.rate] += row.net
    found = {
        document_id: sum(net + share(net, rate_bp) for (_, rate_bp), net in by.items())
        for document_id, by in nets.items()
    }
    return found | {document_id: gross(rows) for document_id, rows in books.left.items()}


def gross(rows: Iterable[TaxRow]) -> int:
    return sum(row.net + row.tax for row in rows)


def spendable(asked: Document, books: Books) -> int:
    """What of a credit note was paid and so becomes balance: on each invoice what goes beyond its open part (I7)."""
    if asked.total >= 0:
        return 0
    parts = parts_by_invoice(asked, _kept("", asked.lines), books.kept, _room(books))
    return sum(max(0, gross(rows) - books.dues.get(key, 0)) for key, rows in parts.items())


# ------------------------------------------------------------------------------------- money that is given back


@dataclass(frozen=True, slots=True)
class Creditable:
    """An invoice as money can be credited on it: its charge lines, what each still has, and its rows that are left."""

    lines: tuple[Kept, ...]
    nets: Mapping[str, int]
    rows: tuple[TaxRow, ...]

    @property
    def gross(self) -> int:
        return gross(self.rows)


def creditable(
    invoice_id: str, rows: Sequence[TaxRow], kept: Sequence[Kept], noted: Collection[str] = ()
) -> Creditable:
    """What an invoice can still give back. `rows` are its tax rows less its credit notes, which are `noted`.

    Coverage that a later invoice took back in its own lines counts too, with the tax of its net; so does coverage that
    a note charges again, at another rate (T2).
    """
    own = {
        row.line.line_id: row
        for row in kept
        if row.net > 0
        and (row.document_id == invoice_id or (row.document_id in noted and not row.line.takes_back))
    }
    found, of = taken(kept), {row.line.line_id: row for row in kept}
    later: dict[Rate, int] = defaultdict(int)
    for line_id, parts in found.items():
        if of[line_id].document_id in noted or of[line_id].document_id == invoice_id:
            continue
        for taken_id, part in parts.items():
            if taken_id in own:
                later[of[line_id].rate] += part
    left = tuple(_row_left(row, later[row.category, row.rate_bp]) for row in rows)
    nets = nets_left(kept)
    charges = tuple(row for row in own.values() if not row.line.takes_back)
    return Creditable(
        charges,
        {row.line.line_id: max(0, nets[row.line.line_id]) for row in charges},
        tuple(row for row in left if row.net + row.tax > 0),
    )


def _row_left(row: TaxRow, later: int) -> TaxRow:
    if not later:
        return row
    net = max(0, row.net - later)
    return replace(row, net=net, tax=max(0, row.tax - share(later, row.rate_bp)) if net else 0)


def credit_whole(invoice: Creditable) -> Document:
    """Everything that is left, line by line; `nothing_left` when nothing is."""
    if invoice.gross <= 0:
        raise ZetelError("credit_too_large", gross=0, left=0)
    return credit_gross(invoice, invoice.gross)


def credit_gross(invoice: Creditable, amount: int) -> Document:
    """A gross amount, per rate in proportion to what is left (M13). Raises credit_too_large."""
    given = gross_credit(amount, invoice.rows)
    lines: list[Line] = []
    for row in given.taxes:
        named = [x for x in invoice.lines if x.rate == (row.category, row.rate_bp)]
        left = [(x, invoice.nets[x.line.line_id]) for x in named if invoice.nets[x.line.line_id] > 0]
        if sum(net for _, net in left) == row.net:
            lines += [_money_line([x], -net, "M13") for x, net in left]
        else:
            lines.append(_money_line([x for x, _ in left] or named, -row.net, "M13"))
    return with_taxes(lines, [TaxRow(row.category, row.rate_bp, -row.net, -row.tax) for row in given.taxes])


def credit_lines(invoice: Creditable, nets: Mapping[str, int]) -> Document:
    """A net amount of each of some lines, never more than it still has, nor than the invoice. Raises credit_too_large.

    Tax is that of the nets at each rate; the credit that uses the rate up takes what is left of it.
    """
    lines, sums = [], dict[Rate, int]()
    for row in invoice.lines:
        net, left = nets.get(row.line.line_id, 0), invoice.nets[row.line.line_id]
        if not net:
            continue
        if not 0 < net <= left:
            raise ZetelError("credit_too_large", gross=net, left=left)
        lines.append(_money_line([row], -net, "M13"))
        sums[row.rate] = sums.get(row.rate, 0) + net
    if not lines:
        raise ZetelError("value_required", field="lines")
    rows = {(row.category, row.rate_bp): row for row in invoice.rows}
    taxes = []
    for (category, bp), net in sorted(sums.items()):
        held = rows.get((category, bp), TaxRow(category, bp, 0, 0))
        if net > held.net:
            raise ZetelError("credit_too_large", gross=net, left=held.net)
        tax = held.tax if net == held.net else min(held.tax, share(net, bp))
        taxes.append(TaxRow(category, bp, -net, -tax))
    return with_taxes(lines, taxes)


def _money_line(rows: Sequence[Kept], net: int, rule: str) -> Line:
    """A line of money that names what it takes back, and shows the first of it; its days are all of theirs."""
    first = rows[0].line
    start: date = min(row.line.start for row in rows)
    end: date = max(row.line.end for row in rows)
    period_start = min(row.line.period_start for row in rows)
    period_end = max(row.line.period_end for row in rows)
    return Line(
        kind="credit" if rule == "M13" else "charge", plan=first.plan, cycle=first.cycle, unit_amount=first.unit_amount,
        seats=first.seats, start=start, end=end, period_start=period_start, period_end=period_end,
        days=(end - start).days, of_days=(period_end - period_start).days, amount=net, discount_amount=0, rule=rule,
        takes_back=tuple(sorted(row.line.line_id for row in rows)), rate_bp=first.rate_bp,
        tax_category=first.tax_category,
    )  # fmt: skip
