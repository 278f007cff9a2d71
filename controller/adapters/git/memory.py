"""The Source port in memory: real commit, tree and blob bytes in a dict, the same ids as git gives them."""

from collections.abc import Callable, Mapping, Sequence

from controller.adapters.git.objects import (
    BOUNDS,
    Kind,
    commit_payload,
    join_commit,
    object_id,
    parse_tree,
    refused,
    split_commit,
    tree_bytes,
)
from controller.adapters.git.reader import FOLDERS, MAX_COMMITS, MAX_ENTRIES, too_many
from controller.adapters.git.source import BOT, EVIDENCE, EVIDENCE_FILE, Own, newest_own, not_its_own
from controller.adapters.git.writer import raced
from controller.errors import SourceUnavailable
from controller.ports import Clock, Entry, RawCommit
from schemas.status import RefusalReason


class MemorySource:
    """Implements :class:`controller.ports.Source` without a disk. ``available`` False makes it unreachable."""

    def __init__(self, branch: str, clock: Clock, sign: Callable[[bytes], bytes]) -> None:
        self.available = True
        self._branch = f"refs/heads/{branch}"
        self._clock = clock
        self._sign = sign
        self._objects: dict[str, tuple[Kind, bytes]] = {}
        self._refs: dict[str, str] = {}

    def tip(self) -> str:
        """The commit of the branch. Raises SourceUnavailable."""
        self._reach()
        if self._branch not in self._refs:
            raise SourceUnavailable(f"there is no {self._branch}", hint="gt risk init")
        return self._refs[self._branch]

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or one of its ancestors."""
        return old in self._ancestors(new)

    def commits(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """Commits in ``since..tip``, parents first."""
        found = self.history(since, tip)
        if len(found) > MAX_COMMITS:
            raise too_many(tip)
        return found

    def step(self, since: str | None, tip: str) -> str:
        """``tip``, or the newest commit of its line that has no more new commits behind it than a pass takes."""
        at: str | None = tip
        while at is not None and len(self.history(since, at)) > MAX_COMMITS:
            parents = self._commit(at).parents
            at = next(
                (item for item in parents if item != since and (not since or self.is_ancestor(since, item))), None
            )
        return at or tip

    def history(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """The same without a bound."""
        known = set() if since is None else set(self._ancestors(since))
        return [self._commit(oid) for oid in self._ancestors(tip) if oid not in known]

    def merge_bases(self, left: str, right: str) -> frozenset[str]:
        """The best common ancestors."""
        common = set(self._ancestors(left)) & set(self._ancestors(right))
        return frozenset(common - {older for oid in common for older in self._ancestors(oid) if older != oid})

    def tree(self, commit: str) -> Mapping[str, Entry]:
        """Entries at depth 2 of a commit or tree id."""
        kind, _ = self._objects[commit]
        entries = self._entries(commit, commit if kind == "tree" else self._commit(commit).tree)
        for folder in FOLDERS & entries.keys():
            if entries[folder].kind == "tree":
                inner = self._entries(commit, entries.pop(folder).id)
                entries.update({f"{folder}/{name}": entry for name, entry in inner.items()})
        if len(entries) > MAX_ENTRIES:
            raise refused(commit, RefusalReason.TOO_LARGE, f"the tree has more than {MAX_ENTRIES:,} entries")
        return entries

    def blob(self, blob_id: str) -> bytes:
        """Content of a blob."""
        return self._read(blob_id, "blob")

    def stage(
        self, parent: str | None, files: Mapping[str, bytes | None], author: str, time: int, message: str
    ) -> bytes:
        """Keep the objects of a commit to be; its payload. ``parent`` None makes an introduction."""
        base = None if parent is None else self._commit(parent).tree
        tree = self._put(base, {tuple(path.split("/")): content for path, content in files.items()})
        return commit_payload(tree, () if parent is None else (parent,), author, time, message)

    def seal(self, payload: bytes, signature: bytes) -> str:
        """Keep the signed commit."""
        return self._write("commit", join_commit(payload, signature))

    def land(self, payload: bytes, signature: bytes) -> str:
        """Keep the signed commit and swap the branch to it."""
        self._reach()
        commit = self.seal(payload, signature)
        parents = self._commit(commit).parents
        if self._refs.get(self._branch) != (parents[0] if parents else None):
            raise raced(self._branch)
        self._refs[self._branch] = commit
        return commit

    def publish_evidence(self, files: Mapping[str, bytes], message: str, own: Own) -> str:
        """Add halt records on the bot's branch."""
        self._reach()
        wrong = [path for path in files if not EVIDENCE_FILE.match(path)]
        if wrong:
            raise ValueError(f"evidence is halts/<id>.yaml, not {wrong[0]}")
        tip = self._refs.get(EVIDENCE)
        if tip is not None and not own(self._commit(tip)):
            raise not_its_own(tip)
        known = self.evidence(own)
        added: dict[str, bytes | None] = {path: content for path, content in files.items() if path not in known}
        if tip is None or added:
            payload = self.stage(tip, added, BOT, self._clock.wall_ns() // 1_000_000_000, message)
            tip = self._refs[EVIDENCE] = self.seal(payload, self._sign(payload))
        return tip

    def evidence(self, own: Own) -> Mapping[str, bytes]:
        """The halt records on the bot's branch, as the newest of its own commits holds them."""
        newest = newest_own(self._commit, self._refs.get(EVIDENCE), own)
        entries = self.tree(newest.tree) if newest is not None else {}
        return {path: self.blob(entry.id) for path, entry in entries.items() if EVIDENCE_FILE.match(path)}

    def _reach(self) -> None:
        if not self.available:
            raise SourceUnavailable("the source is switched off", hint="switch it on")

    def _write(self, kind: Kind, content: bytes) -> str:
        oid = object_id(kind, content)
        if len(content) > BOUNDS[kind]:
            raise refused(oid, RefusalReason.TOO_LARGE, f"a {kind} may have {BOUNDS[kind]:,} bytes", "split it")
        self._objects[oid] = (kind, content)
        return oid

    def _read(self, oid: str, kind: Kind) -> bytes:
        actual, content = self._objects.get(oid, ("", b""))
        if actual != kind:
            raise refused(oid, RefusalReason.BAD_OBJECT, f"{kind} {oid} is missing", "git fsck, then push again")
        return content

    def _commit(self, oid: str) -> RawCommit:
        return split_commit(oid, self._read(oid, "commit"))

    def _entries(self, commit: str, tree: str) -> dict[str, Entry]:
        return parse_tree(commit, self._read(tree, "tree"))

    def _ancestors(self, tip: str) -> list[str]:
        """``tip`` and all before it, parents first."""
        order: dict[str, None] = {}
        waiting = [(tip, False)]
        while waiting:
            oid, ready = waiting.pop()
            if ready:
                order.setdefault(oid)
            elif oid not in order and oid in self._objects:
                waiting.append((oid, True))
                waiting += [(parent, False) for parent in reversed(self._commit(oid).parents)]
        return list(order)

    def _put(self, tree: str | None, files: Mapping[tuple[str, ...], bytes | None]) -> str:
        entries = {} if tree is None else self._entries(tree, tree)
        for name in {path[0] for path in files}:
            inner = {path[1:]: content for path, content in files.items() if path[0] == name}
            content = inner.pop((), None)
            known = entries.pop(name, None)
            if content is not None:
                entries[name] = Entry("100644", "blob", self._write("blob", content))
            elif inner:
                folder = self._put(known.id if known and known.kind == "tree" else None, inner)
                if self._objects[folder][1]:
                    entries[name] = Entry("040000", "tree", folder)
        raw = tree_bytes(entries)
        parse_tree(tree or "", raw)
        return self._write("tree", raw)
