"""What is sold, as applied from the catalogue file: every version's text is kept, the newest one counts (P1, P2).

The text is the one truth; plans and prices are read from it by `rules.catalog_file` and held in memory by their hash,
so asking for the catalogue costs one small query.
"""

from functools import lru_cache

from django.db import models

from zetel.models.row import Row
from zetel.rules.catalog import Catalog
from zetel.rules.catalog_file import parse
from zetel.rules.errors import ZetelError


class CatalogQuerySet(models.QuerySet["CatalogVersion"]):
    def current(self) -> Catalog:
        """The catalogue that counts now; `catalog_invalid` before one was applied."""
        sha256 = self.order_by("-id").values_list("sha256", flat=True).first()
        if sha256 is None:
            raise ZetelError("catalog_invalid")
        return _parsed(sha256)


class CatalogVersion(Row):
    """The catalogue text that was applied, and when."""

    PREFIX = "cat"

    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    applied_at = models.DateTimeField()

    objects = CatalogQuerySet.as_manager()


@lru_cache(maxsize=8)
def _parsed(sha256: str) -> Catalog:
    version = CatalogVersion.objects.filter(sha256=sha256).order_by("-id").first()
    assert version is not None, "a hash that was read a moment ago has its text"
    return parse(version.text)
