"""Users, API keys and sessions: one SQLite file of the home that only its owner can read.

No secret is in it: passwords are scrypt hashes, keys and sessions the SHA-256 of 256 random bits.
"""

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.security.identity import Identity, Rank, roles_of

IDLE_NS = 30 * 60 * 1_000_000_000
"""A session that nobody used for so long has ended."""
LIFE_NS = 12 * 3600 * 1_000_000_000
"""A session ends after a working day, used or not."""
_NOTE_NS = 60 * 1_000_000_000
"""Use of a session is written down this often: no request waits for the disk."""
_WAIT_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY, password TEXT NOT NULL, rank TEXT NOT NULL, liquidate INTEGER NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0, made_ns INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS keys (
  id TEXT PRIMARY KEY, digest TEXT NOT NULL, note TEXT NOT NULL, rank TEXT NOT NULL, liquidate INTEGER NOT NULL,
  scope TEXT NOT NULL, made_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
  digest TEXT PRIMARY KEY, user TEXT NOT NULL, token TEXT NOT NULL, made_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL
  ) STRICT;
"""


class NoSuchAccount(Exception):
    """There is no user or key of that name."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in, unless ``disabled``."""

    name: str
    rank: Rank
    liquidate: bool
    disabled: bool
    made_ns: int


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret; ``scope`` as in :class:`web.security.identity.Identity`."""

    id: str
    note: str
    rank: Rank
    liquidate: bool
    scope: tuple[str, ...]
    made_ns: int
    expires_ns: int
    revoked: bool


class Accounts:
    """The file at ``path``, made when it is missing; safe for threads and beside other processes.

    Raises sqlite3.Error when it cannot be read, PermissionError when others can read it.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        mode = os.fstat(descriptor).st_mode
        os.close(descriptor)
        if mode & 0o077:
            raise PermissionError(f"{path}: others can read it; next: chmod 0600 {path}")
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_SCHEMA}")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def add_user(self, name: str, password: str, rank: Rank, liquidate: bool, now_ns: int) -> None:
        """Add a user with a hashed ``password``, or enable one that is disabled with what is given now."""
        insert = "INSERT OR REPLACE INTO users (name, password, rank, liquidate, made_ns) VALUES (?, ?, ?, ?, ?)"
        self._write((insert, (name, password, rank.value, liquidate, now_ns)), (_LOG_OUT, (name,)))

    def user(self, name: str) -> User | None:
        """The user of that name."""
        return next((user for user in self.users() if user.name == name), None)

    def users(self) -> Sequence[User]:
        """All of them by name, the disabled ones too."""
        rows = self._read("SELECT name, rank, liquidate, disabled, made_ns FROM users ORDER BY name")
        return [User(name, Rank(rank), bool(grant), bool(off), made) for name, rank, grant, off, made in rows]

    def disable(self, name: str) -> None:
        """Shut a user out now: sessions end too. Raises NoSuchAccount."""
        if not self._write(("UPDATE users SET disabled = 1 WHERE name = ?", (name,)), (_LOG_OUT, (name,))):
            raise NoSuchAccount(name)

    def password_of(self, name: str) -> str | None:
        """The hash of the user's password; None for nobody and for a disabled one."""
        rows = self._read("SELECT password FROM users WHERE name = ? AND NOT disabled", (name,))
        return str(rows[0][0]) if rows else None

    def add_key(
        self, note: str, rank: Rank, liquidate: bool, scope: Sequence[str], now_ns: int, expires_ns: int
    ) -> tuple[str, str]:
        """Make a key; its id, and ``id.secret``, which nobody can read again."""
        id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        insert = (
            "INSERT INTO keys (id, digest, note, rank, liquidate, scope, made_ns, expires_ns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        made = (id, _digest(secret), note, rank.value, liquidate, "\n".join(scope), now_ns, expires_ns)
        self._write((insert, made))
        return id, f"{id}.{secret}"

    def api_keys(self) -> Sequence[Key]:
        """All of them, oldest first, the revoked ones too."""
        return [_key(row) for row in self._read(f"SELECT {_KEY} FROM keys ORDER BY made_ns, id")]

    def revoke(self, id: str) -> None:
        """Make a key worthless now. Raises NoSuchAccount."""
        if not self._write(("UPDATE keys SET revoked = 1 WHERE id = ?", (id,))):
            raise NoSuchAccount(id)

    def by_key(self, text: str, now_ns: int) -> Identity | None:
        """Whose ``id.secret`` it is; None for one that is unknown, revoked or past its end."""
        id, _, secret = text.partition(".")
        rows = self._read(f"SELECT {_KEY}, digest FROM keys WHERE id = ?", (id,))
        digest = str(rows[0][-1]) if rows else ""
        if not hmac.compare_digest(digest, _digest(secret)):
            return None
        key = _key(rows[0][:-1])
        if key.revoked or now_ns >= key.expires_ns:
            return None
        return Identity(f"key {key.id}", roles_of(key.rank, key.liquidate), "key", key.scope)

    def begin(self, user: str, now_ns: int) -> str:
        """Begin a session of somebody who has proved to be ``user``; what the cookie holds."""
        secret = secrets.token_urlsafe(32)
        made = (_digest(secret), user, secrets.token_urlsafe(32), now_ns, now_ns)
        ended = ("DELETE FROM sessions WHERE made_ns < ?", (now_ns - LIFE_NS,))
        self._write(("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", made), ended)
        return secret

    def by_session(self, secret: str, now_ns: int) -> Identity | None:
        """Whose session it is; None for one that has ended."""
        digest = _digest(secret)
        rows = self._read(
            "SELECT u.name, u.rank, u.liquidate, s.token, s.made_ns, s.seen_ns FROM sessions s"
            " JOIN users u ON u.name = s.user WHERE s.digest = ? AND NOT u.disabled",
            (digest,),
        )
        if not rows:
            return None
        name, rank, liquidate, token, made_ns, seen_ns = rows[0]
        if not made_ns <= now_ns < made_ns + LIFE_NS or now_ns >= seen_ns + IDLE_NS:
            return None
        if now_ns >= seen_ns + _NOTE_NS:
            self._note(digest, now_ns)
        return Identity(name, roles_of(Rank(rank), bool(liquidate)), "session", token=token)

    def end(self, secret: str) -> None:
        """End a session; harmless for one that has ended."""
        self._write(("DELETE FROM sessions WHERE digest = ?", (_digest(secret),)))

    def _note(self, digest: str, now_ns: int) -> None:
        """That a session was used. A file that cannot be written now ends it sooner, and stops nobody who halts."""
        with self._lock:
            try:
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("UPDATE sessions SET seen_ns = ? WHERE digest = ?", (now_ns, digest))
            except sqlite3.OperationalError:
                return
            finally:
                self._connection.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1000)}")

    def _write(self, *steps: tuple[str, Sequence[Any]]) -> int:
        """All steps or none; how many rows the first one changed."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                changed = [self._connection.execute(statement, values).rowcount for statement, values in steps]
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._connection.execute("ROLLBACK")
                raise
        return changed[0]

    def _read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


_LOG_OUT = "DELETE FROM sessions WHERE user = ?"
_KEY = "id, note, rank, liquidate, scope, made_ns, expires_ns, revoked"


def _key(row: Sequence[Any]) -> Key:
    id, note, rank, liquidate, scope, made_ns, expires_ns, revoked = row
    return Key(id, note, Rank(rank), bool(liquidate), tuple(scope.split()), made_ns, expires_ns, bool(revoked))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
