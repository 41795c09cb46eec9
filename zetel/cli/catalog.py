"""`zetel catalog FILE`: applies a catalogue of plans and prices."""

import sys
from pathlib import Path

from zetel import clock
from zetel.actions.catalog import apply_catalog
from zetel.rules.catalog_file import CatalogError
from zetel.rules.errors import ZetelError


def apply(file: Path) -> None:
    """Apply the file whole or not at all, and say which plans are sold then."""
    try:
        catalog = apply_catalog(file.read_text(encoding="utf-8"), now=clock.now())
    except (CatalogError, ZetelError) as error:
        print(f"zetel: {file}: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"Applied {file}: {', '.join(plan.code for plan in catalog.plans.values())}")
