"""What a bank statement says, and which open invoice a line of it is likely for (rule G5).

A line names itself by what the bank calls it, so that it is the same wherever it is read again. A proposal is made from
the invoice's number, the amount and the payer's name; a person confirms it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from zetel.rules.money import Money

_LETTERS_MIN = 4  # a shorter name says nothing
_LEGAL_FORMS = frozenset(
    {"BV", "NV", "GMBH", "LTD", "INC", "LLC", "AG", "SA", "SRL", "VOF", "STICHTING", "THE"}
)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """Money that came in. `reference` is the bank's own name for the booking, when it gives one."""

    booked_on: date
    amount: Money
    payer: str = ""
    payer_account: str = ""
    remittance: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement: what came in, and how many lines are something else (money out, not booked yet)."""

    kind: str
    account: str
    reference: str
    lines: tuple[StatementLine, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What a line may be for: `names` are those of who pays."""

    id: str
    number: str
    due: Money
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An invoice that a line is likely for, and what speaks for it."""

    id: str
    by_number: bool
    by_amount: bool
    by_name: bool

    @property
    def is_sure(self) -> bool:
        return self.by_number and self.by_amount


def keys(lines: Sequence[StatementLine]) -> tuple[str, ...]:
    """What makes each line itself on its account. Lines that are alike in everything are counted through."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for line in lines:
        told = [line.booked_on.isoformat(), str(line.amount.amount), line.amount.currency]
        told += ["ref", line.reference] if line.reference else ["text", line.payer_account, line.remittance]
        text = "\n".join(told)
        seen[text] = seen.get(text, 0) + 1
        found.append(hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest())
    return tuple(found)


def propose(line: StatementLine, invoices: Iterable[OpenInvoice]) -> Proposal | None:
    """The invoice that most speaks for; None when nothing does, several do alike, or the payer named another one."""
    invoices, text = list(invoices), _plain(f"{line.remittance} {line.reference}")
    payer = _words(line.payer)
    found = [
        Proposal(
            invoice.id,
            by_number=_has_number(text, _plain(invoice.number)),
            by_amount=invoice.due == line.amount,
            by_name=any(_same_name(payer, _words(name)) for name in invoice.names),
        )
        for invoice in invoices
        if invoice.due.currency == line.amount.currency
    ]
    if not any(it.by_number for it in found) and _names_another(text, invoices):
        return None
    for fits in (
        [it for it in found if it.is_sure],
        [it for it in found if it.by_number],
        [it for it in found if it.by_amount and it.by_name],
        [it for it in found if it.by_amount],
        [it for it in found if it.by_name],
    ):
        if fits:
            return fits[0] if len(fits) == 1 else None
    return None


def _plain(text: str) -> str:
    """Letters and digits alone: banks break lines and drop dashes."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKD", text).upper())


def _has_number(text: str, number: str) -> bool:
    """The number stands there whole, not as the beginning of a longer one."""
    at = text.find(number)
    while at >= 0:
        after = text[at + len(number) : at + len(number) + 1]
        if not after.isdigit():
            return True
        at = text.find(number, at + 1)
    return False


def _names_another(text: str, invoices: Sequence[OpenInvoice]) -> bool:
    """Whether a number like these stands there that is none of them: an invoice that is paid, or a wrong one."""
    numbers = {_plain(invoice.number) for invoice in invoices}
    kinds = {re.sub("[0-9]", "[0-9]", number) for number in numbers}
    named = {told for kind in kinds for told in re.findall(rf"{kind}(?![0-9])", text)}
    return bool(named - numbers)


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name).upper().replace(".", "")
    words = re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))
    return frozenset(words) - _LEGAL_FORMS


def _same_name(one: frozenset[str], other: frozenset[str]) -> bool:
    """Every word of the shorter one stands in the other, and they say enough."""
    less, more = sorted((one, other), key=len)
    return less <= more and sum(len(word) for word in less) >= _LETTERS_MIN
