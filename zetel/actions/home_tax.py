"""The tax of a document in the seller's own currency, frozen when it is issued (rules I1, I5).

The rates come from a file that the operator keeps current; it is read again when it changed. A document whose rate is
not known is issued all the same, since nobody's renewal waits for a file: the doctor tells of it.
"""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from zetel.rules.exchange import RateTable, converted, read_table

log = structlog.get_logger(__name__)


def home_tax_of(tax: int, currency: str, on: date) -> dict[str, Any]:
    """Currency, amount, rate and day of the rate; empty where nothing is to be stated or no rate is known."""
    home = settings.CONFIG.seller.currency
    if not tax or currency == home:
        return {}
    made = converted(_table(), tax, currency, home, on)
    if made is None:
        return {}
    return {"currency": made.currency, "amount": made.amount, "rate": made.rate, "on": made.on.isoformat()}


def _table() -> RateTable:
    file: Path | None = settings.CONFIG.exchange_rates
    try:
        return _read(file, file.stat().st_mtime_ns) if file else RateTable()
    except (OSError, ValueError) as error:
        log.error("exchange rates cannot be read", file=str(file), error=str(error))
        return RateTable()


@lru_cache(maxsize=1)
def _read(file: Path, _changed: int) -> RateTable:
    return read_table(file.read_text(encoding="utf-8").splitlines())
