"""JSON-RPC 2.0 over the controller's socket, and the one table of methods behind it.

:class:`Dispatcher` is also what the CLI uses in process when no service runs, so both ways give the same documents.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from controller.audit import asked_through
from controller.core.plan.edits import BadArgument, NothingToDo
from controller.core.plan.intents import strategy_named
from controller.core.plan.limit_intents import limit_named
from controller.errors import GtRiskError, InvalidDesired, Raced, Refused, Temporary
from controller.halt import API, halt
from controller.home import Home
from controller.ports import Control
from controller.rpc import change, configuration, experiments, learning, limits, reads, trust
from controller.settings import Settings
from controller.views import audit, config, portfolio, status, strategies
from schemas.desired import Strategy
from schemas.edits import Request, SetLimit
from schemas.overview import Overview

Params = Mapping[str, Any]
Document = dict[str, Any]
MAX_WAIT = 60.0
_REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
_PARSE, _INVALID, _NO_METHOD, _BAD_PARAMS, OURS = -32700, -32600, -32601, -32602, -32000


class Dispatcher:
    """Answers one request after the other from a :class:`controller.ports.Control`; holds no state of its own."""

    def __init__(
        self,
        control: Control,
        settings: Settings,
        *,
        hold: Callable[[], None] | None = None,
        more: Mapping[str, Callable[[Params], Document]] | None = None,
    ) -> None:
        """``hold`` stops the supervision before an orderly stop; ``more``: what only a running controller can do."""
        self._control = control
        self._settings = settings
        self._home = Home(settings.home)
        self._hold = hold
        self.methods: dict[str, Callable[[Params], Document]] = {
            "ping": self._ping,
            "status": lambda _: status.status(self._overview(), time.time_ns()),
            "emergency.status": lambda _: status.emergency(self._overview(), time.time_ns()),
            "limits.list": lambda _: self._headed(config.limits),
            "limits.get": self._limit,
            "strategy.list": lambda _: self._headed(lambda seen: strategies.listing(seen, time.time_ns())),
            "strategy.show": self._strategy,
            "portfolio.positions": lambda _: self._headed(portfolio.positions),
            "config.show": lambda _: self._headed(self._config),
            "config.plan": lambda params: config.planned(self._control.plan(str(params.get("ref", "")))),
            "audit.log": self._audit,
            "audit.verify": lambda _: audit.chain(self._control.verify_audit()),
            "propose": self._propose,
            "land": self._land,
            "wait": self._wait,
            "halts.adopt": lambda _: control.adopt_halts().model_dump(mode="json"),
            "halts.raise": self._raise,
            "wake": self._wake,
            "service.hold": self._service_hold,
            **configuration.methods(control, settings),
            **change.methods(control),
            **experiments.methods(control, settings),
            **learning.methods(control),
            **limits.methods(control),
            **reads.methods(control),
            **trust.methods(control, settings),
            **(more or {}),
        }

    def call(self, method: str, params: Params) -> Document:
        """The result of one method; ``channel`` among ``params`` is ``api`` for what came over HTTP.

        Raises GtRiskError, KeyError for an unknown method, ValidationError.
        """
        with asked_through("api" if params.get("channel") == "api" else "cli"):
            return self.methods[method](params)

    def reply(self, request: Any) -> Document:
        """The JSON-RPC reply to one decoded request; an error never escapes."""
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return failure(None, _INVALID, "not a JSON-RPC request", {"exit": 1})
        number, method, params = request.get("id"), request["method"], request.get("params") or {}
        if method not in self.methods:
            return failure(number, _NO_METHOD, f"no method {method!r}", {"exit": 1, "hint": "gt risk doctor"})
        try:
            return {"jsonrpc": "2.0", "id": number, "result": self.call(method, params)}
        except GtRiskError as error:
            return failure(number, OURS, error.message, error_data(error))
        except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
            return failure(number, _BAD_PARAMS, f"{method}: {error}", {"exit": 1, "code": type(error).__name__})

    def _overview(self) -> Overview:
        return self._control.overview()

    def _headed(self, view: Callable[[Overview], Document]) -> Document:
        overview = self._overview()
        return {**status.header(overview), **view(overview)}

    def _ping(self, _: Params) -> Document:
        overview = self._overview()
        ready = any(item.type.value == "Ready" and item.status == "True" for item in overview.conditions)
        permit = overview.live.gate.permit if overview.live else None
        revision = overview.revision.model_dump(mode="json")
        return {"pid": overview.pid, "ready": ready, "permit": permit, "revision": revision}

    def _limit(self, params: Params) -> Document:
        limit = limit_named(str(params["name"]))
        return self._headed(lambda seen: {"limit": config.limit_view(seen, limit)})

    def _strategy(self, params: Params) -> Document:
        overview = self._overview()
        strategy = _strategy_in(overview, str(params["id"]))
        seen = {"strategy": strategies.details(overview, strategy, time.time_ns())}
        return {**status.header(overview), "phase": status.phase(overview), **seen}

    def _config(self, overview: Overview) -> Document:
        remote = self._settings.source.remote
        return {
            **config.show(overview, str(self._home.clone), self._settings.pins.branch),
            "source": remote or str(self._home.bare),
        }

    def _audit(self, params: Params) -> Document:
        records = self._control.audit(
            event=str(params.get("event", "")),
            actor=str(params.get("actor", "")),
            level=str(params.get("level", "")),
            since_ns=int(params.get("since_ns", 0)),
            limit=int(params.get("limit", 50)),
        )
        desired = self._overview().desired
        names = {item.uid: item.id for item in desired.strategies.values()} if desired else {}
        return audit.audit(records, names)

    def _propose(self, params: Params) -> Document:
        author = f"{self._settings.operator_name} <{self._settings.operator_email}>"
        filled = {"actor": self._settings.operator_name, "author": author, **params}
        request = _request(filled)
        proposal = self._control.propose(request)
        key = self._settings.signing_key or str(self._home.keys / "operator")
        document = proposal.model_dump(mode="json")
        kind = {"limit_kind": _kind(request.intent.name)} if isinstance(request.intent, SetLimit) else {}
        return {**document, **kind, "plan": config.plan_view(proposal.plan), "signing_key": key}

    def _land(self, params: Params) -> Document:
        payload = base64.b64decode(params["payload"], validate=True)
        return {"commit": self._control.land(payload, str(params["signature"]).encode())}

    def _wait(self, params: Params) -> Document:
        timeout = min(MAX_WAIT, float(params.get("timeout", self._settings.loop.apply_wait_seconds)))
        return self._control.wait_applied(str(params["commit"]), timeout).model_dump(mode="json")

    def _wake(self, params: Params) -> Document:
        self._control.wake(str(params.get("reason", "rpc")))
        return {}

    def _raise(self, params: Params) -> Document:
        """For a halter who cannot write the latch: the service raises the halt itself; its outcome."""
        scope, mode = str(params["scope"]), int(params["mode"])
        actor, reason = str(params.get("actor", "")), str(params.get("reason", ""))
        outcome = halt(str(self._home.root), scope, mode, actor, reason, API, notify=False)
        self._control.adopt_halts()
        return {"id": outcome.halt_id, "in_force": outcome.in_force, "problems": outcome.problems}

    def _service_hold(self, _: Params) -> Document:
        if self._hold is not None:
            self._hold()
        return {"held": self._hold is not None}


def _request(filled: Document) -> Request:
    """Raises BadArgument for words that no document may hold: several lines, or far too many of them."""
    try:
        return _REQUEST.validate_python(filled)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = (
            "must be one line" if first["type"] == "string_pattern_mismatch" else first["msg"].removeprefix("String ")
        )
        raise BadArgument(f"{first['loc'][-1]} {what}: {str(first['input'])[:40]!r}", "gt risk --help") from error


def _kind(name: str) -> str:
    return "hard" if limit_named(name).hard else "soft"


def _strategy_in(overview: Overview, name: str) -> Strategy:
    if overview.desired is None:
        raise Temporary("no verified desired state yet", hint="gt risk status")
    return strategy_named(name, overview.desired)


def error_data(error: GtRiskError) -> Document:
    """``data`` of an error reply: the next command, the CLI's exit code, a machine word and every problem."""
    data: Document = {"hint": error.hint, "exit": exit_of(error), "code": type(error).__name__}
    if isinstance(error, Refused):
        data |= {"code": error.refusal.reason.value, "refusal": error.refusal.model_dump(mode="json")}
    if isinstance(error, Refused | InvalidDesired):
        problems = error.refusal.problems if isinstance(error, Refused) else error.problems
        data["problems"] = [problem.model_dump(mode="json") for problem in problems]
    return data


def exit_of(error: GtRiskError) -> int:
    """The CLI's exit code for an error (design section 9)."""
    if isinstance(error, NothingToDo):
        return 0
    if isinstance(error, BadArgument):
        return 2
    return 3 if isinstance(error, Temporary) and not isinstance(error, Raced) else 1


def parse_failure(error: ValueError) -> Document:
    """The reply to a line that is not JSON."""
    return failure(None, _PARSE, f"not JSON: {error}", {"exit": 1})


def failure(number: Any, code: int, message: str, data: Document) -> Document:
    """An error reply to request ``number``."""
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, "data": data}}
