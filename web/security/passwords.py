"""Passwords: scrypt, a few at a time, and the same time for somebody who does not exist."""

import threading

from werkzeug.security import check_password_hash, generate_password_hash

METHOD = "scrypt:32768:8:1"
"""32 MiB and about 0.1 s each."""
SHORTEST, LONGEST = 12, 256
AT_ONCE = 2
WAIT_SECONDS = 5.0


class Busy(Exception):
    """Too many passwords are being checked; try again later."""


class Passwords:
    """Hashes and checks. ``method`` as Werkzeug names it."""

    def __init__(self, method: str = METHOD) -> None:
        self._method = method
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self.hashed("x" * SHORTEST)

    def hashed(self, password: str) -> str:
        """What is kept of ``password``. Raises ValueError for one that is too short or too long to be one."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(password)}")
        return generate_password_hash(password, self._method)

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether ``password`` is the one; ``kept`` None takes as long and is always False. Raises Busy."""
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            same = check_password_hash(kept or self._nobody, password[: LONGEST + 1])
        finally:
            self._slots.release()
        return same and kept is not None
