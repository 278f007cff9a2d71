"""Injected faults: what a real venue does to its clients on a bad day, chosen by key and so the same in every run.

A fault is ``name`` or ``name@n``: for ``crash`` the n-th journal record after the start kills the process; for the
others n is the percentage of orders that it hits (100 when left out).

``drop-ack``        the order is accepted, the answer of its first submission is lost
``late-504``        the order is accepted, every submission of it is answered with a 504
``duplicate-fill``  a fill is reported twice, with the same number
``stall-cancel``    the first cancel is not answered and takes effect only after the next session
``crash@n``         SIGKILL right after the n-th record is written
"""

import os
import signal
from collections.abc import Iterable

from controller.adapters.venues.keyed import uniform

KNOWN = ("drop-ack", "late-504", "duplicate-fill", "stall-cancel", "crash")


class Faults:
    """The faults of one venue; without names it never hits."""

    def __init__(self, names: Iterable[str], seed: int) -> None:
        self._percent = dict(_parse(name) for name in names)
        self._seed = seed
        self._records = self._percent.pop("crash", 0)

    def hits(self, name: str, uid: str, client_id: str) -> bool:
        """Whether fault ``name`` is meant for this order."""
        percent = self._percent.get(name, 0)
        return percent > 0 and uniform(100, self._seed, name, uid, client_id) < percent

    def recorded(self) -> None:
        """Call after each journal record."""
        self._records -= 1
        if self._records == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _parse(text: str) -> tuple[str, int]:
    name, _, number = text.partition("@")
    if name not in KNOWN or (number and not number.isdecimal()):
        raise ValueError(f"paper.faults: {text!r} is no fault; known: {', '.join(KNOWN)}, each with @n")
    return name, int(number or (1 if name == "crash" else 100))
