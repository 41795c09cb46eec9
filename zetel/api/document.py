"""The OpenAPI document: what the framework reads from the operations, made complete.

Errors are problem details with the codes an operation may answer; every body has an example; the headers that hold for
all operations are written down once.
"""

from http import HTTPStatus
from typing import Any

from django.conf import settings

from zetel import __version__
from zetel.api.operations import DECLARED, Declared
from zetel.api.problems import MEDIA_TYPE, TYPE_START
from zetel.documents.sentences import PLAIN
from zetel.rules.errors import CODES

Node = dict[str, Any]
_DEPTH_MAX = 8

HEADERS: Node = {
    "IdempotencyKey": {
        "name": "Idempotency-Key", "in": "header", "required": False,
        "description": "A name of your own for this request. Sent again under the same name it is answered as the "
        "first time and done once; names are kept for at least 24 hours.",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"}, "example": "7c1c0f0e-6c0e-4d0b-9d0e-2f3c",
    },
    "OnBehalfOf": {
        "name": "Zetel-On-Behalf-Of", "in": "header", "required": False,
        "description": "With the installation's own key: the person whose act this is and whose rights count.",
        "schema": {"type": "string", "pattern": r"^per_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
    },
    "Acting": {
        "name": "Zetel-Acting", "in": "header", "required": False,
        "description": "Of a member of staff who acts for a customer: the stretch of acting, `act_…`.",
        "schema": {"type": "string", "pattern": r"^act_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
    },
    "AcceptLanguage": {
        "name": "Accept-Language", "in": "header", "required": False,
        "description": "The language of `detail` in refusals: `nl` or `en`.",
        "schema": {"type": "string", "enum": ["nl", "en"]},
    },
}  # fmt: skip


def complete(document: Node) -> Node:
    """The same document with errors, headers, examples and where it is served."""
    document["servers"] = [{"url": settings.CONFIG.address}]
    document["info"]["version"] = __version__
    parts = document["components"]
    parts["parameters"] = HEADERS
    parts["securitySchemes"] = {"BearerKey": {"type": "http", "scheme": "bearer", "bearerFormat": "zk_…"}}
    for path in document["paths"].values():
        for operation in path.values():
            _complete_operation(operation, DECLARED[operation["operationId"]], parts["schemas"])
    return document


def _complete_operation(operation: Node, declared: Declared, schemas: Node) -> None:
    refs = ["OnBehalfOf", "Acting", "AcceptLanguage"] + (["IdempotencyKey"] if declared.is_write else [])
    operation["parameters"] += [{"$ref": f"#/components/parameters/{name}"} for name in refs]
    operation["security"] = [{"BearerKey": []}]
    operation["x-scopes"] = [str(scope) for scope in declared.scopes]
    operation["x-error-codes"] = sorted(declared.codes)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example(content["schema"], schemas))
    for status, response in operation["responses"].items():
        codes = sorted(code for code in declared.codes if CODES[code] == int(status))
        if codes:
            _complete_refusal(response, int(status), codes)
        elif declared.media:
            response["content"] = {declared.media: {"schema": {"type": "string", "format": "binary"}}}
        else:
            for kind, content in response.get("content", {}).items():
                if kind == "application/json":
                    content.setdefault("example", example(content["schema"], schemas))


def _complete_refusal(response: Node, status: int, codes: list[str]) -> None:
    response["description"] = f"{HTTPStatus(status).phrase}: " + ", ".join(f"`{code}`" for code in codes)
    response["content"] = {
        MEDIA_TYPE: {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": {code: {"value": example_problem(code)} for code in codes},
        }
    }
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }


def example_problem(code: str) -> Node:
    status = CODES[code]
    return {
        "type": TYPE_START + code, "title": HTTPStatus(status).phrase, "status": status, "code": code,
        "detail": str(PLAIN[code]), "instance": "/api/v1/…", "fields": [], "facts": {},
    }  # fmt: skip


def example(schema: Node, schemas: Node, depth: int = 0) -> Any:
    """A value that the schema allows, from the examples of its fields."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    if schema.get("examples"):
        return schema["examples"][0]
    for word in ("const", "default"):
        if schema.get(word) is not None:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    if options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return example(options[0], schemas, depth)
    return _example_of_type(schema, schemas, depth)


def _example_of_type(schema: Node, schemas: Node, depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {}) if depth < _DEPTH_MAX else {}
        return {name: example(part, schemas, depth + 1) for name, part in fields.items()}
    if kind == "array":
        return [example(schema["items"], schemas, depth + 1)] if depth < _DEPTH_MAX else []
    texts = {"date": "2026-06-12", "date-time": "2026-05-12T10:00:00Z"}
    plain = {"integer": max(1, schema.get("minimum", 1)), "number": 1, "boolean": True, "null": None}
    return plain[kind] if kind in plain else texts.get(schema.get("format", ""), "text")
