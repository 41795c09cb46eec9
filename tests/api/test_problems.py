"""Whatever is sent, the answer is a problem with a code, in the caller's language, and never a failure of ours."""

import pytest

from tests.api.calling import Program, program_of
from tests.directory_world import World
from zetel.models import Space

pytestmark = pytest.mark.django_db
WANTED = b'{"kind": "workspace", "name": "Nieuw"'


@pytest.fixture
def program(world: World) -> Program:
    return program_of(world.person("Anna"))


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/nergens", "404 not_found"),
        ("GET", "/spaces/", "404 not_found"),
        ("GET", "/spaces/spc_1", "404 not_found"),
        ("GET", "/spaces/spc_01jzzzzzzzzzzzzzzzzzzzzzzz", "404 not_found"),
        ("DELETE", "/spaces", "405 method_not_allowed"),
        ("GET", "/spaces?limit=0", "422 fields_invalid"),
        ("GET", "/spaces?limit=1_0", "422 fields_invalid"),
        ("GET", "/spaces?limit=1&limit=2", "422 value_invalid"),
        ("GET", "/spaces?onzin=1", "422 field_unknown"),
        ("GET", "/spaces?cursor=per_1", "422 page_invalid"),
        ("GET", "/keys?cursor=per_1", "422 page_invalid"),
        ("GET", "/spaces?cursor=%00", "400 body_invalid"),
        ("GET", "/people?external_id=", "422 fields_invalid"),
        ("GET", "/spaces?kind=", "422 fields_invalid"),
    ],
)
def test_addresses_and_questions(method: str, path: str, answer: str, program: Program) -> None:
    said = program.call(method, path)
    assert said.code == answer
    assert said.headers["Content-Type"] == "application/problem+json"
    assert said.body["status"] == said.status


@pytest.mark.parametrize(
    ("body", "answer", "fields"),
    [
        (b"", "422 fields_invalid", [("body", "value_required")]),
        (b"{", "400 body_invalid", []),
        (b"[" * 100_000, "400 body_invalid", []),
        (b"\xff", "400 body_invalid", []),
        (WANTED + b', "name": "Twee"}', "400 body_invalid", []),
        (WANTED + b', "country": "\\ud800"}', "400 body_invalid", []),
        (WANTED + b', "country": "\\u0000"}', "400 body_invalid", []),
        (WANTED + b', "country": NaN}', "400 body_invalid", []),
        (b"[]", "422 fields_invalid", [("body", "value_invalid")]),
        (WANTED + b', "kleur": 1}', "422 fields_invalid", [("kleur", "field_unknown")]),
        (WANTED + b', "country": 5}', "422 fields_invalid", [("country", "value_invalid")]),
        (WANTED + b', "country": "QQ"}', "422 country_invalid", []),
        (b'{"kind": "workspace"}', "422 fields_invalid", [("name", "value_required")]),
        (b'{"kind": "team", "name": "x"}', "422 value_required", [("organization", "value_required")]),
        (b'{"kind": "team", "name": "x", "organization": "spc_1"}', "404 not_found", []),
        (b'{"kind": "workspace", "name": "' + b"x" * 3_000_000 + b'"}', "413 body_too_large", []),
    ],
)
def test_bodies(body: bytes, answer: str, fields: list[tuple[str, str]], program: Program) -> None:
    said = program.post("/spaces", body)
    assert said.code == answer
    assert [(field["field"], field["code"]) for field in said.body["fields"]] == fields
    assert not Space.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_only_json_in_utf_8_is_read(kind: str, program: Program) -> None:
    said = program.call("POST", "/spaces", WANTED + b"}", **{"content-type": kind})
    assert said.code == "415 content_type_unsupported"
    assert (
        program.call(
            "POST", "/spaces", WANTED + b"}", **{"content-type": "application/json; charset=utf-8"}
        ).status
        == 201
    )


def test_the_sentence_is_in_the_language_that_was_asked_for(program: Program) -> None:
    dutch = program.get("/spaces/spc_1", language="nl").body["detail"]
    english = program.get("/spaces/spc_1", language="en").body["detail"]
    assert dutch.startswith("Dit bestaat niet")
    assert english.startswith("This does not exist")


def test_a_method_that_is_not_taken_is_told_which_are(program: Program) -> None:
    said = program.call("PUT", "/spaces")
    assert (said.code, set(said.headers["Allow"].split(", "))) == ("405 method_not_allowed", {"GET", "POST"})


def test_a_failure_of_ours_tells_nothing(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_facts: object) -> None:
        raise RuntimeError("een geheim")

    monkeypatch.setattr("zetel.actions.directory.create_workspace", broken)
    said = program.post("/spaces", WANTED + b"}", key="eens")
    assert said.code == "500 unexpected"
    assert "geheim" not in str(said.body)
    monkeypatch.undo()
    assert program.post("/spaces", WANTED + b"}", key="eens").status == 201
