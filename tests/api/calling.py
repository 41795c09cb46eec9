"""Calling the API in tests: a program with a key, and what it is answered."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.urls import Resolver404, resolve

from zetel import clock
from zetel.actions import keys
from zetel.api.operations import DECLARED
from zetel.api.problems import MEDIA_TYPE
from zetel.models import Person


@dataclass
class Said:
    """An answer: its status, its body read as JSON, and its headers."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The code of a refusal, with its status."""
        return f"{self.status} {self.body['code']}"


def _check_documented(address: str, method: str, code: str) -> None:
    """Whatever a test is refused with stands in the document of the operation."""
    try:
        route = resolve(address.partition("?")[0]).route
    except Resolver404:
        return
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.removeprefix("api/v1"))
    for declared in DECLARED.values():
        if (declared.method, declared.path) == (method, path) and code != "unexpected":
            assert code in declared.codes, f"{declared.operation_id} does not say that it refuses with {code}"


@dataclass
class Program:
    """One key; `on_behalf_of` names the person with the installation's own."""

    secret: str
    on_behalf_of: str = ""
    client: Client = field(default_factory=Client)

    def call(
        self, method: str, path: str, body: Any = None, *, key: str = "", language: str = "en", **headers: str
    ) -> Said:
        """`body` may be bytes, sent as they are."""
        sent = {"accept-language": language, **headers}
        if self.secret:
            sent["authorization"] = f"Bearer {self.secret}"
        if self.on_behalf_of:
            sent["zetel-on-behalf-of"] = self.on_behalf_of
        if key:
            sent["idempotency-key"] = key
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = sent.pop("content-type", "application/json")
        answer = self.client.generic(method, f"/api/v1{path}", raw, content_type=kind, headers=sent)
        if answer.headers.get("Content-Type") == MEDIA_TYPE:
            _check_documented(f"/api/v1{path}", method, json.loads(answer.content)["code"])
        is_json = "json" in answer.headers.get("Content-Type", "")
        return Said(
            answer.status_code,
            json.loads(answer.content) if is_json else answer.content,
            dict(answer.headers),
        )

    def get(self, path: str, **more: Any) -> Said:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Said:
        return self.call("POST", path, {} if body is None else body, **more)

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The body of an answer that has to be a success."""
        said = self.call(method, path, {} if body is None and method != "GET" else body, **more)
        assert 200 <= said.status < 300, (said.status, said.body)
        return said.body

    def on_behalf(self, person: str) -> "Program":
        return Program(self.secret, person, self.client)


def program_of(person: Person | None, *scopes: str) -> Program:
    """A program with a key of this person, or of the installation; without scopes it may read and write."""
    wanted = scopes or ("read", "write")
    _key, secret = keys.create(name="Proef", person=person, scopes=wanted, actor=person, now=clock.now())
    return Program(secret)
