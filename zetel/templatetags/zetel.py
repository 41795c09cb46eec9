"""What templates need to speak to people: amounts, dates, initials, icons, and the few parts that hold other markup.

Filters follow the language of the page and write figures as the invoices do. A part that only takes values is an
include under ``templates/parts``; a part that wraps markup is a block tag here, drawn by a template of the same name.
docs/design.md lists them all.
"""

import unicodedata
import zlib
from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal
from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import is_aware, localtime

from zetel.documents.amounts import amount_text, date_text, percent_text
from zetel.documents.languages import reader_language
from zetel.rules.money import Money

register = template.Library()

MINUS = "\N{MINUS SIGN}"
HUE_COUNT = 8


@register.filter
def amount(money: Money | None) -> str:
    """``€ 10,99`` in Dutch, with a no-break space; ``€10.99`` in English; a true minus sign. Nothing for None."""
    return "" if money is None else amount_text(money.amount, money.currency, reader_language())


@register.filter
def longdate(value: date | datetime | None) -> str:
    """``5 juni 2023`` or ``5 June 2023``. An instant is shown as the day it is in the active time zone."""
    return "" if value is None else date_text(_local(value), reader_language())


@register.filter
def shortdate(value: date | datetime | None) -> str:
    """``5 jun 2023``: for tables, where the long form would wrap."""
    return "" if value is None else format_date(_local(value), format="d MMM y", locale=reader_language())


@register.filter
def longtime(value: datetime | None) -> str:
    """``5 juni 2023 14:30``, in the active time zone."""
    if value is None:
        return ""
    local = localtime(value) if is_aware(value) else value
    return f"{longdate(local)} {local:%H:%M}"


@register.filter
def percent(basis_points: int | None) -> str:
    """Basis points as a percentage: 2100 is ``21%``, 950 is ``9,5%`` in Dutch."""
    return "" if basis_points is None else percent_text(basis_points, reader_language())


@register.filter
def number(value: int | Decimal | None) -> str:
    """``1.234`` in Dutch, ``1,234`` in English."""
    return "" if value is None else format_decimal(value, locale=reader_language()).replace("-", MINUS)


@register.filter
def initials(name: object) -> str:
    """At most two capitals for an avatar, in any script; ``?`` when a name has no letter or digit at all."""
    words = str(name or "").replace("@", " ").split()
    firsts = [first for first in (_first_letter(word) for word in words) if first]
    if not firsts:
        return "?"
    chosen = firsts if len(firsts) < 2 else [firsts[0], firsts[-1]]
    return "".join(chosen).upper()[:2]


@register.filter
def hue(name: object) -> int:
    """A steady number from 1 to 8 for a name: the avatar's colour."""
    return zlib.crc32(str(name).encode("utf-8", "replace")) % HUE_COUNT + 1


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A picture from the sprite, for the eye only: the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        f" icon--{size}" if size else "",
        static("zetel/icons.svg"),
        name,
    )


@register.simple_block_tag
def panel(
    content: SafeString, title: str = "", note: str = "", id: str = "", flush: bool = False
) -> SafeString:
    """A card with an optional heading. ``flush`` lets a table run to its edges."""
    return _part("panel", content=content, title=title, note=note, id=id, flush=flush)


@register.simple_block_tag
def notice(content: SafeString, tone: str = "info", title: str = "") -> SafeString:
    """A message in the page: tone ``info``, ``good``, ``warn``, ``bad`` or ``quiet``."""
    return _part("notice", content=content, tone=tone, title=title)


@register.simple_block_tag
def dialog(content: SafeString, label: str, kind: str = "secondary", title: str = "") -> SafeString:
    """A button that opens what is inside it, without JavaScript: for a second thought or a small form."""
    return _part("dialog", content=content, label=label, kind=kind, title=title)


@register.simple_block_tag
def fold(content: SafeString, label: str, open: bool = False, id: str = "") -> SafeString:
    """A line that unfolds: explanations and answers."""
    return _part("fold", content=content, label=label, open=open, id=id)


def _part(name: str, **values: object) -> SafeString:
    return render_to_string(f"parts/{name}.html", values)


def _local(value: date) -> date:
    if isinstance(value, datetime) and is_aware(value):
        return localtime(value)
    return value


def _first_letter(word: str) -> str:
    return next((sign for sign in word if unicodedata.category(sign)[0] in "LN"), "")
