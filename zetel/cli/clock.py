"""`zetel clock`: what time it is here, and setting the sandbox's clock."""

import sys
from datetime import UTC, datetime
from typing import NoReturn

from django.conf import settings

from zetel import clock
from zetel.actions import clock as actions
from zetel.rules.errors import ZetelError

_WORDS = {
    "not_sandbox": "the clock can only be set in a sandbox; here real time runs",
    "clock_backwards": "that would turn the clock back; add --back if you mean it (what has happened stays)",
    "value_invalid": "that is no step forward within the years 2000 to 2199",
}


def show() -> None:
    """Print the instant, in the seller's time zone and in UTC, and whether the clock stands."""
    clock.refresh()
    stands = "the clock stands" if clock.frozen_at() else "real time runs"
    now = clock.now()
    local = now.astimezone(settings.CONFIG.seller.time_zone)
    print(f"{local:%A %-d %B %Y %H:%M:%S %Z} ({now:%Y-%m-%d %H:%M:%S} UTC); {stands}")


def set_to(text: str, *, back: bool) -> None:
    """`2026-06-12`, `2026-06-12T09:30` or with an offset; without one it is the seller's local time."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        _fail(f"{text!r} is no date or time; write it like 2026-06-12 or 2026-06-12T09:30")
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=settings.CONFIG.seller.time_zone)
    try:
        actions.set_clock(instant.astimezone(UTC), now=clock.now(), actor=None, confirm=back)
    except (ZetelError, OverflowError) as error:
        _refuse(error)
    show()


def advance(*, years: int, months: int, days: int, hours: int) -> None:
    try:
        actions.advance(now=clock.now(), actor=None, years=years, months=months, days=days, hours=hours)
    except ZetelError as error:
        _refuse(error)
    show()


def run(*, back: bool) -> None:
    """Let real time run again."""
    try:
        actions.release(now=clock.now(), real=clock.real_now(), actor=None, confirm=back)
    except ZetelError as error:
        _refuse(error)
    show()


def _refuse(error: Exception) -> NoReturn:
    code = error.code if isinstance(error, ZetelError) else "value_invalid"
    _fail(_WORDS[code])


def _fail(words: str) -> NoReturn:
    print(f"zetel: {words}", file=sys.stderr)
    sys.exit(1)
