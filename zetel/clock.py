"""The one place that reads the time: `now()` for instants and `today(zone)` for local dates.

A sandbox has one clock for the whole installation. While `ClockSetting.frozen_at` is set, every process answers
that instant; it is read from the database once per request or job and held in a context variable, so that one
request sees one time. Live mode never asks the database. Doors and jobs read the clock and hand `now` and `today`
down as parameters.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from zetel.models.access import ClockSetting

# What this request or job read: () = not read yet, (None,) = the clock runs, (instant,) = it stands there.
_read: ContextVar[tuple[datetime | None, ...]] = ContextVar("zetel_clock", default=())
_by_hand: datetime | None = None


def now() -> datetime:
    """The present instant in UTC."""
    return frozen_at() or real_now()


def real_now() -> datetime:
    """The machine's instant: what the clock would show if it ran. Asked for only to let it run again."""
    return datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The present date in a time zone."""
    return now().astimezone(zone).date()


def frozen_at() -> datetime | None:
    """The instant at which the clock stands, or None while it runs."""
    if _by_hand is not None:
        return _by_hand
    if not settings.CONFIG.sandbox:
        return None
    held = _read.get()
    if not held:
        held = (ClockSetting.objects.values_list("frozen_at", flat=True).first(),)
        _read.set(held)
    return held[0]


def refresh() -> None:
    """Forget what was read: at the start of a request or job, and after the clock was set."""
    _read.set(())


def read_once_per_request(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a web thread serves many requests, each has to see the clock anew."""

    def middleware(request: HttpRequest) -> HttpResponse:
        refresh()
        return get_response(request)

    return middleware


def freeze(instant: datetime) -> None:
    """Tests: let this process's clock stand at `instant`, whatever the database says, until `release`."""
    global _by_hand
    assert settings.CONFIG.sandbox, "the clock of a live installation cannot be set"
    assert instant.tzinfo is not None, "an instant has a time zone"
    _by_hand = instant.astimezone(UTC)


def move(by: timedelta) -> datetime:
    """Tests: move the standing clock and say where it stands now."""
    assert _by_hand is not None, "freeze the clock before moving it"
    freeze(_by_hand + by)
    return now()


def release() -> None:
    """Tests: let the clock run again."""
    global _by_hand
    _by_hand = None
    refresh()
