"""Asks the running service; where there is none, asks the same methods in process, from git and store."""

import os
from typing import Any

from controller.rpc.client import ServiceDown, call

Document = dict[str, Any]


def home() -> str:
    """The home folder: ``GT_RISK_HOME`` or ``~/.gt-risk``; never another."""
    return os.path.abspath(os.path.expanduser(os.environ.get("GT_RISK_HOME") or "~/.gt-risk"))  # noqa: PTH100, PTH111  # pathlib costs 9 ms of the read's budget


def socket_path() -> str:
    """The controller's socket."""
    return f"{home()}/run/controller.sock"


def call_service(method: str, params: Document | None = None, timeout: float = 5.0) -> Document:
    """The service's own result. Raises ServiceDown when there is none."""
    return call(socket_path(), method, params, timeout)


def ask(method: str, params: Document | None = None, timeout: float = 5.0) -> Document:
    """The result of ``method``. Without a service: the stand-in's, with "service down" among its attention."""
    try:
        return call_service(method, params, timeout)
    except ServiceDown as down:
        from pathlib import Path

        from cli.offline import answer

        return answer(Path(home()), method, params or {}, down)
