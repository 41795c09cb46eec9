"""The host product's directory: people made and found by the host's own ids, and a space brought in line at once."""

import pytest

from tests.api.calling import Program, program_of
from tests.directory_world import World
from zetel.actions import directory_sync
from zetel.models import Event, Person, Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def host(world: World) -> Program:
    return program_of(None)


@pytest.fixture
def space(world: World) -> Space:
    return world.workspace(world.person("Anna"))


def reported(number: int, **more: object) -> dict[str, object]:
    return {
        "external_id": f"user-{number}",
        "email": f"mens{number}@acme.example",
        "name": f"Mens {number}",
        **more,
    }


def test_a_person_is_made_found_by_the_hosts_id_and_never_twice(host: Program) -> None:
    made = host.done("POST", "/people", reported(1))
    assert host.done("GET", "/people?external_id=user-1")["data"] == [made]
    assert host.post("/people", reported(1)).code == "409 email_taken"
    assert host.post("/people", reported(1, email="ander@acme.example")).code == "409 external_id_taken"
    assert host.done("GET", f"/people/{made['id']}")["email"] == "mens1@acme.example"
    event = Event.objects.get(kind="person.signed_up", after__person=made["id"])
    assert event.api_key_id is not None


@pytest.mark.parametrize(
    ("second", "answer"),
    [
        (reported(1, external_id="user-2"), "409 email_taken"),
        (reported(2, external_id="user-1"), "409 external_id_taken"),
    ],
)
def test_who_is_made_twice_at_once_is_refused_the_second_time(
    second: dict[str, object], answer: str, host: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.done("POST", "/people", reported(1))
    check, looks = directory_sync._check_free, iter([False, True])
    monkeypatch.setattr(directory_sync, "_check_free", lambda *told: check(*told) if next(looks) else None)
    assert host.post("/people", second).code == answer
    assert Person.objects.count() == 1


def test_a_space_is_named_by_the_host_and_no_two_alike(world: World, host: Program, space: Space) -> None:
    other = world.workspace(world.person("Bram"), "Elders")
    named = host.done("PUT", f"/spaces/{space.public_id}/external-id", {"external_id": "ruimte-1"})
    assert host.done("GET", "/spaces?external_id=ruimte-1")["data"][0]["id"] == named["space"]
    said = host.call("PUT", f"/spaces/{other.public_id}/external-id", {"external_id": "ruimte-1"})
    assert said.code == "409 external_id_taken"
    other.refresh_from_db()
    assert other.external_id is None


def test_a_report_brings_a_space_in_line_and_the_same_again_changes_nothing(
    host: Program, space: Space
) -> None:
    path, people = f"/spaces/{space.public_id}/sync", [reported(n) for n in (1, 2, 3)]
    told = host.done("POST", path, {"people": people})
    everybody = ["user-1", "user-2", "user-3"]
    assert (told["created"], told["joined"], told["removed"]) == (everybody, everybody, [])
    events = Event.objects.count()
    again = host.done("POST", path, {"people": people, "is_whole": True})
    assert again == {"created": [], "changed": [], "joined": [], "removed": [], "refused": {}}
    assert Event.objects.count() == events
    people = [reported(1, name="Anders", is_admin=True), reported(2, is_active=False)]
    told = host.done("POST", path, {"people": people, "is_whole": True})
    assert (told["changed"], told["removed"]) == (["user-1", "user-2"], ["user-3"])
    members = host.done("GET", f"/spaces/{space.public_id}/people")["data"]
    assert {row["name"]: (row["is_active"], row["is_admin"]) for row in members} == {
        "Anders": (True, True), "Mens 2": (False, False), "Anna": (True, True),
    }  # fmt: skip


def test_who_cannot_come_in_is_named_and_the_others_do(host: Program, space: Space) -> None:
    told = host.done("POST", f"/spaces/{space.public_id}/sync", {"people": [reported(n) for n in range(16)]})
    assert (len(told["joined"]), told["refused"]) == (
        14,
        {"user-14": "limit_reached", "user-15": "limit_reached"},
    )


def test_only_the_host_reports_and_adds_people(world: World, space: Space) -> None:
    anna = program_of(Person.objects.get(name="Anna"))
    daan = world.person("Daan")
    assert anna.post("/people", reported(1)).code == "403 forbidden"
    assert anna.post(f"/spaces/{space.public_id}/sync", {"people": []}).code == "403 forbidden"
    assert anna.post(f"/spaces/{space.public_id}/people", {"person": daan.public_id}).code == "403 forbidden"
    assert world.names(space) == ["Anna"]


def test_what_the_host_takes_out_is_gone_where_an_admin_is_refused(
    world: World, host: Program, space: Space
) -> None:
    anna = Person.objects.get(name="Anna")
    bram = world.person("Bram")
    path = f"/spaces/{space.public_id}/people"
    assert host.done("POST", path, {"person": bram.public_id})["name"] == "Bram"
    owner = world.paid(space, anna)
    refused = program_of(anna).post(f"{path}/{anna.public_id}/remove")
    assert refused.code == "409 billing_owner_required"
    host.done("POST", f"{path}/{anna.public_id}/remove")
    owner.customer.refresh_from_db()
    assert (world.names(space), owner.customer.billing_owner) == (["Bram"], bram)


def test_entitlements_of_one_and_of_all_with_an_etag(world: World, host: Program, space: Space) -> None:
    anna = Person.objects.get(name="Anna")
    one = f"/entitlements?space={space.public_id}&person={anna.public_id}&feature=timeline"
    assert (host.done("GET", one)["plan"], host.done("GET", one)["feature"]) == ("basic", False)
    everybody = f"/spaces/{space.public_id}/entitlements"
    first = host.get(everybody)
    assert [(row["person"], row["plan"]) for row in first.body["data"]] == [(anna.public_id, "basic")]
    tag = first.headers["ETag"]
    assert (host.get(everybody, **{"if-none-match": tag}).status, host.get(everybody).status) == (304, 200)
    world.paid(space, anna, plan="premium")
    told = host.get(everybody, **{"if-none-match": tag})
    assert (told.status, told.body["data"][0]["plan"]) == (200, "premium")
    seen = host.done("GET", one)
    assert (seen["plan"], seen["seats"], seen["seats_used"]) == ("premium", 30, 1)
    bram = world.person("Bram")
    world.join(space, bram)
    mine = program_of(bram).done("GET", f"/entitlements?space={space.public_id}")
    assert (mine["plan"], mine["seats"]) == ("premium", None)
    assert program_of(bram).get(one).code == "403 forbidden"
