"""The Engine port over the gate's socket (docs/protocols.md)."""

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from controller.engine_ports import Order, Reading
from controller.errors import EngineUnavailable
from controller.gate.answer import Answer
from controller.gate.client import GateClient, GateUnavailable
from schemas.desired import StrategyStatus, TradingMode
from schemas.live import Decision, FillView, GateState, LiveState, ShadowView, StrategyLive
from schemas.scalars import lean

_HINT = "gt risk service status"
_LIVE = TypeAdapter(LiveState)
_STATE = TypeAdapter(GateState)
_FILLS = TypeAdapter(list[FillView])
_SHADOWS = TypeAdapter(list[ShadowView])
_DECISIONS = TypeAdapter(list[Decision])
_CANCELLED = TypeAdapter(dict[str, int])
_ANSWER = TypeAdapter(Answer)
_STATES = TypeAdapter(dict[str, str])
_BARS = TypeAdapter(dict[str, list[tuple[str, int]]])
T = TypeVar("T")


class GateEngine:
    """Talks to the gate at ``socket_path``; ``timeout`` in seconds bounds the connection and each reply.

    Connections are kept and used again; calls of several threads go over connections of their own, so an emergency
    never waits behind a read. Raises EngineUnavailable.
    """

    def __init__(self, socket_path: Path | str, timeout: float = 2.0) -> None:
        self._path = socket_path
        self._timeout = timeout
        self._idle: list[GateClient] = []
        self._readings = itertools.count(1)
        self._newest = (0, Reading())
        self._newest_lock = threading.Lock()

    def read(self) -> LiveState:
        """One complete read."""
        begun = next(self._readings)
        try:
            state = self._ask("state")
            known = before.strategies if (before := self._newest[1].live) is not None else {}
            live = _parse(_LIVE, {**state, "strategies": _shared(state.get("strategies"), known)})
        except EngineUnavailable as error:
            self._note(begun, Reading(self._newest[1].live, error.message))
            raise
        for uid, strategy in live.strategies.items():
            if known.get(uid) is not strategy:
                lean(strategy)
        self._note(begun, Reading(live))
        return live

    def newest(self) -> Reading:
        """What the reading came to that was begun last of all that have ended."""
        return self._newest[1]

    def _note(self, begun: int, reading: Reading) -> None:
        with self._newest_lock:
            if begun > self._newest[0]:
                self._newest = (begun, reading)

    def adopt(self) -> GateState:
        """Have the gate re-read latch and permit now."""
        return _parse(_STATE, self._ask("adopt").get("gate"))

    def cancel(self, scope: str) -> Mapping[str, int]:
        """Cancel working orders; number cancelled by uid."""
        return _parse(_CANCELLED, self._ask("cancel", scope=scope).get("cancelled"))

    def cancel_order(self, order: str) -> bool:
        """Cancel one order; whether it was open."""
        return bool(self._ask("cancel", order=order).get("cancelled"))

    def set_venue_mode(self, mode: TradingMode) -> None:
        """Set the venue's own mode."""
        self._ask("venue", mode=mode.value)

    def set_venue_status(self, uid: str, status: StrategyStatus) -> None:
        """Set the venue's own status of one strategy."""
        self._ask("venue", uid=uid, status=status.value)

    def submit(self, order: Order) -> Answer:
        """Put an order through the gate. On EngineUnavailable its fate is unknown: ask again with its client id."""
        return self._judged("submit", order=asdict(order))

    def exit(self, order: Order) -> Answer:
        """Put an order through the gate that must reduce a position; errors as for :meth:`submit`."""
        return self._judged("exit", order=asdict(order))

    def begin_liquidation(self, id: str) -> Answer:
        """Begin a liquidation under its ticket."""
        return self._judged("liquidation", step="begin", id=id)

    def liquidate(self, id: str, order: Order) -> Answer:
        """Put one order of a liquidation to the venue; errors as for :meth:`submit`."""
        return self._judged("liquidation", step="order", id=id, order=asdict(order))

    def end_liquidation(self, id: str) -> None:
        """End a liquidation for ever."""
        self._ask("liquidation", step="end", id=id)

    def liquidations(self) -> Mapping[str, str]:
        """What the venue's journal says of each."""
        return _parse(_STATES, self._ask("liquidation", step="look").get("liquidations"))

    def decisions(self, since: int) -> Sequence[Decision]:
        """Decisions after ``since``, oldest first."""
        return _parse(_DECISIONS, self._ask("decisions", since=since).get("decisions"))

    def fills(self, book: str, since: int) -> Sequence[FillView]:
        """Fills of ``book`` after ``since``, oldest first."""
        return _parse(_FILLS, self._ask("fills", book=book, since=since).get("fills"))

    def shadows(self, book: str, since: int) -> Sequence[ShadowView]:
        """Sessions of paired tests after ``since``, oldest first."""
        return _parse(_SHADOWS, self._ask("shadows", book=book, since=since).get("shadows"))

    def history(self, symbol: str, n: int) -> Sequence[tuple[str, int]]:
        """Closes of one instrument: an order waits behind the reading of one, never of all."""
        return _parse(_BARS, self._ask("history", symbols=[symbol], n=n).get("bars")).get(symbol, [])

    def close(self) -> None:
        """Drop idle connections; idempotent."""
        while self._idle:
            self._idle.pop().close()

    def _ask(self, op: str, **fields: Any) -> dict[str, Any]:
        reply = self._request(op, **fields)
        if reply.pop("ok", None) is not True:
            raise _refused(op, reply)
        return reply

    def _judged(self, op: str, **fields: Any) -> Answer:
        """The gate's answer to what it may deny."""
        reply = self._request(op, **fields)
        if not reply.get("ok") and not reply.get("code"):
            raise _refused(op, reply)
        return _parse(_ANSWER, {name: reply[name] for name in Answer._fields if name in reply})

    def _request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask once; once more on a new connection when a kept one turns out dead (the gate was restarted).

        Every operation may be repeated: an order by its client id, the rest by what it says.
        """
        try:
            used = self._idle.pop()
        except IndexError:
            return self._exchange(GateClient(self._path, self._timeout), op, fields)
        try:
            return self._exchange(used, op, fields)
        except EngineUnavailable as error:
            if not isinstance(error.__cause__, GateUnavailable) or isinstance(error.__cause__.__cause__, TimeoutError):
                raise
            return self._exchange(GateClient(self._path, self._timeout), op, fields)

    def _exchange(self, client: GateClient, op: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply = client.request(op, **fields)
        except GateUnavailable as error:
            client.close()
            raise EngineUnavailable(f"the gate does not answer {op}: {error}", hint=_HINT) from error
        self._idle.append(client)
        return reply


def _shared(rows: Any, known: Mapping[str, StrategyLive]) -> Any:
    """``rows`` with those that say what they said before as that object, which needs no second look: of many
    strategies few trade between two readings."""
    if not isinstance(rows, dict):
        return rows
    found = known.get
    return {uid: same if (same := found(uid)) and same.__dict__ == row else row for uid, row in rows.items()}


def _parse(adapter: TypeAdapter[T], value: Any) -> T:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise EngineUnavailable(f"the gate's answer cannot be read: {error}", hint=_HINT) from error


def _refused(op: str, reply: Mapping[str, Any]) -> EngineUnavailable:
    reason = reply.get("message") or reply.get("error") or "no reason given"
    return EngineUnavailable(f"the gate refuses {op}: {reason}", hint=_HINT)
