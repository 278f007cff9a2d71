"""How many streams there may be: each takes a thread, so there are fewer of them than threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import g, request

from web.problems import Problem

MOST = 200
"""In all."""
EACH = 6
"""For one client, as many as a browser opens connections: a page uses one."""
LEFT = 32
"""For one client with those that it left: more pages than a person opens in a few seconds."""
RETRY_SECONDS = 10


@dataclass(frozen=True, eq=False)
class Seat:
    """One open stream. ``gone`` tells whether its client left, which its thread only learns when it next writes."""

    kind: str
    client: str
    gone: Callable[[], bool]


class Seats:
    """Streams that are open; safe for threads."""

    def __init__(self, most: int = MOST, each: int = EACH, left: int = LEFT) -> None:
        self._most = most
        self._each = each
        self._left = left
        self._lock = threading.Lock()
        self._taken: set[Seat] = set()

    def take(self, kind: str, client: str, gone: Callable[[], bool]) -> Seat:
        """One more for ``client``, whose streams that it left no longer count as its own, so whoever walks from page
        to page is never refused. Raises Problem 503 when there is none; give it back by :meth:`free`."""
        with self._lock:
            own = [seat for seat in self._taken if seat.client == client]
            if len(own) >= self._left or sum(not seat.gone() for seat in own) >= self._each:
                raise _full(f"{self._each} streams of one client are open")
            if len(self._taken) >= self._most:
                raise _full(f"all {self._most} streams are taken")
            seat = Seat(kind, client, gone)
            self._taken.add(seat)
            return seat

    def free(self, seat: Seat) -> None:
        """Give back what :meth:`take` took."""
        with self._lock:
            self._taken.discard(seat)

    def count(self, kind: str = "") -> int:
        """How many are open, of one kind or in all."""
        with self._lock:
            return sum(kind in ("", seat.kind) for seat in self._taken)


def client() -> str:
    """Who asks: a session or a key where people log in, else an address."""
    who = g.get("identity")
    return request.remote_addr or "" if who is None or who.via == "open" else f"{who.via}:{who.name}"


def _full(what: str) -> Problem:
    return Problem(503, "streams-taken", f"{what}; the page refreshes by itself", retry=RETRY_SECONDS)
