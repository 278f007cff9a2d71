"""``picture.wait``: whoever shows the controller's picture hears of its changes, and need not look again and again."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

MAX_WAIT = 25.0
Params = Mapping[str, Any]
Document = dict[str, Any]
T = TypeVar("T")


class Picture:
    """Counts the changes of what a controller can tell: each sample, pass and alert. Safe for threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0

    def changed(self) -> None:
        """Count one more and go on: who waits is never waited for."""
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def counts(self, act: Callable[[], T]) -> Callable[[], T]:
        """``act`` with its end counted, however it ends."""

        def counted() -> T:
            try:
                return act()
            finally:
                self.changed()

        return counted

    def wait(self, after: int, seconds: float) -> int:
        """The number of the newest change as soon as it is not ``after`` (a new controller begins at 0), else after
        ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != after, min(MAX_WAIT, seconds))
            return self._number


def methods(picture: Picture) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""

    def wait(params: Params) -> Document:
        return {"number": picture.wait(int(params["after"]), float(params["wait"]))}

    return {"picture.wait": wait}
