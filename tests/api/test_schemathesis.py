"""Every operation with what a generator makes of the document: no failure of ours, no answer that is not documented,
and nothing taken that the document refuses.

A usual run tries a few requests per operation; `--long` more than 10,000 in all, and as several callers.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

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
USUAL, LONG = 3, 70
SAMPLE = sorted(OPERATIONS)[::12]  # of a usual run
WHO = ("anna", "operator", "host")


def _bodies(name: str, status: int) -> Iterator[Draft202012Validator]:
    for response in (
        OPERATIONS[name].definition.raw["responses"].get(str(status), {}).get("content", {}).items()
    ):
        if "json" in response[0]:
            schema = {**response[1]["schema"], "components": DOCUMENT["components"]}
            yield Draft202012Validator(schema)


def send(callers: Callers, who: str, case: Any, real_ids: bool) -> Said:
    """A generated request; with `real_ids` on what there is."""
    ids = callers.two.acme.ids
    params = {
        name: ids.get(name, value) if real_ids else value
        for name, value in (case.path_parameters or {}).items()
    }
    path = case.path.removeprefix("/api/v1")
    for name, value in params.items():
        path = path.replace("{" + name + "}", _quoted(value))
    pairs = [(key, one) for key, value in (case.query or {}).items() for one in _many(value)]
    query = "?" + "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)
    body = None if _absent(case.body) else _raw(case.body)
    return callers.programs[who].call(case.method, path + (query if pairs else ""), body)


def _absent(body: Any) -> bool:
    return type(body).__name__ == "NotSet"


def _raw(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode(errors="surrogatepass")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogatepass")) or "%20"


def examine(name: str, said: Said, is_negative: bool, case: Any) -> None:
    """What must hold of every answer."""
    what = (name, case.path_parameters, case.query, case.body, said.status, said.body)
    assert said.status < 500 or said.status == 503, what
    assert said.status in DECLARED[name].statuses, what
    for validator in _bodies(name, said.status):
        validator.validate(said.body)
    if is_negative:
        assert said.status >= 400 or said.status == 304, what


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_long = metafunc.config.getoption("--long")
    metafunc.parametrize("name", sorted(OPERATIONS) if is_long else SAMPLE)


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["positive", "negative"]
)
def test_what_the_document_makes_up_is_answered_as_it_says(
    name: str, mode: GenerationMode, callers: Callers, clock: HandClock, request: pytest.FixtureRequest
) -> None:
    operation = OPERATIONS[name]
    count = LONG if request.config.getoption("--long") else USUAL
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except schemathesis.errors.SchemathesisError:
        pytest.skip("nothing can be wrong with it")

    @seed(20261124)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=strategy, who=st.sampled_from(WHO), real_ids=st.booleans())
    def attempt(case: Any, who: str, real_ids: bool) -> None:
        with undone():
            clock.set(clock.now)
            said = send(callers, who, case, real_ids)
            wrong = mode is GenerationMode.NEGATIVE and not (real_ids and case.path_parameters)
            examine(name, said, wrong, case)

    attempt()
