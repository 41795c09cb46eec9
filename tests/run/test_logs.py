"""What is written to the log holds no key that opens a door (rule X15)."""

import json
import logging

import pytest
from django.test import Client

from tests.conftest import HandClock
from zetel.logs import STRUCK, strike_out

TOKEN = "Zm9vYmFyYmF6cXV4LWtleS1vZi1hLWRvb3I"


@pytest.mark.parametrize(
    "path",
    [
        f"/invitations/{TOKEN}/",
        f"/accounts/confirm-email/{TOKEN}/",
        f"/accounts/password/reset/key/1-{TOKEN}/",
        f"/sandbox/setup/{TOKEN}/",
        f"/sandbox/approve/{TOKEN}/?x=1",
    ],
)
def test_keys_in_addresses_are_struck_out(path: str) -> None:
    said = strike_out(None, "", {"event": f"Not Found: {path}", "more": {"path": path}})
    assert TOKEN not in json.dumps(dict(said))
    assert STRUCK in str(said["event"])


def test_public_ids_and_other_addresses_are_left() -> None:
    event = (
        "Not Found: /invitations/ivt_01m82h54czea2rxp3h4rxft3f4/accept of /s/spc_01m82h54czea2rxp3h4rxft3f4/"
    )
    assert strike_out(None, "", {"event": event}) == {"event": event}


@pytest.mark.django_db
def test_an_invitation_link_that_is_refused_is_not_logged(
    clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.getLogger().handlers[0]
    lines: list[str] = []
    logger = logging.getLogger("django.request")
    listener = logging.Handler()
    listener.setFormatter(handler.formatter)
    listener.emit = lambda record: lines.append(listener.format(record))  # type: ignore[method-assign]
    logger.addHandler(listener)
    try:
        assert Client().get(f"/invitations/{TOKEN}/").status_code == 409
    finally:
        logger.removeHandler(listener)
    assert len(lines) == 1
    assert TOKEN not in lines[0]
