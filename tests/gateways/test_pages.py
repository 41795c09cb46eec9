"""The company's hosted pages: what they take, what they refuse, and that they keep a card number nowhere."""

import logging
import re

import pytest
from django.db import connection
from django.test import Client
from django.utils.html import escape

from tests.conftest import HandClock
from tests.gateways import pages
from tests.gateways.drivers import SandboxDriver, sent
from tests.gateways.steps import RETURN, begin, captured, charge, refund, saved
from zetel.gateways.base import Setup
from zetel.sandbox import company
from zetel.sandbox.models import Method

pytestmark = pytest.mark.django_db

NUMBER = "4000002760003184"  # asks for approval, so that a whole flow visits every page
REAL_LOOKING = "4111111111111111"  # passes the check digit, and is no documented number


def words(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def status_of(driver: SandboxDriver, setup: Setup) -> str:
    return driver.gateway.fetch_setup(setup.id).status


@pytest.mark.parametrize(
    ("number", "expiry", "cvc", "said"),
    [
        ("", "12/34", "123", "Typ een kaartnummer."),
        ("4242", "12/34", "123", "Een kaartnummer heeft 16 cijfers."),
        ("4242424242424241", "12/34", "123", "Er zit een typefout in dit nummer."),
        (REAL_LOOKING, "12/34", "123", "Dit is geen testnummer."),
        ("4242424242424242", "13/34", "123", "Typ maand en jaar, zoals 12/34."),
        ("4242424242424242", "04/26", "123", "Deze kaart is verlopen."),
        ("4242424242424242", "12/47", "123", "Dit is te ver in de toekomst."),
        ("4242424242424242", "", "123", "Typ wanneer de kaart vervalt, zoals 12/34."),
        ("4242424242424242", "12/34", "12", "Typ de 3 cijfers."),
        ("4242424242424242", "12/34", "12a", "Typ de 3 cijfers."),
        ("４２４２424242424242", "12/34", "123", "Een kaartnummer heeft 16 cijfers."),
    ],
)
def test_a_card_typed_wrongly_is_told_why_and_not_saved(
    sandbox: SandboxDriver, number: str, expiry: str, cvc: str, said: str
) -> None:
    setup = begin(sandbox)
    answer = pages.type_card(Client(), setup.redirect_url, number, expiry, cvc)
    assert answer.status_code == 200
    assert said in words(answer)
    assert answer.content.count(b'class="error"') == 1
    assert 'aria-invalid="true"' in words(answer)
    assert status_of(sandbox, setup) == "pending"
    assert not Method.objects.exists()


@pytest.mark.parametrize(
    ("number", "expiry"),
    [
        ("4242 4242 4242 4242", "05/26"),
        ("4242-4242-4242-4242", "5 / 26"),
        ("4242\u00a04242 42424242 ", "0526"),
        ("4242424242424242", "05-2026"),
    ],
)
def test_a_card_is_taken_as_people_write_it_and_until_the_last_day_of_its_month(
    sandbox: SandboxDriver, number: str, expiry: str
) -> None:
    setup = begin(sandbox)
    back = pages.save_card(Client(), setup.redirect_url, number, expiry)
    assert back == f"{RETURN}&setup={setup.id}"
    method = sandbox.gateway.fetch_setup(setup.id).method
    assert method is not None
    assert (method.label, str(method.expires_on)) == ("Visa •••• 4242", "2026-05-31")


def test_nothing_typed_secretly_is_rendered_back(sandbox: SandboxDriver) -> None:
    answer = pages.type_card(Client(), begin(sandbox).redirect_url, REAL_LOOKING, "99/99", "987")
    assert REAL_LOOKING not in words(answer)
    assert "987" not in words(answer)
    answer = Client().post(
        begin(sandbox, "paypal").redirect_url,
        {"act": "login", "email": "x@paypal.example", "password": "geheim-9"},
    )
    assert "E-mailadres of wachtwoord klopt niet." in words(answer)
    assert "geheim-9" not in words(answer)


def test_a_page_is_used_once_and_says_so_afterwards(sandbox: SandboxDriver) -> None:
    setup = begin(sandbox)
    pages.save_card(Client(), setup.redirect_url, pages.number_of("paid"))
    again = pages.type_card(Client(), setup.redirect_url, pages.number_of("declined_soft"))
    assert again.status_code == 410
    assert "Deze pagina is al gebruikt" in words(again)
    assert escape(f"{RETURN}&setup={setup.id}") in words(again)
    assert Method.objects.count() == 1


def test_a_page_left_open_for_an_hour_says_that_it_expired(sandbox: SandboxDriver, clock: HandClock) -> None:
    setup = begin(sandbox)
    clock.move(minutes=60)
    answer = Client().get(setup.redirect_url)
    assert answer.status_code == 410
    assert "Deze pagina is verlopen" in words(answer)
    assert sandbox.gateway.fetch_setup(setup.id).reason == "expired"


@pytest.mark.parametrize("page", ["setup", "element", "approve"])
def test_a_page_nobody_asked_for_does_not_exist(sandbox: SandboxDriver, page: str) -> None:
    assert Client().get(f"/sandbox/{page}/{'x' * 43}/").status_code == 404


def test_the_same_wish_while_it_is_open_is_the_same_page(sandbox: SandboxDriver) -> None:
    wish = {
        "customer_reference": "c",
        "kind": "card",
        "reference": "s",
        "return_url": RETURN,
        "language": "nl",
    }
    assert company.begin_setup(**wish)["id"] == company.begin_setup(**wish)["id"]
    assert company.begin_setup(**wish)["id"] != company.begin_setup(**{**wish, "reference": "t"})["id"]


def test_a_bank_that_asks_for_approval_when_saving_gets_it_or_nothing_is_saved(
    sandbox: SandboxDriver,
) -> None:
    for act, status in (("approve", "done"), ("refuse", "refused")):
        setup, client = begin(sandbox), Client()
        answer = pages.type_card(client, setup.redirect_url, pages.number_of("setup_approval"))
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            setup.redirect_url.removeprefix("http://localhost:8000"),
        )
        assert "Keur je goed dat je kaart wordt bewaard?" in words(client.get(setup.redirect_url))
        assert (
            client.post(setup.redirect_url, {"act": act}).headers["Location"] == f"{RETURN}&setup={setup.id}"
        )
        assert status_of(sandbox, setup) == status


def test_paypal_asks_to_log_in_then_to_agree_and_another_account_may_be_taken(sandbox: SandboxDriver) -> None:
    setup, client = begin(sandbox, "paypal"), Client()
    client.post(setup.redirect_url, {"act": "login", "email": "SOFT@paypal.example ", "password": "sandbox"})
    assert "soft@paypal.example" in words(client.get(setup.redirect_url))
    client.post(setup.redirect_url, {"act": "other"})
    assert "Inloggen bij PayPal (test)" in words(client.get(setup.redirect_url))
    pages.save_paypal(client, setup.redirect_url, "anna@paypal.example")
    method = sandbox.gateway.fetch_setup(setup.id).method
    assert method is not None
    assert method.label == "PayPal anna@paypal.example"


def test_paypal_refused_by_the_person_saves_nothing(sandbox: SandboxDriver) -> None:
    setup, client = begin(sandbox, "paypal"), Client()
    client.post(setup.redirect_url, {"act": "login", "email": "anna@paypal.example", "password": "sandbox"})
    client.post(setup.redirect_url, {"act": "refuse"})
    assert sandbox.gateway.fetch_setup(setup.id).reason == "cancelled"


def test_agreeing_before_logging_in_saves_nothing(sandbox: SandboxDriver) -> None:
    setup = begin(sandbox, "paypal")
    assert Client().post(setup.redirect_url, {"act": "approve"}).status_code == 200
    assert status_of(sandbox, setup) == "pending"


def test_the_field_in_a_frame_saves_a_card_and_ends_with_a_way_out_of_the_frame(
    sandbox: SandboxDriver,
) -> None:
    setup = begin(sandbox)
    answer = pages.type_card(Client(), setup.element_url, pages.number_of("paid"))
    assert answer.status_code == 200
    back = escape(f"{RETURN}&setup={setup.id}")
    assert f'href="{back}" target="_top"' in words(answer)
    assert status_of(sandbox, setup) == "done"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "http://localhost:8000@evil.example/",
        "http://localhost.evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "http:///evil.example",
        "back",
        "",
    ],
)
def test_nobody_is_sent_away_from_this_installation(sandbox: SandboxDriver, url: str) -> None:
    with pytest.raises(company.Invalid):
        company.begin_setup(customer_reference="c", kind="card", reference="s", return_url=url, language="nl")
    assert begin(sandbox).id


def test_a_return_address_of_another_port_is_not_followed(sandbox: SandboxDriver) -> None:
    wish = {"customer_reference": "c", "kind": "card", "reference": "s", "language": "nl"}
    made = company.begin_setup(**wish, return_url="http://localhost:9999/back/")
    path = made["redirect_url"].removeprefix("http://localhost:9999")
    answer = pages.type_card(Client(), path, pages.number_of("paid"))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_path_alone_will_do_as_return_address(sandbox: SandboxDriver) -> None:
    wish = {"customer_reference": "c", "kind": "card", "reference": "s", "language": "nl"}
    made = company.begin_setup(**wish, return_url="/back/?setup=old&a=1")
    assert made["redirect_url"].startswith("/sandbox/setup/")
    back = pages.save_card(Client(), made["redirect_url"], pages.number_of("paid"))
    assert back == f"/back/?a=1&setup={made['id']}"


def test_pages_are_strict_kept_nowhere_and_framed_only_as_the_field(sandbox: SandboxDriver) -> None:
    setup = begin(sandbox)
    page, field = Client().get(setup.redirect_url), Client().get(setup.element_url)
    for answer, ancestors, frame in ((page, "'none'", "DENY"), (field, "'self'", "SAMEORIGIN")):
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
            f"frame-ancestors {ancestors}"
        )
        assert answer.headers["X-Frame-Options"] == frame
        assert "no-store" in answer.headers["Cache-Control"]
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", words(answer))


def test_a_forged_form_is_refused(sandbox: SandboxDriver) -> None:
    setup = begin(sandbox)
    strict = Client(enforce_csrf_checks=True)
    assert pages.type_card(strict, setup.redirect_url, pages.number_of("paid")).status_code == 403
    assert status_of(sandbox, setup) == "pending"


@pytest.mark.parametrize(
    ("language", "query", "said", "lang"),
    [
        ("nl", "", "Een kaart bewaren", "nl"),
        ("en", "", "Save a card", "en"),
        ("nl-NL", "", "Een kaart bewaren", "nl"),
        ("fr", "", "Save a card", "en"),
        ("nl", "?language=en", "Save a card", "en"),
        ("en", "?language=nl", "Een kaart bewaren", "nl"),
        ("nl", "?language=xx", "Een kaart bewaren", "nl"),
    ],
)
def test_pages_speak_the_asked_for_language_or_the_chosen_one(
    sandbox: SandboxDriver, language: str, query: str, said: str, lang: str
) -> None:
    answer = Client().get(begin(sandbox, language=language).redirect_url + query)
    assert f"<h1>{said}</h1>" in words(answer)
    assert f'<html lang="{lang}">' in words(answer)
    assert answer.headers["Content-Language"] == lang


@pytest.mark.parametrize(
    ("amount", "currency", "language", "said"),
    [
        (8161, "EUR", "nl", "€\u00a081,61"),
        (8161, "EUR", "en", "€81.61"),
        (1500, "JPY", "en", "¥1,500"),
        (30490, "KWD", "en", "KWD\u00a030.490"),
        (500_000_000_000, "EUR", "nl", "€\u00a05.000.000.000,00"),
    ],
)
def test_the_bank_shows_the_amount_as_people_write_it(
    sandbox: SandboxDriver, amount: int, currency: str, language: str, said: str
) -> None:
    made = company.charge(
        token=saved(sandbox, "approval"),
        amount=amount,
        currency=currency,
        reference="pay-1",
        idempotency_key="k",
        return_url=RETURN,
        description="<b>Team</b>",
        language=language,
    )
    page = words(Client().get(made["action_url"]))
    assert f'<p class="amount">{said}</p>' in page
    assert "&lt;b&gt;Team&lt;/b&gt;" in page
    assert "Visa •••• 3184" in page


def test_an_approval_is_answered_once(sandbox: SandboxDriver) -> None:
    outcome = charge(sandbox, saved(sandbox, "approval"), "pay-1")
    client = Client()
    assert client.post(outcome.action_url, {"act": "something"}).status_code == 200
    client.post(outcome.action_url, {"act": "refuse"})
    assert client.post(outcome.action_url, {"act": "approve"}).status_code == 410
    assert captured(sandbox, "pay-1") == []


def test_no_full_card_number_is_anywhere_after_a_whole_flow(
    sandbox: SandboxDriver, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, rendered = Client(), []
    setup = begin(sandbox)
    for number in (REAL_LOOKING, NUMBER):
        rendered.append(words(pages.type_card(client, setup.redirect_url, number, "12/34", "846")))
    outcome = charge(sandbox, sandbox.gateway.fetch_setup(setup.id).method.token, "pay-1")  # type: ignore[union-attr]
    rendered.append(words(client.get(outcome.action_url)))
    rendered.append(words(client.post(outcome.action_url, {"act": "approve"})))
    rendered.append(words(client.get(setup.redirect_url)))
    refund(sandbox, outcome.charge_id, 1000, "ref-1")
    rendered += [body.decode() for _headers, body in sent(clock.now)]
    with connection.cursor() as cursor:
        stored = [
            str(row)
            for table in connection.introspection.table_names(cursor)
            for row in cursor.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # noqa: S608
        ]
    assert any("3184" in row for row in stored)
    for text in [*stored, caplog.text, *rendered]:
        digits = re.sub(r"(?<=\d)[ -](?=\d)", "", text) if text not in rendered else text
        assert NUMBER not in digits
        assert REAL_LOOKING not in digits
    assert setup.redirect_url.rstrip("/").rpartition("/")[2] not in caplog.text
    assert not any(re.search(r"(?<![\w.])846(?!\w)", row) for row in stored)  # in no token, in no instant
