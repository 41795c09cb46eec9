"""Keys of the API: making, rotating and revoking them, and finding the one that a secret opens.

A secret leaves this file once, in the answer to whoever made or rotated the key; what is kept is its hash. Secrets are
random and long, so a plain hash is as good as a slow one.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from zetel.actions import throttle
from zetel.actions._change import record
from zetel.actions._key import used as used  # the door says by whom what follows is done
from zetel.models import ApiKey, Person
from zetel.rules import keys as rules
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

USE_NOTED_EVERY = timedelta(minutes=1)  # so that reading does not write a row each time
WINDOW = timedelta(minutes=1)


def create(
    *, name: str, person: Person | None, scopes: Iterable[str], actor: Person | None, now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key and its secret. Without a person it is the host product's own."""
    label, kept = names.name(name), rules.scopes(scopes)
    if expires_at is not None and expires_at <= now:
        raise ZetelError("value_invalid", field="expires_at")
    if person is not None and not person.is_active:
        raise ZetelError("person_inactive")
    secret = _new_secret()
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=label, person=person, scopes=list(kept), shown=secret[: rules.SHOWN_LENGTH],
            secret_hash=_hash(secret), created_by=actor, created_at=now, expires_at=expires_at,
        )  # fmt: skip
        record(EventType.KEY_CREATED, now=now, actor=actor, after=_facts(key))
    return key, secret


def rotate(
    key: ApiKey, *, actor: Person | None, now: datetime, overlap_hours: int = rules.OVERLAP_HOURS
) -> tuple[ApiKey, str]:
    """A new secret for the same key; the one before works on for so many hours, an older one no longer."""
    if not 0 <= overlap_hours <= rules.OVERLAP_HOURS_MAX:
        raise ZetelError("value_invalid", field="overlap_hours")
    secret = _new_secret()
    with transaction.atomic():
        key = _locked(key, now)
        before = key.shown
        key.previous_hash, key.previous_until = key.secret_hash, now + timedelta(hours=overlap_hours)
        key.secret_hash, key.shown = _hash(secret), secret[: rules.SHOWN_LENGTH]
        key.save(update_fields=["previous_hash", "previous_until", "secret_hash", "shown"])
        record(
            EventType.KEY_ROTATED, now=now, actor=actor, before={"shown": before},
            after=_facts(key) | {"overlap_hours": overlap_hours},
        )  # fmt: skip
    return key, secret


def revoke(key: ApiKey, *, actor: Person | None, now: datetime) -> ApiKey:
    """The key opens nothing from now on; no_change when it does not already."""
    with transaction.atomic():
        key = _locked(key, now)
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=now)
        key.revoked_at = now
        record(EventType.KEY_REVOKED, now=now, actor=actor, after=_facts(key))
    return key


def find(secret: str, *, now: datetime) -> ApiKey:
    """The key that a secret opens now; else `key_invalid`, whatever the matter with it."""
    if not rules.SECRET.fullmatch(secret):
        raise ZetelError("key_invalid")
    hashed = _hash(secret)
    opened = Q(secret_hash=hashed) | Q(previous_hash=hashed, previous_until__gt=now)
    key = ApiKey.objects.select_related("person").filter(opened).first()
    if key is None or not key.works(now) or (key.person is not None and not key.person.is_active):
        raise ZetelError("key_invalid")
    return key


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Keep when a key was last used, to the minute."""
    if key.last_used_at is None or key.last_used_at <= now - USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def count_request(who: str, *, limit: int, real: datetime) -> None:
    """Count one request of a key or address, `who`; `too_many_requests` above so many a minute.

    Counted on the machine's time: a sandbox's clock may stand.
    """
    used_so_far = throttle.count(f"api:{who}", window=WINDOW, now=real)
    if used_so_far.count > limit:
        until = used_so_far.window_start + WINDOW
        seconds = max(1, -int(-(until - real).total_seconds() // 1))
        raise ZetelError("too_many_requests", retry_seconds=seconds)


def by_id(key_id: uuid.UUID) -> ApiKey | None:
    return ApiKey.objects.select_related("person").filter(pk=key_id).first()


def _locked(key: ApiKey, now: datetime) -> ApiKey:
    locked = ApiKey.objects.select_for_update(of=("self",)).select_related("person").get(pk=key.pk)
    if not locked.works(now):
        raise ZetelError("no_change")
    return locked


def _new_secret() -> str:
    return rules.SECRET_START + secrets.token_urlsafe(32)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _facts(key: ApiKey) -> dict[str, object]:
    person = key.person.public_id if key.person else None
    return {
        "key": key.public_id,
        "name": key.name,
        "shown": key.shown,
        "scopes": key.scopes,
        "person": person,
    }
