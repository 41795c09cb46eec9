"""Loading for programs: the same loaders as the pages have, and what the installation's own key may do by itself.

A key of a person sees what that person sees. The installation naming nobody is the host product (`Role.HOST`); where
that is not enough it is told to say for whom it asks.
"""

from dataclasses import dataclass

from zetel.access import load_space
from zetel.api.callers import ON_BEHALF_OF, ApiRequest
from zetel.api.values import parse_id, the_one
from zetel.models import Membership, Person, Space
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability, Role, may


@dataclass(frozen=True)
class Place:
    """A space as the caller sees it; `actor` is None for the installation itself, as the actions take it."""

    space: Space
    actor: Person | None
    roles: frozenset[Role]

    def may(self, capability: Capability) -> bool:
        return may(self.roles, capability)


def load_place(request: ApiRequest, space_id: str, capability: Capability) -> Place:
    """Raises not_found, forbidden, person_required."""
    if request.caller.person is None:
        check_host(capability)
        spaces = Space.objects.select_related("organization", "division")
        return Place(the_one(spaces, space_id), None, frozenset({Role.HOST}))
    seen = load_space(request, parse_id("spc", space_id), capability)
    return Place(seen.space, seen.person, seen.roles)


def load_for_host(request: ApiRequest, space_id: str, capability: Capability) -> Space:
    """A space for what the host product alone reports; also who manages it is told `forbidden`."""
    place = load_place(request, space_id, capability)
    if place.actor is not None:
        raise ZetelError("forbidden")
    return place.space


def colleague(space: Space, person_id: str) -> Person:
    """Somebody in this space. Of whoever is not, no more is said than of an id that does not exist (R8)."""
    inside = Membership.objects.of_space(space).filter(left_at=None).values("person")
    person = Person.objects.filter(pk=parse_id("per", person_id), pk__in=inside).first()
    if person is None:
        raise ZetelError("not_member")
    return person


def check_host(capability: Capability) -> None:
    """Whether the installation may do this by itself."""
    if not may([Role.HOST], capability):
        raise ZetelError("person_required", field=ON_BEHALF_OF)
