"""Identifiers: UUIDs that sort by the moment they were made (RFC 9562, version 7), shown to people as `sub_…`.

A row's id is made by us before the row is written, so a batch can name its children without asking the database.
This file reads the machine's time, not the installation's clock: an id must never repeat when that clock is set back.
"""

import os
import struct
import time
import uuid

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_LENGTH = 26
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # ten bits at a time
_SHIFTS = range(10 * (_LENGTH // 2 - 1), -1, -10)

_WORDS = 256
_words: list[int] = []
os.register_at_fork(after_in_child=_words.clear)  # or parent and child would make the same ids


def new_id() -> uuid.UUID:
    """A UUIDv7: 48 bits of milliseconds, 12 of the fraction of one, 62 random bits (RFC 9562, 6.2 method 3)."""
    millis, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = rest_ns * 4096 // 1_000_000
    high = (millis & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | fraction
    low = 0x8000_0000_0000_0000 | _random_word() & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=high << 64 | low)


def _random_word() -> int:
    """64 bits that are used once: asking the machine for each alone takes longer than all the rest of an id."""
    while True:
        try:
            return _words.pop()  # threads take different ones
        except IndexError:
            _words.extend(struct.unpack(f"{_WORDS}Q", os.urandom(8 * _WORDS)))


def public_id(prefix: str, value: uuid.UUID) -> str:
    """The form people and programs see: the prefix of its kind, then 26 characters that keep the order."""
    number = value.int
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


def parse_public_id(prefix: str, text: str) -> uuid.UUID | None:
    """The UUID behind a public id of this kind; None when the text is not one."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != _LENGTH or tail[0] not in "01234567":
        return None
    number = 0
    for letter in tail:
        if letter not in _VALUES:
            return None
        number = number << 5 | _VALUES[letter]
    return uuid.UUID(int=number)
