"""The people of a space: who is in it, coming and going, admins, invitations, and the host's report of all of them.

Admins manage by hand and meet the refusals of rule R6. What the host reports is accepted as it is.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.actions import directory_host, directory_invitations, directory_people, directory_sync
from zetel.api.callers import ApiRequest
from zetel.api.loading import Place, load_for_host, load_place
from zetel.api.operations import operation
from zetel.api.values import (
    Done,
    Email,
    ExternalId,
    InvitationId,
    Language,
    ListQuery,
    Many,
    Nothing,
    PersonId,
    Sent,
    Shown,
    SpaceId,
    Text,
    Yes,
    Zone,
    page_of,
    parse_id,
    the_one,
)
from zetel.models import Invitation, Membership, Person, Space
from zetel.models.ids import public_id
from zetel.models.spaces import DIVISION
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability

router = Router()
_COMING = ("limit_reached", "seats_full", "already_member", "person_inactive", "guest_not_allowed",
           "space_kind_invalid")  # fmt: skip
_GOING = ("not_member", "billing_owner_required", "last_admin", "no_change")


class MemberShown(Shown):
    person: PersonId
    name: str = Field(examples=["Anna"])
    email: Email
    external_id: str | None
    standing: Literal["member", "guest"]
    is_admin: bool
    is_active: bool = Field(description="False for one who was deactivated here.")
    joined_at: datetime


class MemberWanted(Sent):
    person: PersonId


class AdminWanted(Sent):
    is_admin: Yes = True


class InvitationShown(Shown):
    id: InvitationId
    space: SpaceId
    email: Email
    invited_by: PersonId
    created_at: datetime
    expires_at: datetime
    status: Literal["open", "accepted", "revoked", "expired"]


class InvitationWanted(Sent):
    email: Email


class PersonReported(Sent):
    """One person of the host's, as it knows them."""

    external_id: ExternalId
    email: Email
    name: Text = Field(min_length=1, examples=["Anna"])
    language: Language = "en"
    time_zone: Zone = "Europe/Amsterdam"
    is_active: Yes = Field(default=True, description="False for one who is paused there: no seat, no access.")
    is_admin: Yes = False


class SyncWanted(Sent):
    people: list[PersonReported] = Field(max_length=directory_sync.REPORTED_MAX)
    is_whole: Yes = Field(
        default=False,
        description="That these are all: whom the host named before and does not name now is gone.",
    )


class SyncShown(Shown):
    """By the host's ids; `refused` says why somebody could not come in."""

    created: list[str]
    changed: list[str]
    joined: list[str]
    removed: list[str]
    refused: dict[str, str] = Field(examples=[{"user-9": "seats_full"}])


class NameWanted(Sent):
    external_id: ExternalId | None


class NameShown(Shown):
    space: SpaceId
    external_id: str | None


@operation(router, "GET", "/spaces/{space_id}/people", answer=Many[MemberShown])
def list_members(request: ApiRequest, space_id: SpaceId, query: Query[ListQuery]) -> Many[MemberShown]:
    """Who is in a space, the latest to come first; of a division the people of its teams."""
    place = load_place(request, space_id, Capability.SPACE_PEOPLE_SEE)
    rows = Membership.objects.of_space(place.space).filter(left_at=None).select_related("person")
    if place.space.kind == DIVISION:  # of somebody in several of its teams the first stay
        firsts = rows.order_by("person_id", "id").distinct("person_id").values("pk")
        rows = Membership.objects.filter(pk__in=firsts).select_related("person")
    return page_of(rows, query, lambda found: [_member(row) for row in found])


def _member(row: Membership) -> MemberShown:
    return MemberShown(
        person=row.person.public_id, name=row.person.label, email=row.person.email,
        external_id=row.person.external_id, standing=row.standing, is_admin=row.is_admin,
        is_active=row.is_active and row.person.is_active, joined_at=row.joined_at,
    )  # fmt: skip


@operation(router, "POST", "/spaces/{space_id}/people", answer=MemberShown, status=201, codes=_COMING)
def add_member(request: ApiRequest, space_id: SpaceId, body: MemberWanted) -> MemberShown:
    """For the installation: put a person into a space. People invite each other."""
    space = load_for_host(request, space_id, Capability.SPACE_PEOPLE_MANAGE)
    person = the_one(Person.objects.all(), body.person)
    row = directory_people.add_person(space=space, person=person, actor=None, now=clock.now())
    return _member(row)


@operation(router, "POST", "/spaces/{space_id}/people/{person_id}/remove", answer=Done, codes=_GOING)
def remove_member(request: ApiRequest, space_id: SpaceId, person_id: PersonId, body: Nothing) -> Done:
    """Take a person out, with an organization out of all its teams. Of the host it is accepted in any case."""
    return _taken_out(request, space_id, person_id, directory_host.removed, directory_people.remove)


@operation(router, "POST", "/spaces/{space_id}/people/{person_id}/deactivate", answer=Done, codes=_GOING)
def deactivate_member(request: ApiRequest, space_id: SpaceId, person_id: PersonId, body: Nothing) -> Done:
    """Pause a person: no seat, no access, everything kept."""
    return _taken_out(request, space_id, person_id, directory_host.deactivated, directory_people.deactivate)


@operation(
    router, "POST", "/spaces/{space_id}/people/{person_id}/reactivate", answer=Done, codes=(*_GOING, *_COMING)
)  # fmt: skip
def reactivate_member(request: ApiRequest, space_id: SpaceId, person_id: PersonId, body: Nothing) -> Done:
    """Bring a paused person back."""
    place, person = _managed(request, space_id, person_id)
    directory_people.reactivate(space=place.space, person=person, actor=place.actor, now=clock.now())
    return Done()


@operation(
    router, "PUT", "/spaces/{space_id}/people/{person_id}/admin", answer=Done,
    codes=("not_member", "no_change", "person_inactive", "guest_not_allowed", "admin_is_billing_owner", "last_admin"),
)  # fmt: skip
def set_admin(request: ApiRequest, space_id: SpaceId, person_id: PersonId, body: AdminWanted) -> Done:
    """Name an admin, or withdraw the role."""
    place, person = _managed(request, space_id, person_id, Capability.SPACE_ADMINS_NAME)
    directory_people.set_admin(
        space=place.space, person=person, is_admin=body.is_admin, actor=place.actor, now=clock.now()
    )
    return Done()


@operation(router, "POST", "/spaces/{space_id}/join", answer=MemberShown, status=201, codes=_COMING)
def join_space(request: ApiRequest, space_id: SpaceId, body: Nothing) -> MemberShown:
    """Join a team of one's organization, or the organization of one's own domain."""
    person = request.caller.somebody
    space = the_one(Space.objects.all(), space_id)
    return _member(directory_people.join(space=space, person=person, now=clock.now()))


@operation(
    router, "POST", "/spaces/{space_id}/leave", answer=Done,
    codes=("not_member", "billing_owner_required", "last_admin"),
)  # fmt: skip
def leave_space(request: ApiRequest, space_id: SpaceId, body: Nothing) -> Done:
    """Leave a space, with an organization all its teams."""
    place = load_place(request, space_id, Capability.SPACE_LEAVE)
    directory_people.leave(space=place.space, person=request.caller.somebody, now=clock.now())
    return Done()


@operation(
    router, "GET", "/spaces/{space_id}/invitations", answer=Many[InvitationShown]
)  # fmt: skip
def list_invitations(
    request: ApiRequest, space_id: SpaceId, query: Query[ListQuery]
) -> Many[InvitationShown]:
    """Invitations into a space, newest first."""
    place = load_place(request, space_id, Capability.SPACE_PEOPLE_SEE)
    rows = Invitation.objects.filter(space=place.space)
    return page_of(rows, query, lambda found: [_invitation(row) for row in found])


@operation(
    router, "POST", "/spaces/{space_id}/invitations", answer=InvitationShown, status=201,
    codes=(*_COMING, "email_invalid"),
)  # fmt: skip
def create_invitation(request: ApiRequest, space_id: SpaceId, body: InvitationWanted) -> InvitationShown:
    """Invite somebody by mail; inviting again sends the mail again."""
    place = load_place(request, space_id, Capability.SPACE_INVITE)
    row = directory_invitations.invite(
        space=place.space, email=body.email, actor=request.caller.somebody, now=clock.now()
    )
    return _invitation(row)


@operation(
    router, "POST", "/invitations/{invitation_id}/revoke", answer=Done,
    codes=("invitation_invalid", "no_change", "invitation_expired"),
)  # fmt: skip
def revoke_invitation(request: ApiRequest, invitation_id: InvitationId, body: Nothing) -> Done:
    """Take an invitation back: whoever sent it, or an admin."""
    row = the_one(Invitation.objects.select_related("space"), invitation_id)
    load_place(request, public_id("spc", row.space_id), Capability.SPACE_INVITE)
    directory_invitations.revoke(invitation=row, actor=request.caller.somebody, now=clock.now())
    return Done()


@operation(
    router, "POST", "/invitations/{invitation_id}/accept", answer=MemberShown, status=201,
    codes=(*_COMING, "invitation_invalid", "invitation_expired"),
)  # fmt: skip
def accept_invitation(request: ApiRequest, invitation_id: InvitationId, body: Nothing) -> MemberShown:
    """Accept an invitation to one of one's own addresses."""
    person, now = request.caller.somebody, clock.now()
    mine = {row.pk: row for row in directory_invitations.addressed_to(person, now)}
    row = mine.get(parse_id("ivt", invitation_id))
    if row is None:
        raise ZetelError("not_found")
    return _member(directory_invitations.accept_addressed(invitation=row, person=person, now=now))


@operation(
    router, "POST", "/spaces/{space_id}/sync", answer=SyncShown,
    codes=("name_invalid", "email_invalid", "time_zone_invalid", "email_taken", "language_invalid",
           "space_kind_invalid"),
)  # fmt: skip
def sync_people(request: ApiRequest, space_id: SpaceId, body: SyncWanted) -> SyncShown:
    """For the installation: bring the people of a space in line with the host's own directory. Sending the same
    again changes nothing."""
    space = load_for_host(request, space_id, Capability.SPACE_PEOPLE_MANAGE)
    people = [directory_sync.Reported(**one.model_dump()) for one in body.people]
    report = directory_sync.sync(space=space, people=people, is_whole=body.is_whole, now=clock.now())
    return SyncShown(**vars(report))


@operation(
    router, "PUT", "/spaces/{space_id}/external-id", answer=NameShown, codes=("external_id_taken",)
)  # fmt: skip
def name_space(request: ApiRequest, space_id: SpaceId, body: NameWanted) -> NameShown:
    """For the installation: keep what the host product calls a space."""
    space = load_for_host(request, space_id, Capability.SPACE_SETTINGS_EDIT)
    row = directory_sync.name_space(space, body.external_id)
    return NameShown(space=row.public_id, external_id=row.external_id)


def _taken_out(
    request: ApiRequest,
    space_id: str,
    person_id: str,
    reported: Callable[..., None],
    by_hand: Callable[..., None],
) -> Done:
    """As the host reports it, whoever it is about; or as an admin does it, who may be refused."""
    place, person = _managed(request, space_id, person_id)
    if place.actor is None:
        reported(space=place.space, person=person, now=clock.now())
    else:
        by_hand(space=place.space, person=person, actor=place.actor, now=clock.now())
    return Done()


def _managed(
    request: ApiRequest,
    space_id: str,
    person_id: str,
    capability: Capability = Capability.SPACE_PEOPLE_MANAGE,
) -> tuple[Place, Person]:
    """A space that the caller manages, and one of its people."""
    place = load_place(request, space_id, capability)
    stays = Membership.objects.filter(space=place.space, left_at=None)
    return place, the_one(Person.objects.filter(pk__in=stays.values("person")), person_id)


def _invitation(row: Invitation) -> InvitationShown:
    status = "accepted" if row.accepted_at else "revoked" if row.revoked_at else "open"
    if status == "open" and not row.is_open(clock.now()):
        status = "expired"
    return InvitationShown(
        id=row.public_id, space=public_id("spc", row.space_id), email=row.email,
        invited_by=public_id("per", row.invited_by_id), created_at=row.created_at, expires_at=row.expires_at,
        status=status,
    )  # fmt: skip
