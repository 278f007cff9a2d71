"""What the desk answers, and where it takes time from."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Clocks(NamedTuple):
    """Where the gate takes time from: boot nanoseconds for ages, wall nanoseconds for people."""

    boot_ns: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    wall_ns: Callable[[], int] = time.time_ns


class Answer(NamedTuple):
    """Denied: ``code`` says which check, with the numbers; accepted: ``order`` and ``quantity``."""

    ok: bool
    order: str = ""
    quantity: int = 0
    code: str = ""
    limit: str = ""
    observed: int = 0
    projected: int = 0
    value: int = 0
    headroom: int = 0
    revision: str = ""
    message: str = ""
