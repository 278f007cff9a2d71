"""A controller that cannot start yet: it tries again, later each time, and tells who asks what it waits for."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from controller.errors import Temporary
from controller.rpc.methods import OURS, error_data, failure
from controller.rpc.server import RpcServer

CODE = "CannotStart"
FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Starting:
    """Runs what may fail for a time. From the first failure on the controller's socket ``path`` answers with it.

    ``failed`` is called after each failure.
    """

    def __init__(self, path: Path, failed: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._failed = failed
        self._problem: Temporary | None = None
        self._server: RpcServer | None = None

    def until(self, act: Callable[[], T]) -> T:
        """The result of ``act`` once it raises no :class:`Temporary` any more."""
        wait = FIRST_SECONDS
        while True:
            try:
                return act()
            except Temporary as error:
                _log.critical("cannot start, trying again in %.1f s: %s", wait, error)
                self._tell(error)
            self._failed()
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_SECONDS)

    def reply(self, request: Any) -> dict[str, Any]:
        """The answer to every request: why there is no controller yet."""
        assert self._problem is not None
        number = request.get("id") if isinstance(request, dict) else None
        message = (
            f"the controller cannot start and tries again: {self._problem}; halts hold, nothing that adds risk passes"
        )
        return failure(number, OURS, message, {**error_data(self._problem), "code": CODE})

    def close(self) -> None:
        """Leave the socket to the controller itself."""
        if self._server is not None:
            self._server.stop()

    def _tell(self, problem: Temporary) -> None:
        self._problem = problem
        if self._server is None:
            self._server = RpcServer(self, self._path)
            self._server.start()
