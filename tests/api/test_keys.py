"""Keys: who gets in with which, for how long, and how often."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from tests.api.calling import Program, program_of
from tests.conftest import HandClock
from tests.directory_world import World
from zetel.models import ApiKey, Event

pytestmark = pytest.mark.django_db


def test_a_key_acts_as_its_person_and_its_secret_is_kept_nowhere(world: World) -> None:
    anna = world.person("Anna")
    space = world.workspace(anna)
    world.workspace(world.person("Daan"), "Elders")
    program = program_of(anna)
    assert [row["id"] for row in program.done("GET", "/spaces")["data"]] == [space.public_id]
    made = program.done("POST", "/keys", {"name": "Tweede", "scopes": ["read"]})
    assert made["secret"].startswith(made["shown"])
    key = ApiKey.objects.get(name="Tweede")
    assert made["secret"] not in str(ApiKey.objects.filter(pk=key.pk).values().get())
    assert "secret" not in program.done("GET", f"/keys/{made['id']}")
    event = Event.objects.get(kind="key.created", after__key=made["id"])
    assert (event.actor, event.api_key.name) == (anna, "Proef")  # type: ignore[union-attr]


@pytest.mark.parametrize("secret", ["", "zk_" + "x" * 43, "geen", "zk_\u00e9"])
def test_without_a_key_that_works_nobody_gets_in(secret: str, world: World) -> None:
    said = Program(secret).get("/spaces")
    assert said.code == "401 key_invalid"
    assert said.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_of_a_browser_is_no_key(world: World) -> None:
    program = Program("")
    program.client.force_login(world.person("Anna"))
    assert program.get("/spaces").code == "401 key_invalid"


def test_a_rotated_secret_works_on_for_the_hours_of_overlap_and_a_revoked_key_no_longer(
    world: World, clock: HandClock
) -> None:
    program = program_of(world.person("Anna"))
    (key,) = program.done("GET", "/keys")["data"]
    new = program.done("POST", f"/keys/{key['id']}/rotate", {"overlap_hours": 2})["secret"]
    assert (program.get("/spaces").status, Program(new).get("/spaces").status) == (200, 200)
    clock.move(hours=2)
    assert (program.get("/spaces").status, Program(new).get("/spaces").status) == (401, 200)
    assert Program(new).post(f"/keys/{key['id']}/revoke").status == 200
    assert Program(new).get("/spaces").code == "401 key_invalid"


def test_a_key_never_makes_one_that_may_do_more(world: World) -> None:
    program = program_of(world.person("Anna"))
    said = program.post("/keys", {"name": "Meer", "scopes": ["read", "staff"]})
    assert said.code == "403 scope_missing"
    said = program.post("/keys", {"name": "Meer", "scopes": ["read"], "installation": True})
    assert said.code == "403 forbidden"
    assert ApiKey.objects.count() == 1


def test_a_key_that_may_only_read_writes_nothing(world: World) -> None:
    said = program_of(world.person("Anna"), "read").post("/spaces", {"kind": "workspace", "name": "Nieuw"})
    assert (said.code, said.body["facts"]) == ("403 scope_missing", {"scope": "write"})


def test_the_installation_names_the_person_whose_act_it_is_and_never_staff(world: World) -> None:
    anna, sales = world.person("Anna"), world.person("Sam")
    sales.staff_role = "sales"
    sales.save()
    program = program_of(None)
    wanted = {"kind": "workspace", "name": "Nieuw"}
    assert program.post("/spaces", wanted).code == "422 person_required"
    made = program.on_behalf(anna.public_id).done("POST", "/spaces", wanted)
    event = Event.objects.get(kind="space.created")
    assert (made["created_by"], event.actor, event.api_key.person) == (anna.public_id, anna, None)  # type: ignore[union-attr]
    assert program.on_behalf(sales.public_id).get("/spaces").code == "422 person_unknown"
    assert program_of(anna).on_behalf(sales.public_id).get("/spaces").code == "422 person_unknown"


def test_too_many_requests_are_told_when_to_come_back(world: World, settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"api_key_per_minute": 2})
    program = program_of(world.person("Anna"))
    assert [program.get("/spaces").status for _ in range(3)] == [200, 200, 429]
    said = program.get("/spaces")
    assert said.code == "429 too_many_requests"
    assert 1 <= int(said.headers["Retry-After"]) <= 60
    assert program_of(world.person("Bram")).get("/spaces").status == 200


def test_use_is_noted_to_the_minute(world: World, clock: HandClock) -> None:
    program, first = program_of(world.person("Anna")), clock.now
    program.get("/spaces")
    clock.move(seconds=59)
    program.get("/spaces")
    assert ApiKey.objects.get().last_used_at == first
    clock.move(seconds=1)
    program.get("/spaces")
    assert ApiKey.objects.get().last_used_at == first + timedelta(minutes=1)
