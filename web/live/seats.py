"""How many streams there may be: each takes a thread, so there are fewer of them than threads."""

import threading
from collections import Counter

from flask import g, request

from web.problems import Problem

MOST = 200
"""In all."""
EACH = 6
"""For one client, as many as a browser opens connections: a page uses one."""
RETRY_SECONDS = 10


class Seats:
    """Streams that are open; safe for threads."""

    def __init__(self, most: int = MOST, each: int = EACH) -> None:
        self._most = most
        self._each = each
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()

    def take(self, kind: str, client: str) -> None:
        """One more for ``client``. Raises Problem 503 when there is none; give it back by :meth:`free`."""
        with self._lock:
            own = sum(count for (_, name), count in self._taken.items() if name == client)
            if own >= self._each:
                raise _full(f"{self._each} streams of one client are open")
            if self._taken.total() >= self._most:
                raise _full(f"all {self._most} streams are taken")
            self._taken[kind, client] += 1

    def free(self, kind: str, client: str) -> None:
        """Give back what :meth:`take` took, once."""
        with self._lock:
            self._taken[kind, client] -= 1
            if not self._taken[kind, client]:
                del self._taken[kind, client]

    def count(self, kind: str = "") -> int:
        """How many are open, of one kind or in all."""
        with self._lock:
            return sum(count for (of, _), count in self._taken.items() if kind in ("", of))


def client() -> str:
    """Who asks: a session or a key where people log in, else an address."""
    who = g.get("identity")
    return request.remote_addr or "" if who is None or who.via == "open" else f"{who.via}:{who.name}"


def _full(what: str) -> Problem:
    return Problem(503, "streams-taken", f"{what}; the page refreshes by itself", retry=RETRY_SECONDS)
