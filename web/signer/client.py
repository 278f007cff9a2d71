"""The signer as the dashboard sees it: a child that is asked one thing at a time."""

import json
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from controller.rpc.client import RpcError, ServiceDown

Document = dict[str, Any]
SECONDS = 60.0
"""Longer than the signer waits for the controller, in all its tries."""


class Unsigned(Exception):
    """The signer does not sign this; ``hint`` is what would change that, ``code`` one word for why."""

    def __init__(self, message: str, hint: str, code: str) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


class Signer:
    """Started with the first request, and again after its end. Nobody else can reach it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def stop(self) -> None:
        """End it; idempotent."""
        with self._lock:
            self._end()

    def tighten(self, request: Document) -> Document:
        """``commit`` and ``audit_id`` of what was signed and landed.

        Raises Unsigned, ServiceDown without a controller, RpcError for what the controller cannot mean.
        """
        with self._lock:
            answer = self._asked(json.dumps(request))
        if answer["ok"]:
            return answer
        message, hint, code = (str(answer[name]) for name in ("message", "hint", "code"))
        if code == "ServiceDown":
            raise ServiceDown(message)
        if code in ("BadArgument", "NothingToDo"):
            raise RpcError(message, hint, 2, code)
        raise Unsigned(message, hint, code)

    def _asked(self, line: str) -> Document:
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(f"{line}\n")
            child.stdin.flush()
            heard, _, _ = select.select([child.stdout], [], [], SECONDS)
            answer: Document = json.loads(child.stdout.readline() if heard else "")
        except (OSError, ValueError):
            self._end()
            raise Unsigned("the signer does not answer", "gt risk doctor", "SignerDown") from None
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            argv = [sys.executable, "-P", "-m", "web.signer", str(self._home)]
            self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()
