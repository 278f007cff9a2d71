"""A token bucket: so many at once, refilled evenly."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """``burst`` at once, ``per_second`` again; ``clock`` in seconds, never backwards. Safe for several threads."""

    burst: float
    per_second: float
    clock: Callable[[], float]
    _left: float = field(init=False)
    _at: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left, self._at = self.burst, self.clock()

    def take(self) -> bool:
        """Take one; False when nothing is left."""
        with self._lock:
            now = self.clock()
            self._left = min(self.burst, self._left + (now - self._at) * self.per_second)
            self._at = now
            taken = self._left >= 1
            self._left -= taken
            return taken
