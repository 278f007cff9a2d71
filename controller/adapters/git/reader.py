"""Read a config repo: refs, history, trees at depth 2, blobs, all bounded and checked against their ids."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.adapters.git.objects import parse_tree, read, refused, split_commit
from controller.adapters.git.process import Batch, Git, GitFailed
from controller.errors import SourceUnavailable
from controller.ports import Entry, RawCommit
from schemas.desired import DOCUMENTS
from schemas.status import RefusalReason

FOLDERS = frozenset(pattern.partition("/")[0] for pattern in DOCUMENTS if "/" in pattern)
MAX_COMMITS = 5_000
MAX_ENTRIES = 20_000
_KEPT_TREES = 256
_KEPT_WHOLE = 16


class Reader:
    """The object database of the repository at ``git``. Safe for several threads."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.batch: Batch = git.batch()
        self._trees: dict[str, dict[str, Entry]] = {}
        self._whole: dict[str, dict[str, Entry]] = {}

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
        oid, raw = read(self.batch, commit_id, "commit")
        return split_commit(oid, raw)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or an ancestor of it; the tip's own parents need no git process."""
        if old == new:
            return True
        found = self.batch.get(old, 64 * 1024)
        if found is None:
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
            message = f"more than {MAX_COMMITS:,} commits since the last verified one"
            raise refused(tip, RefusalReason.TOO_LARGE, message, "push in smaller steps")
        return [self.commit(commit_id) for commit_id in found]

    def history(self, since: str | None, tip: str, root: str = "") -> Sequence[RawCommit]:
        """The same without a bound on their number."""
        return [self.commit(commit_id) for commit_id in self._walk(since, tip, root)]

    def _walk(self, since: str | None, tip: str, root: str, *options: str) -> list[str]:
        if since == tip:
            return []
        if self.commit(tip).parents == (since,):
            return [tip]
        self._refuse_shallow()
        selection = [tip, *(f"^{older}" for older in (since, root) if older)]
        path = ["--ancestry-path"] if root else []
        argv = ["rev-list", "--topo-order", "--reverse", *path, *options, *selection, "--"]
        try:
            found = self.git.run(argv).decode().split()
        except GitFailed as error:
            raise SourceUnavailable(error.message, hint="git fsck") from error
        return [root, *found] if root and since is None else found

    def tree(self, treeish: str) -> Mapping[str, Entry]:
        """Every entry at the root and inside known folders, by path, of a commit or a tree."""
        known = self._whole.get(treeish)
        if known is not None:
            return known
        tree_id = self.tree_id(treeish)
        entries = dict(self.one_tree(treeish, tree_id))
        for folder in FOLDERS & entries.keys():
            if entries[folder].kind == "tree":
                inner = self.one_tree(treeish, entries[folder].id)
                entries.update({f"{folder}/{name}": entry for name, entry in inner.items()})
                del entries[folder]
        if len(entries) > MAX_ENTRIES:
            message = f"the tree has more than {MAX_ENTRIES:,} entries"
            raise refused(treeish, RefusalReason.TOO_LARGE, message, "remove files that are no documents")
        while len(self._whole) >= _KEPT_WHOLE:
            self._whole.pop(next(iter(self._whole)), None)
        self._whole[treeish] = entries
        return entries

    def blob(self, blob_id: str) -> bytes:
        """The content of a blob. Raises Refused(TooLarge | BadObject)."""
        return read(self.batch, blob_id, "blob")[1]

    def close(self) -> None:
        """End the git process."""
        self.batch.close()

    def tree_id(self, treeish: str) -> str:
        """The id of the tree of a commit, or of a tree."""
        found = self.batch.get(treeish, 4 * 1024 * 1024)
        if isinstance(found, tuple) and found[1] == "tree":
            return treeish
        return self.commit(treeish).tree

    def one_tree(self, commit: str, tree_id: str) -> Mapping[str, Entry]:
        """The entries of one tree by name; ``commit`` is the one to name in a refusal."""
        known = self._trees.get(tree_id)
        if known is None:
            known = parse_tree(commit, read(self.batch, tree_id, "tree", commit)[1])
            while len(self._trees) >= _KEPT_TREES:
                self._trees.pop(next(iter(self._trees)))
            self._trees[tree_id] = known
        return known

    def _refuse_shallow(self) -> None:
        shallow = Path(self.git.git_dir, "shallow")
        if shallow.exists():
            raise SourceUnavailable(
                f"{self.git.git_dir} is a shallow clone, which cannot prove descent", hint="git fetch --unshallow"
            )
