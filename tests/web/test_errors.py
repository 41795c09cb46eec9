"""Refusals as people see them: a sentence for every code, a page for every status, and never a 500 for bad input."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from tests.conftest import HandClock
from tests.directory_world import World, begin
from zetel.documents.sentences import FULLER, PLAIN
from zetel.models import Person, Space
from zetel.models.ids import new_id, public_id
from zetel.rules.errors import CODES, ZetelError
from zetel.web.errors import Refusals, sentence


def test_every_code_has_a_sentence_and_nothing_else_has() -> None:
    assert set(PLAIN) == set(CODES)
    assert set(FULLER) <= set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_sentence_is_said_in_both_languages(code: str) -> None:
    with translation.override("en"):
        english = sentence(ZetelError(code))
    with translation.override("nl"):
        dutch = sentence(ZetelError(code))
    assert english.endswith(".")
    assert dutch.endswith(".")
    assert english != dutch


SEVEN = ["Anna", "Bram", "Chris", "Daan", "Eva", "Fem", "Gijs"]


@pytest.mark.parametrize(
    ("error", "english", "dutch"),
    [
        (
            ZetelError(
                "seats_in_use",
                seats=4,
                counted=8,
                members=["Anna", "Bram", "Chris", "Daan", "Eva", "Fem", "Gijs"],
            ),
            "8 people are counted, so 4 seats are too few. Choose more seats, or let people leave first:"
            " Anna, Bram, Chris, Daan, Eva, 2 others.",
            "Er tellen 8 mensen mee, dus 4 seats zijn te weinig. Kies meer seats, of laat eerst mensen vertrekken:"
            " Anna, Bram, Chris, Daan, Eva, 2 anderen.",
        ),
        (
            ZetelError("value_too_long", field="name", longest=255),
            "This is too long. Use at most 255 characters.",
            "Dit is te lang. Gebruik hoogstens 255 tekens.",
        ),
        (
            ZetelError("value_too_long", field="name"),
            "This is too long. Shorten it.",
            "Dit is te lang. Maak het korter.",
        ),
        (
            ZetelError("limit_reached", space="100% Noord %(x)s", limit=15),
            "100% Noord %(x)s is full: Basic holds 15 people. Upgrade to a paid plan, or make room first.",
            "100% Noord %(x)s is vol: in Basic passen 15 mensen. Upgrade naar een betaald abonnement of maak eerst"
            " plaats.",
        ),
    ],
)
def test_a_sentence_names_what_is_known(error: ZetelError, english: str, dutch: str) -> None:
    with translation.override("en"):
        assert sentence(error) == english
    with translation.override("nl"):
        assert sentence(error) == dutch


def answer(error: Exception, address: str = "/s/x/?a=1", **headers: str) -> HttpResponse:
    """What the middleware makes of an exception that a view raised."""
    request = RequestFactory(headers=headers).get(address)

    def view(request: HttpRequest) -> HttpResponse:
        raise error

    made = Refusals(view).process_exception(request, error)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("forbidden", 403),
        ("change_pending", 409),
        ("value_invalid", 422),
        ("payment_declined", 402),
        ("too_many_requests", 429),
        ("gateway_unavailable", 503),
        ("message_stale", 400),
    ],
)
def test_a_refusal_is_a_page_of_its_status_with_sentence_and_code(
    code: str, status: int, clock: HandClock
) -> None:
    response = answer(ZetelError(code))
    page = response.content.decode()
    assert response.status_code == status
    assert str(PLAIN[code]).replace("'", "&#x27;") in page
    assert f"Code for support: {code}" in page


def test_whoever_should_come_back_later_is_told_when(clock: HandClock) -> None:
    assert answer(ZetelError("too_many_requests"))["Retry-After"] == "300"
    assert answer(ZetelError("unavailable"))["Retry-After"] == "60"


def test_whoever_is_not_logged_in_is_led_to_log_in_and_back(clock: HandClock) -> None:
    response = answer(ZetelError("not_logged_in"))
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=%2Fs%2Fx%2F%3Fa%3D1")


def test_a_mistake_of_ours_is_not_dressed_up_as_a_refusal() -> None:
    request = RequestFactory().get("/")
    assert Refusals(lambda _: HttpResponse()).process_exception(request, KeyError("x")) is None


# ------------------------------------------------------------------------------------------- through the real pages

Login = Callable[[Person], Client]


@pytest.fixture
def world(clock: HandClock, db: None) -> World:
    return begin(clock.now)


@pytest.fixture
def space(world: World) -> Space:
    return world.workspace(world.person("Anna"))


def without_address(response: Any, address: str) -> str:
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return page.replace(address, "")


def test_a_stranger_reads_the_same_page_as_for_an_id_that_does_not_exist(world: World, space: Space) -> None:
    client = Client()
    client.force_login(world.person("Daan", "daan@elsewhere.example"))
    real, unknown = f"/s/{space.public_id}/", f"/s/{public_id('spc', new_id())}/"
    pages = [client.get(address) for address in (real, unknown, "/no/such/page/")]
    assert [page.status_code for page in pages] == [404, 404, 404]
    assert without_address(pages[0], real) == without_address(pages[1], unknown)
    assert without_address(pages[0], real) == without_address(pages[2], "/no/such/page/")


BAD = (
    "/s/{id}/people?q=%00", "/s/{id}/people?q=%FF%FE", "/s/{id}/people?page=9999999999999999999999", "/s/%FF/",
    "/s/{id}/people?page=-1", "/s/{id}/people?page=%C2%B2", "/s/{id}/?%", "/s/{id}/?a=%ED%A0%80", "/s/spc_0/",
    "/s/spc_zzzzzzzzzzzzzzzzzzzzzzzzzz/", "/%00", "/s/{id}/people?q=" + "x" * 5000,
    "/s/{id}/people?" + "&".join("a" * 1500),
)  # fmt: skip


@pytest.mark.parametrize("address", BAD)
def test_bad_input_is_answered_and_never_a_mistake_of_ours(world: World, space: Space, address: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(Person.objects.get(email="anna@acme.example"))
    response = client.get(address.format(id=space.public_id))
    assert response.status_code < 500


@pytest.mark.parametrize(
    "body",
    [
        b"name=%00",
        b"name=\xff\xfe",
        b"&".join(b"a=1" for _ in range(2000)),
        b"name=" + b"x" * 3_000_000,
        b"%%%",
    ],
)
def test_a_bad_form_is_answered_and_never_a_mistake_of_ours(world: World, space: Space, body: bytes) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(Person.objects.get(email="anna@acme.example"))
    response = client.post(reverse("space_new"), data=body, content_type="application/x-www-form-urlencoded")
    assert response.status_code < 500


def test_a_nul_in_a_form_is_refused_before_anything_is_read(world: World, space: Space) -> None:
    client = Client()
    client.force_login(Person.objects.get(email="anna@acme.example"))
    response = client.post(reverse("space_new"), {"name": "a\x00b"})
    assert response.status_code == 400
    assert Space.objects.count() == 1


def test_every_answer_has_an_id_of_its_own_and_is_kept_by_nobody(world: World) -> None:
    first, second = (
        Client().get("/accounts/login/"),
        Client().get("/accounts/login/", headers={"X-Request-ID": "given-12345"}),
    )
    assert re.fullmatch(r"[0-9a-f]{32}", first["X-Request-ID"])
    assert second["X-Request-ID"] not in (first["X-Request-ID"], "given-12345")
    assert "no-store" in first["Cache-Control"]
