"""The directory's pages: who sees what, what each act ends in, and how many queries a page takes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.directory_world import World
from zetel.actions import directory
from zetel.models import Domain, Invitation, Mail, Person, Space
from zetel.models.ids import new_id, public_id

pytestmark = pytest.mark.django_db

Login = Callable[[Person], Client]


@pytest.fixture
def as_() -> Login:
    def log_in(person: Person) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(person)
        return client

    return log_in


def said(response: Any) -> str:
    return str(response.content.decode())


def unmasked(response: Any, asked: str) -> str:
    """A page without what differs each time: the token that every form carries, and the address asked for."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", said(response))
    return page.replace(asked, "")


def queries(client: Client, address: str) -> int:
    client.get(address)  # the first request fills what is kept in memory
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_bare_address_leads_each_to_their_own(world: World, anna: Person, as_: Login) -> None:
    assert Client().get("/").headers["Location"] == "/pricing"
    assert as_(anna).get("/").headers["Location"] == "/spaces/new"
    space = world.workspace(anna)
    assert as_(anna).get("/").headers["Location"] == f"/s/{space.public_id}/"


def test_a_new_organization_takes_the_domain_of_the_persons_own_address(anna: Person, as_: Login) -> None:
    client = as_(anna)
    page = said(client.get("/spaces/new"))
    assert "acme.example" in page
    sent = {"kind": "organization", "name": " Acme  BV ", "domain": "acme.example", "country": "NL",
            "time_zone": "Europe/Amsterdam"}  # fmt: skip
    answer = client.post("/spaces/new", sent)
    space = Space.objects.get()
    assert answer.headers["Location"] == f"/s/{space.public_id}/"
    assert (space.kind, space.name, Domain.objects.get().name) == ("organization", "Acme BV", "acme.example")


def test_a_domain_that_is_not_ones_own_cannot_be_sent_in(anna: Person, as_: Login) -> None:
    EmailAddress.objects.create(user=anna, email="anna@beta.example", verified=True)
    sent = {"kind": "organization", "name": "X", "domain": "other.example", "country": "NL",
            "time_zone": "Europe/Amsterdam"}  # fmt: skip
    assert as_(anna).post("/spaces/new", sent).status_code == 200
    assert not Space.objects.exists()


def test_a_public_address_opens_only_a_workspace(world: World, as_: Login) -> None:
    eva = world.person("Eva", "eva@gmail.com")
    page = said(as_(eva).get("/spaces/new"))
    assert "For this you need a verified e-mail address at your own company." in page
    sent = {"kind": "workspace", "name": "Van Eva", "country": "NL", "time_zone": "Europe/Amsterdam"}
    as_(eva).post("/spaces/new", sent)
    assert Space.objects.get().kind == "workspace"


@pytest.mark.parametrize("page", ["space_home", "space_people", "space_settings", "team_new", "division_new"])
def test_a_stranger_is_told_the_same_as_for_nothing(world: World, acme: Space, as_: Login, page: str) -> None:
    daan = world.person("Daan", "daan@daan.example")
    client = as_(daan)
    address = reverse(page, args=[acme.pk])
    ids = [acme.public_id, public_id("spc", new_id()), "spc_nonsense"]
    answers = [client.get(address.replace(acme.public_id, asked)) for asked in ids]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    there, nowhere, malformed = (unmasked(answer, asked) for answer, asked in zip(answers, ids, strict=True))
    assert there == nowhere == malformed


@pytest.mark.parametrize("page", ["space_home", "space_people", "space_settings"])
def test_who_is_not_logged_in_is_led_to_log_in_and_back(acme: Space, page: str) -> None:
    address = reverse(page, args=[acme.pk])
    assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address.replace('/', '%2F')}"


def test_a_public_id_of_another_kind_is_no_space(acme: Space, anna: Person, as_: Login) -> None:
    assert as_(anna).get(f"/s/{public_id('per', acme.pk)}/").status_code == 404


def test_guests_see_the_space_but_not_who_is_in_it(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    guus = world.person("Guus", "guus@elders.example")
    team, secret = world.team(acme, anna, "Ontwerp"), world.team(acme, anna, "Geheim")
    world.join(team, guus)
    client = as_(guus)
    page = said(client.get(reverse("space_home", args=[acme.pk])))
    assert ("Ontwerp" in page, "Geheim" in page, "Anna" in page) == (True, False, False)
    assert client.get(reverse("space_people", args=[acme.pk])).status_code == 403
    assert client.get(reverse("space_home", args=[secret.pk])).status_code == 404


def test_members_see_people_and_settings_but_change_nothing(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    client = as_(bram)
    assert "anna@acme.example" in said(client.get(reverse("space_people", args=[acme.pk])))
    assert "Save" not in said(client.get(reverse("space_settings", args=[acme.pk])))
    for address, sent in (
        (reverse("space_settings", args=[acme.pk]), {"name": "Van Bram"}),
        (reverse("person_act", args=[acme.pk, anna.pk]), {"act": "remove"}),
        (reverse("domain_add", args=[acme.pk]), {"domain": "acme.example"}),
        (reverse("domain_remove", args=[acme.pk]), {"domain": "acme.example"}),
        (reverse("division_new", args=[acme.pk]), {"name": "Noord"}),
    ):
        assert client.post(address, sent).status_code == 403, address
    acme.refresh_from_db()
    assert (acme.name, world.names(acme)) == ("Acme", ["Anna", "Bram"])


@pytest.mark.parametrize(
    ("kind", "title"),
    [("organization", "Admin console"), ("workspace", "About my workspace"), ("team", "Edit team settings")],
)
def test_settings_are_called_by_the_kind_of_space(
    world: World, anna: Person, as_: Login, kind: str, title: str
) -> None:
    space = world.workspace(anna) if kind == "workspace" else world.organization(anna)
    space = world.team(space, anna) if kind == "team" else space
    assert f"<h1>{title}</h1>" in said(as_(anna).get(reverse("space_settings", args=[space.pk])))


def test_an_admin_saves_the_settings(acme: Space, anna: Person, as_: Login) -> None:
    sent = {"name": "Acme & <b>Co</b>", "country": "BE", "time_zone": "Europe/Brussels"}
    client = as_(anna)
    assert client.post(reverse("space_settings", args=[acme.pk]), sent).status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.country, acme.time_zone) == ("Acme & <b>Co</b>", "BE", "Europe/Brussels")
    page = said(client.get(reverse("space_home", args=[acme.pk])))
    assert "<b>Co</b>" not in page
    assert "Acme &amp; &lt;b&gt;Co&lt;/b&gt;" in page


def test_a_name_that_cannot_be_shown_is_refused_at_its_field(acme: Space, anna: Person, as_: Login) -> None:
    sent = {"name": "Acme\u202e", "country": "NL", "time_zone": "Europe/Amsterdam"}
    page = said(as_(anna).post(reverse("space_settings", args=[acme.pk]), sent))
    assert "This name holds characters that cannot be shown." in page
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_inviting_several_says_of_each_what_became_of_it(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    client = as_(anna)
    sent = {"emails": "bram@acme.example, chris@elders.example\nanna@acme.example"}
    page = said(client.post(reverse("invite", args=[acme.pk]), sent, follow=True))
    assert "2 people are invited by mail." in page
    assert "anna@acme.example is in the space already." in page
    assert sorted(Mail.objects.values_list("to_email", flat=True)) == [
        "bram@acme.example",
        "chris@elders.example",
    ]


def test_an_invited_person_reads_logs_in_and_joins(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    as_(anna).post(reverse("invite", args=[acme.pk]), {"emails": "bram@acme.example"})
    path = Mail.objects.get().params["path"]
    visitor = Client()
    page = visitor.get(path)
    assert page.status_code == 200
    assert f"/accounts/login/?next={path}" in said(page)
    assert visitor.post(path).headers["Location"] == "/accounts/login/"
    assert Invitation.objects.get().accepted_at is None
    bram = as_(world.person("Bram"))
    assert bram.get(path).status_code == 200
    assert bram.post(path).headers["Location"] == f"/s/{acme.public_id}/"
    assert world.names(acme) == ["Anna", "Bram"]
    gone = Client().get(path)
    assert (gone.status_code, "This invitation is no longer valid." in said(gone)) == (409, True)


def test_a_link_that_never_was_is_told_as_one_that_is_used_up(acme: Space) -> None:
    assert Client().get("/invitations/" + "x" * 43 + "/").status_code == 409


def test_a_withdrawn_invitation_is_gone_from_the_list(acme: Space, anna: Person, as_: Login) -> None:
    client = as_(anna)
    client.post(reverse("invite", args=[acme.pk]), {"emails": "bram@elders.example"})
    row = Invitation.objects.get()
    people = reverse("space_people", args=[acme.pk])
    assert "bram@elders.example" in said(client.get(people))
    page = client.post(reverse("invitation_revoke", args=[acme.pk, row.pk]), follow=True)
    assert "bram@elders.example" not in said(page)


def test_a_member_sees_only_the_invitations_they_sent(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    as_(anna).post(reverse("invite", args=[acme.pk]), {"emails": "van-anna@elders.example"})
    as_(bram).post(reverse("invite", args=[acme.pk]), {"emails": "van-bram@elders.example"})
    for person, sees in ((anna, [True, True]), (bram, [False, True])):
        page = said(as_(person).get(reverse("space_people", args=[acme.pk])))
        assert [f"van-{name}@elders.example" in page for name in ("anna", "bram")] == sees


def test_an_open_invitation_waits_on_the_page_of_a_new_space(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    as_(anna).post(reverse("invite", args=[acme.pk]), {"emails": "daan@daan.example"})
    daan = as_(world.person("Daan", "daan@daan.example"))
    assert "You are invited" in said(daan.get("/spaces/new"))
    answer = daan.post(reverse("invitation_accept", args=[Invitation.objects.get().pk]))
    assert answer.headers["Location"] == f"/s/{acme.public_id}/"
    bram = as_(world.person("Bram"))
    assert "Your organization is here already" in said(bram.get("/spaces/new"))
    bram.post(reverse("space_join", args=[acme.pk]))
    assert world.names(acme) == ["Anna", "Bram", "Daan"]


@pytest.mark.parametrize(
    ("act", "names"), [("remove", ["Anna"]), ("deactivate", ["Anna"]), ("name", ["Anna", "Bram"])]
)
def test_an_admin_acts_on_one_person(
    world: World, acme: Space, anna: Person, as_: Login, act: str, names: list[str]
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    address, client = reverse("person_act", args=[acme.pk, bram.pk]), as_(anna)
    assert client.get(address).status_code == 200
    assert client.post(address, {"act": act}).headers["Location"] == reverse("space_people", args=[acme.pk])
    assert world.names(acme) == names
    if act == "name":
        assert world.stay(acme, bram).is_admin


def test_a_refusal_of_an_act_is_said_and_changes_nothing(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    world.paid(acme, bram)
    page = as_(anna).post(reverse("person_act", args=[acme.pk, bram.pk]), {"act": "remove"}, follow=True)
    assert "billing" in said(page)
    assert world.names(acme) == ["Anna", "Bram"]


def test_an_act_that_does_not_exist_is_refused(acme: Space, anna: Person, as_: Login) -> None:
    assert (
        as_(anna).post(reverse("person_act", args=[acme.pk, anna.pk]), {"act": "promote"}).status_code == 422
    )


def test_search_finds_by_name_and_address_and_a_page_holds_25(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    world.crowd(acme, 30)
    client, address = as_(anna), reverse("space_people", args=[acme.pk])
    assert said(client.get(address)).count("mens") == 24 * 1 + 0 or "1 to 25 of 31" in said(
        client.get(address)
    )
    assert "26 to 31 of 31" in said(client.get(address + "?page=2"))
    found = said(client.get(address + "?q=MENS17"))
    assert ("Mens17" in found, "Mens18" in found) == (True, False)
    assert "Nobody found" in said(client.get(address + "?q=%3Cscript%3E"))


def test_teams_and_divisions_are_made_and_a_team_is_moved(acme: Space, anna: Person, as_: Login) -> None:
    client = as_(anna)
    client.post(reverse("team_new", args=[acme.pk]), {"name": "Ontwerp"})
    client.post(reverse("division_new", args=[acme.pk]), {"name": "Noord"})
    team, division = Space.objects.get(kind="team"), Space.objects.get(kind="division")
    sent = {"name": "Ontwerp", "division": division.public_id}
    assert client.post(reverse("space_settings", args=[team.pk]), sent).status_code == 302
    team.refresh_from_db()
    assert team.division == division
    assert "Ontwerp" in said(client.get(reverse("space_home", args=[division.pk])))


def test_an_admin_of_a_team_alone_does_not_move_it(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    team, division = world.team(acme, bram), world.division(acme, anna)
    page = said(as_(bram).get(reverse("space_settings", args=[team.pk])))
    assert 'name="division"' not in page
    as_(bram).post(
        reverse("space_settings", args=[team.pk]), {"name": "Ontwerp 2", "division": division.public_id}
    )
    team.refresh_from_db()
    assert (team.name, team.division) == ("Ontwerp 2", None)


def test_a_colleague_joins_and_leaves_a_team(world: World, acme: Space, anna: Person, as_: Login) -> None:
    bram, team = world.person("Bram"), world.team(acme, anna)
    world.join(acme, bram)
    client = as_(bram)
    assert "Join this team" in said(client.get(reverse("space_home", args=[team.pk])))
    client.post(reverse("space_join", args=[team.pk]))
    assert world.names(team) == ["Anna", "Bram"]
    client.post(reverse("space_leave", args=[team.pk]))
    assert world.names(team) == ["Anna"]


def test_a_full_place_says_so_and_lets_nobody_in(world: World, acme: Space, anna: Person, as_: Login) -> None:
    bram, team = world.person("Bram"), world.team(acme, anna)
    world.join(acme, bram)
    world.crowd(team, 14)
    page = said(as_(anna).get(reverse("space_people", args=[team.pk])))
    assert "15 of 15 in use" in page
    answer = as_(bram).post(reverse("space_join", args=[team.pk]), follow=True)
    assert "full" in said(answer)
    assert "Bram" not in world.names(team)


def test_the_billing_owner_sees_seats_where_others_see_none(
    world: World, acme: Space, anna: Person, as_: Login
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    world.paid(acme, bram, seats=5)
    address = reverse("space_people", args=[acme.pk])
    assert "2 of 5 in use" in said(as_(bram).get(address))
    assert "in use" not in said(as_(anna).get(address))


@pytest.mark.parametrize("page", ["space_home", "space_people", "space_settings"])
def test_queries_do_not_grow_with_people_and_teams(
    world: World, acme: Space, anna: Person, as_: Login, page: str
) -> None:
    team, division = world.team(acme, anna), world.division(acme, anna)
    directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
    client = as_(anna)
    places = [acme, team, division]
    few = [queries(client, reverse(page, args=[space.pk])) for space in places]
    world.paid(division, anna, seats=50)  # a banner about seats asks a few questions of its own
    world.crowd(team, 30)
    for number in range(5):
        world.paid(world.team(acme, anna, f"Team {number}"), anna)
    many = [queries(client, reverse(page, args=[space.pk])) for space in places]
    # A live plan adds its own few questions; people and teams add none.
    assert all(after - before <= 4 for before, after in zip(few, many, strict=True)), (few, many)
    world.crowd(acme, 20)
    for number in range(5):
        world.paid(world.team(acme, anna, f"Ploeg {number}"), anna)
    assert [queries(client, reverse(page, args=[space.pk])) for space in places] == many
    assert max(many) <= 23, many
