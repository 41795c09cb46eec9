"""`zetel key`: the first keys of an installation, and all of them for its operator.

A secret is printed once, by itself on standard output, so that it can be taken by a script; the rest goes beside it.
"""

import sys
from typing import NoReturn

from zetel import clock
from zetel.actions import keys
from zetel.models import ApiKey, Person
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError


def create(name: str, *, person: str, scopes: list[str]) -> None:
    """Make a key of a person, by address, or of the installation; print its secret."""
    owner = None
    if person:
        owner = Person.objects.filter(email=person.strip().lower()).first()
        if owner is None:
            _stop(f"nobody has signed up as {person}")
    try:
        key, secret = keys.create(name=name, person=owner, scopes=scopes, actor=None, now=clock.now())
    except ZetelError as error:
        _stop(f"no key was made: {error}")
    _say(f"{key.public_id} {key.name}: {', '.join(key.scopes)}. This is its secret; it is shown this once:")
    print(secret)


def show() -> None:
    """One line per key, newest first."""
    for key in ApiKey.objects.select_related("person").order_by("-id")[:1000]:
        whose = key.person.email if key.person else "the installation"
        state = "works" if key.works(clock.now()) else "revoked" if key.revoked_at else "over"
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        print(
            f"{key.public_id}  {key.shown}…  {'+'.join(key.scopes)}  {state}  last used {used}  {whose}  {key.name}"
        )


def rotate(key_id: str, *, overlap_hours: int) -> None:
    """A new secret; the one before works on for so long."""
    try:
        key, secret = keys.rotate(_find(key_id), actor=None, now=clock.now(), overlap_hours=overlap_hours)
    except ZetelError as error:
        _stop(f"the key was not rotated: {error}")
    _say(f"{key.public_id} {key.name}: the secret before works until {key.previous_until:%Y-%m-%d %H:%M} UTC")
    print(secret)


def revoke(key_id: str) -> None:
    try:
        key = keys.revoke(_find(key_id), actor=None, now=clock.now())
    except ZetelError:
        _stop("this key opens nothing already")
    print(f"{key.public_id} {key.name} is revoked")


def _find(key_id: str) -> ApiKey:
    found = parse_public_id("key", key_id)
    key = keys.by_id(found) if found else None
    if key is None:
        _stop(f"there is no key {key_id}; see `zetel key list`")
    return key


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def _stop(sentence: str) -> NoReturn:
    print(f"zetel: {sentence}", file=sys.stderr)
    sys.exit(1)
