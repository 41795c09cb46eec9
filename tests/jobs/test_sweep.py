"""Jobs whose worker was killed are dropped; those in hand and those that wait are left alone."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from zetel.actions._change import defer
from zetel.jobs import tasks

pytestmark = pytest.mark.django_db


def job(name: str, heartbeat: str = "") -> None:
    """A job of that name; in the hands of a worker that last gave a sign of life so long ago."""
    defer(name)
    if not heartbeat:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - %s::interval) returning id",
            [heartbeat],
        )
        (worker,) = cursor.fetchone()
        cursor.execute(
            "update procrastinate_jobs set status = 'doing', worker_id = %s where task_name = %s and status = 'todo'",
            [worker, f"zetel.{name}"],
        )


@pytest.fixture
def empty() -> None:
    """Tests that commit leave jobs behind."""
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_periodic_defers")
        cursor.execute("delete from procrastinate_jobs")


def test_only_jobs_of_workers_without_a_sign_of_life_are_dropped(empty: None) -> None:
    job("tick", "1 hour")
    job("outbox", "5 seconds")
    job("tick")
    sweep: Any = tasks.sweep.func
    async_to_sync(sweep)(cast(Any, SimpleNamespace(app=app)))
    left = ProcrastinateJob.objects.order_by("id").values_list("task_name", "status")
    assert list(left) == [("zetel.outbox", "doing"), ("zetel.tick", "todo")]


def test_the_sweep_comes_by_itself() -> None:
    assert ("zetel.sweep", "") in app.periodic_registry.periodic_tasks
