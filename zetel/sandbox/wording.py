"""Languages and amounts of the hosted pages."""

import re
from decimal import Decimal

from babel import Locale
from babel.numbers import parse_pattern
from django.http import HttpRequest
from django.utils import translation

LANGUAGES = (("nl", "Nederlands"), ("en", "English"))
_WITHOUT_DECIMALS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
_WITH_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def language_of(request: HttpRequest, wanted: str) -> str:
    """The language chosen on the page, else the one the seller asked for, else the browser's."""
    for code in (request.GET.get("language", ""), wanted, translation.get_language() or ""):
        base = code.lower().partition("-")[0]
        if base in dict(LANGUAGES):
            return base
    return "en"


def amount_words(amount: int, currency: str, language: str) -> str:
    """An amount of minor units as people write it, with the decimals of its currency (ISO 4217)."""
    decimals = 0 if currency in _WITHOUT_DECIMALS else 3 if currency in _WITH_THREE else 2
    locale = Locale.parse(language)
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    value = Decimal(amount).scaleb(-decimals)
    words = str(pattern.apply(value, locale, currency=currency, currency_digits=False))
    return re.sub(r"(?<=[A-Z])(?=[0-9])", "\u00a0", words)  # KWD 30.490: a code is no sign
