"""The client of the EU's VAT service against a stand-in on loopback: every way of answering, and of not answering."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from zetel.gateways.vies import Vies
from zetel.rules.vat_checks import Answer


@dataclass
class StandIn:
    """Answers as it is told, and remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    seconds: float = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def says(self, **body: Any) -> None:
        self.body = json.dumps(body).encode()


@pytest.fixture
def vies() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            stand_in.asked.append((self.path, json.loads(self.rfile.read(length))))
            time.sleep(stand_in.seconds)
            self.send_response(stand_in.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(stand_in.body)

        def log_message(self, *_told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    yield stand_in
    server.shutdown()
    server.server_close()
    thread.join()


def ask(vies: StandIn, country: str = "DE", number: str = "DE136695976", seconds: float = 5) -> Answer | None:
    return Vies(vies.url, "NL123456782B90").ask(country, number, within_seconds=seconds)


def test_a_known_number_comes_with_name_and_consultation_number(vies: StandIn) -> None:
    vies.says(
        countryCode="DE", vatNumber="136695976", requestDate="2026-05-12T10:00:00Z", valid=True, name="Müller GmbH",
        requestIdentifier="WAPIAAAAYxyz", address="Lange Straße 1\n10115 Berlin",
    )  # fmt: skip
    assert ask(vies) == Answer(True, "WAPIAAAAYxyz", "Müller GmbH", "Lange Straße 1 10115 Berlin")
    assert vies.asked == [
        (
            "/check-vat-number",
            {
                "countryCode": "DE", "vatNumber": "136695976", "requesterMemberStateCode": "NL",
                "requesterNumber": "123456782B90",
            },
        )
    ]  # fmt: skip


def test_greece_is_called_el_there(vies: StandIn) -> None:
    vies.says(valid=False, name="---", address="---", requestIdentifier="")
    assert ask(vies, "GR", "EL094259216") == Answer(False)
    assert vies.asked[0][1]["countryCode"] == "EL"
    assert vies.asked[0][1]["vatNumber"] == "094259216"


@pytest.mark.parametrize(
    "code", ["MS_UNAVAILABLE", "SERVICE_UNAVAILABLE", "TIMEOUT", "MS_MAX_CONCURRENT_REQ", "IP_BLOCKED"]
)
def test_an_error_of_the_service_is_no_answer(vies: StandIn, code: str) -> None:
    vies.says(actionSucceed=False, errorWrappers=[{"error": code}])
    assert ask(vies) is None


def test_a_number_that_it_calls_malformed_is_not_known(vies: StandIn) -> None:
    vies.says(actionSucceed=False, errorWrappers=[{"error": "INVALID_INPUT"}])
    assert ask(vies) == Answer(False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"valid": true}'),
        (302, b""),
        (200, b"<html>maintenance</html>"),
        (200, b"[]"),
        (200, b'{"valid": "yes"}'),
        (200, b'{"valid": false, "userError": "MS_UNAVAILABLE"}'),
        (200, b"x" * 200_000),
    ],
)
def test_whatever_is_odd_is_no_answer(vies: StandIn, status: int, body: bytes) -> None:
    vies.status, vies.body = status, body
    assert ask(vies) is None


def test_who_is_slow_or_away_is_not_waited_for(vies: StandIn) -> None:
    vies.seconds = 2
    begun = time.monotonic()
    assert ask(vies, seconds=0.5) is None
    assert time.monotonic() - begun < 1.5
    assert Vies("http://127.0.0.1:9", "").ask("DE", "DE136695976", within_seconds=1) is None
