"""Keys: one's own, and for operators everybody's and the installation's.

A secret is shown once, in the answer to making or rotating a key; a repetition is told the same without it.
"""

from datetime import datetime

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.access import staff_roles
from zetel.actions import keys
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.repeats import Answer
from zetel.api.values import (
    Instant,
    KeyId,
    ListQuery,
    Many,
    Nothing,
    PersonId,
    Sent,
    Shown,
    Text,
    Whole,
    Yes,
    page_of,
    the_one,
)
from zetel.models import ApiKey, Person
from zetel.models.ids import public_id
from zetel.rules.errors import ZetelError
from zetel.rules.keys import OVERLAP_HOURS, Scope
from zetel.rules.roles import Capability, may

router = Router()


class KeyShown(Shown):
    id: KeyId
    name: str
    person: PersonId | None = Field(description="Whom the key acts as; null for the installation's own.")
    scopes: list[Scope]
    shown: str = Field(description="How its secret begins.", examples=["zk_Ab3dE5f"])
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    previous_until: datetime | None = Field(description="Until when the secret before works on.")
    revoked_at: datetime | None


class NewKey(KeyShown):
    secret: str | None = Field(description="Shown this once; null when a request is repeated.")


class KeyWanted(Sent):
    name: Text = Field(examples=["Nightly sync"])
    scopes: list[Scope] = Field(min_length=1, max_length=3)
    installation: Yes = Field(default=False, description="Operators only: a key of the host product's own.")
    expires_at: Instant | None = None


class Rotation(Sent):
    overlap_hours: Whole = Field(default=OVERLAP_HOURS, description="How long the secret before works on.")


def shown(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.public_id, "name": key.name, "scopes": key.scopes, "shown": key.shown,
        "person": public_id("per", key.person_id) if key.person_id else None, "created_at": key.created_at,
        "expires_at": key.expires_at, "last_used_at": key.last_used_at, "previous_until": key.previous_until,
        "revoked_at": key.revoked_at,
    }  # fmt: skip


@operation(router, "GET", "/keys", answer=Many[KeyShown])
def list_keys(request: ApiRequest, query: Query[ListQuery]) -> Many[KeyShown]:
    """The keys that the caller may manage, newest first."""
    return page_of(_manageable(request), query, lambda rows: [KeyShown(**shown(row)) for row in rows])


@operation(router, "POST", "/keys", answer=NewKey, status=201, codes=("name_invalid",))
def create_key(request: ApiRequest, body: KeyWanted) -> Answer:
    """A new key: of the caller, with at most the scopes of the key that asks; for operators of the installation."""
    if set(body.scopes) - set(request.caller.key.scopes):
        raise ZetelError("scope_missing", scope=sorted(set(body.scopes) - set(request.caller.key.scopes))[0])
    person: Person | None = request.caller.somebody
    if body.installation:
        if not _is_operator(request):
            raise ZetelError("forbidden")
        person = None
    key, secret = keys.create(
        name=body.name, person=person, scopes=[str(scope) for scope in body.scopes], actor=request.caller.somebody,
        now=clock.now(), expires_at=body.expires_at,
    )  # fmt: skip
    return _with_secret(key, secret, 201)


@operation(router, "GET", "/keys/{key_id}", answer=KeyShown)
def get_key(request: ApiRequest, key_id: KeyId) -> KeyShown:
    """One key."""
    return KeyShown(**shown(_load(request, key_id)))


@operation(router, "POST", "/keys/{key_id}/rotate", answer=NewKey, codes=("no_change",))
def rotate_key(request: ApiRequest, key_id: KeyId, body: Rotation) -> Answer:
    """A new secret for the same key; the one before works on for a while."""
    key, secret = keys.rotate(
        _load(request, key_id), actor=request.caller.person, now=clock.now(), overlap_hours=body.overlap_hours
    )
    return _with_secret(key, secret, 200)


@operation(router, "POST", "/keys/{key_id}/revoke", answer=KeyShown, codes=("no_change",))
def revoke_key(request: ApiRequest, key_id: KeyId, body: Nothing) -> KeyShown:
    """The key opens nothing from now on."""
    return KeyShown(
        **shown(keys.revoke(_load(request, key_id), actor=request.caller.person, now=clock.now()))
    )


def _with_secret(key: ApiKey, secret: str, status: int) -> Answer:
    facts = shown(key)
    return Answer(NewKey(**facts, secret=secret), status, kept=NewKey(**facts, secret=None))


def _is_operator(request: ApiRequest) -> bool:
    person = request.caller.person
    has_scope = Scope.STAFF in request.caller.key.scopes
    return person is not None and has_scope and may(staff_roles(person), Capability.STAFF_KEYS_EDIT)


def _manageable(request: ApiRequest) -> QuerySet[ApiKey]:
    """Operators see all; others their own; the installation the key it asks with."""
    if _is_operator(request):
        return ApiKey.objects.all()
    if request.caller.key.person_id is None:
        return ApiKey.objects.filter(pk=request.caller.key.pk)
    return ApiKey.objects.filter(person=request.caller.key.person_id)


def _load(request: ApiRequest, key_id: str) -> ApiKey:
    key = the_one(_manageable(request), key_id)
    # No key hands out a secret that opens more than it does itself.
    if request.method != "GET" and set(key.scopes) - set(request.caller.key.scopes):
        raise ZetelError("scope_missing")
    return key
