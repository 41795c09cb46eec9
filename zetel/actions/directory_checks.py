"""What the actions of the directory ask before they write, under the lock of the space's organization or workspace.

Nothing here writes. Who may manage is asked again here although the doors asked already: rights count at commit.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value

from zetel.actions.directory_plans import entitled
from zetel.models import Domain, Membership, Person, Space, Subscription
from zetel.models.spaces import DIVISION, GUEST, MEMBER, ORGANIZATION, TEAM, WORKSPACE
from zetel.rules.errors import ZetelError


def tree_of(space: Space) -> Q:
    """Memberships or subscriptions of a space and of all that it contains."""
    if space.kind == ORGANIZATION:
        return Q(space=space) | Q(space__organization=space)
    if space.kind == DIVISION:
        return Q(space=space) | Q(space__division=space)
    return Q(space=space)


def require_admin(space: Space, actor: Person | None) -> None:
    """An admin of the space or of the organization around it. None is the installation itself acting."""
    if actor is None:
        return
    rows = Membership.objects.active().filter(person=actor, is_admin=True)
    if not rows.filter(space_id__in=[space.pk, space.root_id]).exists():
        raise ZetelError("forbidden")


def require_member(space: Space, actor: Person) -> None:
    """A member, not a guest, of the space or of the organization around it."""
    rows = Membership.objects.active().filter(person=actor, standing=MEMBER)
    if not rows.filter(space_id__in=[space.pk, space.root_id]).exists():
        raise ZetelError("forbidden")


def people_limit(space: Space, now: datetime) -> int | None:
    """How many people a place may hold: what the highest plan that covers it says, Basic without one (S5)."""
    if space.kind not in (WORKSPACE, TEAM):
        return None
    return entitled(space, now).limits.get("people")


def people_count(space: Space) -> int:
    """People in a place, guests too; deactivated ones and machines are not in it."""
    rows = (
        Membership.objects.active().of_space(space).filter(person__is_machine=False, person__is_active=True)
    )
    return rows.values("person_id").distinct().count()


def check_room(space: Space, now: datetime) -> None:
    """Rule S5: above the limit nobody is removed, and nobody new comes in."""
    limit = people_limit(space, now)
    if limit is not None and people_count(space) >= limit:
        raise ZetelError("limit_reached", space=space.name, limit=limit)


def check_not_billing_owner(person: Person, space: Space) -> None:
    """Rule R6: whoever holds billing here, or in anything inside, hands it over before going.

    A division's people are those of its teams: leaving one of them matters when it is the person's last one there.
    """
    touched = tree_of(space)
    if space.kind == TEAM and space.division_id:
        others = Membership.objects.active().filter(person=person, space__division=space.division_id)
        if not others.exclude(space=space).exists():
            touched |= Q(space_id=space.division_id)
    owned = (
        Subscription.objects.live()
        .filter(touched, customer__billing_owner=person)
        .select_related("space")
        .first()
    )
    if owned is not None:
        raise ZetelError("billing_owner_required", space=owned.space.name, space_id=owned.space.public_id)


def check_division_owner_stays(team: Space) -> None:
    """Rule R1: the billing owner of the division it leaves must be in another of that division's teams."""
    if not team.division_id:
        return
    live = Subscription.objects.live().filter(space=team.division_id).select_related("customer").first()
    if live is None or live.customer.billing_owner_id is None:
        return
    teams = Membership.objects.active().filter(
        person=live.customer.billing_owner_id, space__division=team.division_id
    )
    if not teams.exclude(space=team).exists():
        raise ZetelError("billing_owner_required", space=team.name, space_id=team.public_id)


def check_not_last_admin(membership: Membership, space: Space) -> None:
    """Somebody has to be able to manage a workspace or organization while members are in it."""
    if space.kind not in (WORKSPACE, ORGANIZATION) or not (membership.is_admin and membership.is_active):
        return
    others = Membership.objects.active().filter(space=space, standing=MEMBER, person__is_machine=False)
    others = others.exclude(person=membership.person_id)
    if others.exists() and not others.filter(is_admin=True).exists():
        raise ZetelError("last_admin", space=space.name)


def addresses_on(names: Iterable[str] | QuerySet[Domain, Any]) -> QuerySet[Any, Any]:
    """Verified addresses on these domains. Counted from the last @, whatever stands before it."""
    place = Func(F("email"), Value("@"), Value(-1), function="split_part", output_field=CharField())
    rows: QuerySet[Any, Any] = EmailAddress.objects.filter(verified=True)
    on_domains: QuerySet[Any, Any] = rows.annotate(place=place).filter(place__in=names)
    return on_domains


def is_on_domains(organization_id: UUID) -> Exists:
    """Whether a membership's person has a verified address on a domain of the organization (rule S2)."""
    names = Domain.objects.filter(organization_id=organization_id).values("name")
    return Exists(addresses_on(names).filter(user=OuterRef("person_id")))


def standing_of(person: Person, space: Space) -> str:
    """Member or guest, as the person joins (S2). A workspace has no guests."""
    if space.kind == WORKSPACE or person.is_machine:
        return MEMBER
    names = Domain.objects.filter(organization_id=space.root_id).values("name")
    return MEMBER if addresses_on(names).filter(user=person).exists() else GUEST
