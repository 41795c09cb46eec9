"""What people type to call something or somebody: names, e-mail addresses and domains, in one canonical form.

Any script is welcome. White space of any kind becomes one space; what could forge a line, hide in a log or turn the
reading direction of the text around it is refused. An address is kept in lower case with its domain in the letters
that DNS uses (`xn--…`), so that one address has one spelling, whichever way it was typed.
"""

import re
import unicodedata

from zetel.rules.errors import ZetelError

NAME_LENGTH_MAX = 255
EMAIL_LENGTH_MAX = 254
LOCAL_PART_LENGTH_MAX = 64
DOMAIN_LENGTH_MAX = 253

# Embeddings, overrides and isolates reorder what stands beside them; the plain marks U+200E and U+200F may stay,
# Arabic and Hebrew names need them.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control characters, halves of surrogate pairs, private use. Unassigned ones may be letters of a newer Unicode.
_REFUSED_CATEGORIES = ("Cc", "Cs", "Co")
# Fillers that count as letters, or as symbols, but draw nothing.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_LOCAL_PART = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def name(text: str, *, field: str = "name") -> str:
    """A name of a person or space: NFC, white space collapsed, 1 to 255 characters (`name_invalid` and others)."""
    clean = unicodedata.normalize("NFC", " ".join(text.split()))
    if any(_is_refused(char) for char in clean):
        raise ZetelError("name_invalid", field=field)
    if not clean:
        raise ZetelError("value_required", field=field)
    if not any(_is_visible(char) for char in clean):
        raise ZetelError("name_invalid", field=field)
    if len(clean) > NAME_LENGTH_MAX:
        raise ZetelError("value_too_long", field=field, limit=NAME_LENGTH_MAX)
    return clean


def _is_refused(char: str) -> bool:
    is_noncharacter = 0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE
    return is_noncharacter or char in _REORDERING or unicodedata.category(char) in _REFUSED_CATEGORIES


def _is_visible(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _BLANK and (category[0] in "LNPS" or category == "Cn")


def domain(text: str) -> str:
    """A domain in lower case and the letters of DNS; `domain_invalid` for what is none."""
    clean = text.strip().removeprefix("@").rstrip(".")
    if len(clean) > DOMAIN_LENGTH_MAX:
        raise ZetelError("domain_invalid")
    try:
        ascii_form = clean.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ZetelError("domain_invalid") from error
    labels = ascii_form.split(".")
    whole = len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in labels)
    if not whole or labels[-1].isdigit() or len(ascii_form) > DOMAIN_LENGTH_MAX:
        raise ZetelError("domain_invalid")
    return ascii_form


def email(text: str) -> str:
    """An address as it is kept and compared: lower case, domain in the letters of DNS (`email_invalid`).

    Quoted local parts are refused: nobody has one, and an @ inside quotes is how addresses are forged.
    """
    local, at, place = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    local = unicodedata.normalize("NFC", local.lower())
    if not at or not _LOCAL_PART.fullmatch(local) or len(local.encode()) > LOCAL_PART_LENGTH_MAX:
        raise ZetelError("email_invalid")
    if local[0] == "." or local[-1] == "." or ".." in local:
        raise ZetelError("email_invalid")
    if any(unicodedata.category(char)[0] == "C" for char in local):
        raise ZetelError("email_invalid")
    try:
        clean = f"{local}@{domain(place)}"
    except ZetelError as error:
        raise ZetelError("email_invalid") from error
    if len(clean) > EMAIL_LENGTH_MAX:
        raise ZetelError("email_invalid")
    return clean


def domain_of(address: str) -> str:
    """The domain of an address in its kept form."""
    return address.rpartition("@")[2]


def readable_domain(kept: str) -> str:
    """A kept domain as people write it: `xn--bcher-kva.example` as `bücher.example`."""
    try:
        return kept.encode("ascii").decode("idna")
    except UnicodeError:
        return kept
