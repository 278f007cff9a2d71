"""A panel as the answer to a program: its document, what it is a picture of, and whether it is still the same."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from flask import Response, request
from pydantic import Field, create_model

from schemas.scalars import Model
from web.problems import RETRY_SECONDS, Problem, of_rpc
from web.snapshot import Panel

STALE = "X-Stale"
"""Header of an answer that is older than it should be: why."""
_SECOND = 1_000_000_000
_UNKNOWN = (400, 409)


class Stale(Model):
    """Why the document is older than it should be, and how old it is."""

    reason: str
    age_seconds: int


def served(model: type[Model]) -> type[Model]:
    """``model`` as the API serves it: it may be ``stale``."""
    stale = Field(None, description="Set when the document is older than it should be")
    made: type[Model] = create_model(model.__name__, __base__=model, __doc__=model.__doc__, stale=(Stale | None, stale))
    return made


def answer(panel: Panel, now_ns: int, more: Mapping[str, Any] | None = None) -> Response:
    """The panel's document with ``more`` in it, 304 when the client has it. Raises Problem when there is none."""
    if panel.document is None:
        raise unanswered(panel)
    age = max(0, now_ns - panel.as_of_ns) // _SECOND
    document = {"ok": True, **panel.document, **(more or {})}
    if panel.state == "stale":
        document |= {
            "stale": {"reason": panel.reason, "age_seconds": age},
            "attention": [*document.get("attention", ()), f"stale, {age} s old: {panel.reason}"],
        }
    response = conditional(json.dumps(document, ensure_ascii=False).encode())
    response.last_modified = datetime.fromtimestamp(panel.as_of_ns // _SECOND, UTC)
    if panel.state == "stale":
        response.headers["Age"] = str(age)
        response.headers[STALE] = " ".join(panel.reason.split()).encode("ascii", "replace").decode()
    return response


def conditional(body: bytes, mimetype: str = "application/json") -> Response:
    """``body``, or 304 when the client names its tag."""
    response = Response(body, mimetype=mimetype)
    response.set_etag(blake2b(body, digest_size=12).hexdigest())
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def unanswered(panel: Panel) -> Problem:
    """Why there is no document."""
    if panel.failure is None:
        return Problem(503, "unavailable", panel.reason, "gt risk service status", retry=RETRY_SECONDS)
    return of_rpc(panel.failure)


def known(panel: Panel) -> Panel:
    """The panel of something that a path names. Raises Problem 404 when the controller knows nothing of that name."""
    failure = panel.failure
    if failure is not None and panel.document is None and of_rpc(failure).status in _UNKNOWN:
        raise Problem(404, "not-found", failure.message, failure.hint)
    return panel
