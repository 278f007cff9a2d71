"""The commits of one walk as a graph: descent, what a merge brings in, and the barrier of a trust change. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

Mask = int


class History:
    """The commits after ``since`` (empty: from the introduction on), given as (id, parents), parents first.

    Sets of commits are masks: bit i is the i-th commit. Whatever is no commit of the walk is older than ``since``.
    """

    def __init__(self, since: str, commits: Sequence[tuple[str, Sequence[str]]]) -> None:
        self.since = since
        self.parents = {commit: tuple(parents) for commit, parents in commits}
        self.bit = {commit: 1 << number for number, (commit, _) in enumerate(commits)}
        self._order = [commit for commit, _ in commits]
        self._known: dict[str, Mask] = {}
        self._descends = {since}
        for commit, parents in commits:
            mask = self.bit[commit]
            for parent in parents:
                mask |= self._known.get(parent, 0)
            self._known[commit] = mask
            if not since or self._descends & set(parents):
                self._descends.add(commit)

    @property
    def linear(self) -> bool:
        """Whether each commit has the one before it as its only parent."""
        line = [self.since, *self._order] if self.since else self._order
        return all(self.parents[after] == (before,) for before, after in pairwise(line))

    @property
    def forks(self) -> frozenset[str]:
        """Commits older than ``since`` that a commit of the walk has for a parent."""
        return frozenset(
            parent for parents in self.parents.values() for parent in parents if parent not in self.bit
        ) - {self.since}

    def known(self, commit: str) -> Mask:
        """``commit`` and its ancestors, as far as they belong to the walk."""
        return self._known.get(commit, 0)

    def descends(self, commit: str) -> bool:
        """Whether ``commit`` descends from ``since``."""
        return commit in self._descends

    def brings(self, commit: str) -> Mask:
        """What a merge joins: the ancestors of one parent that are no ancestors of the other; else nothing."""
        parents = self.parents[commit]
        return self.known(parents[0]) ^ self.known(parents[1]) if len(parents) == 2 else 0

    def line(self, tip: str) -> frozenset[str]:
        """Where verification may stop: ``tip`` and back from it by first parents that descend from ``since``."""
        found: list[str] = []
        step: str | None = tip
        while step in self.bit:
            found.append(step)
            step = next((parent for parent in self.parents[step] if self.descends(parent)), None)
        return frozenset(found)

    def ids(self, mask: Mask) -> tuple[str, ...]:
        """The commits of ``mask``, oldest first."""
        return tuple(commit for commit in self._order if mask & self.bit[commit])


class Barrier:
    """Every other commit is an ancestor or a descendant of a commit that touches trust.yaml (safety section 7).

    ``missing`` names, for each fork of ``history``, the trust changes up to ``since`` that it does not have.
    """

    def __init__(self, history: History, missing: Mapping[str, frozenset[str]]) -> None:
        self._history = history
        self._missing = {history.since: frozenset[str](), **missing}
        self._seen: Mask = 0
        self._trust: Mask = 0

    def concurrent(self, commit: str, touches_trust: bool) -> str:
        """The commit that was made side by side with ``commit`` although one of the two touches trust.yaml; else empty.

        Asked once for each commit, parents first.
        """
        history, parents = self._history, self._history.parents[commit]
        missing = [self._missing[parent] for parent in parents]
        self._missing[commit] = frozenset.intersection(*missing) if missing else frozenset()
        beside = (self._seen if touches_trust else self._trust) & ~history.known(commit)
        self._seen |= history.bit[commit]
        if touches_trust:
            self._trust |= history.bit[commit]
        if self._missing[commit]:
            return min(self._missing[commit])
        if touches_trust and not history.descends(commit):
            return history.since
        return next(iter(history.ids(beside)), "")
