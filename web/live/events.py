"""What two pictures of the book differ in, as the events of spec 3.3 and our own. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from web.snapshot import Snapshot, panel

Data = Mapping[str, Any]
Type = Literal["portfolio_update", "position_update", "alert", "mode", "plan", "revision", "snapshot"]
MEANINGS: Mapping[Type, str] = {
    "portfolio_update": "Equity, result and drawdown (a share of 1) of the account; the last event of its second.",
    "position_update": "A strategy's position in a symbol: quantity, price, value, result; 0 when it was closed.",
    "alert": "An alert that is new, happened again, was acknowledged or is over.",
    "mode": "Trading mode, open halts, status of each strategy, permit, and whether all that is fresh.",
    "plan": "Whether the newest commit is in force, and why not.",
    "revision": "Which commits were seen, verified and applied.",
    "snapshot": "All of these but the alerts at once: the first event of a client that cannot be told the difference.",
}
_ID = re.compile(r"([0-9a-f]{8})-(\d{1,15})-(\d{1,15})")


class Place(NamedTuple):
    """How far a client has come: in ``epoch``, one run of the dashboard, to event ``seq``; with the alerts to change
    ``alert``, a number of the controller's store that outlives every process."""

    epoch: str
    seq: int
    alert: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}-{self.alert}"


def place_of(text: str) -> Place | None:
    """The place that an event's id names; None when it names none."""
    found = _ID.fullmatch(text)
    return Place(found[1], int(found[2]), int(found[3])) if found else None


class News(NamedTuple):
    """Something that changed. ``alert`` is the number of an alert's change, 0 for anything else."""

    type: Type
    at_ns: int
    data: Data
    alert: int = 0


class Event(NamedTuple):
    """News rendered once for everybody: ``data`` is its JSON. Thousands are kept, so each stream puts around it what
    it needs."""

    place: Place
    type: Type
    data: bytes

    @property
    def frame(self) -> bytes:
        """For Server-Sent Events."""
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(self.place).encode(), self.type.encode(), self.data)

    @property
    def packet(self) -> bytes:
        """For a WebSocket: one text frame, whole (RFC 6455: a server's frames are not masked)."""
        size = len(self.data)
        if size < 126:
            return bytes((0x81, size)) + self.data
        wide = size > 0xFFFF
        return bytes((0x81, 127 if wide else 126)) + size.to_bytes(8 if wide else 2, "big") + self.data


def rendered(news: News, place: Place) -> Event:
    """``news`` at its place."""
    shown = {"id": str(place), "type": news.type, "timestamp": _instant(news.at_ns), "data": news.data}
    return Event(place, news.type, json.dumps(shown, ensure_ascii=False).encode())


def news_between(before: Snapshot, after: Snapshot) -> Iterator[News]:
    """What ``after`` has that ``before`` had not. A picture that is stale or missing says so in ``mode``."""
    old, new = picture(before), picture(after)
    at = {name: panel(after, name).as_of_ns for name in ("status", "portfolio.status", "portfolio.positions")}
    yield from _if_changed("revision", at["status"], old, new)
    yield from _if_changed("plan", at["status"], old, new)
    yield from _if_changed("mode", at["status"], old, new)
    yield from _positions(at["portfolio.positions"], old["positions"], new["positions"])
    if new["portfolio"] is not None and new["portfolio"] != old["portfolio"]:
        yield News("portfolio_update", at["portfolio.status"], new["portfolio"])


def whole(snapshot: Snapshot) -> News:
    """Everything at once, for a client that cannot be told the difference."""
    return News("snapshot", panel(snapshot, "status").as_of_ns or snapshot.at_ns, picture(snapshot))


def alert_news(alert: Data, now_ns: int) -> News:
    """An alert that is new or has changed."""
    known = {key: value for key, value in alert.items() if key != "change"}
    moved = max((alert[name] for name in ("last", "acked", "over") if alert[name]), default=None)
    return News("alert", _ns(moved, now_ns), known, alert=int(alert["change"]))


def picture(snapshot: Snapshot) -> dict[str, Any]:
    """``portfolio``, ``positions``, ``mode``, ``plan`` and ``revision``; null where nothing is known."""
    status = panel(snapshot, "status").document or {}
    return {
        "portfolio": _portfolio(panel(snapshot, "portfolio.status").document),
        "positions": _rows(panel(snapshot, "portfolio.positions").document),
        "mode": _mode(snapshot, status),
        "plan": _plan(status),
        "revision": status.get("revision"),
    }


def _portfolio(document: Data | None) -> Data | None:
    if document is None:
        return None
    drawdown = document.get("drawdown_pct")
    return {
        "equity": document.get("equity"),
        "pnl": document.get("pnl"),
        "drawdown": None if drawdown is None else round(drawdown / 100, 6),
        "cash": document.get("cash"),
        "market_time": document.get("market_time"),
    }


def _rows(document: Data | None) -> list[Data] | None:
    rows = None if document is None else document.get("positions")
    names = ("symbol", "quantity", "pnl", "strategy", "current", "value")
    return None if rows is None else [{name: row[name] for name in names} for row in rows]


def _mode(snapshot: Snapshot, status: Data) -> Data:
    shown = panel(snapshot, "status")
    return {
        "mode": status.get("mode"),
        "environment": status.get("environment"),
        "halts": [halt["id"] for halt in status.get("halts", ())],
        "strategies": {item["id"]: item["status"] for item in status.get("strategies", ())},
        "permit": status.get("permit"),
        "state": shown.state,
        "reason": shown.reason,
    }


def _plan(status: Data) -> Data | None:
    """What of the newest commit is not in force, and why."""
    revision = status.get("revision")
    if revision is None:
        return None
    names = ("type", "status", "reason", "message", "scope")
    return {
        "pending": revision["observed_tip"] != revision["last_applied"],
        "tip": revision["observed_tip"],
        "applied": revision["last_applied"],
        "refusal": status.get("refusal"),
        "conditions": [{name: item[name] for name in names} for item in status.get("conditions", ())],
    }


def _if_changed(name: Literal["mode", "plan", "revision"], at_ns: int, old: Data, new: Data) -> Iterator[News]:
    if new[name] is not None and new[name] != old[name]:
        yield News(name, at_ns, new[name])


def _positions(at_ns: int, old: list[Data] | None, new: list[Data] | None) -> Iterator[News]:
    """Rows that changed, and closed ones with nothing left; none while the positions are not known."""
    if new is None:
        return
    before = {(row["strategy"], row["symbol"]): row for row in old or ()}
    for row in new:
        if before.pop((row["strategy"], row["symbol"]), None) != row:
            yield News("position_update", at_ns, row)
    for row in before.values():
        yield News("position_update", at_ns, {**row, "quantity": 0, "pnl": 0.0, "value": 0.0})


def _instant(at_ns: int) -> str:
    at = datetime.fromtimestamp(at_ns // 1_000_000 / 1_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03}Z"


def _ns(text: Any, otherwise: int) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000) * 1_000_000 if text else otherwise
