"""Who is calling: a key, and the person whose rights count.

A person's key acts as that person. The installation's own key acts for the host product and names the person in the
header Zetel-On-Behalf-Of; never one of the seller's people, so that it cannot borrow their rights. A session of a
browser counts for nothing here.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.security.base import AuthBase

from zetel import clock
from zetel.access import load_behalf
from zetel.actions import keys
from zetel.actions._behalf import Behalf
from zetel.models import Acting, ApiKey, Person
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.keys import Scope

ON_BEHALF_OF = "Zetel-On-Behalf-Of"
ACTING = "Zetel-Acting"


@dataclass(frozen=True)
class Caller:
    """The key, and the person it acts as or names; None for the installation itself."""

    key: ApiKey
    person: Person | None
    behalf: Behalf | None = None

    def check_names_somebody(self) -> None:
        """For what is a person's alone: raises person_required when the installation names nobody."""
        if self.person is None:
            raise ZetelError("person_required", field=ON_BEHALF_OF)

    @property
    def somebody(self) -> Person:
        """The person whose act this is; raises person_required."""
        self.check_names_somebody()
        assert self.person is not None
        return self.person

    @property
    def buyer(self) -> Person:
        """Who quotes and confirms: the billing owner where staff act for one, else the person."""
        return self.behalf.owner if self.behalf else self.somebody

    @property
    def reference(self) -> str:
        """What an Idempotency-Key is bound to."""
        return f"{self.key.public_id}:{self.person.public_id if self.person else ''}"


class ApiRequest(HttpRequest):
    """A request whose key was found; `user` is the person whose rights count, as `access` asks for."""

    caller: Caller


class BearerKey(AuthBase):
    """`Authorization: Bearer zk_…`, with the scopes that an operation asks for."""

    openapi_type = "http"

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes
        self.openapi_scheme = "bearer"
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller:
        real, now = clock.real_now(), clock.now()
        keys.count_request(address_of(request), limit=settings.CONFIG.api_address_per_minute, real=real)
        key = keys.find(_secret(request), now=now)
        keys.count_request(key.public_id, limit=settings.CONFIG.api_key_per_minute, real=real)
        missing = [scope for scope in self.scopes if scope not in key.scopes]
        if missing:
            raise ZetelError("scope_missing", scope=str(missing[0]))
        keys.note_use(key, now=now)
        person = _person(request, key)
        behalf = _behalf(request, key, person, now)
        caller = Caller(key, person, behalf)
        request.user = caller.person or AnonymousUser()
        request.behalf = behalf  # type: ignore[attr-defined]
        request.caller = caller  # type: ignore[attr-defined]
        return caller


def address_of(request: HttpRequest) -> str:
    """The address that the outermost server in front of us saw, or the one that is connected."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    count = settings.CONFIG.proxy_count
    if count and len(hops) >= count:
        return hops[-count][:64]
    return str(request.META.get("REMOTE_ADDR", ""))


def _secret(request: HttpRequest) -> str:
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def _person(request: HttpRequest, key: ApiKey) -> Person | None:
    named = request.headers.get(ON_BEHALF_OF, "")
    if key.person is not None:
        if named and parse_public_id("per", named) != key.person.pk:
            raise ZetelError("person_unknown", field=ON_BEHALF_OF)
        return key.person
    if not named:
        return None
    person_id = parse_public_id("per", named)
    rows = Person.objects.filter(is_active=True, staff_role="")
    person = rows.filter(pk=person_id).first() if person_id else None
    if person is None:
        raise ZetelError("person_unknown", field=ON_BEHALF_OF)
    return person


def _behalf(request: HttpRequest, key: ApiKey, person: Person | None, now: datetime) -> Behalf | None:
    """The stretch of acting that a member of staff names; one that is over or another's is refused (R9)."""
    named = request.headers.get(ACTING, "")
    if not named:
        return None
    acting_id = parse_public_id(Acting.PREFIX, named)
    if acting_id is None or person is None or Scope.STAFF not in key.scopes:
        raise ZetelError("forbidden", field=ACTING)
    behalf = load_behalf(person, acting_id, now)
    if behalf is None:
        raise ZetelError("forbidden", field=ACTING)
    return behalf
