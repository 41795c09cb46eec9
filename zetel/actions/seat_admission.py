"""Who may come in where seats are bought: the policy `block`, and nobody new while a growth is unpaid (rule C8).

Asked under the lock of the organization or workspace, so of two people who want the last seat one gets it. Guests and
machines take no seat and are never refused for one.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet

from zetel.actions import seat_use
from zetel.actions.seat_use import SeatUse
from zetel.models import Domain, Invitation, Membership, Person, Space
from zetel.models.spaces import DIVISION, GUEST, ORGANIZATION, WORKSPACE
from zetel.rules import names
from zetel.rules.catalog import OnExceed
from zetel.rules.errors import ZetelError
from zetel.rules.overages import may_take_seat


def check_seat(space: Space, person: Person, standing: str, now: datetime) -> None:
    """Raise `seats_full` where the person would take a seat and none may be taken."""
    if person.is_machine or standing == GUEST:
        return
    for use in seat_use.over(space, now):
        if not _lets_in(use, now, _addresses(person)) and not _counts(use.space, person):
            raise ZetelError("seats_full", space=use.space.name)


def check_invitation(space: Space, address: str, now: datetime) -> None:
    """The same for an address: under `block` an invitation takes a seat from the day it is sent."""
    for use in seat_use.over(space, now):
        if not _lets_in(use, now, {address}) and _would_count(use.space, address):
            raise ZetelError("seats_full", space=use.space.name)


def _lets_in(use: SeatUse, now: datetime, coming: set[str]) -> bool:
    """`coming` are the addresses of who wants in: a seat that an invitation keeps for them is theirs."""
    blocks = use.policy.on_exceed is OnExceed.BLOCK
    taken = use.counted + (len(_invited(use.space, now) - coming) if blocks else 0)
    return may_take_seat(use.policy, taken=taken, seats=use.seats, declined=use.declined)


def _addresses(person: Person) -> set[str]:
    return set(EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True))


def _counts(space: Space, person: Person) -> bool:
    return Membership.objects.of_space(space).counted().filter(person=person).exists()


def _would_count(space: Space, address: str) -> bool:
    """Whether somebody with this address would take a seat there and takes none yet."""
    if not _on_domain(space, address):
        return False
    known = EmailAddress.objects.filter(verified=True, email=address).values("user_id")
    return not Membership.objects.of_space(space).counted().filter(person__in=known).exists()


def _on_domain(space: Space, address: str) -> bool:
    if space.kind == WORKSPACE:
        return True
    return Domain.objects.filter(organization=space.root_id, name=names.domain_of(address)).exists()


def _invited(space: Space, now: datetime) -> set[str]:
    """Addresses that open invitations keep a seat for: of future members who are not counted yet."""
    here = Membership.objects.of_space(space).counted().values("person_id")
    counted = EmailAddress.objects.filter(user__in=here, verified=True).values("email")
    rows = _invitations(space).filter(accepted_at=None, revoked_at=None, expires_at__gt=now)
    found = set(rows.exclude(email__in=counted).values_list("email", flat=True))
    if space.kind == WORKSPACE:
        return found
    domains = set(Domain.objects.filter(organization=space.root_id).values_list("name", flat=True))
    return {address for address in found if names.domain_of(address) in domains}


def _invitations(space: Space) -> QuerySet[Invitation]:
    if space.kind == ORGANIZATION:
        return Invitation.objects.filter(Q(space=space) | Q(space__organization=space))
    if space.kind == DIVISION:
        return Invitation.objects.filter(space__division=space)
    return Invitation.objects.filter(space=space)
