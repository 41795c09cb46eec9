"""The OpenAPI document: valid, complete, with examples that it allows itself."""

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from zetel.api.operations import DECLARED
from zetel.api.service import document
from zetel.rules.errors import CODES

DOCUMENT = document()
OPERATIONS = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_it_is_a_document_of_openapi_3_1_with_every_operation() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert set(OPERATIONS) == set(DECLARED)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_an_operation_says_what_it_does_takes_and_refuses(name: str) -> None:
    operation, declared = OPERATIONS[name], DECLARED[name]
    assert operation["description"], "the docstring says what it does"
    assert set(operation["x-error-codes"]) == declared.codes
    assert {int(status) for status in operation["responses"]} == declared.statuses
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            examples = [one["value"] for one in content.get("examples", {}).values()] or [
                content.get("example")
            ]
            for example in examples if "json" in kind else []:
                _validator(content["schema"]).validate(example)
        codes = {code for code in declared.codes if CODES[code] == int(status)}
        assert not codes or set(response["content"]["application/problem+json"]["examples"]) == codes
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _validator(content["schema"]).validate(content["example"])


def test_every_schema_of_what_is_sent_refuses_what_it_does_not_know() -> None:
    for operation in OPERATIONS.values():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False


@pytest.mark.django_db
def test_document_and_page_are_there_for_anybody_and_nothing_is_loaded_from_elsewhere() -> None:
    client = Client()
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "Zetel"
    page = client.get("/api/v1/docs").content.decode()
    assert "http" not in page
    assert '<link rel="icon"' in page, "a browser asks for one elsewhere otherwise, and is told 404"
