"""The company's webhooks: events as they were, signed, and sent when due by its clock.

A delivery is a row; `deliver_due` drains those that are due. It is signed at each sending with the instant of that
sending, so that a late one is fresh and a recorded one grows stale. What is not answered with 2xx is sent again
with growing pauses, then given up. Nothing is posted inside a transaction.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from zetel.sandbox.answers import Answer, base_url
from zetel.sandbox.behaviours import LATE, Travel
from zetel.sandbox.models import Delivery, Event

Post = Callable[[str, bytes, Mapping[str, str]], int]
"""Posts a body with headers to an address and returns the status; raises OSError when nobody answers."""

SIGNATURE_HEADER = "Sandbox-Signature"
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 1440))
POST_SECONDS = 10
DRAIN_LIMIT = 500


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed body goes to the endpoint that was configured and nowhere else."""

    def redirect_request(self, *args: object) -> None:
        return None


def signing_secret() -> bytes:
    """Known to the company and its one seller. Derived, so that it stands in no table."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"Sandbox Pay webhooks", hashlib.sha256)


def signature(body: bytes, at: datetime) -> str:
    """The header's value: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`."""
    seconds = str(int(at.timestamp()))
    mac = hmac.new(signing_secret(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={mac}"


def body_of(event: Event) -> bytes:
    content = {
        "id": event.id,
        "type": event.kind,
        "created_at": event.created_at.isoformat(),
        "data": event.data,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def endpoint() -> str:
    return f"{base_url()}/webhooks/sandbox/"


def emit(kind: str, data: Answer, *, at: datetime, now: datetime, travel: Travel) -> None:
    """Note that something happened at `at`, and when to tell it. Runs in the transaction of what happened."""
    event = Event.objects.create(kind=kind, data=data, created_at=at)
    due = {"never": [], "late": [now + LATE], "twice": [now, now]}.get(travel, [now])
    Delivery.objects.bulk_create([Delivery(event=event, due_at=due_at) for due_at in due])


def post_over_http(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=POST_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def deliver_due(now: datetime, post: Post | None = None, *, reference: str | None = None) -> int:
    """Send what is due, in order of when it was due; of one charge's reference alone if given. Returns how many
    were accepted. Each is tried at most once per call, and no more than a batch."""
    accepted = 0
    for _count in range(DRAIN_LIMIT):
        delivery = _claim(now, reference)
        if delivery is None:
            break
        accepted += _send(delivery, now, post or post_over_http)
    return accepted


def _claim(now: datetime, reference: str | None) -> Delivery | None:
    """Take the next one by moving its due instant on: whoever dies while sending leaves it to be sent again."""
    with transaction.atomic():
        due = Delivery.objects.filter(status="waiting", due_at__lte=now).order_by("due_at", "id")
        if reference is not None:
            due = due.filter(event__data__reference=reference)
        delivery = due.select_for_update(skip_locked=True, of=("self",)).select_related("event").first()
        if delivery is None:
            return None
        delivery.due_at = now + PAUSES[min(delivery.tries, len(PAUSES) - 1)]
        delivery.tries += 1
        delivery.save(update_fields=["due_at", "tries"])
        return delivery


def _send(delivery: Delivery, now: datetime, post: Post) -> bool:
    body = body_of(delivery.event)
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature(body, now)}
    try:
        status = post(endpoint(), body, headers)
        delivery.last_answer = str(status)
    except OSError as error:
        status = 0
        delivery.last_answer = type(error).__name__
    if 200 <= status < 300:
        delivery.status, delivery.delivered_at = "done", now
    elif delivery.tries > len(PAUSES):
        delivery.status = "failed"
    delivery.save(update_fields=["status", "last_answer", "delivered_at"])
    return delivery.status == "done"
