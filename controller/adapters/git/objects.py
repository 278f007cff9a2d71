"""Git objects as bytes: take commits and trees apart, put them together, write them loose.

Every object read is hashed again: an id is then all that is trusted, whatever the repository's files say.
"""

import errno
import hashlib
import os
import re
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from sys import intern
from types import MappingProxyType
from typing import Literal

from controller.adapters.git.batch import Batch
from controller.errors import Refused, SourceUnavailable
from controller.ports import Entry, RawCommit
from schemas.status import Refusal, RefusalReason

COMMIT_BYTES = 64 * 1024
BLOB_BYTES = 256 * 1024
TREE_BYTES = 4 * 1024 * 1024
Kind = Literal["blob", "tree", "commit"]
BOUNDS: Mapping[Kind, int] = {"commit": COMMIT_BYTES, "blob": BLOB_BYTES, "tree": TREE_BYTES}
_SIGNATURE = b"gpgsig "
_KINDS: Mapping[str, Kind] = {"40000": "tree", "160000": "commit"}
_ENTRY = re.compile(rb"([^ \0]+) ([^\0]*)\0(.{20})", re.DOTALL)
_REST = 22
"""Bytes of an entry beside its mode and name."""
_NOTHING: Mapping[str, Entry] = MappingProxyType({})


def refused(commit: str, reason: RefusalReason, message: str, fix: str = "") -> Refused:
    """The exception for one refusal."""
    return Refused(Refusal(commit=commit, reason=reason, message=message, fix=fix))


def object_id(kind: str, content: bytes) -> str:
    """The SHA-1 name of an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def read(batch: Batch, name: str, kind: Kind, commit: str = "") -> tuple[str, bytes]:
    """(id, content) of an object that must be of ``kind`` and within its bound.

    ``commit`` is the commit to name in a refusal. Raises Refused(TooLarge | BadObject), SourceUnavailable.
    """
    return _checked(batch.get(name, BOUNDS[kind]), name, kind, commit or name)


def read_all(batch: Batch, names: Sequence[str], kind: Kind) -> Iterator[tuple[str, bytes]]:
    """(id, content) of each, as :func:`read`, asked for together."""
    for name, found in zip(names, batch.get_all(names, BOUNDS[kind]), strict=True):
        yield _checked(found, name, kind, name)


def _checked(found: tuple[str, str, bytes] | int | None, name: str, kind: Kind, blame: str) -> tuple[str, bytes]:
    if found is None:
        raise refused(blame, RefusalReason.BAD_OBJECT, f"{kind} {name} is missing", "git fsck, then push again")
    if isinstance(found, int):
        message = f"{kind} {name} has {found:,} bytes; at most {BOUNDS[kind]:,} are read"
        raise refused(blame, RefusalReason.TOO_LARGE, message, "take it out with git reset --soft HEAD~1, then sign")
    content = intact(found, kind)
    if content is None:
        raise refused(blame, RefusalReason.BAD_OBJECT, f"{name} is not an intact {kind}", "git fsck")
    return found[0], content


def intact(found: tuple[str, str, bytes], kind: Kind) -> bytes | None:
    """The content of an object that was read as (id, type, content), None when it is no ``kind`` or not its id's."""
    oid, actual, content = found
    return content if actual == kind and object_id(kind, content) == oid else None


def split_commit(oid: str, raw: bytes) -> RawCommit:
    """Take a commit object apart; the first ``gpgsig`` header is the signature, all the rest is the payload.

    Lenient on purpose: :mod:`controller.core.trust.commits` judges the payload strictly. Raises Refused(BadObject) when
    the object is too broken to have a tree and parents.
    """
    payload, signature = _split_signature(raw)
    head, _, message = payload.partition(b"\n\n")
    lines = head.split(b"\n")
    values: dict[bytes, bytes] = {}
    parents = [line[7:].decode("ascii", "replace") for line in lines if line.startswith(b"parent ")]
    for line in lines:
        key, _, value = line.partition(b" ")
        values.setdefault(key, value)
    if not {b"tree", b"author", b"committer"} <= values.keys():
        raise refused(oid, RefusalReason.BAD_OBJECT, "the commit has no tree, author or committer", "git fsck")
    committer = values[b"committer"].rsplit(b" ", 2)
    return RawCommit(
        id=oid,
        parents=tuple(parents),
        tree=values[b"tree"].decode("ascii", "replace"),
        author=_text(values[b"author"].rsplit(b" ", 2)[0]),
        committer=_text(committer[0]),
        time=int(committer[1]) if len(committer) == 3 and committer[1].isdigit() else 0,
        message=_text(message),
        payload=payload,
        signature=signature,
    )


def _split_signature(raw: bytes) -> tuple[bytes, bytes | None]:
    head, separator, message = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    start = next((number for number, line in enumerate(lines) if line.startswith(_SIGNATURE)), None)
    if start is None:
        return raw, None
    end = start + 1
    while end < len(lines) and lines[end].startswith(b" "):
        end += 1
    armour = [lines[start][len(_SIGNATURE) :], *(line[1:] for line in lines[start + 1 : end])]
    payload = b"\n".join(lines[:start] + lines[end:]) + separator + message
    return payload, b"\n".join(armour).removesuffix(b"\n") + b"\n"


def join_commit(payload: bytes, signature: bytes) -> bytes:
    """The commit object of ``payload`` with ``signature`` in its ``gpgsig`` header, as git writes it."""
    head, _, message = payload.partition(b"\n\n")
    armour = signature.removesuffix(b"\n").replace(b"\n", b"\n ")
    return head + b"\n" + _SIGNATURE + armour + b"\n\n" + message


def commit_payload(tree: str, parents: tuple[str, ...], author: str, time: int, message: str) -> bytes:
    """The bytes to sign for a new commit; ``author`` is ``Name <email>``, also the committer; time in UTC.

    Raises ValueError for an author that git would read otherwise.
    """
    name, opened, rest = author.partition(" <")
    if not opened or not name or not rest.endswith(">") or any(mark in name + rest[:-1] for mark in "<>\n\0"):
        raise ValueError(f"author {author!r} is not written as Name <email>")
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author} {time} +0000", f"committer {author} {time} +0000"]
    return ("\n".join(lines) + "\n\n" + message.rstrip("\n") + "\n").encode()


def parse_tree(commit: str, raw: bytes, like: Mapping[str, Entry] = _NOTHING) -> dict[str, Entry]:
    """The entries of one tree object by name. Raises Refused(BadObject) for what git itself would not write.

    ``like``: what this gave for a tree that may hold much of the same, which is one object in both then.
    """
    entries: dict[str, Entry] = {}
    size = 0
    for mode, name, oid in _ENTRY.findall(raw):
        text, size = _name(name), size + len(mode) + len(name) + _REST
        known, blob = like.get(text), oid.hex()
        if text in entries or (known is None and not _plain(text)):
            raise _broken(commit, name)
        if known is None or known.id != blob or (known.mode, known.kind) != _mode(mode):
            known = Entry(*_mode(mode), blob)
        entries[intern(text)] = known
    if size != len(raw):
        raise _broken(commit, raw[:64])
    return entries


def _name(name: bytes) -> str:
    """The text of a name; of what is no UTF-8 one that :func:`_plain` refuses."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return ""


def _plain(text: str) -> bool:
    return text not in ("", ".", "..") and "/" not in text and text.lower() != ".git" and text.isprintable()


@lru_cache(64)
def _mode(raw: bytes) -> tuple[str, Kind]:
    mode = raw.decode("ascii", "replace")
    return mode.zfill(6), _KINDS.get(mode, "blob")


def _broken(commit: str, what: bytes) -> Refused:
    return refused(commit, RefusalReason.BAD_OBJECT, f"a tree has a broken entry {what!r}", "git fsck")


def tree_bytes(entries: Mapping[str, Entry]) -> bytes:
    """The tree object of ``entries``, in git's order (a folder sorts as if its name ended in a slash)."""
    ordered = sorted(entries.items(), key=lambda item: item[0].encode() + (b"/" if item[1].kind == "tree" else b""))
    return b"".join(
        f"{entry.mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(entry.id) for name, entry in ordered
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


@dataclass(slots=True)
class LooseWriter:
    """Writes loose objects, durable before :meth:`flush` returns: no ref may ever point at an empty file.

    Raises SourceUnavailable when they cannot be written; then nothing that was queued is kept.
    """

    folder: Path
    _unsynced: list[tuple[int, Path, Path]] = field(default_factory=list)

    def write(self, kind: Kind, content: bytes) -> str:
        """Queue one object; its id. Refuses what a reader would refuse. Raises Refused(TooLarge)."""
        oid = object_id(kind, content)
        if len(content) > BOUNDS[kind]:
            raise refused(oid, RefusalReason.TOO_LARGE, f"a {kind} may have {BOUNDS[kind]:,} bytes", "split it")
        path = self.folder / oid[:2] / oid[2:]
        if not path.exists():
            with self._whole():
                self._queue(path, zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content, 1))
        return oid

    def flush(self) -> None:
        """Sync what was written and give each file its name."""
        with self._whole():
            while self._unsynced:
                descriptor, temporary, path = self._unsynced[0]
                os.fdatasync(descriptor)
                temporary.rename(path)
                del self._unsynced[0]
                os.close(descriptor)

    def _queue(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_name(f"tmp_obj_{secrets.token_hex(6)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        self._unsynced.append((descriptor, temporary, path))
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            queued, self._unsynced = self._unsynced, []
            for descriptor, temporary, _ in queued:
                os.close(descriptor)
                temporary.unlink(missing_ok=True)
            raise SourceUnavailable(f"{self.folder}: {error.strerror}", 5.0, f"df -h {self.folder}") from error
