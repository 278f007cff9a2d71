"""Secrets are named in documents and kept elsewhere: ``env:NAME`` or ``file:/PATH``."""

import os
from collections.abc import Callable
from pathlib import Path

from controller.errors import ChannelUnavailable

Resolve = Callable[[str], str]
_OTHERS = 0o077


def resolve(reference: str) -> str:
    """The secret itself, without the line's end. Raises ChannelUnavailable naming the reference, never the secret."""
    kind, _, name = reference.partition(":")
    secret = os.environ.get(name, "") if kind == "env" else _read(Path(name))
    if not secret:
        raise ChannelUnavailable(f"{reference} is not set", hint="set it where the service runs, then restart it")
    return secret


def _read(path: Path) -> str:
    try:
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                raise ChannelUnavailable(f"{path} can be read by others", hint=f"chmod 600 {path}")
            return file.read(4_096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ChannelUnavailable(f"{path}: {type(error).__name__}", hint=f"ls -l {path}") from None
