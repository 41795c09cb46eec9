"""Amounts, dates and percentages as a reader of Dutch or English writes them.

Amounts come in as minor units with a currency and are never turned into floats. The sign is a true minus, which is
as wide as a figure, so columns of tabular figures stay aligned.
"""

import re
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from zetel.rules.money import decimals

LANGUAGES = ("nl", "en")
_CODE_BEFORE_FIGURE = re.compile(r"(?<=[A-Z])(?=\d)")  # CLDR asks for a space there; Babel does not set it
_MINUS = "\N{MINUS SIGN}"


def amount_text(amount: int, currency: str, language: str) -> str:
    """`€ 10,99` (no-break space) in Dutch, `€10.99` in English; all decimals of the currency, none rounded away."""
    value = Decimal(amount).scaleb(-decimals(currency))
    text = format_currency(value, currency, locale=language, decimal_quantization=False).replace("-", _MINUS)
    return _CODE_BEFORE_FIGURE.sub("\N{NO-BREAK SPACE}", text)


def date_text(day: date, language: str) -> str:
    """`5 juni 2023` in Dutch, `5 June 2023` in English."""
    return format_date(day, "d MMMM y", locale=language)


def percent_text(rate_bp: int, language: str) -> str:
    """`21%` or `5,5%` from basis points."""
    return format_decimal(Decimal(rate_bp).scaleb(-2), locale=language) + "%"
