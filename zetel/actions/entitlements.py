"""What a person may use in a place, now, and what everybody may use everywhere in an organization (rules E1, P9, S3).

Everything here reads. A whole organization costs as many queries as one place: its spaces, who is in them, and the
subscriptions around them with their terms. Whoever is in several teams is one person in each of those places.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from zetel.actions.directory_plans import entitlements
from zetel.models import CatalogVersion, Membership, Person, Space
from zetel.rules.catalog import Catalog
from zetel.rules.entitlements import Entitlement, entitlement

Held = tuple[uuid.UUID, uuid.UUID]  # person and space


def of_person(person: Person, space: Space, *, now: datetime) -> Entitlement:
    """What one person may use in one place; somebody who is not there or was deactivated has nothing (E1).

    Guests are covered like members, without a seat (S3).
    """
    catalog = CatalogVersion.objects.current()
    stays = Membership.objects.active().of_space(space).filter(person=person, person__is_active=True)
    if not stays.exists():
        return _nothing(catalog, space, now)
    return entitlements([space], now, catalog)[space.pk]


def in_tree(root: Space, *, now: datetime) -> Mapping[Held, Entitlement]:
    """Everybody who is somewhere in an organization or workspace, by person and place; nobody else is named."""
    catalog = CatalogVersion.objects.current()
    places = list(Space.objects.filter(Q(pk=root.root_id) | Q(organization=root.root_id)))
    held = entitlements(places, now, catalog)
    divisions = {place.pk: place.division_id for place in places}
    stays = Membership.objects.active().filter(space__in=places, person__is_active=True)
    found: dict[Held, Entitlement] = {}
    for person_id, space_id in stays.values_list("person_id", "space_id"):
        for place_id in (space_id, divisions[space_id]):  # who is in a team is in its division
            if place_id is not None:
                found[person_id, place_id] = held[place_id]
    return found


def _nothing(catalog: Catalog, space: Space, now: datetime) -> Entitlement:
    nobody = entitlement(catalog, (), now.date(), present=False)
    return replace(nobody, holds_until=None)
