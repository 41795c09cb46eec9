"""Countries and time zones as people choose them: named in the reader's language, with a first guess.

Names come from CLDR by Babel. The guess is taken from the language a browser asks for and can always be changed.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import get_timezone_name
from django.http import HttpRequest
from django.utils.translation import get_language

from zetel.actions.directory import COUNTRIES

FALLBACK = ("NL", "Europe/Amsterdam")
# The zone that most people of a country of several live in; others are found by the country's first zone.
MAIN_ZONES = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CL": "America/Santiago", "CN": "Asia/Shanghai", "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin", "EC": "America/Guayaquil", "ES": "Europe/Madrid", "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty", "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NL": "Europe/Amsterdam",
    "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "UA": "Europe/Kyiv",
    "US": "America/New_York", "UZ": "Asia/Tashkent",
}  # fmt: skip
HOME_COUNTRIES = {
    "nl": "NL",
    "en": "GB",
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "it": "IT",
    "pt": "PT",
    "pl": "PL",
}

Choices = list[tuple[str, str]]
GroupedChoices = list[tuple[str, Choices]]


def countries() -> Choices:
    """Every country with its name in the reader's language, in that order."""
    return list(_countries(_language()))


def time_zones() -> GroupedChoices:
    """Every time zone that belongs to a country, grouped by its continent."""
    return [(group, list(zones)) for group, zones in _time_zones(_language())]


def guess(request: HttpRequest) -> tuple[str, str]:
    """Country and time zone from what the browser says it reads, such as `nl-BE`."""
    for tag in request.headers.get("Accept-Language", "").split(","):
        language, _, region = tag.partition(";")[0].strip().replace("_", "-").partition("-")
        country = region.upper()[-2:] if region else HOME_COUNTRIES.get(language.lower(), "")
        if country in COUNTRIES:
            return country, zone_of(country)
    return FALLBACK


def zone_of(country: str) -> str:
    """The time zone to propose for a country."""
    if country in MAIN_ZONES:
        return MAIN_ZONES[country]
    zones = sorted(zone for zone, place in _zone_countries().items() if place == country)
    return zones[0] if zones else FALLBACK[1]


def _language() -> str:
    return (get_language() or "en").split("-")[0]


def sort_key(text: str) -> str:
    """Order for people: `Åland` beside `Albanië`, capitals beside small letters."""
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


@lru_cache(maxsize=4)
def _countries(language: str) -> tuple[tuple[str, str], ...]:
    names = _locale(language).territories
    return tuple(sorted(((code, str(names[code])) for code in COUNTRIES), key=lambda pair: sort_key(pair[1])))


@lru_cache(maxsize=1)
def _zone_countries() -> dict[str, str]:
    known = available_timezones()
    return {
        str(zone): str(country)
        for zone, country in get_global("zone_territories").items()
        if zone in known and country != "001"
    }


@lru_cache(maxsize=4)
def _time_zones(language: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    groups: dict[str, list[tuple[str, str]]] = {"": [("UTC", "UTC")]}
    for zone, label in _labelled(language):
        groups.setdefault(zone.partition("/")[0], []).append((zone, label))
    return tuple(
        (group, tuple(sorted(zones, key=lambda pair: sort_key(pair[1]))))
        for group, zones in sorted(groups.items())
    )


def _labelled(language: str) -> Iterator[tuple[str, str]]:
    for zone in _zone_countries():
        if "/" in zone and not zone.startswith("Etc/"):
            place = zone.partition("/")[2].replace("_", " ")
            try:
                kind = get_timezone_name(zone, locale=_locale(language))
            except LookupError:
                kind = ""
            yield zone, f"{place} ({kind})" if kind else place


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except UnknownLocaleError:
        return Locale("en")
