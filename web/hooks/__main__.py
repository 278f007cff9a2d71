"""``python -m web.hooks``: serve the webhook until SIGTERM, by gunicorn with one worker of a few threads."""

import stat
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from controller.errors import SettingsError
from controller.rpc.client import call
from controller.settings import Settings, load
from web.hooks.app import create_app

SECRET_BYTES = 16
_WAKE_SECONDS = 5.0


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn around one application, configured by nothing but this."""

    def __init__(self, app: Flask, listen: str) -> None:
        self._app = app
        self._listen = listen
        super().__init__()

    def load_config(self) -> None:
        """The whole configuration."""
        options: dict[str, Any] = {
            "bind": self._listen,
            "workers": 1,
            "worker_class": "gthread",
            "threads": 8,
            "timeout": 30,
            "graceful_timeout": 5,
            "limit_request_fields": 64,
            "limit_request_field_size": 4096,
            "control_socket_disable": True,
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application that the worker serves."""
        return self._app


def secret_of(settings: Settings) -> bytes:
    """What ``hooks.secret_file`` holds, without the newline. Raises SettingsError when others can read it, or it is
    too short to be one."""
    path = settings.home / settings.hooks.secret_file
    try:
        secret, mode = path.read_bytes().strip(), path.stat().st_mode
    except OSError as error:
        raise SettingsError(f"hooks.secret_file: {path}: {error.strerror}", f"openssl rand -hex 32 > {path}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"hooks.secret_file: {path}: others can read it", f"chmod 0600 {path}")
    if len(secret) < SECRET_BYTES:
        message = f"hooks.secret_file: {path}: {len(secret)} bytes, at least {SECRET_BYTES} make a secret"
        raise SettingsError(message, f"openssl rand -hex 32 > {path}")
    return secret


def main() -> int:
    """The exit code: 1 when settings or secret are wrong."""
    try:
        settings = load()
        secret = secret_of(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}; next: {error.hint}\n")
        return 1
    socket = str(settings.home / "run" / "controller.sock")
    wake = {"reason": "webhook"}
    Server(create_app(secret, lambda: call(socket, "wake", wake, _WAKE_SECONDS)), settings.hooks.listen).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
