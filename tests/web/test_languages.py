"""The footer's switch of language."""

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import begin

pytestmark = pytest.mark.django_db


def test_the_switch_changes_the_page_and_the_language_of_ones_mails(clock: HandClock) -> None:
    anna = begin(clock.now).person("Anna")
    client = Client()
    client.force_login(anna)
    answer = client.post("/language/", {"language": "nl", "next": "/spaces/new"})
    anna.refresh_from_db()
    assert (answer.status_code, answer.headers["Location"], anna.language) == (302, "/spaces/new", "nl")
    assert 'lang="nl"' in client.get("/spaces/new").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_switch_sends_nobody_elsewhere(clock: HandClock, elsewhere: str) -> None:
    answer = Client().post("/language/", {"language": "en", "next": elsewhere})
    assert answer.headers["Location"] == "/"


def test_a_language_we_do_not_speak_is_refused(clock: HandClock) -> None:
    assert Client().post("/language/", {"language": "xx"}).status_code == 422


def test_who_logs_in_is_greeted_in_their_own_language_whatever_the_browsers(clock: HandClock) -> None:
    anna = begin(clock.now).person("Anna")
    anna.language = "nl"
    anna.set_password("correct horse battery")
    anna.save()
    client = Client(headers={"accept-language": "en"})
    client.post("/accounts/login/", {"login": anna.email, "password": "correct horse battery"})
    page = client.get("/spaces/new").content.decode()
    assert "Je bent nu ingelogd als" in page
    assert "signed in" not in page
