"""The controller asked after each of its changes for all clients together; every answer judged by how fresh it is."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from controller.rpc.client import RpcError, ServiceDown
from web.snapshot import Document, Panel, Snapshot, State

Ask = Callable[[str, dict[str, Any]], Document]
"""Answers one method of the controller with its parameters. Raises RpcError."""

NAMES = (
    "status",
    "emergency.status",
    "portfolio.status",
    "portfolio.positions",
    "portfolio.exposure",
    "portfolio.risk",
    "strategy.list",
    "limits.list",
    "alerts.list",
)
"""What every snapshot has: the controller's methods without parameters, the order in which they are asked."""
FRESH_NS = 5_000_000_000
"""Older figures of the engine are stale, which is read once a second, and so is every picture that is older itself."""
KEEP_NS = 1_000_000_000
"""How long an answer outside of the snapshot serves everybody, unless there is a newer snapshot before."""
WAIT_SECONDS = 2.0
"""Longest wait for a change: more than the second between two samples, so that a look follows each of them."""
REST_SECONDS = 0.2
"""Between two looks, however much changes: as often as a page asks."""
AGAIN_SECONDS = 0.8
"""The rest of a second, where the controller does not say when it changes."""
MOST_KEPT = 256
AHEAD = 8
"""Questions outside of the snapshot that are asked again before it is shown: those that somebody asked within a second,
who then need not wait for the controller while it answers everything else."""
_OF_ENGINE = ("abtest", "emergency", "learning", "limits", "portfolio", "series", "status", "strategy")
_ROWS = {
    "portfolio.positions": "positions",
    "strategy.list": "strategies",
    "alerts.list": "alerts",
    "audit.log": "events",
}
_MEANINGLESS = 2
"""The exit code of what cannot be meant: a name that is no longer there has no older answer."""
_log = logging.getLogger(__name__)


class _Answer(NamedTuple):
    version: int
    at_ns: int
    panel: Panel


@dataclass(slots=True)
class _Kept:
    """A question, when somebody last had it, and its newest answer; ``lock`` lets one ask for all who wait."""

    method: str
    params: dict[str, Any]
    wanted_ns: int = 0
    answer: _Answer | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Feed:
    """``clock`` gives Unix nanoseconds."""

    def __init__(self, ask: Ask, clock: Callable[[], int]) -> None:
        self._ask = ask
        self._clock = clock
        self._changed = threading.Condition()
        self._snapshot = Snapshot(0, 0, {})
        self._kept: dict[str, _Kept] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take a first picture, and one after each change in a thread of its own."""
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let everybody go who waits; idempotent."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def refresh(self) -> Snapshot:
        """Take one picture now."""
        before = self._snapshot.panels
        panels: dict[str, Panel] = {}
        down: ServiceDown | None = None
        for name in NAMES:
            try:
                if down is not None:
                    raise down
                panels[name] = self._read(name, {})
            except RpcError as error:
                down = error if isinstance(error, ServiceDown) else down
                panels[name] = _failed(before.get(name), error)
        version = self._snapshot.version + 1
        for kept in self._wanted() if down is None else ():
            self._renew(kept, version)
        with self._changed:
            self._snapshot = Snapshot(version, self._clock(), panels)
            self._changed.notify_all()
            return self._snapshot

    def current(self) -> Snapshot:
        """The newest picture; all of it stale when it is too old to be called one."""
        return self._aged(self._snapshot)

    def wait(self, version: int, timeout: float) -> Snapshot:
        """The newest picture as soon as it is newer than ``version``; after ``timeout`` seconds, or at the end of the
        feed, whatever there is."""
        with self._changed:
            self._changed.wait_for(lambda: self._snapshot.version > version or self._stop.is_set(), timeout)
            return self._aged(self._snapshot)

    def now_ns(self) -> int:
        """Unix nanoseconds on the clock by which ages are told."""
        return self._clock()

    def request(self, method: str, params: dict[str, Any]) -> Document:
        """Put one request to the controller now, for acts and for answers that must not be old. Raises RpcError."""
        return self._ask(method, params)

    @property
    def stopped(self) -> bool:
        """Whether no picture will come any more."""
        return self._stop.is_set()

    def ask(self, method: str, **params: Any) -> Panel:
        """What is in no snapshot. The same question beside one picture is asked once a second, whoever asks."""
        kept = self._slot(method, params)
        with kept.lock:
            now, version, answer = self._clock(), self._snapshot.version, kept.answer
            kept.wanted_ns = now
            if answer is None or answer.version < version or not 0 <= now - answer.at_ns < KEEP_NS:
                answer = self._renew(kept, version)
            return answer.panel

    def _slot(self, method: str, params: dict[str, Any]) -> _Kept:
        key = json.dumps([method, params], sort_keys=True)
        with self._changed:
            if key not in self._kept and len(self._kept) >= MOST_KEPT:
                del self._kept[min(self._kept, key=lambda name: self._kept[name].wanted_ns)]
            return self._kept.setdefault(key, _Kept(method, params))

    def _wanted(self) -> list[_Kept]:
        """What somebody asked within a second, the newest first."""
        now = self._clock()
        with self._changed:
            found = [kept for kept in self._kept.values() if 0 <= now - kept.wanted_ns < KEEP_NS]
        return sorted(found, key=lambda kept: kept.wanted_ns, reverse=True)[:AHEAD]

    def _renew(self, kept: _Kept, version: int) -> _Answer:
        """Ask it now, as beside picture number ``version``."""
        at, before = self._clock(), kept.answer
        try:
            panel = self._read(kept.method, kept.params)
        except RpcError as error:
            panel = _failed(before.panel if before else None, error)
        kept.answer = _Answer(version, at, panel)
        return kept.answer

    def _run(self) -> None:
        seen = 0
        while not self._stop.wait(REST_SECONDS):
            try:
                seen = self._next(seen)
                self.refresh()
            except Exception:  # noqa: BLE001  # the edge of the thread's loop: the picture ages and says so; the next look may do better
                _log.exception("a picture failed")

    def _next(self, seen: int) -> int:
        """Wait until the controller's picture is not number ``seen`` any more; which one it is then, 0 for unknown."""
        try:
            return int(self._ask("picture.wait", {"after": seen, "wait": WAIT_SECONDS})["number"])
        except RpcError:
            self._stop.wait(AGAIN_SECONDS)
            return 0

    def _read(self, method: str, params: dict[str, Any]) -> Panel:
        document = self._ask(method, params)
        return judged(method, document, self._clock())

    def _aged(self, snapshot: Snapshot) -> Snapshot:
        age = self._clock() - snapshot.at_ns
        if snapshot.version == 0 or age < FRESH_NS:
            return snapshot
        why = f"the dashboard has not looked for {age // 1_000_000_000} s"
        panels = {
            name: item if item.state == "error" else Panel("stale", item.document, item.as_of_ns, why, item.failure)
            for name, item in snapshot.panels.items()
        }
        return Snapshot(snapshot.version, snapshot.at_ns, panels)


def judged(method: str, document: Document, now_ns: int) -> Panel:
    """An answer that came at ``now_ns`` as a panel: ``stale`` when the engine or its prices stand still, ``error`` when
    the engine is silent, ``empty`` when there are no rows."""
    if method.split(".")[0] not in _OF_ENGINE:
        return Panel(_filled(method, document), document, now_ns)
    as_of = _ns(document.get("as_of")) or now_ns
    silence = _missing(document)
    if silence:
        return Panel("error", document, as_of, silence)
    if now_ns - as_of > FRESH_NS or document.get("market_time", "") is None:
        return Panel("stale", document, as_of, "the engine does not answer")
    if document.get("feed") == "stale":
        return Panel("stale", document, as_of, "no new prices")
    return Panel(_filled(method, document), document, as_of)


def _missing(document: Mapping[str, Any]) -> str:
    missing = document.get("missing") or {}
    return str(missing.get("live") or "") if isinstance(missing, Mapping) else ""


def _filled(method: str, document: Document) -> State:
    rows = _ROWS.get(method)
    return "empty" if rows is not None and not document.get(rows) else "ok"


def _failed(before: Panel | None, error: RpcError) -> Panel:
    if before is None or before.document is None or error.exit == _MEANINGLESS:
        return Panel("error", None, 0, error.message, error)
    return Panel("stale", before.document, before.as_of_ns, error.message, error)


def _ns(text: Any) -> int:
    """Unix nanoseconds of an ISO instant, 0 for none."""
    return int(datetime.fromisoformat(text).timestamp() * 1_000) * 1_000_000 if isinstance(text, str) else 0
