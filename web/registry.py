"""Every endpoint, declared once: who may, how often, what goes in, what comes out.

Routes, the guard, the OpenAPI document and the tests of roles read the same declarations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial, wraps
from threading import Thread
from typing import Any, NamedTuple, TypedDict, Unpack, cast

from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_sock import Sock
from pydantic import ValidationError

from schemas.scalars import Model
from web.problems import Mistake, Problem


class Role(StrEnum):
    """Least right that an endpoint asks for; which of a person's roles hold it is the guard's to know."""

    ANYONE = "anyone"
    VIEWER = "read-only"
    OPERATOR = "operator"
    EMERGENCY = "emergency"
    LIQUIDATOR = "liquidation"


class Rate(StrEnum):
    """Endpoints that draw on the same bucket. Nothing else draws on that of the halts."""

    PAGE = "page"
    READ = "read"
    STREAM = "stream"
    CONTROL = "control"
    HALT = "halt"
    LOGIN = "login"
    PROBE = "probe"


class Kind(StrEnum):
    """What an endpoint is."""

    PAGE = "page"
    FRAGMENT = "fragment"
    API = "api"
    CONTROL = "control"
    STREAM = "stream"
    SOCKET = "socket"
    PROBE = "probe"
    ASSET = "asset"


_RATES = {
    Kind.PAGE: Rate.PAGE,
    Kind.FRAGMENT: Rate.READ,
    Kind.API: Rate.READ,
    Kind.CONTROL: Rate.CONTROL,
    Kind.STREAM: Rate.STREAM,
    Kind.SOCKET: Rate.STREAM,
    Kind.PROBE: Rate.PROBE,
    Kind.ASSET: Rate.READ,
}
_EXTENSION = "gt-risk-registry"
_OPEN = (Kind.PROBE, Kind.ASSET)
_SOCKET = {"ping_interval": 25, "max_message_size": 1_024, "thread_class": partial(Thread, daemon=True)}
"""Seconds after which a client that does not answer is gone, and bytes: clients have nothing to say. The thread that
listens may miss that its socket was closed: it must not hold up the end of the process until the next ping."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``name`` is Flask's, as ``page.overview``; ``rule`` as Flask writes it. ``query`` and ``body`` are the models of
    what goes in, ``result`` that of what comes out; ``statuses`` are all that it answers with, the good one first."""

    method: str
    rule: str
    name: str
    summary: str
    kind: Kind
    role: Role
    rate: Rate
    query: type[Model] | None
    body: type[Model] | None
    result: type[Model] | None
    statuses: tuple[int, ...]


class Given(TypedDict, total=False):
    """What a declaration may say beside rule and summary; ``statuses``: besides those that its kind brings."""

    name: str
    role: Role
    rate: Rate
    query: type[Model]
    body: type[Model]
    result: type[Model]
    statuses: tuple[int, ...]


View = Callable[..., ResponseReturnValue]
Talk = Callable[[Any], None]
"""What is done with a WebSocket, simple_websocket's ``Server``, that has shaken hands."""
Around = Callable[[View], View]
Decorator = Callable[[View], View]
Guard = Callable[[Endpoint], ResponseReturnValue | None]
"""Refuses a request with an answer; None lets it through."""


class Undeclared(Exception):
    """The application has a rule that no declaration speaks of."""


class _Declared(NamedTuple):
    endpoint: Endpoint
    view: View
    around: Around


class Registry:
    """Declarations, in their order. A view gets the rule's variables by name, and ``query`` and ``body`` as models."""

    def __init__(self) -> None:
        self._declared: dict[str, _Declared] = {}

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        return tuple(item.endpoint for item in self._declared.values())

    def page(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """A page for people."""
        return self._add(Kind.PAGE, "GET", rule, summary, given)

    def fragment(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """A part of a page."""
        return self._add(Kind.FRAGMENT, "GET", rule, summary, given)

    def api(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """A document for programs."""
        return self._add(Kind.API, "GET", rule, summary, given)

    def control(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """An act: always a POST. A form's fields are its body, but those whose name begins with ``_``."""
        return self._add(Kind.CONTROL, "POST", rule, summary, given)

    def stream(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """An answer that does not end."""
        return self._add(Kind.STREAM, "GET", rule, summary, given)

    def socket(self, rule: str, summary: str, around: Around, **given: Unpack[Given]) -> Callable[[Talk], Talk]:
        """A WebSocket. ``around`` wraps the view that shakes hands, so that it can refuse before."""
        return cast(Callable[[Talk], Talk], self._add(Kind.SOCKET, "GET", rule, summary, given, around))

    def probe(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """What machines that watch ask for."""
        return self._add(Kind.PROBE, "GET", rule, summary, given)

    def asset(self, rule: str, summary: str, **given: Unpack[Given]) -> Decorator:
        """A file that never changes while the dashboard runs."""
        return self._add(Kind.ASSET, "GET", rule, summary, given)

    def of_request(self) -> Endpoint | None:
        """The endpoint of the request being answered; None for a path that is nobody's."""
        found = self._declared.get(request.endpoint or "")
        return found.endpoint if found else None

    def install(self, app: Flask, guard: Guard) -> None:
        """Add every rule to ``app``, each behind ``guard``. Raises Undeclared for a rule that came another way."""

        @app.before_request
        def check() -> ResponseReturnValue | None:
            endpoint = self.of_request()
            return guard(endpoint) if endpoint else None

        app.extensions[_EXTENSION] = self
        for item in self._declared.values():
            _route(app, item)
        ways = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules() if rule.endpoint not in self._declared}
        if ways:
            raise Undeclared(f"rules without a declaration: {', '.join(ways.values())}")

    def _add(
        self, kind: Kind, method: str, rule: str, summary: str, given: Given, around: Around = lambda view: view
    ) -> Decorator:
        def declare(view: View) -> View:
            name = f"{kind}.{given.get('name', view.__name__)}"
            if name in self._declared:
                raise Undeclared(f"{name} is declared twice: {self._declared[name].endpoint.rule} and {rule}")
            endpoint = Endpoint(
                method=method,
                rule=rule,
                name=name,
                summary=summary,
                kind=kind,
                role=given.get("role", Role.ANYONE if kind in _OPEN else Role.VIEWER),
                rate=given.get("rate", _RATES[kind]),
                query=given.get("query"),
                body=given.get("body"),
                result=given.get("result"),
                statuses=_statuses(rule, given),
            )
            self._declared[name] = _Declared(endpoint, view, around)
            return view

        return declare


def registry_of(app: Flask) -> Registry:
    """The declarations that ``app`` was made from."""
    registry: Registry = app.extensions[_EXTENSION]
    return registry


def _statuses(rule: str, given: Given) -> tuple[int, ...]:
    named = given.get("statuses", ())
    good = () if any(200 <= status < 300 for status in named) else (200,)
    asked = (400,) if "query" in given or "body" in given else ()
    media = (415,) if "body" in given else ()
    found = (404,) if "<" in rule else ()
    return tuple(dict.fromkeys((*good, *named, *asked, 401, 403, *found, *media, 429, 503)))


def _route(app: Flask, item: _Declared) -> None:
    endpoint = item.endpoint
    if endpoint.kind is Kind.SOCKET:
        app.config["SOCK_SERVER_OPTIONS"] = _SOCKET
        Sock(app).route(endpoint.rule, endpoint=endpoint.name)(item.view)
        shaking = cast(View, app.view_functions[endpoint.name])
        app.view_functions[endpoint.name] = item.around(shaking)
        return
    app.add_url_rule(
        endpoint.rule,
        endpoint.name,
        item.around(_checked(endpoint, item.view)),
        methods=[endpoint.method],
        provide_automatic_options=False,
    )


def _checked(endpoint: Endpoint, view: View) -> View:
    """The view given what its models made of the request."""
    query, body = endpoint.query, endpoint.body

    @wraps(view)
    def answer(**variables: Any) -> ResponseReturnValue:
        given: dict[str, Any] = dict(variables)
        if query is not None:
            given["query"] = _parsed(query, _words(), "the query")
        if body is not None:
            given["body"] = _parsed(body, _sent(), "the body")
        return view(**given)

    return answer


def _words() -> dict[str, Any]:
    """Parameters of the URL; one that is given more than once is a list."""
    return {name: found[0] if len(found) == 1 else found for name, found in request.args.lists()}


def _sent() -> Any:
    """The body: JSON, or the fields of a form but the guard's own."""
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {name: value for name, value in request.form.items() if not name.startswith("_")}
    if request.mimetype != "application/json":
        raise Problem(415, "not-json", f"a body of {request.mimetype or 'no type'}: send application/json")
    return request.get_json(cache=False)


def _parsed(model: type[Model], given: Any, what: str) -> Model:
    """``given`` as its model. Raises Problem that names every mistake."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        mistakes = [Mistake(where=".".join(map(str, item["loc"])), message=item["msg"]) for item in error.errors()[:20]]
        raise Problem(400, "invalid", f"{what} is not as it should be", "/api/docs", mistakes) from error
