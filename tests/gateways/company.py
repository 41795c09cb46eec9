"""What the stand-ins of real payment companies share: a server on loopback in a thread, and how it fails.

A stand-in keeps the state its company would keep and answers as the company's documents say. Requests are answered one
at a time, and everything that was asked is recorded. `plan` makes coming requests fail; a connection that is closed
without an answer stands for a timeout, which costs no time. Its clock is the installation's.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from zetel import clock

Json = dict[str, Any]
BEFORE = ("timeout_before", "error_before")
AFTER = ("timeout_after", "error_after")


class NoAnswer(Exception):
    """The connection is closed without a word."""


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Strange(Exception):
    """An answer of something that stands between us and the company."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status, self.text = status, text


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


class Company(ABC):
    """The server. A company of its own fills in `operation` and `serve`."""

    broken: Json = {}

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.now: datetime | None = None  # for tests without the installation's clock
        self._plans: dict[str, deque[str]] = defaultdict(deque)
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def plan(self, *faults: str, operation: str = "charge") -> None:
        """How the next requests of that kind fail: timeout or error, before or after anything was done."""
        self._plans[operation].extend(faults)

    def time(self) -> datetime:
        return clock.now()

    def seconds(self) -> int:
        return int(self.time().timestamp())

    @abstractmethod
    def operation(self, asked: Asked) -> str:
        """The kind of request, as `plan` calls it."""

    @abstractmethod
    def serve(self, asked: Asked) -> Json:
        """What the company does and says; raises Refusal or NoAnswer."""

    def answer(self, asked: Asked) -> tuple[int, Json]:
        with self._lock:
            self.asked.append(asked)
            planned = self._plans[self.operation(asked)]
            fault = planned.popleft() if planned else ""
            if fault in BEFORE:
                self.fail(fault)
            try:
                status, body = 200, self.serve(asked)
            except Refusal as refusal:
                status, body = refusal.status, refusal.body
            if fault in AFTER:
                self.fail(fault)
            return status, body

    def fail(self, fault: str) -> None:
        if fault.startswith("timeout"):
            raise NoAnswer
        raise Refusal(500, self.broken)


def _handler(company: Company) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(self.command, parts.path, query, dict(self.headers), body)
            try:
                status, answer = company.answer(asked)
                text = json.dumps(answer)
            except NoAnswer:
                self.close_connection = True
                return
            except Refusal as refusal:
                status, text = refusal.status, json.dumps(refusal.body)
            except Strange as strange:
                status, text = strange.status, strange.text
            sent = text.encode() if status != 204 else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815  # the names that the standard library asks for

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    return Handler
