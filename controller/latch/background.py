"""A call beside the main thread, without the import of :mod:`threading`."""

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Background:
    """A call in a thread of its own, so that a disk that hangs holds up nothing else."""

    __slots__ = ("_call", "_close", "_done", "_problem")

    def __init__(self, call: "Callable[[], None]", close: "Callable[[], None]") -> None:
        """Start ``call``; ``close`` follows it, however it ends."""
        self._call = call
        self._close = close
        self._problem = ""
        self._done = _thread.allocate_lock()
        self._done.acquire()
        _thread.start_new_thread(self._run, ())

    def wait(self, bound: float) -> str:
        """Empty when the call has succeeded within ``bound`` seconds, else why not."""
        return self._problem if self._done.acquire(timeout=bound) else f"not done within {bound} s"

    def _run(self) -> None:
        try:
            self._call()
        except (OSError, ValueError) as error:
            self._problem = str(error)
        finally:
            self._close()
            self._done.release()
