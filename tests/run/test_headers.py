"""What every answer carries: a strict content policy, guarded cookies, no framing, no caching."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings

from zetel.web.headers import keep_no_copies

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "frame-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def test_the_content_policy_is_exactly_the_strict_one(client: Client) -> None:
    assert set(client.get(LOGIN)["Content-Security-Policy"].split("; ")) == POLICY


def test_an_unknown_address_carries_the_same_headers(client: Client) -> None:
    answer = client.get("/no-such-page/")
    assert answer.status_code == 404
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY


def test_answers_are_not_sniffed_framed_or_told_to_other_sites(client: Client) -> None:
    answer = client.get(LOGIN)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client: Client, settings: Settings) -> None:
    cookie = client.get(LOGIN).cookies["csrftoken"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert (settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE) == (True, "Lax")
    assert settings.SESSION_COOKIE_SECURE is settings.CSRF_COOKIE_SECURE is settings.CONFIG.secure_cookies


def test_no_page_may_be_kept_by_a_browser_or_a_server_between() -> None:
    answer = keep_no_copies(lambda request: HttpResponse("money"))(HttpRequest())
    assert answer["Cache-Control"] == "no-store, private"


def test_an_answer_that_says_how_it_may_be_kept_is_left_alone() -> None:
    said = HttpResponse("logo", headers={"Cache-Control": "public, max-age=60"})
    assert keep_no_copies(lambda request: said)(HttpRequest())["Cache-Control"] == "public, max-age=60"


def test_a_post_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(LOGIN, {"login": "anna@acme.test", "password": "x"}).status_code == 403


def test_a_host_that_is_not_ours_is_refused(client: Client) -> None:
    assert client.get(LOGIN, headers={"host": "evil.test"}).status_code == 400
