"""Deferring: a job exists if and only if the change that asked for it was committed."""

import pytest
from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.testing import InMemoryConnector

from zetel.actions._change import defer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_jobs_yet(db: None) -> None:
    """Tests with real transactions leave their jobs behind."""
    ProcrastinateJob.objects.all().delete()


def deferred() -> list[str]:
    return list(ProcrastinateJob.objects.values_list("task_name", flat=True))


def test_a_job_is_gone_with_the_change_that_was_taken_back() -> None:
    with transaction.atomic():
        defer("outbox")
        transaction.set_rollback(True)
    assert deferred() == []


def test_a_job_is_deferred_in_the_transaction_also_inside_a_worker() -> None:
    """A worker replaces the connector of procrastinate's app by one of its own."""
    with app.replace_connector(InMemoryConnector()):
        defer("outbox")
    assert deferred() == ["zetel.outbox"]
