"""How often a log-in and the like may be tried, and that nobody learns from it who has an account."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import World, begin

pytestmark = pytest.mark.django_db

KNOWN, UNKNOWN = "anna@acme.example", "niemand@acme.example"


@pytest.fixture(autouse=True)
def world(clock: HandClock) -> World:
    made = begin(clock.now)
    made.person("Anna")
    return made


def answer(path: str, email: str, **more: str) -> tuple[int, str, str]:
    """Status, where it leads, and the page without what differs each time."""
    client = Client(headers={"accept-language": "en"})
    sent: dict[str, Any] = {"login": email, "email": email, **more}
    response = client.post(path, sent)
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return response.status_code, response.headers.get("Location", ""), page.replace(email, "")


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/accounts/login/", {"password": "verkeerd-genoeg"}),
        ("/accounts/password/reset/", {}),
        ("/accounts/signup/", {"name": "Iemand", "password1": "lang-genoeg-geheim-17"}),
    ],
)
def test_known_and_unknown_addresses_get_the_same_answer(path: str, more: dict[str, str]) -> None:
    assert answer(path, KNOWN, **more) == answer(path, UNKNOWN, **more)


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_after_five_wrong_passwords_for_an_address_the_right_one_does_not_help_either(
    world: World, email: str
) -> None:
    found = [answer("/accounts/login/", email, password="verkeerd-genoeg") for _ in range(6)]
    assert ["Too many" in page for _status, _to, page in found] == [False] * 5 + [True]


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_five_resets_a_minute_are_enough_for_an_address(email: str) -> None:
    assert [answer("/accounts/password/reset/", email)[0] for _ in range(6)] == [302] * 5 + [429]


def test_an_address_in_other_letters_is_the_same_address() -> None:
    typed = (KNOWN, "ANNA@ACME.EXAMPLE", "Anna@acme.example", "anna@Acme.Example", " anna@acme.example ")
    for email in typed:
        answer("/accounts/login/", email, password="verkeerd-genoeg")
    assert "Too many" in answer("/accounts/login/", KNOWN, password="verkeerd-genoeg")[2]


def test_counts_are_kept_for_all_processes_and_cannot_be_pushed_out() -> None:
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
    cache.set("first", 1, 300)
    for number in range(600):
        cache.set(f"other-{number}", 1, 300)
    assert cache.get("first") == 1
