"""The operations of the gate's socket (docs/protocols.md): one function each, request in, reply out."""

import re
from collections.abc import Callable, Mapping, Reversible, Sequence
from itertools import takewhile
from typing import Any, TypeVar

from controller.gate import exits, protection
from controller.gate.policy import MODES, STATUSES
from controller.gate.sentinel import Sentinel
from controller.gate.shadow import FIGURES, note, span
from controller.gate.venue import VenueRejected, VenueUnknown
from controller.gate.views import gate_state, live_state, logged_fill, logged_shadow, mode, words

Reply = dict[str, Any]
T = TypeVar("T")
MAX_BARS = 2_000
MAX_TOLD = 500
_SCOPE = re.compile(r"account|strategy:[0-9a-f]{32}")
_ID = re.compile(r"[0-9a-f]{32}")


class BadRequest(Exception):
    """The request is not one that the gate understands; the message says why."""


def handle(sentinel: Sentinel, request: object) -> Reply:
    """Answer one request; ``ok`` comes first and ``id`` is echoed. Only what breaks the gate itself is raised."""
    if not isinstance(request, dict):
        return {"ok": False, "error": "a request is a JSON object"}
    operation = OPERATIONS.get(str(request.get("op", "")))
    try:
        if operation is None:
            raise BadRequest(f"unknown op {request.get('op')!r}; known: {', '.join(sorted(OPERATIONS))}, subscribe")
        reply = operation(sentinel, request)
    except (BadRequest, VenueRejected, VenueUnknown, ValueError) as error:
        reply = {"ok": False, "error": str(error)}
    if "id" in request:
        reply["id"] = request["id"]
    return reply


def barrier(sentinel: Sentinel, _request: Mapping[str, Any]) -> Reply:
    """Re-read the latch, files included; nothing was or is being sent meanwhile: orders share this thread."""
    sentinel.refresh(force=True)
    return {"ok": True, "mode": mode(sentinel.desk), "words": words(sentinel.desk)}


def submit(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Put an order through the gate."""
    return protection.submit(sentinel.desk, request.get("order"))._asdict()


def cancel(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Cancel one order or a scope; always allowed."""
    if "order" in request:
        return {"ok": True, "cancelled": sentinel.desk.cancel_order(_text(request, "order"))}
    return {"ok": True, "cancelled": sentinel.desk.cancel_scope(_scope(request))}


def adopt(sentinel: Sentinel, _request: Mapping[str, Any]) -> Reply:
    """Re-read latch, permit and policy now; what is then enforced."""
    sentinel.refresh(force=True)
    return {"ok": True, "gate": gate_state(sentinel.desk)}


def state(sentinel: Sentinel, _request: Mapping[str, Any]) -> Reply:
    """One complete read."""
    sentinel.refresh()
    return {"ok": True, **live_state(sentinel.desk, sentinel.health)}


def decisions(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Decisions numbered above ``since``."""
    return {"ok": True, "decisions": list(sentinel.desk.decisions.since(_whole(request, "since", 0)))}


def fills(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """The first ``MAX_TOLD`` durable fills numbered above ``since``: a number, once told, is never used again."""
    venue = sentinel.desk.venue.book()
    found = _told(request, venue.id, venue.fills, lambda item: item.fill.seq, venue.durable)
    return {"ok": True, "fills": [logged_fill(item) for item in found]}


def shadows(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Sessions of A/B tests, told as fills are."""
    venue = sentinel.desk.venue.book()
    found = _told(request, venue.id, venue.shadows, lambda item: item.seq, venue.durable_shadow)
    return {"ok": True, "shadows": [logged_shadow(item) for item in found]}


def shadow(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Keep one session of an A/B test; ``look``: which sessions of it are kept."""
    test = _text(request, "uid"), _text(request, "test"), _whole(request, "epoch", 0)
    if "look" in request:
        first, last = span(sentinel.desk, test)
        return {"ok": True, "first": first, "last": last}
    figures = [_signed(request, name) for name in FIGURES]
    return {"ok": True, "taken": note(sentinel.desk, test, _text(request, "market_time"), figures)}


def halt(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Sticky in memory at once, then a slot of the latch. ``raised`` tells whether the latch carries it."""
    level = _whole(request, "mode", 0)
    if not 1 <= level <= 3:
        raise BadRequest(f"mode {level} is not 1 (pause), 2 (freeze) or 3 (halt)")
    raised = sentinel.halt(_scope(request), level, str(request.get("reason", ""))[:500])
    return {"ok": True, "raised": raised, "mode": mode(sentinel.desk), "words": words(sentinel.desk)}


def venue(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Set the venue's own mode, or its own status of one strategy."""
    if "mode" in request:
        sentinel.desk.venue.set_mode(_one_of(request, "mode", MODES))
    else:
        sentinel.desk.venue.set_status(_text(request, "uid"), _one_of(request, "status", STATUSES))
    return {"ok": True}


def history(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """The last ``n`` closes of each symbol, up to the market clock."""
    symbols, n = request.get("symbols"), _whole(request, "n", 0)
    if not isinstance(symbols, list) or not all(isinstance(item, str) for item in symbols) or n > MAX_BARS:
        raise BadRequest(f"history takes symbols (a list of text) and n of at most {MAX_BARS}")
    found = sentinel.desk.venue.history(symbols, n)
    return {"ok": True, "bars": {symbol: [list(bar) for bar in bars] for symbol, bars in found.items()}}


def health(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Keep a strategy's own condition; an empty one clears it."""
    uid, condition = _text(request, "uid"), str(request.get("condition", ""))[:64]
    sentinel.health.pop(uid, None)
    if condition and len(sentinel.health) < MAX_BARS:
        sentinel.health[uid] = (condition, str(request.get("message", ""))[:500])
    return {"ok": True}


def exit_order(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """Put an order that a person asks for through the gate; it must reduce a position."""
    return exits.submit_exit(sentinel.desk, request.get("order"))._asdict()


def liquidation(sentinel: Sentinel, request: Mapping[str, Any]) -> Reply:
    """One step of a liquidation: ``begin``, ``order``, ``end``; or ``look``."""
    step, desk = _one_of(request, "step", ("begin", "order", "end", "look")), sentinel.desk
    sentinel.refresh(force=step == "begin")
    if step == "look":
        return {"ok": True, **exits.look(desk)}
    id = _text(request, "id")
    if not _ID.fullmatch(id):
        raise BadRequest(f"id {id!r} is not 32 hex digits")
    if step == "order":
        return exits.liquidate(desk, id, request.get("order"))._asdict()
    if step == "end":
        return {"ok": True, "cancelled": exits.end(desk, id)}
    refused = exits.begin(desk, id)
    return {"ok": refused is None, **(refused._asdict() if refused else {})}


OPERATIONS: dict[str, Callable[[Sentinel, Mapping[str, Any]], Reply]] = {
    "barrier": barrier,
    "submit": submit,
    "cancel": cancel,
    "adopt": adopt,
    "state": state,
    "decisions": decisions,
    "fills": fills,
    "shadow": shadow,
    "shadows": shadows,
    "halt": halt,
    "venue": venue,
    "history": history,
    "health": health,
    "exit": exit_order,
    "liquidation": liquidation,
}


def _told(
    request: Mapping[str, Any], book: str, log: Reversible[T], number: Callable[[T], int], durable: int
) -> Sequence[T]:
    since = _whole(request, "since", 0)
    if _text(request, "book") != book:
        return []
    newer = takewhile(lambda item: number(item) > since, reversed(log))
    told = [item for item in newer if number(item) <= durable]
    return told[: -MAX_TOLD - 1 : -1]


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} = {value!r} is not text")
    return value


def _whole(request: Mapping[str, Any], name: str, default: int) -> int:
    value = request.get(name, default)
    if type(value) is not int or value < 0:
        raise BadRequest(f"{name} = {value!r} is not a whole number")
    return value


def _signed(request: Mapping[str, Any], name: str) -> int:
    value = request.get(name, 0)
    if type(value) is not int:
        raise BadRequest(f"{name} = {value!r} is not a whole number")
    return value


def _one_of(request: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = _text(request, name)
    if value not in known:
        raise BadRequest(f"{name} = {value!r} is not one of {', '.join(known)}")
    return value


def _scope(request: Mapping[str, Any]) -> str:
    scope = _text(request, "scope")
    if not _SCOPE.fullmatch(scope):
        raise BadRequest(f"scope {scope!r} is not account or strategy:<uid>")
    return scope
