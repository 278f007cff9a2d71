"""Publishes compiled snapshots for the gate: a file, then its name in the permit.

Light on purpose (standard library and the latch only): boot puts the last-known-good in force with it
before anything heavy is imported. Policies are therefore the JSON of :class:`schemas.policy.Policy`.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEEP = 16
LAST_KNOWN_GOOD = "last-known-good.json"
PolicyJson = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot that the permit names: its version and the hex digest over its policies."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class LastKnownGood:
    """What was in force last: the policies of the snapshot, the ids cleared by then, and the verified commit."""

    version: int
    policies: tuple[PolicyJson, ...]
    cleared: frozenset[str]
    commit: str


def canonical(value: object) -> str:
    """The same text as :func:`schemas.policy.canonical`, without its imports."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of_policies(texts: Sequence[str]) -> str:
    """The same digest as :meth:`schemas.policy.Snapshot.digest`, of policies in canonical JSON."""
    digest = hashlib.sha256()
    for part in _list(texts):
        digest.update(part.encode())
    return digest.hexdigest()


def _list(texts: Sequence[str]) -> Iterator[str]:
    """The parts of a JSON list: one text of large policies would be another copy of them."""
    for number, text in enumerate(texts):
        yield "," if number else "["
        yield text
    yield "]" if texts else "[]"


def _document(texts: Sequence[str], **fields: object) -> Iterator[str]:
    """The parts of a document with ``fields`` and policies, which are not made into JSON again."""
    yield f'{canonical(fields)[:-1]},"policies":'
    yield from _list(texts)
    yield "}"


class Publisher:
    """Writes ``policy/<version>.json`` and names it in the permit through ``set_policy(version, digest)``."""

    def __init__(
        self, folder: Path, book: str, environment: str, fence: int, set_policy: Callable[[int, str], None]
    ) -> None:
        self._folder = folder
        self._book = book
        self._environment = environment
        self._fence = fence
        self._set_policy = set_policy
        self._version = max((int(path.stem) for path in _snapshots(folder)), default=0)

    @property
    def version(self) -> int:
        """The newest version on disk."""
        return self._version

    def publish(self, texts: Sequence[str], at_least: int = 0) -> Published:
        """Make policies (each must let an order pass) the gate's snapshot. Whole before the permit names it.

        ``texts``: their canonical JSON.

        It is not flushed to disk: after a power loss boot publishes the last-known-good, which is, under a version
        above every name in the folder, and no gate that has seen this one is alive; the permit stays at 0 until then.

        ``at_least``: a version that readers have already seen elsewhere; the new one is above it.
        """
        version = max(self._version, at_least) + 1
        digest = digest_of_policies(texts)
        snapshot = _document(
            texts,
            format=1,
            version=version,
            fence=self._fence,
            book=self._book,
            environment=self._environment,
            digest=digest,
        )
        write_whole(self._folder / f"{version}.json", snapshot, durable=False)
        self._version = version
        self._set_policy(version, digest)
        self._prune()
        return Published(version, digest)

    def refence(self, fence: int) -> None:
        """The lease was taken again under ``fence``."""
        self._fence = fence

    def remember(self, texts: Sequence[str], cleared: Iterable[str], commit: str) -> None:
        """Save what is now in force as the last-known-good; durable when it returns."""
        document = _document(
            texts, version=self._version, digest=digest_of_policies(texts), cleared=sorted(cleared), commit=commit
        )
        write_whole(self._folder / LAST_KNOWN_GOOD, document, durable=True)

    def _prune(self) -> None:
        for path in sorted(_snapshots(self._folder), key=lambda path: int(path.stem))[:-KEEP]:
            path.unlink(missing_ok=True)


def newest_fence(folder: Path) -> int:
    """The fence of the newest snapshot, 0 without a readable one: the permit file may be lost, gates have seen it."""
    paths = sorted(_snapshots(folder), key=lambda path: int(path.stem))
    try:
        return int(json.loads(paths[-1].read_text())["fence"]) if paths else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _snapshots(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.json") if path.stem.isdigit()]


def load_last_known_good(folder: Path) -> LastKnownGood | None:
    """The last-known-good, or None before the first apply. Raises ValueError when the file is damaged."""
    path = folder / LAST_KNOWN_GOOD
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    try:
        policies = tuple(document["policies"])
        if digest_of_policies([canonical(policy) for policy in policies]) != document["digest"]:
            raise ValueError(f"{path}: the digest does not match the policies")
        return LastKnownGood(int(document["version"]), policies, frozenset(document["cleared"]), document["commit"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error!r} is missing") from error


def write_durably(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` atomically; file and folder are flushed to disk before it returns. Mode 0600."""
    write_whole(path, (text,), durable=True)


def write_whole(path: Path, parts: Iterable[str], *, durable: bool) -> None:
    """Replace ``path`` by a text atomically, so that no reader sees a part of it. Mode 0600."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.writelines(parts)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
