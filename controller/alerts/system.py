"""What the alerts see of the machine beside the picture: room on the disk, requests that fail inside."""

import shutil
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

LITTLE_FREE = 1 << 30
"""Bytes; less is too little for the next backups."""
WINDOW_SECONDS = 300.0
MOST = 10_000


def little_room(folder: Path) -> int | None:
    """MiB that are free where ``folder`` is when that is too little, else None."""
    free = shutil.disk_usage(folder).free
    return free >> 20 if free < LITTLE_FREE else None


class Traffic:
    """Requests of the last five minutes (the newest 10,000 of them) and how many of them failed inside."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: deque[tuple[float, bool]] = deque(maxlen=MOST)
        self._lock = threading.Lock()

    def note(self, failed: bool) -> None:
        """One more."""
        with self._lock:
            self._seen.append((self._now(), failed))

    def counts(self) -> tuple[int, int]:
        """Failed ones, and all."""
        since = self._now() - WINDOW_SECONDS
        with self._lock:
            while self._seen and self._seen[0][0] < since:
                self._seen.popleft()
            return sum(failed for _, failed in self._seen), len(self._seen)
