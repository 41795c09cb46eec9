"""Checks of single settings about the seller: each gives the value back, tidy, or says what to do about it.

The texts of the errors follow the variable's name, so that together they are one sentence for the person who starts
Zetel. Nothing here knows the environment.
"""

from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stdnum import iban as ibans
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NumberError

from zetel.rules.exchange import read_table
from zetel.rules.money import DECIMALS
from zetel.rules.tax_rates import read_rates

LOGO_SUFFIXES = (".svg", ".png", ".jpg", ".jpeg")


def zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write one like Europe/Amsterdam") from error
    return value


def country(value: str) -> str:
    if not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError("is no country code; write its two ISO letters like NL")
    return value


def vat_number(value: str) -> str:
    try:
        return str(vat.validate(value)) if value else value
    except NumberError as error:
        raise ValueError("is no valid EU VAT number; check it, or leave it empty") from error


def currency(value: str) -> str:
    if value not in DECIMALS:
        raise ValueError("is no currency that Zetel knows; write its three ISO letters like EUR")
    return value


def exchange_rates(value: Path | None) -> Path | None:
    if value is None:
        return None
    try:
        read_table(value.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ValueError("is no file that can be read; check the path, or leave it out") from error
    return value.resolve()


def tax_rates(value: Path | None) -> Path | None:
    if value is None:
        return None
    try:
        read_rates(value.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ValueError("is no file that can be read; check the path, or leave it out") from error
    return value.resolve()


def iban(value: str) -> str:
    try:
        return str(ibans.validate(value)) if value else value
    except NumberError as error:
        raise ValueError("is no valid IBAN; check its digits, or leave it empty") from error


def logo(value: Path | None) -> Path | None:
    if value is None:
        return None
    if value.suffix.lower() not in LOGO_SUFFIXES:
        raise ValueError(f"must be a picture ending in {', '.join(LOGO_SUFFIXES)}")
    if not value.is_file():
        raise ValueError("is no file that can be read; check the path, or leave it out")
    return value.resolve()


def vies_url(value: str | None) -> str | None:
    parts = urlsplit(value or "")
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("must be an address like https://ec.europa.eu/taxation_customs/vies/rest-api")
    return value or None
