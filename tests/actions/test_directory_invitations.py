"""Inviting by mail, accepting, and what an invitation never tells."""

from datetime import timedelta
from typing import Any

import pytest

from tests.directory_world import World
from zetel.actions import directory_invitations as invitations
from zetel.actions import directory_people
from zetel.models import Event, Invitation, Mail, Person, Space
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db


def sent_token() -> str:
    """The secret of the newest invitation, as its mail carries it."""
    path = str(Mail.objects.filter(kind="invitation").latest("id").params["path"])
    return path.removeprefix("/invitations/").removesuffix("/")


def test_an_invitation_is_one_mail_and_a_hash(world: World, anna: Person, acme: Space) -> None:
    invitation = invitations.invite(space=acme, email=" Bram@ACME.example ", actor=anna, now=world.now)
    mail = Mail.objects.get()
    token = sent_token()
    assert (mail.to_email, mail.params["space"], mail.params["inviter"]) == (
        "bram@acme.example",
        "Acme",
        "Anna",
    )
    assert mail.params["expires_on"] == "2026-05-26"
    assert (len(token), token in invitation.token_hash) == (43, False)
    assert Event.objects.latest("id").kind == "invitation.sent"


@pytest.mark.parametrize(
    ("email", "standing"), [("bram@acme.example", "member"), ("b@elders.example", "guest")]
)
def test_whoever_holds_the_link_joins_and_stands_by_their_own_address(
    world: World, anna: Person, acme: Space, email: str, standing: str
) -> None:
    invitation = invitations.invite(space=acme, email="iemand@acme.example", actor=anna, now=world.now)
    bram = world.person("Bram", email)
    invitations.accept(token=sent_token(), person=bram, now=world.now)
    invitation.refresh_from_db()
    assert world.stay(acme, bram).standing == standing
    assert (invitation.accepted_by, invitation.accepted_at) == (bram, world.now)
    event = Event.objects.latest("id")
    assert (event.kind, event.after["invitation"]) == ("membership.joined", invitation.public_id)


def test_a_link_works_once(world: World, anna: Person, acme: Space) -> None:
    invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)
    token = sent_token()
    invitations.accept(token=token, person=world.person("Bram"), now=world.now)
    with pytest.raises(ZetelError, match="invitation_invalid"):
        invitations.accept(token=token, person=world.person("Chris"), now=world.now)
    assert world.names(acme) == ["Anna", "Bram"]


def test_a_link_works_for_fourteen_days(world: World, anna: Person, acme: Space) -> None:
    invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)
    bram, end = world.person("Bram"), world.now + timedelta(days=14)
    with pytest.raises(ZetelError, match="invitation_expired"):
        invitations.accept(token=sent_token(), person=bram, now=end)
    invitations.accept(token=sent_token(), person=bram, now=end - timedelta(seconds=1))
    assert world.names(acme) == ["Anna", "Bram"]


def test_a_second_invitation_ends_the_first_link(world: World, anna: Person, acme: Space) -> None:
    invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)
    first = sent_token()
    invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)
    with pytest.raises(ZetelError, match="invitation_invalid"):
        invitations.accept(token=first, person=world.person("Bram"), now=world.now)
    assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_a_revoked_link_is_dead_and_only_sender_or_admin_revokes(
    world: World, anna: Person, acme: Space
) -> None:
    bram, chris = world.person("Bram"), world.person("Chris")
    world.join(acme, bram, chris)
    own = invitations.invite(space=acme, email="a@elders.example", actor=bram, now=world.now)
    token = sent_token()
    with pytest.raises(ZetelError, match="forbidden"):
        invitations.revoke(invitation=own, actor=chris, now=world.now)
    invitations.revoke(invitation=own, actor=bram, now=world.now)
    with pytest.raises(ZetelError, match="invitation_invalid"):
        invitations.accept(token=token, person=world.person("Daan", "a@elders.example"), now=world.now)
    other = invitations.invite(space=acme, email="a@elders.example", actor=bram, now=world.now)
    invitations.revoke(invitation=other, actor=anna, now=world.now)
    with pytest.raises(ZetelError, match="invitation_invalid"):
        invitations.revoke(invitation=other, actor=anna, now=world.now)


def test_guests_and_strangers_invite_nobody(world: World, acme: Space) -> None:
    guus, daan = world.person("Guus", "guus@elders.example"), world.person("Daan", "daan@daan.example")
    world.join(acme, guus)
    for person in (guus, daan):
        with pytest.raises(ZetelError, match="forbidden"):
            invitations.invite(space=acme, email="x@elders.example", actor=person, now=world.now)
    assert not Mail.objects.exists()


NO_ADDRESSES = [
    "", "bram", "bram@", "@acme.example", "a b@acme.example", "a@b@acme.example",
    "x@y\r\nBcc: z@acme.example", '"a@acme.example"@b.example', ".a@b.example", "a\u200b@b.example",
    "a" * 65 + "@acme.example", "a@" + "b" * 250 + ".example",
]  # fmt: skip


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_what_is_no_address_gets_no_mail(world: World, anna: Person, acme: Space, email: str) -> None:
    with pytest.raises(ZetelError, match="email_invalid"):
        invitations.invite(space=acme, email=email, actor=anna, now=world.now)
    assert not Mail.objects.exists()


def test_a_domain_in_other_letters_is_the_same_address(world: World, anna: Person, acme: Space) -> None:
    invitation = invitations.invite(space=acme, email="Jürgen@BÜCHER.example", actor=anna, now=world.now)
    assert invitation.email == "jürgen@xn--bcher-kva.example"


def test_inviting_tells_nothing_about_accounts_elsewhere(world: World, anna: Person, acme: Space) -> None:
    def answer(email: str) -> dict[str, Any]:
        row = invitations.invite(space=acme, email=email, actor=anna, now=world.now)
        return {"status": row.accepted_at, "mails": Mail.objects.filter(to_email=email).count()}

    world.person("Daan", "daan@daan.example")
    assert answer("daan@daan.example") == answer("nobody@daan.example")


def test_who_is_in_is_not_invited(world: World, anna: Person, acme: Space) -> None:
    world.join(acme, world.person("Bram"))
    with pytest.raises(ZetelError, match="already_member"):
        invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)


def test_the_three_mails_of_a_day_to_one_address_are_the_last(
    world: World, anna: Person, acme: Space
) -> None:
    for _ in range(3):
        invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)
    with pytest.raises(ZetelError, match="too_many_requests"):
        invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=world.now)
    tomorrow = world.now + timedelta(days=1, seconds=1)
    invitations.invite(space=acme, email="bram@acme.example", actor=anna, now=tomorrow)
    assert Mail.objects.count() == 4


def test_one_person_sends_sixty_invitations_an_hour(world: World, anna: Person, acme: Space) -> None:
    for number in range(60):
        invitations.invite(space=acme, email=f"p{number}@elders.example", actor=anna, now=world.now)
    with pytest.raises(ZetelError, match="too_many_requests"):
        invitations.invite(space=acme, email="p61@elders.example", actor=anna, now=world.now)
    assert Mail.objects.count() == 60


def test_open_invitations_take_no_place_and_a_full_place_invites_nobody(world: World, anna: Person) -> None:
    space = world.workspace(anna)
    world.crowd(space, 13)
    for name in ("bram", "chris"):
        invitations.invite(space=space, email=f"{name}@elders.example", actor=anna, now=world.now)
        if name == "bram":
            first = sent_token()
    invitations.accept(token=first, person=world.person("Bram"), now=world.now)
    with pytest.raises(ZetelError, match="limit_reached"):
        invitations.accept(token=sent_token(), person=world.person("Chris"), now=world.now)
    with pytest.raises(ZetelError, match="limit_reached"):
        invitations.invite(space=space, email="daan@elders.example", actor=anna, now=world.now)
    assert Invitation.objects.filter(accepted_at=None).count() == 1


def test_a_deactivated_person_does_not_come_back_by_invitation(
    world: World, anna: Person, acme: Space
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    directory_people.deactivate(space=acme, person=bram, actor=anna, now=world.now)
    invitations.invite(space=acme, email="bram2@acme.example", actor=anna, now=world.now)
    with pytest.raises(ZetelError, match="person_inactive"):
        invitations.accept(token=sent_token(), person=bram, now=world.now)


def test_an_invited_verified_address_needs_no_link(world: World, anna: Person, acme: Space) -> None:
    invitation = invitations.invite(space=acme, email="bram@elders.example", actor=anna, now=world.now)
    bram, daan = world.person("Bram", "bram@elders.example"), world.person("Daan", "daan@daan.example")
    assert invitations.addressed_to(bram, world.now) == [invitation]
    assert invitations.addressed_to(daan, world.now) == []
    with pytest.raises(ZetelError, match="not_found"):
        invitations.accept_addressed(invitation=invitation, person=daan, now=world.now)
    invitations.accept_addressed(invitation=invitation, person=bram, now=world.now)
    assert world.names(acme) == ["Anna", "Bram"]
