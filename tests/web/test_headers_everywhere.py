"""Every page and file carries the guarding headers, whoever looks; with an https address cookies are kept to it."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import HandClock
from tests.web.conftest import Two
from tests.web.test_matrix import ADDRESSES, OTHERS, PLACES

pytestmark = pytest.mark.django_db

MAY_BE_FRAMED = {"mailbox_body", "sandbox:element"}  # by this installation alone


@pytest.mark.parametrize("who", ["nobody", "anna", "operator"])
def test_every_answer_is_guarded(who: str, two: Two, clock: HandClock) -> None:
    two.acme.ids |= OTHERS
    client, lacking = two.client(who), []
    for name in set(PLACES) & set(ADDRESSES):
        answer = client.get(two.acme.address(name, PLACES[name]))
        policy, framed = answer.headers.get("Content-Security-Policy", ""), name in MAY_BE_FRAMED
        held = {
            "nosniff": answer.headers.get("X-Content-Type-Options") == "nosniff",
            "frames": answer.headers.get("X-Frame-Options")
            in (("DENY", "SAMEORIGIN") if framed else ("DENY",)),
            "ancestors": "frame-ancestors 'none'" in policy
            or (framed and "frame-ancestors 'self'" in policy),
            "default": "default-src 'none'" in policy,
            # A mail's own styles stand in the mail; its page may run nothing at all.
            "inline": "unsafe-inline" not in policy or (name == "mailbox_body" and "sandbox" in policy),
            "scripts": "unsafe-eval" not in policy,
            "copies": "no-store" in answer.headers.get("Cache-Control", ""),
            "referrer": answer.headers.get("Referrer-Policy") == "same-origin",
            "cookies": all(
                cookie["httponly"] and cookie["samesite"] == "Lax"
                for cookie in answer.cookies.values()
                if cookie.value  # one that is taken back has nothing to guard
            ),
            "kind": "charset=utf-8" in answer.headers["Content-Type"]
            or "/html" not in answer.headers["Content-Type"],
        }
        lacking += [f"{name}: {what}" for what, holds in held.items() if not holds]
    assert lacking == []


ASK = """
import json, django
django.setup()
from django.conf import settings
from django.test import RequestFactory
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY")
secure = SecurityMiddleware(lambda request: HttpResponse())
answers = [secure(RequestFactory().get("/", secure=is_secure)) for is_secure in (True, False)]
print(json.dumps([[getattr(settings, name) for name in names],
                  [answer.headers.get("Strict-Transport-Security") for answer in answers]]))
"""


@pytest.mark.parametrize(
    ("address", "secure", "strict"),
    [("https://billing.example.com", True, "max-age=31536000"), ("http://localhost:8000", False, None)],
)
def test_cookies_and_transport_follow_the_address(address: str, secure: bool, strict: str | None) -> None:
    facts = os.environ | {
        "ZETEL_BASE_URL": address, "ZETEL_ALLOWED_HOSTS": "testserver", "DJANGO_SETTINGS_MODULE": "zetel.settings",
    }  # fmt: skip
    said = subprocess.run([sys.executable, "-c", ASK], env=facts, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout.splitlines()[-1]) == [[secure, secure, secure, True], [strict, None]]
