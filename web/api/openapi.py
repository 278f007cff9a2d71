"""The API as an OpenAPI 3.1 document, made from the declarations alone."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.scalars import Model
from web.problems import MEDIA_TYPE, ProblemDocument
from web.registry import Endpoint, Kind, Role

VERSION = "3.1.0"
_REF = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_TYPES: dict[str, dict[str, Any]] = {"int": {"type": "integer", "minimum": 0}, "": {"type": "string"}}
_KINDS = (Kind.API, Kind.CONTROL, Kind.STREAM, Kind.PROBE)
_SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": "gt-risk", "description": "A login on the dashboard"},
    "key": {"type": "http", "scheme": "bearer", "description": "gt risk dashboard key create"},
}
_ABOUT = (
    "What the commands print with `--json`, and what a person may do from elsewhere. Reads need a login or a key where "
    "the dashboard was started with `--controls`; acts need that and a role. An act is asked twice: the first answer "
    "is what would happen with a nonce, the second sends it back. Errors are problems as RFC 9457 says."
)


def of_the_api(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Those that programs use, by path."""
    found = [item for item in endpoints if item.kind in _KINDS and item.rule.startswith(("/api/", "/health", "/metr"))]
    return sorted(found, key=lambda item: (item.rule, item.method))


def openapi(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The whole document."""
    found = of_the_api(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for item in found:
        paths.setdefault(_VARIABLE.sub(r"{\2}", item.rule), {})[item.method.lower()] = _operation(item)
    problem = {"description": "What went wrong", "content": {MEDIA_TYPE: {"schema": _ref(ProblemDocument)}}}
    return {
        "openapi": VERSION,
        "info": {"title": "gt-risk", "version": "1", "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(found),
            "responses": {"Problem": problem},
            "securitySchemes": _SECURITY,
        },
    }


def _schemas(found: Iterable[Endpoint]) -> dict[str, Any]:
    models: set[type[Model]] = {ProblemDocument}
    for item in found:
        models |= {model for model in (item.body, item.result) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, parts = models_json_schema([(model, "validation") for model in ordered], ref_template=_REF)
    schemas: dict[str, Any] = parts["$defs"]
    return schemas


def _operation(item: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": item.name.replace(".", "_"),
        "summary": item.summary,
        "tags": [item.rule.strip("/").split("/")[1] if item.rule.startswith("/api/") else "probes"],
        "x-role": item.role.value,
        "x-rate": item.rate.value,
        "parameters": [*_variables(item), *_queries(item), *_headers(item)],
        "responses": {str(status): _answer(item, status) for status in item.statuses},
    }
    if item.body is not None:
        content = {"application/json": {"schema": _ref(item.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    if item.role is not Role.ANYONE:
        operation["security"] = [{"session": []}, {"key": []}, *([] if item.kind is Kind.CONTROL else [{}])]
    return operation


def _answer(item: Endpoint, status: int) -> dict[str, Any]:
    """What is in one answer; a probe that is not well says the same as one that is."""
    if status >= 400 and not (item.kind is Kind.PROBE and item.result and status == 503):
        return {"$ref": "#/components/responses/Problem"}
    described = {"description": HTTPStatus(status).phrase}
    if 300 <= status < 400:
        return described
    if item.kind is Kind.STREAM:
        schema = {"type": "string", "description": "Events as docs/api/streams.md says"}
        return {**described, "content": {"text/event-stream": {"schema": schema}}}
    if item.result is not None:
        return {**described, "content": {"application/json": {"schema": _ref(item.result)}}}
    if item.kind is Kind.PROBE:
        return {**described, "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {**described, "content": {"application/json": {"schema": {"type": "object"}}}}


def _variables(item: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(_TYPES[kind])}
        for kind, name in _VARIABLE.findall(item.rule)
    ]


def _queries(item: Endpoint) -> list[dict[str, Any]]:
    if item.query is None:
        return []
    schema = item.query.model_json_schema(by_alias=True)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": _given(known)}
        for name, known in schema["properties"].items()
    ]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: what is left out is not sent as null."""
    choices = [item for item in schema.get("anyOf", ()) if item != {"type": "null"}]
    plain = {key: value for key, value in schema.items() if key not in ("anyOf", "title", "default")}
    shown = {**plain, **choices[0]} if choices else plain
    return shown if schema.get("default") in (None, "") else {**shown, "default": schema["default"]}


def _headers(item: Endpoint) -> list[dict[str, Any]]:
    if item.kind is Kind.CONTROL:
        about = "The same key again gives the same answer and does nothing twice"
        schema = {"type": "string", "maxLength": 200}
        return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": about, "schema": schema}]
    if item.kind is Kind.STREAM:
        about = "Go on behind this event"
        schema = {"type": "string", "maxLength": 60}
        return [{"name": "Last-Event-ID", "in": "header", "required": False, "description": about, "schema": schema}]
    return []


def _ref(model: type[Model]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}
