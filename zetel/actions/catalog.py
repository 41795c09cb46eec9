"""Applying a catalogue: the text is checked whole, kept prices stay as they are, and the newest text counts."""

import hashlib
from datetime import datetime

from django.db import transaction

from zetel.actions._change import record
from zetel.models import CatalogVersion, Person
from zetel.rules.catalog import Catalog, PriceRow
from zetel.rules.catalog_file import parse
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def apply_catalog(text: str, *, now: datetime, actor: Person | None = None) -> Catalog:
    """Make this catalogue the one that counts. The same text again changes nothing.

    Raises CatalogError with the lines at fault, and `price_immutable` when a published price would change (P2).
    """
    catalog = parse(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    with transaction.atomic():
        newest = CatalogVersion.objects.select_for_update().order_by("-id").first()
        if newest and newest.sha256 == sha256:
            return catalog
        if newest:
            _keep_prices(parse(newest.text), catalog)
        CatalogVersion.objects.create(sha256=sha256, text=text, applied_at=now)
        record(EventType.CATALOG_APPLIED, now=now, actor=actor, after={"sha256": sha256})
    return catalog


def _keep_prices(old: Catalog, new: Catalog) -> None:
    """A published price keeps its amount; only its end may move, when a newer price follows it."""
    published = {_key(row): row.unit_amount for row in new.prices}
    for row in old.prices:
        if published.get(_key(row), row.unit_amount) != row.unit_amount:
            raise ZetelError("price_immutable", plan=row.plan, cycle=str(row.cycle), currency=row.currency)


def _key(row: PriceRow) -> tuple[str, str, str, str]:
    return row.plan, str(row.cycle), row.currency, row.valid_from.isoformat()
