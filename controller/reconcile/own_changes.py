"""What each commit itself changes: against its parent, and for a merge against what its parents let one expect."""

from collections.abc import Mapping, Sequence

from controller.core.policy.direction import compare_desired
from controller.core.policy.leaves import Key
from controller.core.trust.merge import Side, changed_keys, own_changes, own_paths
from controller.ports import RawCommit, Source
from controller.reconcile.trees import Trees
from schemas.desired import Desired
from schemas.plan import Change

_KEPT = 20_000
Sides = tuple[Sequence[RawCommit], Sequence[RawCommit]]


class OwnChanges:
    """Reads them for the commits of ``source``. ``sectors`` as for ``compile_policy``."""

    def __init__(self, source: Source, trees: Trees, sectors: Mapping[str, str] | None) -> None:
        self._source = source
        self._trees = trees
        self._sectors = sectors
        self._keys: dict[str, frozenset[Key]] = {}

    def of(self, commit: RawCommit, child: Desired) -> tuple[Change, ...]:
        """The compiled changes of ``commit``, whose tree is ``child``. Raises Refused, SourceUnavailable."""
        if len(commit.parents) == 1:
            found = self.between(self._trees.desired(commit.parents[0]), child)
        else:
            found = self._merged(commit, child)
        if len(self._keys) >= _KEPT:
            self._keys.clear()
        self._keys[commit.id] = changed_keys(found)
        return found

    def between(self, parent: Desired, child: Desired) -> tuple[Change, ...]:
        """What a commit with that one parent would change."""
        if _same_documents(parent, child):
            return ()
        return compare_desired(parent, child, self._sectors)

    def paths(self, commit: RawCommit) -> frozenset[str]:
        """The paths that ``commit`` itself touches."""
        if len(commit.parents) == 1:
            return self._trees.touched(commit)
        bases = self._source.merge_bases(*commit.parents)
        base = self._source.tree(next(iter(bases))) if len(bases) == 1 else None
        parents = [self._source.tree(parent) for parent in commit.parents]
        return own_paths(base, parents, self._source.tree(commit.tree))

    def _merged(self, commit: RawCommit, child: Desired) -> tuple[Change, ...]:
        sides = self._sides(commit)
        keys = self._all_keys([item for side in sides for item in side])
        return self._judged(commit, child, sides, keys)

    def _all_keys(self, commits: Sequence[RawCommit]) -> dict[str, frozenset[Key]]:
        """The keys that ``commits`` changed; by a stack, because a merge needs the commits below it first."""
        keys: dict[str, frozenset[Key]] = {}
        stack: list[tuple[RawCommit, Sides | None]] = [(commit, None) for commit in commits]
        while stack:
            commit, sides = stack.pop()
            if commit.id in keys:
                continue
            if commit.id in self._keys:
                keys[commit.id] = self._keys[commit.id]
            elif len(commit.parents) == 2 and sides is None:
                sides = self._sides(commit)
                stack += [(commit, sides), *((item, None) for side in sides for item in side)]
            else:
                keys[commit.id] = self._keys[commit.id] = self._one(commit, sides, keys)
        return keys

    def _one(self, commit: RawCommit, sides: Sides | None, keys: Mapping[str, frozenset[Key]]) -> frozenset[Key]:
        child = self._trees.desired(commit.id, commit.tree)
        if sides is not None:
            return changed_keys(self._judged(commit, child, sides, keys))
        return changed_keys(self.between(self._trees.desired(commit.parents[0]), child))

    def _judged(
        self, commit: RawCommit, child: Desired, sides: Sides, keys: Mapping[str, frozenset[Key]]
    ) -> tuple[Change, ...]:
        left, right = (
            Side(self._trees.desired(parent), frozenset[Key]().union(*(keys[item.id] for item in side)))
            for parent, side in zip(commit.parents, sides, strict=True)
        )
        one_base = len(self._source.merge_bases(*commit.parents)) == 1
        return own_changes((left, right), one_base, child, self._sectors)

    def _sides(self, commit: RawCommit) -> Sides:
        """What each parent has that the other has not, oldest first."""
        left, right = commit.parents
        return self._source.commits(right, left), self._source.commits(left, right)


def _same_documents(one: Desired, other: Desired) -> bool:
    """Whether two trees hold the same documents, each read once: then they are the same objects."""
    if any(getattr(one, name) is not getattr(other, name) for name in ("risk", "emergency", "trust", "alerts")):
        return False
    folders = ("strategies", "halts", "cleared", "ab_tests")
    return all(_same_objects(getattr(one, name), getattr(other, name)) for name in folders)


def _same_objects(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return one is other or (one.keys() == other.keys() and all(one[key] is other[key] for key in one))
