"""How coming requests will go: the queue of planned behaviours, the keys seen before, and whether anybody answers.

A planned behaviour is used up by the first request of its operation; only then does a card's own behaviour count.
An idempotency key is remembered for 24 hours of the company's clock. A key that was seen but came to nothing has
`stumbled`: a card that fails on first touch lets the next try with that key through.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from zetel.sandbox.answers import Down, Failed, Invalid, TimedOut, work
from zetel.sandbox.behaviours import BEHAVIOURS, DOWN, Behaviour, Fault, behaviour
from zetel.sandbox.models import Condition, Key, Planned

Operation = Literal["setup", "charge", "fetch", "cancel", "refund", "captures"]
KEY_MEMORY = timedelta(hours=24)


def plan(*names: str, operation: Operation = "charge", **changes: Any) -> None:
    """Let the next requests of `operation` go this way, one behaviour each, in this order.

    `changes` are fields of `Behaviour` that differ, for all of them: `webhook="twice"`, `amount_off=-100`,
    `currency="USD"`, `settles_after=timedelta(hours=1)`.
    """
    if "settles_after" in changes:
        changes["settles_after"] = changes["settles_after"].total_seconds()
    for name in names:
        assert name in BEHAVIOURS, f"no behaviour is called {name!r}"
        behaviour(name, changes)
    Planned.objects.bulk_create(
        [Planned(operation=operation, behaviour=name, changes=changes) for name in names]
    )


def clear_plans() -> None:
    """Forget what was planned and come up again."""
    Planned.objects.all().delete()
    Condition.objects.all().delete()


def next_planned(operation: Operation) -> Planned | None:
    """Use up the next planned one. Runs in the transaction of the request it is for."""
    planned = (
        Planned.objects.filter(operation=operation).order_by("id").select_for_update(skip_locked=True).first()
    )
    if planned is not None:
        Planned.objects.filter(id=planned.id).delete()
    return planned


def planned_fault(operation: Operation) -> Fault:
    """What was planned to go wrong with a request that changes nothing, or whose change may well be kept."""
    with work():
        planned = next_planned(operation)
    return behaviour(planned.behaviour, planned.changes).fault if planned else ""


def go_down(until: datetime) -> None:
    """Answer nobody, pages included, until that instant of the company's clock."""
    Condition.objects.update_or_create(id=1, defaults={"down_until": until})


def come_up() -> None:
    Condition.objects.all().delete()


def is_down(now: datetime) -> bool:
    return Condition.objects.filter(down_until__gt=now).exists()


def require_up(now: datetime) -> None:
    if is_down(now):
        raise Down


def fail(fault: Fault, now: datetime) -> None:
    """Go wrong as told, after everything that should be kept was committed."""
    if fault in ("timeout_before", "timeout_after"):
        raise TimedOut
    if fault in ("error_before", "error_after"):
        raise Failed
    if fault == "down":
        go_down(now + DOWN)
        raise Down


def forget_keys() -> None:
    """Lose the memory of every idempotency key at once."""
    Key.objects.all().delete()


def sweep_keys(now: datetime) -> None:
    """Drop the keys that are too old to be remembered."""
    Key.objects.filter(created_at__lte=now - KEY_MEMORY).delete()


def take_key(key: str, body: Mapping[str, Any], now: datetime) -> Key:
    """This request's own key, locked until the transaction ends, so that a twin waits for the answer."""
    if not key:
        raise Invalid("key_missing")
    body_hash = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    Key.objects.filter(key=key, created_at__lte=now - KEY_MEMORY).delete()
    Key.objects.bulk_create([Key(key=key, body_hash=body_hash, created_at=now)], ignore_conflicts=True)
    taken = Key.objects.select_for_update().get(key=key)
    if taken.body_hash != body_hash:
        raise Invalid("key_reused")
    return taken


def first_touch(chosen: Behaviour, key: Key) -> Fault:
    """What goes wrong this time: a card fails only once per key."""
    return "" if key.stumbled else chosen.fault
