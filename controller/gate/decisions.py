"""What the gate decided that people should see: the last 1,000 denials, warnings, reductions and halts."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from controller.gate.verdicts import Deny, Note

KEEP = 1_000


class Decisions:
    """A ring of decisions as dictionaries with the fields of ``schemas.live.Decision``.

    ``first`` is the number before the first one; taken from the wall clock, so that numbers rise over restarts.
    """

    def __init__(self, first: int) -> None:
        self._seq = first
        self._ring: deque[dict[str, Any]] = deque(maxlen=KEEP)
        self._warned: set[tuple[str, str, str, str]] = set()

    def since(self, seq: int) -> Sequence[dict[str, Any]]:
        """Those numbered above ``seq``, oldest first."""
        found = []
        for item in reversed(self._ring):
            if item["seq"] <= seq:
                break
            found.append(item)
        return found[::-1]

    def denied(self, denial: Deny, uid: str, symbol: str, at_ns: int, market_time: str) -> None:
        """Record a denial."""
        code, limit, observed, projected, value, _, revision, message = denial
        self._add(
            "denied", at_ns, market_time, uid, symbol, (code, limit, observed, projected, value), revision, message
        )

    def noted(self, note: Note, uid: str, symbol: str, revision: str, at_ns: int, market_time: str) -> None:
        """Record a soft limit that spoke; the same warning once a session."""
        kind, code, limit, observed, projected, value, message = note
        if kind == "warned":
            key = (code, uid, symbol, market_time)
            if key in self._warned:
                return
            if self._warned and next(iter(self._warned))[3] != market_time:
                self._warned.clear()
            self._warned.add(key)
        self._add(kind, at_ns, market_time, uid, symbol, (code, limit, observed, projected, value), revision, message)

    def halted(self, code: str, uid: str, at_ns: int, market_time: str, message: str) -> None:
        """Record that a scope became restricted; ``uid`` is empty for the account."""
        self._add("halted", at_ns, market_time, uid, "", (code, "", 0, 0, 0), "", message)

    def _add(
        self,
        kind: str,
        at_ns: int,
        market_time: str,
        uid: str,
        symbol: str,
        figures: tuple[str, str, int, int, int],
        revision: str,
        message: str,
    ) -> None:
        self._seq += 1
        code, limit, observed, projected, value = figures
        self._ring.append(
            {
                "seq": self._seq,
                "at_ns": at_ns,
                "market_time": market_time,
                "kind": kind,
                "code": code,
                "uid": uid,
                "symbol": symbol,
                "limit": limit,
                "observed": observed,
                "projected": projected,
                "value": value,
                "revision": revision,
                "message": message,
            }
        )
