"""The EU's service for VAT numbers, VIES, by its REST interface; and one that pretends, for a sandbox.

`ask` gives an answer, or None when there is none: the service or a member state's part of it is away, too busy, or
says something that we do not understand. Nobody may take that for a no. The seller's own number is sent along, for
which the service gives a consultation number, the proof that it was asked.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx
import structlog

from zetel.rules.tax import VAT_PREFIX
from zetel.rules.vat_checks import Answer

LIVE_URL = "https://ec.europa.eu/taxation_customs/vies/rest-api"
_LONGEST_BYTES = 100_000

log = structlog.get_logger(__name__)


class Service(Protocol):
    """Who is asked about numbers."""

    def ask(self, country: str, number: str, *, within_seconds: float) -> Answer | None: ...


class Vies:
    """The service itself, or a stand-in at another address."""

    def __init__(self, url: str, requester: str = "") -> None:
        self._url, self._requester = url.rstrip("/"), requester

    def ask(self, country: str, number: str, *, within_seconds: float) -> Answer | None:
        """Ask once. `number` may carry its prefix; `country` is the ISO code."""
        prefix = VAT_PREFIX[country]
        asked = {"countryCode": prefix, "vatNumber": number.removeprefix(prefix)}
        if self._requester:
            asked |= {
                "requesterMemberStateCode": self._requester[:2], "requesterNumber": self._requester[2:],
            }  # fmt: skip
        try:
            # Parts that together are never longer, since httpx counts each step of its own.
            steps = httpx.Timeout(
                0.6 * within_seconds, connect=0.3 * within_seconds, write=0.1 * within_seconds
            )
            response = httpx.post(
                f"{self._url}/check-vat-number", json=asked, timeout=steps, follow_redirects=False
            )
            if response.status_code != 200 or len(response.content) > _LONGEST_BYTES:
                log.warning("the VAT service did not answer", status=response.status_code)
                return None
            return answer_of(response.json())
        except (httpx.HTTPError, ValueError) as error:
            log.warning("the VAT service is away", error=type(error).__name__)
            return None


def answer_of(said: Any) -> Answer | None:
    """The service's words in ours; an error of its own, or anything odd, is no answer."""
    if not isinstance(said, Mapping):
        return None
    errors = said.get("errorWrappers")
    if isinstance(errors, list) and errors:
        codes = [str(error.get("error", "")) for error in errors if isinstance(error, Mapping)]
        log.warning("the VAT service gave an error", codes=codes)
        return Answer(is_valid=False) if codes == ["INVALID_INPUT"] else None
    if not isinstance(said.get("valid"), bool) or said.get("userError", "VALID") not in (
        "",
        "VALID",
        "INVALID",
    ):
        return None
    return Answer(
        said["valid"], _text(said.get("requestIdentifier"), 64), _text(said.get("name"), 255),
        _text(said.get("address"), 500),
    )  # fmt: skip


def _text(value: Any, longest: int) -> str:
    """A name as it came; the service writes --- for what a country does not tell."""
    text = " ".join(str(value or "").replace("\0", "").split())
    return "" if text == "---" else text[:longest]


class PretendVies:
    """For a sandbox, which asks nobody: a number that ends in 8 is unknown, one that ends in 9 gets no answer."""

    def ask(self, country: str, number: str, *, within_seconds: float) -> Answer | None:
        if number.endswith("9"):
            return None
        return Answer(is_valid=not number.endswith("8"), consultation=f"PRETEND{number[-4:]}")
