"""What the controller measures of itself, for ``health`` and so for Prometheus."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from schemas.exposition import Histogram

PASS = ("gt_risk_reconcile_seconds", "Time of a reconcile pass.")
STORE = ("gt_risk_store_seconds", "Time of a transaction of the database.")
DELIVERY = ("gt_risk_delivery_seconds", "From an alert to its channel, quiet hours included.")
APPLIED = ("gt_risk_config_applied_total", "Commits that came into force.")
Family = tuple[str, str]
T = TypeVar("T")


class Timings:
    """Times and counts since the start of this process; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: defaultdict[tuple[Family, tuple[tuple[str, str], ...]], Histogram] = defaultdict(Histogram)
        self._applied = 0

    def passes(self, act: Callable[[], T], applied: Callable[[], str]) -> Callable[[], T]:
        """``act``, a reconcile pass, noted however it ends; ``applied`` gives the commit that is in force."""

        def timed() -> T:
            began, before = time.perf_counter(), applied()
            try:
                return act()
            finally:
                self._note(PASS, time.perf_counter() - began)
                with self._lock:
                    self._applied += applied() != before

        return timed

    def stored(self, seconds: float, kind: str) -> None:
        """A transaction, ``read`` or ``write``."""
        self._note(STORE, seconds, kind=kind)

    def delivered(self, seconds: float, channel: str) -> None:
        """A message that its channel has taken."""
        self._note(DELIVERY, seconds, channel=channel)

    def samples(self) -> Sequence[dict[str, Any]]:
        """Every figure, for :func:`schemas.exposition.exposition`."""
        name, text = APPLIED
        with self._lock:
            counted = {"name": name, "help": text, "value": self._applied, "labels": {}}
            found = [{**counted, "type": "counter", "suffix": ""}]
            for (family, labels), times in self._times.items():
                found += times.samples(*family, dict(labels))
        return found

    def _note(self, family: Family, seconds: float, **labels: str) -> None:
        with self._lock:
            self._times[family, tuple(labels.items())].add(seconds)
