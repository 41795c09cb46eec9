"""Words for codes that several pages show: kinds of spaces, plans, cycles. One place, both languages."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from zetel.rules.catalog import Catalog

_KINDS: Mapping[str, Promise] = {
    "workspace": gettext_lazy("Workspace"),
    "organization": gettext_lazy("Organization"),
    "division": gettext_lazy("Division"),
    "team": gettext_lazy("Team"),
}
_CYCLES: Mapping[str, Promise] = {
    "month": pgettext_lazy("cycle", "Monthly"),
    "year": pgettext_lazy("cycle", "Annual"),
}


def kind_word(kind: str) -> str:
    """Workspace, organization, division or team, in the reader's language."""
    return str(_KINDS[kind])


def cycle_word(cycle: str) -> str:
    return str(_CYCLES[cycle])


def plan_name(catalog: Catalog, code: str) -> str:
    """A plan's name from the catalogue; the code of one that was taken out of it."""
    return catalog.plans[code].name if code in catalog.plans else code.capitalize()
