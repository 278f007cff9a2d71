"""SIGKILL a call at each line of the modules that it is about, in a forked child."""

import os
import signal
import sys
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any


def dies_at(number: int, modules: tuple[ModuleType, ...], act: Callable[[Callable[[], None]], object]) -> bool:
    """Whether ``act`` was killed before its ``number``-th new line of ``modules`` (from 1), else it ran to its end.

    ``act`` gets a function that it calls when its setup is done: lines count from there. Raises AssertionError when it
    failed by itself.
    """
    child = os.fork()
    if not child:
        try:
            act(lambda: _arm(number, {module.__file__ for module in modules}))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"line {number}: status {status}"
    return status == signal.SIGKILL


def _arm(number: int, files: set[str | None]) -> None:
    seen: set[tuple[CodeType, int]] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line" and (frame.f_code, frame.f_lineno) not in seen:
            seen.add((frame.f_code, frame.f_lineno))
            if len(seen) == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
