"""Setting the sandbox's clock: forward freely, backward when asked twice, never when live."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.conftest import HandClock
from zetel import clock as installation
from zetel.actions import clock as actions
from zetel.actions.directory_account import create_person
from zetel.models import ClockSetting, Event, Person
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
JUNE = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def anna() -> Person:
    return create_person(email="anna@acme.example", name="Anna", now=NOW)


def stands_at() -> datetime | None:
    """What every process reads now."""
    installation.release()
    return installation.frozen_at()


def refused(**wish: Any) -> str:
    with pytest.raises(ZetelError) as caught:
        actions.set_clock(wish.pop("instant", JUNE), **{"now": NOW, "actor": None, **wish})
    assert not ClockSetting.objects.exists()
    assert not Event.objects.filter(kind="clock.moved").exists()
    return caught.value.code


def test_the_clock_stands_where_it_was_set_for_every_process(anna: Person) -> None:
    actions.set_clock(JUNE, now=NOW, actor=anna)
    assert stands_at() == JUNE
    assert installation.now() == JUNE


def test_setting_it_is_one_event_with_before_and_after(anna: Person) -> None:
    actions.set_clock(JUNE, now=NOW, actor=anna)
    event = Event.objects.get(kind="clock.moved")
    assert (event.actor, event.at) == (anna, NOW)
    assert event.before == {"at": "2026-05-12T10:00:00+00:00", "stands": False}
    assert event.after == {"at": "2026-06-12T10:00:00+00:00", "stands": True}


def test_what_became_due_is_done_once_however_often_the_clock_moves(anna: Person) -> None:
    for days in (1, 2, 3):
        actions.set_clock(NOW + timedelta(days=days), now=NOW, actor=anna)
    assert ProcrastinateJob.objects.filter(task_name="zetel.tick", status="todo").count() == 1
    assert stands_at() == NOW + timedelta(days=3)


def test_backward_is_refused_until_it_is_confirmed() -> None:
    assert refused(instant=NOW - timedelta(seconds=1)) == "clock_backwards"
    actions.set_clock(NOW - timedelta(days=1), now=NOW, actor=None, confirm=True)
    assert stands_at() == NOW - timedelta(days=1)


def test_a_live_installation_has_no_clock_to_set(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"mode": "live"})
    assert refused() == "not_sandbox"


@pytest.mark.parametrize("instant", [datetime(1999, 12, 31, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)])
def test_only_sensible_years_can_be_set(instant: datetime) -> None:
    assert refused(instant=instant, confirm=True) == "value_invalid"


@pytest.mark.parametrize(
    ("steps", "there"),
    [
        ({"days": 1}, datetime(2026, 5, 13, 10, 0, tzinfo=UTC)),
        ({"months": 1}, datetime(2026, 6, 12, 10, 0, tzinfo=UTC)),
        ({"years": 1, "days": 1}, datetime(2027, 5, 13, 10, 0, tzinfo=UTC)),
        ({"hours": 5}, datetime(2026, 5, 12, 15, 0, tzinfo=UTC)),
        # In winter 12:00 in Amsterdam is 11:00 UTC: the time of day there stays.
        ({"months": 7}, datetime(2026, 12, 12, 11, 0, tzinfo=UTC)),
    ],
)
def test_it_moves_by_steps_of_the_sellers_calendar(steps: dict[str, int], there: datetime) -> None:
    assert actions.advance(now=NOW, actor=None, **steps) == there
    assert stands_at() == there


def test_a_month_from_the_31st_is_the_last_day_of_the_next() -> None:
    assert actions.later(datetime(2026, 1, 31, 9, 0, tzinfo=UTC), months=1) == datetime(
        2026, 2, 28, 9, 0, tzinfo=UTC
    )


@pytest.mark.parametrize("steps", [{}, {"days": -1}, {"days": 100_001}, {"years": 100_000}, {"months": 2400}])
def test_a_step_that_is_none_or_senseless_is_refused(steps: dict[str, int]) -> None:
    with pytest.raises(ZetelError) as caught:
        actions.advance(now=NOW, actor=None, **steps)
    assert caught.value.code == "value_invalid"
    assert not ClockSetting.objects.exists()


def test_real_time_runs_again_when_it_is_let_go(clock: HandClock) -> None:
    actions.set_clock(NOW, now=NOW, actor=None)
    actions.release(now=NOW, real=NOW + timedelta(days=1), actor=None)
    assert stands_at() is None


def test_letting_go_of_a_clock_that_is_ahead_turns_it_back() -> None:
    actions.set_clock(JUNE, now=NOW, actor=None)
    with pytest.raises(ZetelError) as caught:
        actions.release(now=JUNE, real=NOW, actor=None)
    assert caught.value.code == "clock_backwards"
    assert stands_at() == JUNE
    actions.release(now=JUNE, real=NOW, actor=None, confirm=True)
    assert stands_at() is None
