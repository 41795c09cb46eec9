"""How often something may be tried: one row per key, counted in the database so that all web processes agree.

The first use opens a window; within it at most `limit` uses are allowed, and the first use after it opens the next.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

KEY_LENGTH_MAX = 128

_COUNT = """
insert into zetel_throttle as kept (key, window_start, count) values (%(key)s, %(now)s, 1)
on conflict (key) do update set
    count = case when kept.window_start between %(open)s and %(now)s then kept.count + 1 else 1 end,
    window_start = case when kept.window_start between %(open)s and %(now)s then kept.window_start else %(now)s end
returning count, window_start
"""


@dataclass(frozen=True)
class Counted:
    """How many uses this was in the running window, and when that opened."""

    count: int
    window_start: datetime


def allow(key: str, *, limit: int, window: timedelta, now: datetime) -> bool:
    """Count one use of `key` and say whether it is still allowed."""
    return count(key, window=window, now=now).count <= limit


def count(key: str, *, window: timedelta, now: datetime) -> Counted:
    """Count one use of `key`."""
    if len(key) > KEY_LENGTH_MAX:
        key = hashlib.sha256(key.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "now": now, "open": now - window})
        used, opened = cursor.fetchone()
    return Counted(int(used), opened)
