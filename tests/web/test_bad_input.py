"""Whatever browsers, scanners and broken programs send: it is answered, never with a mistake of ours.

Every address of ours gets odd things, as somebody who may open it. What is sent is undone each time. allauth's own
pages share the middleware and are left to their authors, all but those that are open to everybody.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.conftest import HandClock
from tests.web.conftest import Two
from tests.web.tenants import undone
from tests.web.test_matrix import ADDRESSES, NAMES, OTHERS, PLACES

pytestmark = pytest.mark.django_db

HUGE = str(10**30)
ODD = (
    "", " ", "-1", "0", "1.5", HUGE, "-" + HUGE, "9" * 5000, "NaN", "1e999", "²", "٣", "true", "null", "[]", "{}",
    "' or 1=1 --", "%s%(x)s{0}", "<b>&\"'", "\u202e\u200b", "é" * 50_000, "\r\nSet-Cookie: a=b", "../../etc/passwd",
    "spc_00000000000000000000000000", "spc_zzzzzzzzzzzzzzzzzzzzzzzzzz", "0001-01-01", "9999-12-31", "2026-02-30",
    "https://evil.example/", "//evil.example/", "a@b", "\ufdd0",
)  # fmt: skip
RAW = (b"%00", b"%ED%A0%80", b"\xff\xfe", b"%zz")
# What addresses are asked with; forms name their own fields.
QUERY = (
    "q", "page", "plan", "cycle", "currency", "space", "seats", "topic", "on_exceed", "charge", "status", "all", "text",
    "next", "dark",
)  # fmt: skip
FORM = ("act", "step", "run", "day", "time", "back", "person", "quote", "payer", "space", "login", "email", "password",
        "password1", "name", "emails", "domain", "code", "key", "remove_method", "drawn_for", "division", "next",
        "action_send", "action_remove", "action_primary", "action_add", "credential", "language")  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {"cookie": 'sessionid="\\000aaaaaaaaa"; csrftoken="\\377"; messages=x; django_language="\\000"'},
    {"hx-request": "true", "accept-language": "x" * 10_000, "referer": "\\", "x-forwarded-for": "x" * 5000,
     "user-agent": "", "range": "bytes=9999999999999999999-",
    "if-modified-since": "x", "accept": "*/*;q=x", "content-language": "%"},
)  # fmt: skip
FORM_TYPE = "application/x-www-form-urlencoded"
TURN = 31
BODIES: Mapping[str, tuple[str, bytes]] = {
    "json": ("application/json", json.dumps({"plan": ["premium"], "seats": {}}).encode()),
    "broken json": ("application/json", b"{"),
    "unknown": ("application/x-odd; charset=nowhere", b"\x00\x01"),
    "none": ("", b"plan=premium"),
    "no boundary": ("multipart/form-data", b"x"),
    "broken parts": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\r\n\r\n"),
    "parts": ("multipart/form-data; boundary=x",
              b'--x\r\nContent-Disposition: form-data; name="plan"\r\n\r\npremium\r\n--x--\r\n'),
    "a file": ("multipart/form-data; boundary=x",
               b'--x\r\nContent-Disposition: form-data; name="name"; filename="a"\r\n\r\nx\r\n--x--\r\n'),
    "another charset": ("application/x-www-form-urlencoded; charset=utf-16", b"plan=premium"),
    "too long": ("application/x-www-form-urlencoded", b"name=" + b"x" * 3_000_000),
    "too many": ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(2000))),
}  # fmt: skip

# Bodies of other kinds are answered before any form reads them: a few addresses speak for all.
WITH_BODIES = (
    "account_login",
    "space_new",
    "billing_information",
    "upgrade_billing",
    "staff_clock",
    "gateway_webhook",
)

OURS = [
    name
    for name in NAMES
    if name in ADDRESSES
    and not name.startswith("mfa_")
    and (
        not name.startswith("account_")
        or name in ("account_login", "account_signup", "account_reset_password")
    )
]

Send = Callable[[Client], Any]


def who_may(name: str) -> str:
    """Somebody who gets further than the door."""
    rules = ADDRESSES[name]
    for who in ("anna", "bram", "operator"):
        if "ok" in (rules.get.get(who), rules.post.get(who)):
            return who
    return "chris"


def call(method: str, *what: Any, **facts: Any) -> Send:
    return lambda client: getattr(client, method)(*what, **facts)


def turns(names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Every odd text at some name, each time at others: few requests that together try much."""
    for start in range(0, len(ODD), TURN):
        yield {name: ODD[(start + number) % len(ODD)] for number, name in enumerate(names)}


def gets(path: str) -> Iterator[tuple[str, Send]]:
    for asked in turns(QUERY):
        short = {name: odd[:5000] for name, odd in asked.items()}
        yield f"?{short}", call("get", path, short)
    for raw in RAW:
        query = "&".join(f"{name}={raw.decode('latin-1')}" for name in QUERY)
        yield f"?everything={raw!r}", call("get", path, QUERY_STRING=query)
    for sent in HEADERS:
        yield str(sent)[:40], call("get", path, headers=sent)
    yield "page=1&page=x", call("get", path + "?page=1&page=x&q=&q=%20&space=&space=x")
    for method in ("head", "put"):
        yield method, call(method, path)


def posts(path: str, valid: Mapping[str, str], *, has_bodies: bool) -> Iterator[tuple[str, Send]]:
    names = tuple(dict.fromkeys((*valid, *FORM)))
    for odd in turns(names):
        yield f"{odd}", call("post", path, odd)
    for name, value in valid.items():
        for huge in (HUGE, "2147483648") if value.isdigit() else (HUGE,):
            changed = {**valid, name: huge}
            yield f"{name}={huge}", call("post", path, changed)
    yield "nothing", call("post", path)
    twice = {name: [value, "x"] for name, value in valid.items()}
    yield "all twice", call("post", path, twice)
    for raw in RAW:
        body = b"&".join(name.encode() + b"=" + raw for name in names)
        yield f"everything={raw!r}", call("generic", "POST", path, body, FORM_TYPE)
    if has_bodies:
        for what, (kind, body) in BODIES.items():
            yield what, call("generic", "POST", path, body, kind)


def failures(two: Two, who: str, sends: Iterator[tuple[str, Send]]) -> list[str]:
    found = []
    for what, send in sends:
        with undone():
            client = two.client(who)
            client.raise_request_exception = False
            answer = send(client)
            connection.needs_rollback = False
            if answer.status_code >= 500:
                found.append(f"{what}: {answer.status_code} {answer.exc_info and answer.exc_info[1]!r}"[:300])
    return found


@pytest.mark.parametrize("name", OURS)
def test_odd_questions_are_answered(name: str, two: Two, clock: HandClock) -> None:
    two.acme.ids |= OTHERS
    assert failures(two, who_may(name), gets(two.acme.address(name, PLACES[name]))) == []


@pytest.mark.parametrize("name", [name for name in OURS if "ok" in ADDRESSES[name].post.values()])
def test_odd_forms_are_answered(name: str, two: Two, clock: HandClock) -> None:
    two.acme.ids |= OTHERS
    path = two.acme.address(name, PLACES[name])
    sends = posts(path, ADDRESSES[name].data, has_bodies=name in WITH_BODIES)
    assert failures(two, who_may(name), sends) == []


@pytest.mark.parametrize("year", ["0", "9999", "10000", HUGE])
def test_a_year_that_no_calendar_has_is_no_year_of_invoices(year: str, two: Two, clock: HandClock) -> None:
    path = two.acme.address("billing_invoices_year", ["space_id"], of_year=year)
    assert two.client("anna").get(path).status_code == 404


def test_a_webhook_may_come_as_whatever_and_in_any_length(two: Two, clock: HandClock) -> None:
    client, path = two.client("nobody"), two.acme.address("gateway_webhook", [], gateway="sandbox")
    assert client.post(path, {"a": "b"}).status_code == 400
    assert client.generic("POST", path, b"{}", "application/json", CONTENT_LENGTH="x").status_code == 400
    assert client.generic("POST", path, b"x" * 300_000, "application/json").status_code == 413
