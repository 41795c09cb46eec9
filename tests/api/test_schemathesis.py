"""Every operation with what a generator makes of the document, alone and one after another: no failure of ours, no
answer that is not documented, and nothing taken that the document refuses.

A usual run tries a few requests of a few operations; `--long` every operation as everybody, more than 10,000 in all.
"""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response

from tests.api.calling import Said
from tests.api.conftest import Callers
from tests.conftest import HandClock
from tests.web.tenants import undone
from zetel.api.operations import DECLARED
from zetel.api.service import document

pytestmark = pytest.mark.django_db

DOCUMENT = copy.deepcopy(document())
for _path in DOCUMENT["paths"].values():  # headers and keys have tests of their own
    for _operation in _path.values():
        _operation["parameters"] = [one for one in _operation["parameters"] if "$ref" not in one]
        del _operation["security"]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
FOUND: list[Any] = [result.ok() for result in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
OPERATIONS = {operation.definition.raw["operationId"]: operation for operation in FOUND}
USUAL, LONG = 3, 70  # requests per operation and mode
SAMPLE = sorted(OPERATIONS)[::12]  # of a usual run
WHO, EVERYBODY = ("anna", "operator", "host"), (
    "anna", "bram", "chris", "gast", "daan", "frieda", "sales", "support", "finance", "operator", "host", "beta",
    "narrow", "nobody",
)  # fmt: skip
WALKS = settings(max_examples=3, stateful_step_count=8, database=None, deadline=None, phases=[Phase.generate],
                 suppress_health_check=list(HealthCheck))  # fmt: skip
SERIES = 8  # of a long run, for each caller
ASKED_MIN = 10_000  # of a long run
asked: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def counted(request: pytest.FixtureRequest, record_testsuite_property: Any) -> Iterator[None]:
    """A long run of the whole file asks often enough, and as everybody; how often stands in its report."""
    yield
    record_testsuite_property("asked", json.dumps(asked))
    if request.config.getoption("--long"):
        assert asked.total() >= ASKED_MIN, asked
        assert min(asked[who] for who in EVERYBODY) >= ASKED_MIN // 100, asked


@cache
def _validator(name: str, status: int) -> Draft202012Validator | None:
    """What the document says of a body of this status; None where it is no JSON."""
    said = OPERATIONS[name].definition.raw["responses"].get(str(status), {}).get("content", {})
    schemas = [content["schema"] for kind, content in said.items() if "json" in kind]
    return Draft202012Validator(schemas[0] | {"components": DOCUMENT["components"]}) if schemas else None


def send(callers: Callers, who: str, case: Any, ids: dict[str, str]) -> Said:
    """A generated request; `ids` stand in its path instead of what was made up."""
    path = case.path.removeprefix("/api/v1")
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(
            "{" + name + "}", _quoted(ids.get(name, value)) or "%20"
        )  # nothing is another path
    pairs = [(key, one) for key, value in (case.query or {}).items() for one in _many(value)]
    query = "?" + "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)
    body = None if _absent(case.body) else _raw(case.body)
    asked[who] += 1
    program = callers.of(who, is_write=case.method != "GET")
    return program.call(case.method, path + (query if pairs else ""), body)


def _absent(body: Any) -> bool:
    return type(body).__name__ == "NotSet"


def _raw(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode(errors="surrogatepass")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogatepass"))


def is_wrong(case: Any, ids: dict[str, str]) -> bool:
    """Whether the document refuses what was sent: its body, its query, or a path that no real id took the place of."""
    wrong = {place for place, made in case.meta.components.items() if made.mode is GenerationMode.NEGATIVE}
    return bool(wrong & {ParameterLocation.BODY, ParameterLocation.QUERY}) or (bool(wrong) and not ids)


def examine(name: str, said: Said, case: Any, *, refused: bool) -> None:
    """What must hold of every answer."""
    what = (name, case.path_parameters, case.query, case.body, said.status, said.body)
    assert said.status < 500 or said.status == 503, what
    assert said.status in DECLARED[name].statuses, what
    validator = _validator(name, said.status)
    if validator is not None:
        validator.validate(said.body)
    assert not refused or said.status >= 400 or said.status == 304, what


def _modes(name: str) -> list[GenerationMode]:
    """What takes nothing cannot be asked wrongly."""
    raw = OPERATIONS[name].definition.raw
    takes = raw["parameters"] or "requestBody" in raw
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes else [])]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_long = metafunc.config.getoption("--long")
    if "name" in metafunc.fixturenames:
        names = sorted(OPERATIONS) if is_long else SAMPLE
        pairs = [(name, mode) for name in names for mode in _modes(name)]
        metafunc.parametrize(("name", "mode"), pairs, ids=[f"{name}-{mode.value}" for name, mode in pairs])
    if "walker" in metafunc.fixturenames:
        metafunc.parametrize("walker", EVERYBODY if is_long else ("host",))


def test_what_the_document_makes_up_is_answered_as_it_says(
    name: str, mode: GenerationMode, callers: Callers, clock: HandClock, request: pytest.FixtureRequest
) -> None:
    is_long = request.config.getoption("--long")

    @seed(20261124)
    @settings(max_examples=LONG if is_long else USUAL, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(
        case=OPERATIONS[name].as_strategy(generation_mode=mode),
        who=st.sampled_from(EVERYBODY if is_long else WHO),
        real_ids=st.booleans(),
    )
    def attempt(case: Any, who: str, real_ids: bool) -> None:
        ids = callers.two.acme.ids if real_ids else {}
        with undone():
            clock.set(clock.now)
            said = send(callers, who, case, ids)
            examine(name, said, case, refused=is_wrong(case, ids))

    attempt()


def test_what_one_answer_names_is_taken_by_the_next(
    walker: str, callers: Callers, clock: HandClock, request: pytest.FixtureRequest
) -> None:
    """Walks along the links between operations: an id that was answered is sent where one of its kind is asked for."""
    unsound: list[str] = []
    before = asked[walker]

    class Walk(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.world = ExitStack()
            self.world.enter_context(undone())
            clock.set(clock.now)

        def teardown(self) -> None:
            self.world.close()

        def call(self, case: Any, **_transport: Any) -> Response:
            name = case.operation.definition.raw["operationId"]
            unsound.append(name)
            said = send(callers, walker, case, {})
            examine(name, said, case, refused=is_wrong(case, {}))
            unsound.pop()
            content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            sent = requests.Request(case.method, "http://localhost" + case.path).prepare()
            told = {name: [value] for name, value in said.headers.items()}
            return Response(said.status, told, content, sent, 0.0, verify=False)

        def validate_response(self, *_said: Any, **_more: Any) -> None:
            """It was examined already."""

    for number in range(SERIES if request.config.getoption("--long") else 1):
        # Ids are new in each walk, so the generator may see that it cannot go the same way twice: that series is over.
        with suppress(FlakyStrategyDefinition):
            seed(number)(Walk).run(settings=WALKS)
        assert not unsound, unsound
    assert asked[walker] > before, "it did not go anywhere"
