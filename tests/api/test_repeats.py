"""A write under an Idempotency-Key: once, with one answer, for whoever gave it that name."""

from datetime import timedelta

import pytest

from tests.api.calling import program_of
from tests.directory_world import World
from zetel import clock as installation_clock
from zetel.actions import kept_answers
from zetel.models import Event, KeptAnswer, Space

pytestmark = pytest.mark.django_db
WANTED = {"kind": "workspace", "name": "Nieuw"}


def test_the_same_name_and_body_are_answered_the_same_and_done_once(world: World) -> None:
    program = program_of(world.person("Anna"))
    first, again = (program.post("/spaces", WANTED, key="eens") for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    assert [said.headers.get("Idempotent-Replayed") for said in (first, again)] == [None, "true"]
    assert (Space.objects.count(), Event.objects.filter(kind="space.created").count()) == (1, 1)


def test_another_request_under_the_same_name_is_refused(world: World) -> None:
    program = program_of(world.person("Anna"))
    program.done("POST", "/spaces", WANTED, key="eens")
    assert program.post("/spaces", {**WANTED, "name": "Ander"}, key="eens").code == "422 idempotency_mismatch"
    assert program.post("/keys", WANTED, key="eens").status == 422
    assert Space.objects.count() == 1


def test_a_name_belongs_to_the_key_and_the_person_that_gave_it(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    host = program_of(None)
    callers = [
        program_of(anna),
        program_of(bram),
        host.on_behalf(anna.public_id),
        host.on_behalf(bram.public_id),
    ]
    assert len({program.done("POST", "/spaces", WANTED, key="eens")["id"] for program in callers}) == 4


def test_a_name_holds_over_the_rotation_of_a_key(world: World) -> None:
    program = program_of(world.person("Anna"))
    made = program.done("POST", "/spaces", WANTED, key="eens")
    (key,) = program.done("GET", "/keys")["data"]
    program.secret = program.done("POST", f"/keys/{key['id']}/rotate", {})["secret"]
    assert program.done("POST", "/spaces", WANTED, key="eens") == made


def test_a_secret_is_not_kept_for_a_repetition(world: World) -> None:
    program, wanted = program_of(world.person("Anna")), {"name": "Tweede", "scopes": ["read"]}
    first, again = (program.done("POST", "/keys", wanted, key="eens") for _ in range(2))
    assert again == {**first, "secret": None}
    assert first["secret"] not in KeptAnswer.objects.get().answer_body


def test_a_refusal_is_the_answer_too_but_one_that_passes_is_not(world: World) -> None:
    program = program_of(world.person("Anna"))
    wanted = {**WANTED, "country": "QQ"}
    assert [program.post("/spaces", wanted, key="land").code for _ in range(2)] == ["422 country_invalid"] * 2
    assert KeptAnswer.objects.get().answer_status == 422


def test_who_asks_while_it_is_carried_out_waits_and_who_was_killed_is_followed_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, now = program_of(world.person("Anna")), installation_clock.real_now()
    program.done("POST", "/spaces", WANTED, key="eens")
    KeptAnswer.objects.update(status="running", answer_status=0, lease_until=now + timedelta(seconds=9))
    Space.objects.all().delete()
    said = program.post("/spaces", WANTED, key="eens")
    assert (said.code, said.headers["Retry-After"]) == ("409 request_in_flight", "1")
    KeptAnswer.objects.update(lease_until=now)
    assert program.post("/spaces", WANTED, key="eens").status == 201
    assert Space.objects.count() == 1


def test_one_that_was_given_up_for_dead_changes_nothing_when_it_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = program_of(world.person("Anna"))
    keep = kept_answers.keep

    def late(taken: kept_answers.Taken, **answer: object) -> None:
        monkeypatch.setattr(kept_answers, "keep", keep)
        KeptAnswer.objects.update(lease_until=installation_clock.real_now())
        other = kept_answers.take(
            caller=KeptAnswer.objects.get().caller, name="eens", request_hash=KeptAnswer.objects.get().request_hash,
            real=installation_clock.real_now(),
        )  # fmt: skip
        assert isinstance(other, kept_answers.Taken)
        keep(taken, **answer)  # type: ignore[arg-type]

    monkeypatch.setattr(kept_answers, "keep", late)
    assert program.post("/spaces", WANTED, key="eens").code == "409 request_in_flight"
    assert not Space.objects.exists()


def test_answers_are_kept_for_a_day_at_least_and_then_forgotten(world: World) -> None:
    program, now = program_of(world.person("Anna")), installation_clock.real_now()
    program.done("POST", "/spaces", WANTED, key="eens")
    assert kept_answers.sweep(now + timedelta(hours=24)) == 0
    assert kept_answers.sweep(now + timedelta(hours=49)) == 1


@pytest.mark.parametrize("name", ["x" * 256, "met spatie", "\u00e9"])
def test_a_name_that_is_none_is_refused(name: str, world: World) -> None:
    assert program_of(world.person("Anna")).post("/spaces", WANTED, key=name).code == "422 value_invalid"
