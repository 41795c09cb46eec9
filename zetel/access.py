"""Who is asking, and the loaders: the only way the doors get a row. Loading is checking.

A stranger is told the same as for an id that does not exist; a member without the right is told so; somebody who is
not logged in is asked to log in (rule R8). The matrix itself is `rules.roles`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest

from zetel.actions._behalf import Behalf
from zetel.models import Acting, Invoice, Membership, Person, Space, Subscription
from zetel.models.spaces import DIVISION, MEMBER
from zetel.models.subscriptions import LIVE
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability, Role, may, require

_STAFF = {"sales": Role.SALES, "support": Role.SUPPORT, "finance": Role.FINANCE, "operator": Role.OPERATOR}


@dataclass(frozen=True)
class Seen:
    """A space as one person sees it: the row, the person, and every role the person has there.

    For staff who act for the customer that pays there, the person is its billing owner, and `acting` says who does it.
    """

    space: Space
    person: Person
    roles: frozenset[Role]
    acting: Acting | None = None

    def may(self, capability: Capability) -> bool:
        return may(self.roles, capability)


def person_of(request: HttpRequest) -> Person:
    """The person who is logged in and not deactivated; else `not_logged_in`."""
    person = request.user
    if isinstance(person, AnonymousUser) or not person.is_active:
        raise ZetelError("not_logged_in")
    return person


def load_space(request: HttpRequest, space_id: uuid.UUID, capability: Capability) -> Seen:
    """Load a space for an act: raises not_logged_in, not_found or forbidden."""
    person = person_of(request)
    space = Space.objects.select_related("organization", "division").filter(pk=space_id).first()
    if space and (acted := _acted(request, space, capability)):
        request.seen = acted  # type: ignore[attr-defined]
        return acted
    roles = roles_in(person, space) if space else frozenset({Role.STRANGER})
    require(roles, capability)
    assert space is not None, "a stranger has no capability on a space"
    seen = Seen(space, person, roles)
    request.seen = seen  # type: ignore[attr-defined]  # the frame around the page shows this space
    return seen


def acting_of(request: HttpRequest) -> Behalf | None:
    """The customer whom the member of staff who asks acts for now; the middleware looked it up."""
    found: Behalf | None = getattr(request, "behalf", None)
    return found


def load_behalf(person: Person, acting_id: uuid.UUID, now: datetime) -> Behalf | None:
    """The stretch of acting that a member of staff names, while it lasts and the role in which it began is theirs."""
    if not may(staff_roles(person), Capability.STAFF_ACT_FOR_CUSTOMER):
        return None
    rows = Acting.objects.select_related("staff", "customer__billing_owner")
    holding = rows.filter(staff=person, role=person.staff_role, ended_at=None, ends_at__gt=now)
    row = holding.filter(pk=acting_id).first()
    if row is None or row.customer.billing_owner is None:
        return None
    return Behalf(row, row.customer.billing_owner)


def _acted(request: HttpRequest, space: Space, capability: Capability) -> Seen | None:
    """What staff see of a plan of the customer they act for, when their role goes as far (R9)."""
    behalf = acting_of(request)
    if behalf is None:
        return None
    role = Role.ACTING_SALES if behalf.acting.role == "sales" else Role.ACTING_SUPPORT
    if not may([role], capability):
        return None
    paid = Subscription.objects.live().filter(space=space, customer=behalf.acting.customer_id)
    return Seen(space, behalf.owner, frozenset({role}), behalf.acting) if paid.exists() else None


def held_by(person: Person, path: str = "") -> Q:
    """Whose billing a person holds, or held when it ended; `path` leads from a row to its subscription."""
    live = Q(**{f"{path}status__in": LIVE, f"{path}customer__billing_owner": person})
    return live | Q(**{f"{path}status": "ended", f"{path}last_owner": person})


def readable_invoices(person: Person) -> Q:
    """Which documents a person may read (rules R3, R5, R7).

    Those of a live subscription that the person owns, whoever paid them then, and those of ended ones whose last owner
    the person was.
    """
    return held_by(person, "subscription__")


def load_invoice(request: HttpRequest, invoice_id: uuid.UUID) -> Invoice:
    """Load an invoice for reading; who is in its space without that right is told so, others that there is none."""
    person = person_of(request)
    rows = Invoice.objects.select_related("customer", "subscription", "space")
    invoice = rows.filter(readable_invoices(person), pk=invoice_id).first()
    if invoice is not None:
        return invoice
    other = rows.filter(pk=invoice_id).first()
    if other is None:
        raise ZetelError("not_found")
    around = roles_in(person, other.space) if other.space else staff_roles(person)
    raise ZetelError("forbidden" if around - {Role.FORMER_OWNER, Role.STRANGER} else "not_found")


def staff_of(request: HttpRequest, capability: Capability) -> Person:
    """The person, who works for the seller and may do this; everybody else is told that there is no such page."""
    person = person_of(request)
    require(staff_roles(person) or {Role.STRANGER}, capability)
    return person


def roles_in(person: Person, space: Space) -> frozenset[Role]:
    """Every role of a person in a space, from memberships, the live subscription and the staff list."""
    roles: set[Role] = set(staff_roles(person))
    roles |= _membership_roles(person, space)
    owned = Subscription.objects.filter(held_by(person), space=space)
    for status in owned.values_list("status", flat=True):
        roles.add(Role.BILLING_OWNER if status in LIVE else Role.FORMER_OWNER)
    return frozenset(roles) or frozenset({Role.STRANGER})


def _membership_roles(person: Person, space: Space) -> set[Role]:
    places = Q(space_id__in=[space.pk, space.root_id])
    if space.kind == DIVISION:
        places |= Q(space__division=space)
    rows = (
        Membership.objects.active()
        .filter(places, person=person)
        .values_list("space_id", "standing", "is_admin")
    )
    inside = {standing for space_id, standing, _ in rows if space_id != space.organization_id}
    around = {standing for space_id, standing, _ in rows if space_id == space.organization_id}
    roles = {Role.MEMBER if standing == MEMBER else Role.GUEST for standing in inside}
    if not roles and MEMBER in around:
        # A colleague who is not in this team or division looks on, as a guest does; an outside guest does not.
        roles.add(Role.GUEST)
    if roles and any(is_admin for space_id, _, is_admin in rows if space_id in (space.pk, space.root_id)):
        roles.add(Role.ADMIN)
    return roles


def staff_roles(person: Person) -> set[Role]:
    return {_STAFF[person.staff_role]} if person.staff_role else set()
