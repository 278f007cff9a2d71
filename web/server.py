"""gunicorn around an application: one worker of threads, configured by nothing but its caller."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

GRACE_SECONDS = 5


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves what ``make`` makes in the worker, on ``bind``, until SIGTERM; ``more`` are gunicorn's own settings."""

    def __init__(self, make: Callable[[], Flask], bind: str, threads: int, **more: Any) -> None:
        self._make = make
        self._options: dict[str, Any] = {
            "bind": bind,
            "workers": 1,
            "worker_class": "gthread",
            "threads": threads,
            "timeout": 30,
            "graceful_timeout": GRACE_SECONDS,
            "limit_request_fields": 64,
            "limit_request_field_size": 4096,
            "control_socket_disable": True,
            "loglevel": "warning",
            **more,
        }
        super().__init__()

    def load_config(self) -> None:
        """The whole configuration."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application that the worker serves."""
        return self._make()
