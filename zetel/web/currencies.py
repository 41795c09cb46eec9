"""Currencies and countries in the reader's language, and which currency to propose."""

from babel import Locale
from babel.numbers import get_currency_name, get_territory_currencies

from zetel.documents.languages import reader_language
from zetel.rules.catalog import Catalog


def currency_of(country: str, catalog: Catalog) -> str:
    """The currency to propose for a country (rule M10): its own where we sell in it, else the catalogue's."""
    for currency in get_territory_currencies(country):
        if currency in catalog.currencies:
            return str(currency)
    return catalog.default_currency


def currency_choices(catalog: Catalog) -> list[tuple[str, str]]:
    """Code and name, such as `EUR` and `EUR, euro`."""
    return [
        (code, f"{code} · {get_currency_name(code, locale=reader_language())}") for code in catalog.currencies
    ]


def country_name(code: str) -> str:
    return str(Locale.parse(reader_language()).territories.get(code, code))
