"""What goes in by COPY comes out as it was, whatever people type; and ids that are never made twice."""

import os
from datetime import UTC, datetime

import pytest
from django.db import transaction

from tests.many import STARTED
from zetel.actions._change import event_row
from zetel.actions._copy import copy
from zetel.actions.mail import mail_row
from zetel.models import Event, Mail
from zetel.models.ids import new_id
from zetel.rules.event_types import EventType

TEXTS = ["", "plain", "\\N", "a\tb", "a\nb\r\n", "C:\\new", "\\.", "Zoë 🦉", "O'Brien; --", '{"a": 1}']


@pytest.mark.django_db
def test_what_people_type_goes_through_copy_unchanged() -> None:
    mails = [
        mail_row("invoice", once_key=f"{number}", now=STARTED, to_email=text or "-", params={"space": text})
        for number, text in enumerate(TEXTS)
    ]
    with transaction.atomic():
        copy(Mail, mails)
    kept = {mail.once_key: mail for mail in Mail.objects.all()}
    assert [kept[f"{number}"].params for number in range(len(TEXTS))] == [{"space": text} for text in TEXTS]
    assert [kept[f"{number}"].to_email for number in range(len(TEXTS))] == [text or "-" for text in TEXTS]
    assert {mail.pk for mail in kept.values()} == {row["id"] for row in mails}


@pytest.mark.django_db
def test_a_column_of_many_kinds_goes_through_copy_unchanged() -> None:
    later = datetime(2026, 6, 12, 6, 0, 0, 123456, tzinfo=UTC)
    rows = [
        event_row(EventType.SUBSCRIPTION_RENEWED, now=STARTED, after={"seats": 5, "none": None, "yes": True}),
        event_row(EventType.SUBSCRIPTION_ENDED, now=later, reason="because\tof\\it"),
    ]
    with transaction.atomic():
        copy(Event, rows)
    for row in rows:
        kept = Event.objects.values().get(pk=row["id"])
        assert kept == row | {"kind": str(row["kind"])}


def test_a_process_and_its_child_make_other_ids() -> None:
    read, write = os.pipe()
    new_id()  # what is random is kept for the next ids
    child = os.fork()
    if child == 0:
        os.write(write, str(new_id().int & (1 << 62) - 1).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(read, 100))
    assert theirs != new_id().int & (1 << 62) - 1
    os.close(read)
    os.close(write)
