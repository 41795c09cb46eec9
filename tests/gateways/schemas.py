"""Bodies that our adapters sent, held against the request schemas that the companies publish."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from tests.gateways.company import Asked, Json
from tests.gateways.stripe_company import nested

NEWER = {
    "/v1/payment_intents": ["allowed_payment_method_types"],
    "/v1/checkout/sessions": ["allowed_payment_method_types"],
}
"""What Stripe's file, of 2023, does not know yet; these are type-checked against the SDK's own parameters."""


def load(path: Path) -> Json:
    """A file of schemas, with PayPal's known fault mended: the documented value SETUP_TOKEN is missing in it."""
    whole: Json = json.loads(path.read_text())
    for name, schema in whole["components"]["schemas"].items():
        if name.endswith("token_id_request"):
            schema["properties"]["type"]["enum"] = ["SETUP_TOKEN", "BILLING_AGREEMENT"]
    return whole


def schema_of(whole: Json, asked: Asked, content_type: str) -> Json | None:
    """The schema of a request, None where the published file has no body for it."""
    parts = asked.path.split("/")
    for template, methods in whole["paths"].items():
        names = template.split("/")
        fits = len(names) == len(parts) and all(
            name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
        )
        if fits and asked.method.lower() in methods:
            body = methods[asked.method.lower()].get("requestBody") or {}
            content = body.get("content", {}).get(content_type)
            return {**content["schema"], "components": whole["components"]} if content else None
    raise AssertionError(f"{asked.method} {asked.path} is in no published file")


def faults_of_form(whole: Json, asked: Asked, pairs: list[tuple[str, str]]) -> list[str]:
    schema = schema_of(whole, asked, "application/x-www-form-urlencoded")
    if schema is None:
        return [] if not pairs else [f"{asked.path} takes no body"]
    body = nested(pairs)
    for name in NEWER.get(asked.path, []):
        body.pop(name, None)
    return _faults(schema, _coerced(body, schema))


def faults_of_json(whole: Json, asked: Asked) -> list[str]:
    schema = schema_of(whole, asked, "application/json")
    body = json.loads(asked.body or b"{}")
    if schema is None:
        return [] if not body else [f"{asked.path} takes no body"]
    return _faults(schema, body)


def _faults(schema: Json, body: Any) -> list[str]:
    return [
        f"{'/'.join(map(str, fault.path))}: {fault.message}"
        for fault in Draft4Validator(schema).iter_errors(body)
    ]


def _coerced(value: Any, schema: Json) -> Any:
    """Numbers and booleans out of a form, where the schema asks for them."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {name: _coerced(inner, known.get(name, {})) for name, inner in value.items()}
    if isinstance(value, list):
        return [_coerced(inner, schema.get("items", {})) for inner in value]
    kinds = {schema.get("type"), *(option.get("type") for option in schema.get("anyOf", []))}
    if "integer" in kinds and value.lstrip("-").isdigit():
        return int(value)
    return value == "true" if "boolean" in kinds and value in ("true", "false") else value
