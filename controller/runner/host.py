"""The runner's one story: events in, orders out. It acts on what the gate says now, never on the event alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.runner.desk import Desk, Gate, same_document
from controller.runner.strategy import Market

Log = Callable[..., None]
_MODES = {"normal": 0, "pause-new-orders": 1, "halt-trading": 2, "halt-all": 2}
_STATUSES = {"active": 0, "paused": 1, "halted": 2}
_NOTHING = 2


class Host:
    """All strategies of one account. ``log(event, **fields)`` writes one line.

    :meth:`handle` may raise GateUnavailable; then call :meth:`resume` and follow the gate's events anew.
    """

    def __init__(self, gate: Gate, data_dir: str, log: Log) -> None:
        self._gate = gate
        self._data_dir = data_dir
        self._log = log
        self._desks: dict[str, Desk] = {}
        self._reported: dict[str, tuple[str, str]] = {}
        self._decided: dict[str, str] = {}
        self._market = Market()
        self._loaded = 0

    def resume(self) -> None:
        """Begin with a new stream of events: report health and read history again."""
        self._reported.clear()
        self._loaded = 0

    def handle(self, event: Mapping[str, Any]) -> None:
        """One event of the gate's stream; only ``policy`` and ``bar`` make something happen."""
        if event.get("event") == "policy":
            self._adopt(event["strategies"])
        elif event.get("event") == "bar":
            self._market.append(event["date"], event["closes"])
        else:
            return
        self._decide()
        self._report()

    def _adopt(self, sources: Sequence[Mapping[str, Any]]) -> None:
        """Keep the desks whose documents are unchanged, replace the others."""
        kept, self._desks = self._desks, {}
        for source in sources:
            desk = kept.get(source["uid"])
            if desk is None or not same_document(desk, source):
                desk = Desk(source, self._data_dir)
                self._log("strategy", uid=desk.uid, id=source["id"], condition=desk.condition, message=desk.message)
            self._desks[desk.uid] = desk

    def _decide(self) -> None:
        """Let every strategy decide on the newest session, once; a session that is over already is left out."""
        if all(self._decided.get(uid) == self._newest for uid in self._desks) and self._loaded:
            return
        state = self._gate.request("state")
        self._load(state)
        if not self._newest or self._newest != state["market_time"] or state["feed"] != "live":
            return
        for uid, desk in self._desks.items():
            if self._decided.get(uid) != self._newest:
                desk.on_bar(self._gate, self._market, state, _level(state["gate"], uid))
                self._decided[uid] = self._newest

    @property
    def _newest(self) -> str:
        return self._market.dates[-1] if self._market.dates else ""

    def _load(self, state: Mapping[str, Any]) -> None:
        """Read history when there is less than the strategies need; one symbol a request keeps each one short."""
        needed = max((desk.history for desk in self._desks.values()), default=0)
        if needed <= self._loaded or not state["prices"]:
            return
        history: dict[str, Any] = {}
        for symbol in sorted(state["prices"]):
            history.update(self._gate.request("history", symbols=[symbol], n=needed)["bars"])
        self._market.load(history)
        self._loaded = needed

    def _report(self) -> None:
        """Tell the gate what has changed of each strategy's condition."""
        for uid, desk in self._desks.items():
            now = (desk.condition, desk.message)
            if self._reported.get(uid) != now:
                self._gate.request("health", uid=uid, condition=desk.condition, message=desk.message)
                self._reported[uid] = now
                if desk.condition:
                    self._log("health", uid=uid, condition=desk.condition, message=desk.message)


def _level(gate: Mapping[str, Any], uid: str) -> int:
    """0: everything may be sent, 1: exits only, 2: nothing; what is unknown is 2."""
    mode = _MODES.get(gate["mode"], _NOTHING)
    return max(mode, _STATUSES.get(gate["statuses"].get(uid, ""), _NOTHING))
