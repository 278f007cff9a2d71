"""Errors as RFC 9457 says for programs, as a page for people."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from controller.rpc.client import RpcError, ServiceDown
from schemas.scalars import Model

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
"""When to ask again while the controller is away: it is started again within a second or two."""
_STATUSES = {2: 400, 3: 503, 4: 403}
"""By the exit code that a command would have; anything else cannot be done as things stand."""
_log = logging.getLogger(__name__)


class Mistake(Model):
    """One thing that is wrong in what was asked: ``where`` names the parameter or the field."""

    where: str
    message: str


class ProblemDocument(Model):
    """What every failed request of the API is answered with. ``type`` names the kind of problem and leads nowhere;
    ``hint`` is the next command or act."""

    ok: bool = False
    type: str
    title: str
    status: int
    detail: str
    instance: str
    hint: str = ""
    mistakes: tuple[Mistake, ...] = ()


@dataclass(eq=False)
class Problem(Exception):
    """A request that is not answered as asked. ``code`` is one word for programs, ``retry`` in seconds, 0 for never."""

    status: int
    code: str
    detail: str
    hint: str = ""
    mistakes: Sequence[Mistake] = ()
    retry: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> ProblemDocument:
        """The problem with the path that was asked for."""
        return ProblemDocument(
            type=f"urn:gt-risk:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            instance=request.path,
            hint=self.hint,
            mistakes=tuple(self.mistakes),
        )


Page = Callable[[ProblemDocument], str]
"""Renders a problem for people."""


def install(app: Flask, page: Page) -> None:
    """Answer every error of ``app``: JSON below ``/api`` and for the streams, ``page`` elsewhere."""

    def answer(error: Exception) -> Response:
        problem = of(error)
        document = problem.document()
        response = jsonify(document.model_dump(mode="json")) if for_programs() else Response(page(document))
        response.status_code = problem.status
        if for_programs():
            response.mimetype = MEDIA_TYPE
        response.headers.update(problem.headers)
        if problem.retry:
            response.headers["Retry-After"] = str(problem.retry)
        return response

    app.register_error_handler(Exception, answer)


def for_programs() -> bool:
    """Whether the request is a program's: the API, a stream or a probe."""
    path = request.path
    return path.startswith("/api/") or path in ("/api", "/ws", "/health", "/metrics")


def of(error: Exception) -> Problem:
    """The problem that an exception stands for; one that nobody foresaw is logged and told to nobody."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RpcError):
        return of_rpc(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    _log.exception("%s %s", request.method, request.path, exc_info=error)
    return Problem(500, "internal", "the dashboard failed; its log says how", "gt risk doctor")


def of_rpc(error: RpcError) -> Problem:
    """What the controller said, or that it says nothing."""
    if isinstance(error, ServiceDown):
        return Problem(503, "service-down", error.message, error.hint, retry=RETRY_SECONDS)
    status = 502 if error.code == "Internal" else _STATUSES.get(error.exit, 409)
    mistakes = [Mistake(where=_place(item), message=str(item.get("message", ""))) for item in error.problems]
    retry = RETRY_SECONDS if status == 503 else 0
    return Problem(status, _dashed(error.code), error.message, error.hint, mistakes, retry)


def _place(problem: Mapping[str, Any]) -> str:
    return f"{problem.get('path', '')}:{problem.get('line', '')}"


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(status, _dashed(type(error).__name__), error.description or "", headers=headers)


def _dashed(word: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in word).lstrip("-")
