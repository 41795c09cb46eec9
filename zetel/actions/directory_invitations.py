"""Inviting people by mail, and what becomes of an invitation (rules S4, C8).

The link carries a random secret of which only the hash is kept. Whoever holds it may join with any account; member or
guest is decided by the verified addresses of that account. Nothing here tells whether an address has an account.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction

from zetel.actions import seat_admission
from zetel.actions._change import lock_space, record
from zetel.actions.directory_checks import check_room, require_admin, require_member
from zetel.actions.directory_people import admit
from zetel.actions.mail import queue
from zetel.actions.throttle import allow
from zetel.models import Invitation, Membership, Person, Space
from zetel.models.spaces import DIVISION
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

VALID_DAYS = 14
INVITATIONS_PER_HOUR = 60
MAILS_PER_ADDRESS_AND_DAY = 3
TOKEN_BYTES = 32


def invite(*, space: Space, email: str, actor: Person, now: datetime) -> Invitation:
    """Invite an address; a new invitation takes the place of an open one, whose link then stops working."""
    address = names.email(email)
    if space.kind == DIVISION:
        raise ZetelError("space_kind_invalid", kind=space.kind)
    _throttle(space, address, actor, now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        space = lock_space(space)
        require_member(space, actor)
        _check_not_in(space, address)
        check_room(space, now)
        seat_admission.check_invitation(space, address, now)
        Invitation.objects.filter(space=space, email=address, accepted_at=None, revoked_at=None).update(
            revoked_at=now
        )
        invitation = Invitation.objects.create(
            space=space, email=address, token_hash=token_hash(token), invited_by=actor, created_at=now,
            expires_at=now + timedelta(days=VALID_DAYS),
        )  # fmt: skip
        _send(invitation, token, now)
        record(
            EventType.INVITATION_SENT, now=now, actor=actor, space=space,
            after={"invitation": invitation.public_id, "email": address},
        )  # fmt: skip
    return invitation


def _throttle(space: Space, address: str, actor: Person, now: datetime) -> None:
    """Counted apart from the invitation itself, so that refused ones count too."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    few = allow(f"invite:{actor.pk}", limit=INVITATIONS_PER_HOUR, window=hour, now=now)
    if not few or not allow(
        f"invite:{space.pk}:{address}", limit=MAILS_PER_ADDRESS_AND_DAY, window=day, now=now
    ):
        raise ZetelError("too_many_requests")


def _check_not_in(space: Space, address: str) -> None:
    """Only the address a colleague is listed with counts: others of theirs are nobody's business."""
    if Membership.objects.filter(space=space, left_at=None, person__email=address).exists():
        raise ZetelError("already_member", email=address)


def _send(invitation: Invitation, token: str, now: datetime) -> None:
    inviter, space = invitation.invited_by, invitation.space
    queue(
        "invitation",
        once_key=f"invitation:{invitation.public_id}",
        now=now,
        to_email=invitation.email,
        language=inviter.language,
        params={
            "space": space.name, "space_id": space.public_id, "space_kind": space.kind, "inviter": inviter.label,
            "path": f"/invitations/{token}/", "expires_on": invitation.expires_at.date().isoformat(),
        },
        space=space,
    )  # fmt: skip


def revoke(*, invitation: Invitation, actor: Person, now: datetime) -> None:
    """Take an open invitation back: its sender may, and an admin."""
    with transaction.atomic():
        space = lock_space(invitation.space)
        if invitation.invited_by_id == actor.pk:
            require_member(space, actor)
        else:
            require_admin(space, actor)
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if row.accepted_at or row.revoked_at:
            raise ZetelError("invitation_invalid")
        Invitation.objects.filter(pk=row.pk).update(revoked_at=now)
        record(
            EventType.INVITATION_REVOKED,
            now=now,
            actor=actor,
            space=space,
            before={"invitation": row.public_id},
        )


def find(token: str) -> Invitation:
    """The invitation behind a link, whatever became of it; `invitation_invalid` for a link that never was."""
    rows = Invitation.objects.select_related("space__organization", "invited_by")
    invitation = rows.filter(token_hash=token_hash(token)).first()
    if invitation is None:
        raise ZetelError("invitation_invalid")
    return invitation


def accept(*, token: str, person: Person, now: datetime) -> Membership:
    """Join by the link, with whatever account one is logged in with."""
    return _accept(find(token), person, now)


def accept_addressed(*, invitation: Invitation, person: Person, now: datetime) -> Membership:
    """Join without the link, by the verified address that was invited."""
    if not EmailAddress.objects.filter(user=person, verified=True, email=invitation.email).exists():
        raise ZetelError("not_found")
    return _accept(invitation, person, now)


def _accept(invitation: Invitation, person: Person, now: datetime) -> Membership:
    with transaction.atomic():
        space = lock_space(invitation.space)
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if row.accepted_at or row.revoked_at:
            raise ZetelError("invitation_invalid")
        if now >= row.expires_at:
            raise ZetelError("invitation_expired")
        # First of all: the seat that the invitation kept is free for who comes with it.
        Invitation.objects.filter(pk=row.pk).update(accepted_at=now, accepted_by=person)
        return admit(space, person, actor=person, now=now, facts={"invitation": row.public_id})


def addressed_to(person: Person, now: datetime) -> list[Invitation]:
    """Open invitations to a person's verified addresses, newest first: nobody has to search an inbox."""
    addresses = EmailAddress.objects.filter(user=person, verified=True).values("email")
    rows = Invitation.objects.filter(
        email__in=addresses, accepted_at=None, revoked_at=None, expires_at__gt=now
    )
    return list(rows.select_related("space", "invited_by").order_by("-id")[:20])


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
