"""The e-mail domains of an organization, and who is member or guest by them (rules S2 and S7).

Standing is kept on each membership. Whatever could change it recounts it in the same transaction: a domain that
comes or goes, an address that is verified or removed. A billing owner never becomes a guest by it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from zetel.actions import overages
from zetel.actions._change import lock_space, record
from zetel.actions.directory_checks import addresses_on, is_on_domains, require_admin, tree_of
from zetel.actions.directory_public_mail import PUBLIC_MAIL_DOMAINS
from zetel.models import Domain, Membership, Person, Space, Subscription
from zetel.models.spaces import GUEST, MEMBER, ORGANIZATION
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def add_domain(*, organization: Space, domain: str, actor: Person, now: datetime) -> Domain:
    """Tie a domain to an organization; a member's verified address on it proves it. Recounts who is member."""
    _require_organization(organization)
    with transaction.atomic():
        organization = lock_space(organization)
        require_admin(organization, actor)
        colleagues = Membership.objects.active().filter(
            space=organization, standing=MEMBER, person__is_active=True
        )
        # The admin's own address is the first choice of a proof; any other member's will do.
        provers = [actor, *Person.objects.filter(memberships__in=colleagues).exclude(pk=actor.pk)]
        row = prove(organization, domain, by=provers, now=now)
        changed = _recount(organization)
        record(
            EventType.DOMAIN_ADDED,
            now=now,
            actor=actor,
            space=organization,
            after={"domain": row.name, **changed},
        )
        overages.people_joined(organization, now=now)
    return row


def prove(organization: Space, domain: str, *, by: Sequence[Person], now: datetime) -> Domain:
    """Write the domain row: no public mail domain, nobody else's, and on a verified address of one of `by`."""
    name = names.domain(domain)
    if name in PUBLIC_MAIL_DOMAINS:
        raise ZetelError("domain_public", domain=name)
    proof = addresses_on([name]).filter(user__in=by).values_list("user_id", flat=True)
    proved_by = set(proof)
    prover = next((person for person in by if person.pk in proved_by), None)
    if prover is None:
        # Not proved is said before taken: who has no address there learns nothing about others.
        raise ZetelError("domain_not_proved", domain=name)
    try:
        with transaction.atomic():
            return Domain.objects.create(
                organization=organization, name=name, proved_by=prover, proved_at=now
            )
    except IntegrityError as error:
        raise ZetelError("domain_taken", domain=name) from error


def remove_domain(*, organization: Space, domain: str, actor: Person, now: datetime) -> None:
    """Untie a domain, never the last one. Its people become guests unless another address keeps them member."""
    _require_organization(organization)
    with transaction.atomic():
        organization = lock_space(organization)
        require_admin(organization, actor)
        rows = list(Domain.objects.filter(organization=organization).values_list("name", flat=True))
        if domain not in rows:
            raise ZetelError("not_found")
        if len(rows) == 1:
            raise ZetelError("domain_last", domain=domain)
        Domain.objects.filter(organization=organization, name=domain).delete()
        changed = _recount(organization)
        record(
            EventType.DOMAIN_REMOVED,
            now=now,
            actor=actor,
            space=organization,
            before={"domain": domain},
            after=changed,
        )
        overages.recount(organization, now=now)


def recount_person(*, person: Person, now: datetime) -> None:
    """An address of the person was verified or removed: recount their standing everywhere.

    Raises `domain_makes_guest` for a billing owner whose last address on a domain went.
    """
    with transaction.atomic():
        stays = Membership.objects.filter(person=person, left_at=None, space__kind=ORGANIZATION)
        for organization in Space.objects.filter(memberships__in=stays).order_by("pk"):
            changed = _recount(lock_space(organization), person.pk)
            if any(changed.values()):
                record(
                    EventType.MEMBERSHIP_STANDING_CHANGED, now=now, actor=person, space=organization,
                    after={"person": person.public_id, **changed},
                )  # fmt: skip
                overages.people_joined(organization, now=now)


def _recount(organization: Space, person_id: UUID | None = None) -> dict[str, object]:
    """Set the standing of all memberships of an organization and its teams, or of one person's; say how many moved."""
    rows = Membership.objects.filter(tree_of(organization), left_at=None, person__is_machine=False)
    if person_id is not None:
        rows = rows.filter(person_id=person_id)
    on_domain = is_on_domains(organization.pk)
    admins = Membership.objects.active().filter(space=organization, is_admin=True)
    had_admin = admins.exists()
    falling = list(rows.filter(~on_domain, standing=MEMBER).values_list("pk", "person_id"))
    _check_owners({person_id for _, person_id in falling}, organization)
    risen = rows.filter(on_domain, standing=GUEST).update(standing=MEMBER)
    fallen = Membership.objects.filter(pk__in=[pk for pk, _ in falling]).update(
        standing=GUEST, is_admin=False
    )
    if fallen and had_admin and not admins.exists():
        raise ZetelError("last_admin", space=organization.name)
    return {"now_members": risen, "now_guests": fallen}


def _check_owners(becoming_guests: set[UUID], organization: Space) -> None:
    owners = Subscription.objects.live().filter(
        tree_of(organization), customer__billing_owner__in=becoming_guests
    )
    owned = owners.select_related("customer__billing_owner").first()
    if owned is not None:
        owner = owned.customer.billing_owner
        raise ZetelError("domain_makes_guest", person=owner.label if owner else "")


def _require_organization(space: Space) -> None:
    if space.kind != ORGANIZATION:
        raise ZetelError("space_kind_invalid", kind=space.kind)
