"""A config repo that is a folder of a larger repository: its documents, and the history since its introduction.

What does not descend from the introduction is no part of that history, whatever it holds: a merge of it is judged
against its other parent alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.adapters.git.objects import refused
from controller.adapters.git.reader import Reader
from controller.errors import SettingsError
from controller.ports import Entry, RawCommit
from schemas.status import RefusalReason


def check_path(path: str) -> str:
    """``path`` as it may stand in settings. Raises SettingsError."""
    parts = path.split("/")
    if path and (path != path.strip() or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)):
        raise SettingsError(
            f"source.path = {path!r} is not a folder of a repository, as ops/risk", "$EDITOR settings.toml"
        )
    return path


class Folder:
    """Reads as a :class:`Reader` does: ``path`` within the repository of ``reader``, since ``introduction``."""

    def __init__(self, reader: Reader, path: str, introduction: str) -> None:
        self._reader = reader
        self._parts = check_path(path).split("/")
        self._introduction = introduction
        self._since_then: dict[str, bool] = {introduction: True}

    def commits(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """As :meth:`Reader.commits`, of the folder's own history."""
        self._require(since, tip)
        return self._own(self._reader.commits(since, tip, self._introduction), since)

    def history(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """The same without a bound on their number."""
        self._require(since, tip)
        return self._own(self._reader.history(since, tip, self._introduction), since)

    def step(self, since: str | None, tip: str) -> str:
        """As :meth:`Reader.step`."""
        return self._reader.step(since, tip, self._introduction)

    def merge_bases(self, left: str, right: str) -> frozenset[str]:
        """The best common ancestors that belong to the history."""
        return frozenset(base for base in self._reader.merge_bases(left, right) if self._belongs(base))

    def tree(self, treeish: str) -> Mapping[str, Entry]:
        """The entries of the folder, named from there; none where there is no such folder."""
        folder = self._tree_id(treeish)
        return self._reader.tree(folder) if folder else {}

    def _require(self, since: str | None, tip: str) -> None:
        if since is None and not self._belongs(tip):
            message = f"{tip[:12]} does not descend from the pinned introduction {self._introduction[:12]}"
            raise refused(tip, RefusalReason.NOT_DESCENDANT, message, "gt risk doctor   # compares pins and repository")

    def _own(self, commits: Sequence[RawCommit], since: str | None) -> list[RawCommit]:
        self._since_then.update({commit.id: True for commit in commits})
        if since is not None:
            self._since_then[since] = True
        return [self._seen(commit) for commit in commits]

    def _seen(self, commit: RawCommit) -> RawCommit:
        """``commit`` with the parents that belong to the history, and whether it leaves the folder as all had it."""
        own = commit.id != self._introduction
        folder = self._tree_id(commit.tree)
        apart = own and all(self._tree_id(parent) == folder for parent in commit.parents)
        parents = tuple(parent for parent in commit.parents if own and self._belongs(parent))
        return replace(commit, parents=parents, apart=apart)

    def _belongs(self, commit: str) -> bool:
        if commit not in self._since_then:
            self._since_then[commit] = self._reader.is_ancestor(self._introduction, commit)
        return self._since_then[commit]

    def _tree_id(self, treeish: str) -> str:
        """The tree of the folder in a commit or tree, empty where there is none."""
        found = self._reader.tree_id(treeish)
        for part in self._parts:
            entry = self._reader.one_tree(treeish, found).get(part)
            if entry is None or entry.kind != "tree":
                return ""
            found = entry.id
        return found
