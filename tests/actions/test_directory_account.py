"""A person's own account, and erasing it (rule S8)."""

import pytest
from allauth.account.models import EmailAddress

from tests.directory_world import World
from zetel.actions import directory_account, directory_invitations
from zetel.models import Event, Invitation, Person
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db

NAMES = {
    "Arabic": "محمد علي",
    "Hebrew with a mark": "דנה\u200f",
    "Chinese": "王小明",
    "Thai": "สมชาย",
    "an emoji family": "👩\u200d👩\u200d👧 Bakker",
    "markup": "<script>alert(1)</script>",
    "typst": "#read(\"/etc/passwd\")",
    "255 letters": "ж" * 255,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_in_any_script_is_kept_as_it_was_typed(world: World, name: str) -> None:
    person = world.person(name, "a@b.example")
    person.refresh_from_db()
    assert person.name == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Anna \r\n\t de\u00a0Vries ", "Anna de Vries"), ("Zoe\u0308", "Zo\u00eb"), ("a\u2028b", "a b")],
)
def test_white_space_and_accents_have_one_form(world: World, typed: str, kept: str) -> None:
    assert world.person(typed, "a@b.example").name == kept


@pytest.mark.parametrize(
    "name",
    ["a\x00", "a\x1bb", "\u202eanna", "a\u2066b", "a\ud800", "a\uffff", "\u200b\u200d", "\u3164", "\ue000"],
)
def test_what_could_forge_or_hide_is_refused_as_a_name(world: World, name: str) -> None:
    with pytest.raises(ZetelError, match="name_invalid"):
        world.person(name, "a@b.example")
    assert not Person.objects.exists()


def test_a_name_of_256_letters_is_refused(world: World) -> None:
    with pytest.raises(ZetelError, match="value_too_long"):
        world.person("x" * 256, "a@b.example")


def test_an_address_is_kept_in_lower_case_and_in_the_letters_of_dns(world: World) -> None:
    assert world.person("Anna", "Anna@BÜCHER.example").email == "anna@xn--bcher-kva.example"


def test_a_profile_is_changed_with_one_event(world: World) -> None:
    anna = world.person("Anna")
    directory_account.edit_profile(
        person=anna, name="Anna V", language="nl", time_zone="Asia/Tokyo", now=world.now
    )
    anna.refresh_from_db()
    assert (anna.name, anna.language, anna.time_zone) == ("Anna V", "nl", "Asia/Tokyo")
    assert Event.objects.latest("id").after == {"fields": ["name", "language", "time_zone"]}
    with pytest.raises(ZetelError, match="language_invalid"):
        directory_account.edit_profile(person=anna, name="A", language="xx", time_zone="UTC", now=world.now)


def test_erasing_leaves_everywhere_and_empties_the_profile(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization, workspace = world.organization(anna), world.workspace(bram)
    team = world.team(organization, anna)
    world.join(team, bram)
    directory_account.erase_account(person=bram, now=world.now)
    bram.refresh_from_db()
    assert (bram.name, bram.email, bram.is_active) == ("", f"{bram.public_id}@erased.invalid", False)
    assert not bram.has_usable_password()
    assert not EmailAddress.objects.filter(user=bram).exists()
    assert [world.names(space) for space in (organization, team, workspace)] == [["Anna"], ["Anna"], []]
    assert Event.objects.latest("id").kind == "person.erased"
    assert world.person("Bram the Second", "bram@acme.example").pk != bram.pk


def test_erasing_ends_the_invitations_to_its_addresses(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    row = directory_invitations.invite(
        space=world.workspace(anna), email="bram@acme.example", actor=anna, now=world.now
    )
    directory_account.erase_account(person=bram, now=world.now)
    row = Invitation.objects.get(pk=row.pk)
    assert (row.revoked_at, row.email) == (world.now, f"{bram.public_id}@erased.invalid")


def test_a_billing_owner_hands_over_before_erasing(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, bram)
    world.paid(team, bram)
    with pytest.raises(ZetelError, match="billing_owner_required"):
        directory_account.erase_account(person=bram, now=world.now)
    bram.refresh_from_db()
    assert (bram.name, bram.is_active, world.names(team)) == ("Bram", True, ["Anna", "Bram"])


def test_the_last_admin_names_another_before_erasing(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    space = world.workspace(anna)
    world.join(space, bram)
    with pytest.raises(ZetelError, match="last_admin"):
        directory_account.erase_account(person=anna, now=world.now)
    assert world.names(space) == ["Anna", "Bram"]
