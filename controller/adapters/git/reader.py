"""Read a config repo: refs, history, trees at depth 2, blobs, all bounded and checked against their ids."""

import contextlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from sys import intern

from controller.adapters.git.batch import Batch
from controller.adapters.git.objects import intact, parse_tree, read, read_all, refused, split_commit
from controller.adapters.git.process import Git, GitFailed
from controller.errors import Refused, SourceUnavailable
from controller.ports import Entry, RawCommit
from schemas.desired import DOCUMENTS
from schemas.status import RefusalReason

FOLDERS = frozenset(pattern.partition("/")[0] for pattern in DOCUMENTS if "/" in pattern)
MAX_COMMITS = 5_000
MAX_ENTRIES = 20_000
_KEPT_TREES = 256
_KEPT_ENTRIES = 2 * MAX_ENTRIES
"""Of all trees that are kept: a commit and its parent, however large."""
_TOGETHER = 32
_SMALL = 256 * 1024
"""Bytes of a tree that is read before anybody has asked for it."""
_KEPT_COMMITS = 64
"""A change asks a dozen times for its own commit; each question wakes another process."""


_Tree = dict[str, Entry]


class Reader:
    """The object database of the repository at ``git``. Safe for several threads."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.batch = Batch(git)
        self._trees: dict[str, _Tree] = {}
        self._whole: dict[str, _Tree] = {}
        self._newest: dict[str, _Tree] = {}
        """By folder what was read last: the next version of it has most of the same entries."""
        self._commits: dict[str, RawCommit] = {}
        self._together: dict[str, Sequence[str]] = {}
        """Trees of the commits that were listed last: who asks for one asks for its neighbours next."""

    def ref(self, name: str) -> str | None:
        """The commit id that the fully qualified ref ``name`` holds, None when there is no such ref."""
        found = self.batch.get(name, 64 * 1024)
        if found is None:
            return None
        if isinstance(found, int):
            return self.git.run(["rev-parse", "--verify", "--end-of-options", name]).decode().strip()
        return found[0]

    def commit(self, commit_id: str) -> RawCommit:
        """One commit. Raises Refused(TooLarge | BadObject)."""
        known = self._commits.get(commit_id)
        if known is not None:
            return known
        oid, raw = read(self.batch, commit_id, "commit")
        while len(self._commits) >= _KEPT_COMMITS:
            self._commits.pop(next(iter(self._commits)), None)
        self._commits[oid] = found = split_commit(oid, raw)
        return found

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or an ancestor of it; the tip's own parents need no git process."""
        if old == new:
            return True
        if old not in self._commits and self.batch.get(old, 64 * 1024) is None:
            return False
        if old in self.commit(new).parents:
            return True
        self._refuse_shallow()
        try:
            self.git.run(["merge-base", "--is-ancestor", old, new])
        except GitFailed as error:
            if error.stderr.strip():
                raise SourceUnavailable(error.message, hint="git fsck") from error
            return False
        return True

    def merge_bases(self, left: str, right: str) -> frozenset[str]:
        """The best common ancestors of two commits. Raises SourceUnavailable."""
        self._refuse_shallow()
        try:
            return frozenset(self.git.run(["merge-base", "--all", left, right]).decode().split())
        except GitFailed as error:
            if error.stderr.strip():
                raise SourceUnavailable(error.message, hint="git fsck") from error
            return frozenset()

    def commits(self, since: str | None, tip: str, root: str = "") -> Sequence[RawCommit]:
        """Commits in ``since..tip``, parents first; with ``root`` only that commit and what descends from it.

        Raises Refused(TooLarge | BadObject), SourceUnavailable.
        """
        found = self._walk(since, tip, root, f"--max-count={MAX_COMMITS + 1}")
        if len(found) > MAX_COMMITS:
            raise too_many(tip)
        return self._read_all(found)

    def history(self, since: str | None, tip: str, root: str = "") -> Sequence[RawCommit]:
        """The same without a bound on their number."""
        return self._read_all(self._walk(since, tip, root))

    def step(self, since: str | None, tip: str, root: str = "") -> str:
        """``tip``, or where a pass must stop on its way there: the newest commit of its own line that has no more new
        commits behind it than one pass takes."""
        if since == tip or self.commit(tip).parents == (since,) or self._new(since, tip, root) <= MAX_COMMITS:
            return tip
        line = self._line(since, tip, root)
        far = bisect_right(line, MAX_COMMITS, key=lambda commit: self._new(since, commit, root))
        return line[far - 1] if far else tip

    def _new(self, since: str | None, tip: str, root: str) -> int:
        return int(self._listed(since, tip, root, "--count") or 0)

    def _line(self, since: str | None, tip: str, root: str) -> list[str]:
        """``tip`` and back from it by the first parents that descend from ``since``, oldest first."""
        bottom = since or root
        lines = self._listed(since, tip, bottom, "--parents").splitlines()
        parents = {commit: known for commit, *known in map(str.split, lines)}
        line, at = list[str](), tip
        while at in parents:
            line.append(at)
            at = next((parent for parent in parents[at] if parent in parents), "")
        return line[::-1]

    def _listed(self, since: str | None, tip: str, root: str, *options: str) -> str:
        """What rev-list says of ``since..tip``; with ``root`` only of what descends from it or from ``since``."""
        if since == tip:
            return ""
        self._refuse_shallow()
        selection = [tip, *(f"^{older}" for older in (since, root) if older)]
        path = ["--ancestry-path"] if root else []
        try:
            return self.git.run(["rev-list", *path, *options, *selection, "--"]).decode()
        except GitFailed as error:
            raise SourceUnavailable(error.message, hint="git fsck") from error

    def _walk(self, since: str | None, tip: str, root: str, *options: str) -> list[str]:
        if self.commit(tip).parents == (since,):
            return [tip]
        found = self._listed(since, tip, root, "--topo-order", "--reverse", *options).split()
        return [root, *found] if root and since is None else found

    def _read_all(self, commits: Sequence[str]) -> list[RawCommit]:
        if len(commits) == 1:
            return [self.commit(commits[0])]
        found = [split_commit(*item) for item in read_all(self.batch, commits, "commit")]
        trees = list(dict.fromkeys(commit.tree for commit in found))
        groups = (trees[first : first + _TOGETHER] for first in range(0, len(trees), _TOGETHER))
        self._together = {tree: group for group in groups for tree in group}
        return found

    def tree(self, treeish: str) -> Mapping[str, Entry]:
        """Every entry at the root and inside known folders, by path, of a commit or a tree."""
        known = self._whole.get(treeish)
        if known is not None:
            return known
        tree_id = self.tree_id(treeish)
        entries = dict(self.one_tree(treeish, tree_id))
        for folder in FOLDERS & entries.keys():
            if entries[folder].kind == "tree":
                inner = self.one_tree(treeish, entries[folder].id, folder)
                entries.update({intern(f"{folder}/{name}"): entry for name, entry in inner.items()})
                del entries[folder]
        if len(entries) > MAX_ENTRIES:
            message = f"the tree has more than {MAX_ENTRIES:,} entries"
            raise refused(treeish, RefusalReason.TOO_LARGE, message, "remove files that are no documents")
        _keep(self._whole, treeish, entries)
        return entries

    def blob(self, blob_id: str) -> bytes:
        """The content of a blob. Raises Refused(TooLarge | BadObject)."""
        return read(self.batch, blob_id, "blob")[1]

    def close(self) -> None:
        """End the git process."""
        self.batch.close()

    def tree_id(self, treeish: str) -> str:
        """The id of the tree of a commit, or of a tree."""
        self._read_together(treeish)
        if treeish in self._trees:
            return treeish
        found = self.batch.get(treeish, 4 * 1024 * 1024)
        if isinstance(found, tuple) and found[1] == "tree":
            return treeish
        return self.commit(treeish).tree

    def one_tree(self, commit: str, tree_id: str, folder: str = "") -> Mapping[str, Entry]:
        """The entries of one tree by name; a refusal names ``commit``. ``folder``: where it stands, if known."""
        known = self._trees.get(tree_id)
        if known is None:
            known = parse_tree(commit, read(self.batch, tree_id, "tree", commit)[1], self._newest.get(folder, {}))
            _keep(self._trees, tree_id, known)
        self._newest[folder] = known
        return known

    def _read_together(self, tree: str) -> None:
        """Read ``tree`` and its neighbours at once: each question alone wakes another process. What is no small intact
        tree is left to whoever asks for it."""
        group = self._together.get(tree, ())
        for name in group:
            self._together.pop(name, None)
        wanted = [name for name in group if name not in self._trees]
        for name, found in zip(wanted, self.batch.get_all(wanted, _SMALL), strict=True):
            if isinstance(found, tuple) and (content := intact(found, "tree")) is not None and found[0] == name:
                with contextlib.suppress(Refused):
                    _keep(self._trees, name, parse_tree(name, content))

    def _refuse_shallow(self) -> None:
        shallow = Path(self.git.git_dir, "shallow")
        if shallow.exists():
            raise SourceUnavailable(
                f"{self.git.git_dir} is a shallow clone, which cannot prove descent", hint="git fetch --unshallow"
            )


def _keep(known: dict[str, _Tree], name: str, entries: _Tree) -> None:
    """Add what was read; of the others the oldest go when they are too much together."""
    known[name] = entries
    while len(known) > _KEPT_TREES or (len(known) > 1 and sum(map(len, list(known.values()))) > _KEPT_ENTRIES):
        for oldest in list(known)[:1]:
            known.pop(oldest, None)


def too_many(tip: str) -> Refused:
    """The exception for more commits than one pass takes."""
    message = f"more than {MAX_COMMITS:,} commits since the last verified one"
    return refused(tip, RefusalReason.TOO_LARGE, message, "push in smaller steps")
