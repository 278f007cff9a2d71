"""The direction of every change, computed on the compiled policy and on what the documents say beyond it.

Unknown counts as loosening; absent means deny. A field of a model that declares no order fails at import.
"""

from collections.abc import Mapping

from controller.core.policy.compile import compile_policy
from controller.core.policy.document_leaves import flatten_documents
from controller.core.policy.leaves import ABSENT, Key, LeafValue, differences
from controller.core.policy.policy_leaves import flatten, strategy_leaves
from schemas.desired import Desired
from schemas.plan import Change, Direction
from schemas.policy import Policy, StrategyPolicy, canonical

__all__ = ["compare", "compare_desired", "compare_documents", "flatten"]


def compare(old: Policy | None, new: Policy) -> tuple[Change, ...]:
    """What differs between two policies, sorted, each with its direction; without ``old`` everything loosens.

    A strategy that appears or vanishes is one change of kind ``strategy``, not one for each of its fields.
    """
    if old == new:
        return ()
    whole = set(new.strategies) ^ set(old.strategies if old else ())
    same = {uid for uid, item in new.strategies.items() if old is not None and old.strategies.get(uid) == item}
    before = flatten(_less(old, whole | same)) if old else {}
    changes = [*differences(before, flatten(_less(new, whole | same))), *_strategies(old, new)]
    return tuple(sorted(changes, key=_order))


def compare_desired(old: Desired | None, new: Desired, sectors: Mapping[str, str] | None = None) -> tuple[Change, ...]:
    """What differs between two trees: the compiled policies and every other document, sorted.

    Trust changes have kind ``trust``. Adding to ``cleared/`` loosens and names the halt's digest in ``new``;
    adding to ``halts/`` is neutral. ``sectors`` as for ``compile_policy``; the same for both sides.
    """
    sectors = sectors or {}
    policies = compare(compile_policy(old, sectors) if old else None, compile_policy(new, sectors))
    return tuple(sorted([*policies, *compare_documents(old, new)], key=_order))


def compare_documents(old: Desired | None, new: Desired) -> tuple[Change, ...]:
    """What differs between two trees beyond their compiled policies, sorted."""
    if old is new:
        return ()
    gone = {strategy.uid for strategy in old.strategies.values()} if old else set()
    whole = gone ^ {strategy.uid for strategy in new.strategies.values()}
    shared = {key for key, item in new.strategies.items() if old is not None and old.strategies.get(key) is item}
    before = _documents(_without(old, shared), whole) if old else {}
    return tuple(sorted(differences(before, _documents(_without(new, shared), whole)), key=_order))


def _without(desired: Desired, strategies: set[str]) -> Desired:
    """``desired`` less what is one and the same document on both sides: nothing of it differs."""
    left = {key: item for key, item in desired.strategies.items() if key not in strategies}
    return desired.model_copy(update={"strategies": left})


def _documents(desired: Desired, whole: set[str]) -> dict[Key, LeafValue]:
    """Leaves of the documents; those of a strategy that appears or vanishes as a whole are left to that change."""
    leaves = flatten_documents(desired)
    return {key: leaf for key, leaf in leaves.items() if key[0] not in whole or leaf.kind == "halt"}


def _less(policy: Policy, uids: set[str]) -> Policy:
    """``policy`` without the strategies ``uids``."""
    left = {uid: item for uid, item in policy.strategies.items() if uid not in uids}
    return policy.model_copy(update={"strategies": left})


def _strategies(old: Policy | None, new: Policy) -> list[Change]:
    before = old.strategies if old else {}
    added = [_whole(item, ABSENT, _summary(item), Direction.LOOSEN) for item in _only(new.strategies, before)]
    removed = [_whole(item, _summary(item), ABSENT, Direction.TIGHTEN) for item in _only(before, new.strategies)]
    return added + removed


def _only(these: Mapping[str, StrategyPolicy], others: Mapping[str, StrategyPolicy]) -> list[StrategyPolicy]:
    return [strategy for uid, strategy in these.items() if uid not in others]


def _whole(strategy: StrategyPolicy, old: str, new: str, direction: Direction) -> Change:
    return Change(
        kind="strategy",
        scope=strategy.uid,
        key="strategy",
        label=strategy.id,
        old=old,
        new=new,
        direction=direction,
        path=f"strategies/{strategy.id}.yaml",
    )


def _summary(strategy: StrategyPolicy) -> str:
    """All of it, as a plan's digest speaks of texts: what is reviewed, and nothing else, is what comes."""
    texts = {key: leaf.text for (_, key), leaf in strategy_leaves(strategy)}
    shown = {"uid", "id", "status", "allocation"}
    rest = canonical(strategy.model_dump(mode="json", exclude=shown, exclude_defaults=True))
    return f"{texts['status']}, {texts['allocation']}, {rest}"


def _order(change: Change) -> tuple[bool, str, str]:
    return change.scope != "account", change.scope, change.key
