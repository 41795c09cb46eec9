"""The line to PayPal: an access token, one request, and what went wrong with it.

PayPal has no client library of its own for what is needed here, and it is a dozen calls. The access token is kept until
PayPal calls it wrong; then a new one is asked for, once. Nothing is repeated by itself, and nothing waits for minutes.
"""

import json
import threading
from functools import cached_property
from typing import Any

import httpx
import structlog

Json = dict[str, Any]

CHARGE_SECONDS = 6.0
ASK_SECONDS = 3.0
CONNECT_SECONDS = 2.0

log = structlog.get_logger()


class NoAnswer(Exception):
    """The outcome is open: nobody answered, PayPal failed, or our keys are wrong. `reason` is a code."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


class Refused(Exception):
    """PayPal understood and says no, for good. `issue` is its own word for why, `body` the whole answer."""

    def __init__(self, status: int, body: Json) -> None:
        details = body.get("details") or [{}]
        self.status, self.body = status, body
        self.issue = str(details[0].get("issue") or body.get("name") or f"HTTP_{status}")
        self.field = str(details[0].get("field") or "")
        super().__init__(self.issue)


class PayPalClient:
    """Requests to one PayPal account. Safe to share between threads."""

    def __init__(self, *, client_id: str, secret: str, address: str) -> None:
        self._auth = (client_id, secret)
        self._token = ""
        self._lock = threading.Lock()
        self._address = address

    @cached_property
    def _http(self) -> httpx.Client:
        """Opened by the first request: most processes never speak to PayPal."""
        return httpx.Client(
            base_url=self._address, timeout=httpx.Timeout(CHARGE_SECONDS, connect=CONNECT_SECONDS)
        )

    def close(self) -> None:
        """Give up the connections that are kept open."""
        if "_http" in self.__dict__:
            self._http.close()

    def get(self, path: str, params: Json | None = None) -> Json:
        return self._request("GET", path, params=params, seconds=ASK_SECONDS)

    def post(self, path: str, body: Json, *, key: str) -> Json:
        headers = {"PayPal-Request-Id": key, "Prefer": "return=representation"}
        return self._request("POST", path, content=json.dumps(body).encode(), headers=headers)

    def post_raw(self, path: str, content: bytes) -> Json:
        return self._request("POST", path, content=content, seconds=ASK_SECONDS)

    def drop(self, path: str) -> None:
        self._request("DELETE", path)

    def _request(
        self, method: str, path: str, *, params: Json | None = None, content: bytes | None = None,
        headers: dict[str, str] | None = None, seconds: float = CHARGE_SECONDS,
    ) -> Json:  # fmt: skip
        """Send it, and once more with a new access token when the old one is called wrong: then nothing was done."""
        for is_last in (False, True):
            token = self._access_token(is_new=is_last)
            sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
            timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
            answer = self._send(method, path, params=params, content=content, headers=sent, timeout=timeout)
            if answer.status_code != 401 or is_last:
                break
        return _read(answer, f"{method} {path.partition('?')[0]}")

    def _access_token(self, *, is_new: bool) -> str:
        with self._lock:
            if self._token and not is_new:
                return self._token
            answer = self._send(
                "POST", "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=self._auth
            )
            try:
                self._token = str(_read(answer, "POST /v1/oauth2/token")["access_token"])
            except (Refused, KeyError) as error:
                raise NoAnswer("gateway_setup", answer.status_code) from error
            return self._token

    def _send(self, method: str, path: str, **told: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **told)
        except httpx.HTTPError as error:
            raise NoAnswer("timeout") from error


def _read(answer: httpx.Response, what: str) -> Json:
    """What PayPal said. An answer that is not in its form is none of PayPal's, whatever its status: no no either."""
    status, body = answer.status_code, _body(answer)
    if status < 300 and body is not None:
        return body
    log.warning("paypal did not do it", request=what, status=status, issue=Refused(status, body or {}).issue)
    if status in (401, 403):
        raise NoAnswer("gateway_setup", status)
    # 409: a request with the same id is being worked on.
    if status in (409, 429):
        raise NoAnswer("gateway_busy", status)
    if not 400 <= status < 500 or status == 408 or body is None or "name" not in body:
        raise NoAnswer("gateway_error", status)
    raise Refused(status, body)


def _body(answer: httpx.Response) -> Json | None:
    """The object that was answered, empty for no content; None for anything else."""
    try:
        said = answer.json() if answer.content else {}
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
