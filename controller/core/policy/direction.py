"""The direction of every change, computed on the compiled policy and on what the documents say beyond it.

Unknown counts as loosening; absent means deny. A field of a model that declares no order fails at import.
"""

from collections.abc import Collection, Iterable, Mapping

from controller.core.policy.compile import compile_policy
from controller.core.policy.document_leaves import flatten_documents
from controller.core.policy.leaves import ABSENT, Key, LeafValue, differences, of_pairs
from controller.core.policy.policy_leaves import account_leaves, flatten, strategy_leaves
from schemas.desired import Desired
from schemas.plan import Change, Direction
from schemas.policy import Policy, StrategyPolicy, canonical
from schemas.scalars import lean

__all__ = ["compare", "compare_desired", "compare_documents", "flatten"]


@of_pairs
def compare(old: Policy | None, new: Policy) -> tuple[Change, ...]:
    """What differs between two policies, sorted, each with its direction; without ``old`` everything loosens.

    A strategy that appears or vanishes is one change of kind ``strategy``, not one for each of its fields.
    """
    if old is new:
        return ()
    mine = old.strategies if old is not None else {}
    moved = [uid for uid, item in new.strategies.items() if uid in mine and mine[uid] is not item]
    before = _leaves(old, moved) if old is not None else {}
    changes = [*differences(before, _leaves(new, moved)), *_strategies(mine, new.strategies)]
    return tuple(sorted(changes, key=_order))


def _leaves(policy: Policy, uids: Iterable[str]) -> dict[Key, LeafValue]:
    """The leaves of the account and of the strategies ``uids``."""
    return dict([*account_leaves(policy), *(leaf for uid in uids for leaf in strategy_leaves(policy.strategies[uid]))])


def compare_desired(old: Desired | None, new: Desired, sectors: Mapping[str, str] | None = None) -> tuple[Change, ...]:
    """What differs between two trees: the compiled policies and every other document, sorted.

    Trust changes have kind ``trust``. Adding to ``cleared/`` loosens and names the halt's digest in ``new``;
    adding to ``halts/`` is neutral. ``sectors`` as for ``compile_policy``; the same for both sides.
    """
    sectors = sectors or {}
    policies = compare(compile_policy(old, sectors) if old else None, compile_policy(new, sectors))
    return tuple(sorted([*policies, *compare_documents(old, new)], key=_order))


@of_pairs
def compare_documents(old: Desired | None, new: Desired) -> tuple[Change, ...]:
    """What differs between two trees beyond their compiled policies, sorted."""
    if old is None:
        return tuple(
            sorted(differences({}, _documents(new, {item.uid for item in new.strategies.values()})), key=_order)
        )
    if old is new:
        return ()
    same = {name for name in Desired.model_fields if _same(getattr(old, name), getattr(new, name))}
    old, new = _without_shared(old, new), _without_shared(new, old)
    whole = {item.uid for item in old.strategies.values()} ^ {item.uid for item in new.strategies.values()}
    found = differences(_documents(old, whole, same), _documents(new, whole, same))
    return tuple(sorted(found, key=_order))


def _same(one: object, other: object) -> bool:
    """Whether two parts of two trees are the same documents: each was read once, and is one object then."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(one[key] is other[key] for key in one)
    return one is other


def _without_shared(desired: Desired, other: Desired) -> Desired:
    """``desired`` less the strategies that are one and the same document in ``other``: nothing of them differs."""
    left = {key: item for key, item in desired.strategies.items() if other.strategies.get(key) is not item}
    return desired.model_copy(update={"strategies": left})


def _documents(desired: Desired, whole: Collection[str], but: Collection[str] = ()) -> dict[Key, LeafValue]:
    """Leaves of the documents; those of a strategy that appears or vanishes as a whole are left to that change."""
    leaves = flatten_documents(desired, but)
    return {key: leaf for key, leaf in leaves.items() if key[0] not in whole or leaf.kind == "halt"}


def _strategies(old: Mapping[str, StrategyPolicy], new: Mapping[str, StrategyPolicy]) -> list[Change]:
    added = [_whole(item, ABSENT, _summary(item), Direction.LOOSEN) for item in _only(new, old)]
    removed = [_whole(item, _summary(item), ABSENT, Direction.TIGHTEN) for item in _only(old, new)]
    return added + removed


def _only(these: Mapping[str, StrategyPolicy], others: Mapping[str, StrategyPolicy]) -> list[StrategyPolicy]:
    return [strategy for uid, strategy in these.items() if uid not in others]


def _whole(strategy: StrategyPolicy, old: str, new: str, direction: Direction) -> Change:
    return lean(
        Change(
            kind="strategy",
            scope=strategy.uid,
            key="strategy",
            label=strategy.id,
            old=old,
            new=new,
            direction=direction,
            path=f"strategies/{strategy.id}.yaml",
        )
    )


def _summary(strategy: StrategyPolicy) -> str:
    """All of it, as a plan's digest speaks of texts: what is reviewed, and nothing else, is what comes."""
    texts = {key: leaf.text for (_, key), leaf in strategy_leaves(strategy)}
    shown = {"uid", "id", "status", "allocation"}
    rest = canonical(strategy.model_dump(mode="json", exclude=shown, exclude_defaults=True))
    return f"{texts['status']}, {texts['allocation']}, {rest}"


def _order(change: Change) -> tuple[bool, str, str]:
    return change.scope != "account", change.scope, change.key
