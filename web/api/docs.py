"""``/api/openapi.json`` and ``/api/docs``: the API described, for programs and for people."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from flask import Response, redirect, render_template
from flask.typing import ResponseReturnValue

from web.api.answers import conditional
from web.api.openapi import of_the_api, openapi
from web.live.events import MEANINGS
from web.parts import Parts
from web.registry import Endpoint, Registry


class Shown(NamedTuple):
    """One endpoint for people: ``asked`` are its parameters and the body's fields, ``told`` the result's."""

    method: str
    path: str
    anchor: str
    summary: str
    role: str
    statuses: str
    asked: tuple[tuple[str, str, str], ...]
    told: tuple[tuple[str, str, str], ...]


def declare(registry: Registry, _: Parts) -> None:
    """Declare both, and where ``/api`` leads."""

    @cache
    def described() -> bytes:
        return json.dumps(openapi(registry.endpoints), ensure_ascii=False).encode()

    @registry.api("/api/openapi.json", "This API as an OpenAPI 3.1 document", name="openapi", statuses=(304,))
    def document() -> Response:
        return conditional(described())

    @registry.page("/api/docs", "The API for people", name="docs")
    def docs() -> str:
        found = [_shown(item) for item in of_the_api(registry.endpoints)]
        return render_template("api.html", title="API", still=True, endpoints=found, events=MEANINGS.items())

    @registry.page("/api", "Where the API is described", name="api", statuses=(302,))
    def api() -> ResponseReturnValue:
        return redirect("/api/docs")


def _shown(item: Endpoint) -> Shown:
    return Shown(
        method=item.method,
        path=item.rule.replace("<int:", "{").replace("<", "{").replace(">", "}"),
        anchor=item.name.replace(".", "-"),
        summary=item.summary,
        role=item.role.value,
        statuses=", ".join(str(status) for status in item.statuses),
        asked=tuple(row for model in (item.query, item.body) if model for row in _fields(model.model_json_schema())),
        told=tuple(_fields(item.result.model_json_schema())) if item.result else (),
    )


def _fields(schema: dict[str, Any]) -> Iterable[tuple[str, str, str]]:
    for name, known in schema.get("properties", {}).items():
        yield name, _type(known), known.get("description", "")


def _type(known: dict[str, Any]) -> str:
    """In a word or two, as ``number or null``."""
    if "anyOf" in known:
        return " or ".join(_type(choice) for choice in known["anyOf"])
    if "enum" in known:
        return ", ".join(str(choice) for choice in known["enum"])
    if "$ref" in known:
        return str(known["$ref"]).rpartition("/")[2]
    if known.get("type") == "array":
        return f"list of {_type(known.get('items', {}))}"
    return str(known.get("const", known.get("type", "any")))
