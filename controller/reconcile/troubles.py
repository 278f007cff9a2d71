"""What is wrong now, for the log: told when it begins and when it is over, however often it is looked at."""

import logging


class Troubles:
    """States by name; what changes is logged once. Safe for several threads."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._now: dict[str, str] = {}

    def tell(
        self, name: str, problem: str, level: int = logging.WARNING, *, trace: BaseException | None = None
    ) -> None:
        """``name`` has this problem now; empty: none. ``trace``: log its traceback too."""
        before = self._now.get(name, "")
        self._now[name] = problem
        if problem and problem != before:
            self._log.log(level, "%s: %s", name, problem, exc_info=trace)
        elif before and not problem:
            self._log.info("%s: over", name)
