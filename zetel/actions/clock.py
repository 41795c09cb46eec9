"""Setting the installation's clock: in a sandbox only, one event each, and what has become due is done (rule X13).

Forward any jump is fine, since billing makes up for every period in between. Backward is asked for twice: rows from
the time that was undone stay, and dates on invoices never run backwards.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued

from zetel.actions._change import defer, record
from zetel.models import ClockSetting, Person
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.periods import Cycle, boundary

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2200, 1, 1, tzinfo=UTC)
STEPS_MAX = 100_000  # of any unit in one move; more is a slip of the finger


def set_clock(instant: datetime, *, now: datetime, actor: Person | None, confirm: bool = False) -> datetime:
    """Let the installation's clock stand at `instant`. Raises not_sandbox, value_invalid, clock_backwards."""
    assert instant.tzinfo is not None, "an instant has a time zone"
    if not FIRST <= instant < LAST:
        raise ZetelError("value_invalid", field="instant")
    return _stand(instant.astimezone(UTC), is_back=instant < now, now=now, actor=actor, confirm=confirm)


def advance(
    *, now: datetime, actor: Person | None, years: int = 0, months: int = 0, days: int = 0, hours: int = 0
) -> datetime:
    """Move the clock forward by whole steps of the calendar; it stands from then on."""
    steps = (years, months, days, hours)
    if min(steps) < 0 or max(steps) > STEPS_MAX or not any(steps):
        raise ZetelError("value_invalid", field="steps")
    try:
        instant = later(now, months=years * 12 + months, days=days, hours=hours)
    except (OverflowError, ValueError) as error:
        raise ZetelError("value_invalid", field="steps") from error
    return set_clock(instant, now=now, actor=actor)


def later(instant: datetime, *, months: int = 0, days: int = 0, hours: int = 0) -> datetime:
    """The same time of day so many months and days later in the seller's time zone, then so many hours."""
    local = instant.astimezone(_zone())
    on = boundary(local.date(), Cycle.MONTH, months) + timedelta(days=days)
    moved = datetime.combine(on, local.timetz()).astimezone(UTC) + timedelta(hours=hours)
    # Where the zone jumps over that time of day the arithmetic could stand still; it never goes back.
    return max(moved, instant)


def release(*, now: datetime, real: datetime, actor: Person | None, confirm: bool = False) -> None:
    """Let real time run again; `real` is the machine's instant. Raises not_sandbox, clock_backwards."""
    _stand(None, is_back=real < now, now=now, actor=actor, confirm=confirm)


def _zone() -> ZoneInfo:
    zone: ZoneInfo = settings.CONFIG.seller.time_zone
    return zone


def _stand(
    instant: datetime | None, *, is_back: bool, now: datetime, actor: Person | None, confirm: bool
) -> datetime:
    if not settings.CONFIG.sandbox:
        raise ZetelError("not_sandbox")
    if is_back and not confirm:
        raise ZetelError("clock_backwards")
    with transaction.atomic():
        ClockSetting.objects.get_or_create(pk=1)
        setting = ClockSetting.objects.select_for_update().get(pk=1)
        before = setting.frozen_at
        ClockSetting.objects.filter(pk=1).update(frozen_at=instant)
        record(
            EventType.CLOCK_MOVED, now=now, actor=actor,
            before={"at": now.isoformat(), "stands": before is not None},
            after={"at": instant.isoformat() if instant else None, "stands": instant is not None},
        )  # fmt: skip
        _wake_worker()
    return instant or now


def _wake_worker() -> None:
    """Everything that became due is done by the tick; one that waits already will do."""
    try:
        with transaction.atomic():
            defer("tick")
    except AlreadyEnqueued:
        pass
