"""Checking VAT numbers with the service of the EU: when to ask, what an answer means, and until when (rules T2, T4).

A number that is not verified is taxed as if absent. An answer that the service knows the number verifies it; one that
it does not takes that away again, but never what staff recorded by evidence. No answer keeps what was known.
"""

from dataclasses import dataclass
from datetime import timedelta

from zetel.rules.tax_rates import EU_COUNTRIES

WAIT = timedelta(days=60)
"""How long an unanswered number is asked about, and for how long tax is given back once it is answered (T2)."""

BEFORE_RENEWAL = timedelta(days=2)
_PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said: whether it knows the number, its consultation number, and the name it has."""

    is_valid: bool
    consultation: str = ""
    name: str = ""
    address: str = ""


def is_asked(seller_country: str, country: str, number: str) -> bool:
    """Whether tax depends on the number at all: a customer elsewhere in the EU, of a seller in it (T1)."""
    return (
        bool(number)
        and country in EU_COUNTRIES
        and seller_country in EU_COUNTRIES
        and country != seller_country
    )


def pause_after(tries: int) -> timedelta:
    """How long until an unanswered number is asked about again."""
    return _PAUSES[min(tries, len(_PAUSES)) - 1]


def vat_status(held: str, *, is_valid: bool, by_evidence: bool) -> str:
    """The customer's status after an answer; staff's evidence outweighs a service that does not know a number."""
    if is_valid:
        return "verified"
    return held if by_evidence else "unverified"
