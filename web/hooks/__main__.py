"""``python -m web.hooks``: serve the webhook until SIGTERM, by gunicorn with one worker of a few threads."""

import stat
import sys

from controller.errors import SettingsError
from controller.rpc.client import call
from controller.settings import Settings, load
from web.hooks.app import create_app
from web.server import Server

SECRET_BYTES = 16
THREADS = 8
_WAKE_SECONDS = 5.0


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
    app = create_app(secret, lambda: call(socket, "wake", {"reason": "webhook"}, _WAKE_SECONDS))
    Server(lambda: app, settings.hooks.listen, THREADS).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
