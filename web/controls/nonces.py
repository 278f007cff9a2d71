"""One use each: nonces that bind a confirmation to its preview, and keys under which programs may repeat a request."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

LIFE_SECONDS = 600.0
EACH = 32
"""Open previews of one person; a further one ends the oldest of the same person's."""
KEPT = 1_024
"""Answers that are kept for programs that repeat themselves, for a day at most."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class _Nonce:
    owner: str
    act: str
    digest: str
    until: float


class Nonces:
    """``clock`` in seconds, never backwards. They live in this process: a restart asks for a new preview."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, OrderedDict[str, _Nonce]] = {}

    def issue(self, owner: str, act: str, digest: str) -> str:
        """A nonce for ``owner`` to do ``act`` (with its target) as it was shown, which ``digest`` names."""
        nonce, now = secrets.token_urlsafe(18), self._clock()
        with self._lock:
            own = self._open.setdefault(owner, OrderedDict())
            own[nonce] = _Nonce(owner, act, digest, now + LIFE_SECONDS)
            while len(own) > EACH or next(iter(own.values())).until <= now:
                own.popitem(last=False)
        return nonce

    def spend(self, nonce: str, owner: str, act: str) -> str | None:
        """The digest that it was issued for; None when it is no nonce of this owner for this act, or was used."""
        with self._lock:
            own = self._open.get(owner)
            found = own.pop(nonce, None) if own is not None else None
        return found.digest if found is not None and found.act == act and self._clock() < found.until else None


class Mismatch(Exception):
    """The key was used for another request."""


class UnderWay(Exception):
    """The first request of this key has not ended."""


@dataclass(slots=True)
class _Kept:
    request: str
    at: float
    answer: tuple[int, str] | None = None


class Repeats:
    """``Idempotency-Key``: the second request of the same key gets the answer of the first and does nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def begin(self, owner: str, key: str, request: str) -> tuple[int, str] | None:
        """The answer of before, None for the first time; then :meth:`end` must follow. Raises Mismatch, UnderWay."""
        with self._lock:
            known = self._kept.get((owner, key))
            if known is None or self._clock() - known.at >= _DAY:
                self._kept[owner, key] = _Kept(request, self._clock())
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
                return None
            if known.request != request:
                raise Mismatch
            if known.answer is None:
                raise UnderWay
            return known.answer

    def end(self, owner: str, key: str, answer: tuple[int, str] | None) -> None:
        """What came of it; None when it failed and may be tried again."""
        with self._lock:
            if answer is None:
                self._kept.pop((owner, key), None)
            elif (owner, key) in self._kept:
                self._kept[owner, key].answer = answer
