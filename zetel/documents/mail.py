"""The form of a mail: a letter in, its subject, text and HTML out, in the language of the reader.

Texts that people typed are escaped in the HTML and can neither break out of the subject's one line nor reorder it.
Every link is absolute: a mail is read far away from us.
"""

import re
import textwrap
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from zetel.documents.letter import House, Letter
from zetel.documents.letters import letter

SUBJECT_LENGTH_MAX = 255
_TEXT_WIDTH = 76
# Characters that turn the reading direction of what follows: fine inside a name, not around our words.
_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail that can be sent: one line of subject, plain text, HTML."""

    subject: str
    text: str
    html: str


def render(kind: str, params: Mapping[str, Any], language: str) -> Rendered:
    """The mail of a kind with the facts of its row, in `nl` or `en`."""
    with translation.override("nl" if language.startswith("nl") else "en"):
        made, hello = letter(kind, params, house()), greeting(str(params.get("reader") or ""))
        html = render_to_string("mail/letter.html", html_values(made, hello))
        return Rendered(one_line(made.subject), text_of(made, hello), html)


def greeting(name: str) -> str:
    """`Hello Anna,`; without a name for a mailbox that nobody's name is known of."""
    name = one_line(name)
    return gettext("Hello %(name)s,") % {"name": name} if name else gettext("Hello,")


def house() -> House:
    """Who writes."""
    return House(
        name=settings.CONFIG.seller.legal_name,
        support_email=settings.CONFIG.seller.support_email,
        address=settings.CONFIG.address,
    )


def one_line(text: str) -> str:
    """One line for a header: no control characters, no line or paragraph ends, no turning of direction."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return re.sub(r"\s+", " ", plain.translate(_DIRECTIONS)).strip()[:SUBJECT_LENGTH_MAX]


def html_values(made: Letter, hello: str = "") -> dict[str, object]:
    """What the template `mail/letter.html` reads."""
    writer = house()
    return {
        "letter": made,
        "greeting": hello,
        "house": writer,
        "url": writer.address + made.path if made.path else "",
    }


def text_of(made: Letter, hello: str = "") -> str:
    """The mail as plain text."""
    writer = house()
    blocks = [
        one_line(made.title),
        *((hello,) if hello else ()),
        *(_wrapped(paragraph) for paragraph in made.paragraphs),
    ]
    if made.facts:
        blocks.append("\n".join(f"{label}: {one_line(value)}" for label, value in made.facts))
    if made.code:
        blocks.append(f"    {made.code}")
    if made.quoted:
        blocks.append(textwrap.indent(_wrapped(made.quoted, width=_TEXT_WIDTH - 2), "> ", lambda line: True))
    if made.path:
        blocks.append(f"{made.label}:\n{writer.address}{made.path}")
    blocks.append(f"-- \n{writer.name}\n" + gettext("Questions? %(email)s") % {"email": writer.support_email})
    return "\n\n".join(blocks) + "\n"


def _wrapped(text: str, width: int = _TEXT_WIDTH) -> str:
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False)
        for line in text.splitlines()
    )
