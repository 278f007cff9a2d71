"""What a merge itself changes, judged for each compiled key against the value its parents let one expect. Pure.

Expected is the value of the side that changed the key; the stricter parent if both sides did, or if there is not
exactly one merge base (safety section 7). "Changed" speaks of the commits of a side, not of its end: who tightened a
limit and put it back has decided on it, so the other side cannot loosen it unseen. A value looser than expected is the
merger's own loosening. Where neither parent is the stricter (an opaque value, two sets of symbols), only what is no
looser than both is expected.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.core.policy.compile import compile_policy
from controller.core.policy.document_leaves import flatten_documents
from controller.core.policy.leaves import ABSENT, Key, LeafValue, move
from controller.core.policy.policy_leaves import flatten
from controller.core.trust.authority import is_document
from schemas.desired import Desired
from schemas.limits import Leaf
from schemas.plan import Change, Direction

WHOLE = "strategy"
Leaves = dict[Key, LeafValue]
Bounds = tuple[LeafValue | None, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One parent of a merge: its tree, and the keys that commits changed which the other parent does not have."""

    desired: Desired
    changed: frozenset[Key]

    def touches(self, key: Key) -> bool:
        """Whether ``key`` changed there, by itself or with its strategy as a whole."""
        return key in self.changed or (key[0], WHOLE) in self.changed


def changed_keys(changes: Iterable[Change]) -> frozenset[Key]:
    """The keys of ``changes``."""
    return frozenset((change.scope, change.key) for change in changes)


def own_changes(
    sides: tuple[Side, Side], one_base: bool, child: Desired, sectors: Mapping[str, str] | None = None
) -> tuple[Change, ...]:
    """What the merge ``child`` tightens or loosens against what is expected; empty when it adds nothing of its own.

    ``one_base``: there is exactly one merge base. ``sectors`` as for ``compile_policy``. A strategy that the merge
    takes or drops as a whole is one change, as in ``compare``.
    """
    left, right = (every_leaf(side.desired, sectors or {}) for side in sides)
    return tuple(_changes(left, right, every_leaf(child, sectors or {}), sides, one_base))


def own_paths(
    base: Mapping[str, object] | None,
    parents: Sequence[Mapping[str, object]],
    child: Mapping[str, object],
) -> frozenset[str]:
    """Paths whose entry in ``child`` is not the 3-way one (``base`` None: not exactly one merge base).

    A document that both sides changed, or that is as one parent has it, is no path of the merger's: each value of it
    is judged by itself.
    """
    left, right = parents
    found: set[str] = set()
    for path in {*left, *right, *child}:
        either = {left.get(path), right.get(path)}
        expected = either if base is None or len(either) == 1 else either - {base.get(path)}
        if is_document(path):
            known = len(expected) == 2 or child.get(path) in either
        else:
            known = len(expected) == 1 and child.get(path) in expected
        if not known:
            found.add(path)
    return frozenset(found)


def every_leaf(desired: Desired, sectors: Mapping[str, str]) -> Leaves:
    """Every control value, and for each strategy a leaf that says that it is there."""
    there = {
        (item.uid, WHOLE): LeafValue(Leaf.OPAQUE, item.uid, item.id, "strategy", item.id, f"strategies/{item.id}.yaml")
        for item in desired.strategies.values()
    }
    return {**flatten(compile_policy(desired, sectors)), **flatten_documents(desired), **there}


def _changes(left: Leaves, right: Leaves, new: Leaves, sides: tuple[Side, Side], one_base: bool) -> Iterator[Change]:
    strategies = {key[0] for leaves in (left, right, new) for key in leaves if key[1] == WHOLE}
    for key in sorted({*left, *right, *new}, key=lambda item: (item[0] != "account", item)):
        scope, name = key
        leaf = new.get(key)
        bounds = _bounds(left.get(key), right.get(key), key, sides, one_base)
        if scope in strategies and name != WHOLE and not _is_halt(left, right, new, key=key):
            if (scope, WHOLE) not in new:
                continue
            bounds = tuple(bound for bound in bounds if bound is not None)
        direction = _direction(bounds, leaf)
        if direction is not Direction.NEUTRAL:
            yield _change(key, bounds, leaf, direction)


def _bounds(
    left: LeafValue | None, right: LeafValue | None, key: Key, sides: tuple[Side, Side], one_base: bool
) -> Bounds:
    """What the merged value must not be looser than: one parent's value where that is expected, else both."""
    if _same(left, right):
        return (left,)
    ours, theirs = sides
    if one_base and not ours.touches(key):
        return (right,)
    if one_base and not theirs.touches(key):
        return (left,)
    return left, right


def _same(left: LeafValue | None, right: LeafValue | None) -> bool:
    if left is None or right is None:
        return left is right
    return (left.order, left.value) == (right.order, right.value)


def _direction(bounds: Bounds, leaf: LeafValue | None) -> Direction:
    moves = {move(bound, leaf) for bound in bounds}
    if Direction.LOOSEN in moves:
        return Direction.LOOSEN
    return Direction.TIGHTEN if moves == {Direction.TIGHTEN} else Direction.NEUTRAL


def _is_halt(*leaves: Leaves, key: Key) -> bool:
    """Whether ``key`` is a record of a halt or of its clear: it stays when its strategy goes."""
    return any(item[key].kind == "halt" for item in leaves if key in item)


def _change(key: Key, bounds: Bounds, leaf: LeafValue | None, direction: Direction) -> Change:
    before = next(bound for bound in bounds if move(bound, leaf) is direction)
    shown = leaf or before
    assert shown is not None
    return Change(
        kind=shown.kind,
        scope=key[0],
        key=key[1],
        label=shown.label,
        old=before.text if before else ABSENT,
        new=leaf.text if leaf else ABSENT,
        direction=direction,
        path=shown.path,
    )
