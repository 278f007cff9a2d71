"""The part of a tree that has authority: each value that is not approved stands as it was when it was. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from controller.core.learning.phases import factors, written_as
from controller.core.policy.leaves import Key, LeafValue, move
from controller.core.policy.policy_leaves import decompile
from controller.core.trust.authority import field_of
from controller.core.trust.ledger import TRUST_KEY, Leaves, Ledger
from controller.core.trust.merge import WHOLE
from schemas.desired import Desired, RiskConfig, Staleness, Strategy
from schemas.limits import BY_NAME
from schemas.plan import Direction
from schemas.scalars import Model

M = TypeVar("M", bound=Model)
CAPITAL: Key = ("account", "account.initial_capital")
"""What allocations are a share of: the one value that others are compiled with, but for the learning phase."""


def authorised(
    desired: Desired,
    ledger: Ledger,
    tree: Callable[[str], Desired],
    leaves: Callable[[str], Leaves],
    flat: Callable[[Desired], Leaves],
) -> Desired:
    """``desired`` less what its ``ledger`` holds. ``tree`` and ``leaves`` give those of a commit, ``flat`` those of a
    tree that no commit has.

    Where a value that is not approved would still show through another one that it is compiled with, that one stays
    as it was too; where it shows through the learning phase, the limit is written lower, so that it acts as approved.
    """
    here = leaves(desired.commit)
    waiting = {
        key: entry.approved
        for key, entry in ledger.items()
        if move(leaves(entry.approved).get(key), here.get(key)) is Direction.LOOSEN
    }
    if not waiting:
        return desired
    made = _restored(desired, waiting.items(), tree)
    found = flat(made)
    for key, commit in waiting.items():
        approved = leaves(commit).get(key)
        if key != TRUST_KEY and move(approved, found.get(key)) is Direction.LOOSEN:
            if approved is not None and key[1] in factors(made.risk.learning.phase):
                made = _with(made, risk=_acting(made.risk, key[1], approved))
            else:
                made = _restored(made, [(CAPITAL, commit)], tree)
    return made


def _restored(desired: Desired, keys: Iterable[tuple[Key, str]], tree: Callable[[str], Desired]) -> Desired:
    for key, commit in keys:
        desired = restore(desired, tree(commit), key)
    return desired


def restore(desired: Desired, before: Desired, key: Key) -> Desired:
    """``desired`` with the value of ``key`` as it is in ``before``."""
    scope, name = key
    folder, _, file = name.partition("/")
    if folder == "cleared":
        halt_id = file.removesuffix(".yaml")
        return _with(desired, cleared=_entry(desired.cleared, before.cleared, halt_id))
    if scope != "account":
        return _strategy(desired, before, scope, name)
    group, _, rest = name.partition(".")
    if group == "ab_tests":
        test = next((item for item in (*desired.ab_tests, *before.ab_tests) if rest.startswith(f"{item}.")), rest)
        return _with(desired, ab_tests=_entry(desired.ab_tests, before.ab_tests, test))
    if group in ("trust", "alerts"):
        return _with(desired, **{group: getattr(before, group)})
    if name == "mode" or group == "emergency":
        return _with(desired, emergency=_taken(desired.emergency, before.emergency, [field_of(name)]))
    return _with(desired, risk=_risk(desired.risk, before.risk, name))


def _risk(new: RiskConfig, old: RiskConfig, name: str) -> RiskConfig:
    limit = BY_NAME.get(name)
    if limit is not None:
        return _taken(new, old, ["hard_limits" if limit.hard else "soft_limits", limit.group, limit.key])
    if name.startswith("staleness."):
        return _with(new, staleness=_both(new.staleness, old.staleness))
    if name.startswith("change."):
        return _taken(new, old, ["change"])
    if name == "learning.new_strategies":
        few = old.learning.phase.new_strategies_per_month
        return _set(new, ["learning", "phases", str(new.learning.number - 1), "new_strategies_per_month"], few)
    return _taken(new, old, {"account": ["account", "name"]}.get(name, name.split(".")))


def _both(new: Staleness, old: Staleness) -> Staleness:
    """The ladder that takes each step as early as either does."""
    return Staleness(source=tuple(dict.fromkeys((*new.source, *old.source))))


def _strategy(desired: Desired, before: Desired, uid: str, name: str) -> Desired:
    new, old = _by_uid(desired, uid), _by_uid(before, uid)
    others = {key: item for key, item in desired.strategies.items() if item.uid != uid}
    if new is None:
        return desired
    if name == WHOLE or old is None:
        return _with(desired, strategies=others)
    made = _taken(new, old, [field_of(name)])
    return _with(desired, strategies=dict(sorted({**others, made.id: made}.items())))


def _by_uid(desired: Desired, uid: str) -> Strategy | None:
    return next((item for item in desired.strategies.values() if item.uid == uid), None)


def _entry(new: Mapping[str, Model], old: Mapping[str, Model], key: str) -> dict[str, Model]:
    """``new`` with ``key`` as in ``old``, gone when it is not there."""
    left = {name: item for name, item in new.items() if name != key}
    return {**left, key: old[key]} if key in old else left


def _acting(risk: RiskConfig, name: str, approved: LeafValue) -> RiskConfig:
    """``risk`` with a limit written so that it acts as ``approved`` in the phase."""
    limit = BY_NAME[name]
    value = decompile(limit, written_as(name, int(str(approved.value)), risk.learning.phase))
    return _set(risk, ["hard_limits" if limit.hard else "soft_limits", limit.group, limit.key], value)


def _taken(new: M, old: M, path: list[str]) -> M:
    """``new`` with the field at ``path`` from ``old``: all of several when there are more or fewer of them now."""
    one: object = new
    other: object = old
    for depth, name in enumerate(path):
        one, other = _at(one, name), _at(other, name)
        if isinstance(one, tuple) and isinstance(other, tuple) and len(one) != len(other):
            path = path[: depth + 1]
            break
    return _set(new, path, other)


def _at(value: object, name: str) -> object:
    return value[int(name)] if isinstance(value, tuple) else getattr(value, name)


def _set(model: M, path: list[str], value: object) -> M:
    """``model`` with ``value`` at ``path``: names of fields, and places in tuples."""
    head, *rest = path
    if not rest:
        return _with(model, **{head: value})
    inner = getattr(model, head)
    if isinstance(inner, tuple):
        index = int(rest[0])
        return _with(model, **{head: (*inner[:index], _set(inner[index], rest[1:], value), *inner[index + 1 :])})
    return _with(model, **{head: _set(inner, rest, value)})


def _with(model: M, **fields: object) -> M:
    return model.model_copy(update=fields)
