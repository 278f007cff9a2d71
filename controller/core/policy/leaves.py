"""Leaves: single comparable values with a declared order, and the direction of a move between two of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import Any, Literal, TypeVar

from schemas.limits import Leaf
from schemas.plan import Change, Direction
from schemas.scalars import Model

Kind = Literal["limit", "mode", "status", "allocation", "strategy", "document", "halt", "trust"]
Key = tuple[str, str]
Value = int | str | frozenset[str] | None
ABSENT = "-"
M = TypeVar("M", bound=Model)
T = TypeVar("T")
_REMEMBERED, _PAIRS = 512, 4


class Other(Enum):
    """Declarations besides an order: COMPILED is compared in the policy, NOTE says nothing to any machine."""

    COMPILED = "compiled"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class LeafValue:
    """One comparable value and how people see it.

    ``value`` None means no bound for a ceiling and everything for an allow-set. ``added`` and ``removed`` are
    the directions of its appearing and vanishing: absent means deny unless the leaf says otherwise. ``acts`` is shown
    where a move leaves ``text`` as it was: what is written acts otherwise.
    """

    order: Leaf | Other
    value: Value
    text: str
    kind: Kind
    label: str
    path: str = ""
    added: Direction = Direction.LOOSEN
    removed: Direction = Direction.TIGHTEN
    acts: str = ""


def _ceiling(old: Any, new: Any) -> bool:
    return new is not None and (old is None or new < old)


def _floor(old: Any, new: Any) -> bool:
    return bool(new > old)


def _allow_set(old: Any, new: Any) -> bool:
    return new is not None and (old is None or new < old)


def _deny_set(old: Any, new: Any) -> bool:
    return bool(new > old)


_STRICTER: dict[Leaf, Callable[[Any, Any], bool]] = {
    Leaf.CEILING: _ceiling,
    Leaf.FLOOR: _floor,
    Leaf.RANK: _floor,
    Leaf.ALLOW_SET: _allow_set,
    Leaf.DENY_SET: _deny_set,
}


def move(old: LeafValue | None, new: LeafValue | None) -> Direction:
    """Direction of a change from ``old`` to ``new``; what is not provably stricter is LOOSEN."""
    if old is None or new is None:
        return new.added if new is not None else old.removed if old is not None else Direction.NEUTRAL
    if old.order is not new.order:
        return Direction.LOOSEN
    if old.value == new.value or new.order is Other.NOTE:
        return Direction.NEUTRAL
    stricter = _STRICTER.get(new.order) if isinstance(new.order, Leaf) else None
    return Direction.TIGHTEN if stricter is not None and stricter(old.value, new.value) else Direction.LOOSEN


def differences(old: Mapping[Key, LeafValue], new: Mapping[Key, LeafValue]) -> Iterator[Change]:
    """One change for each leaf that differs, account first, then by scope and key."""
    moved = [key for key in {*old, *new} if old.get(key) is not new.get(key)]
    for scope, key in sorted(moved, key=lambda item: (item[0] != "account", item)):
        before, after = old.get((scope, key)), new.get((scope, key))
        if before and after and (before.order, before.value) == (after.order, after.value):
            continue
        leaf = after or before
        if leaf is not None:
            was, becomes = _texts(before, after)
            yield Change(
                kind=leaf.kind,
                scope=scope,
                key=key,
                label=leaf.label,
                old=was,
                new=becomes,
                direction=move(before, after),
                path=leaf.path,
            )


def _texts(before: LeafValue | None, after: LeafValue | None) -> tuple[str, str]:
    if before and after and before.text == after.text:
        return before.acts or before.text, after.acts or after.text
    return before.text if before else ABSENT, after.text if after else ABSENT


def remembered(make: Callable[[M], Iterable[T]]) -> Callable[[M], tuple[T, ...]]:
    """``make`` with what it made of the newest models: documents are read once, so most commits share most of them."""
    known: dict[int, tuple[M, tuple[T, ...]]] = {}

    def of(model: M) -> tuple[T, ...]:
        found = known.get(id(model))
        if found is None or found[0] is not model:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[id(model)] = model, tuple(make(model))
        return found[1]

    return of


def of_pairs(make: Callable[[M | None, M], T]) -> Callable[[M | None, M], T]:
    """``make`` with what it said of the newest pairs: a pass asks the same of the same two again and again."""
    known: tuple[tuple[M | None, M, T], ...] = ()

    @wraps(make)
    def of(old: M | None, new: M) -> T:
        nonlocal known
        for before, after, found in known:
            if before is old and after is new:
                return found
        found = make(old, new)
        known = (*known[1 - _PAIRS :], (old, new, found))
        return found

    return of


def by_content(make: Callable[[M], Iterable[T]]) -> Callable[[M], tuple[T, ...]]:
    """``make`` with what it made of the newest contents, for a part of a document that changes without it."""
    known: dict[str, tuple[T, ...]] = {}

    def of(model: M) -> tuple[T, ...]:
        content = model.model_dump_json()
        found = known.get(content)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[content] = tuple(make(model))
        return found

    return of


def require_declared(model: type[Model], declared: Iterable[str], prefix: str = "") -> None:
    """Raise TypeError unless every field of ``model`` (nested models by dotted name) is declared, and nothing else.

    A name declared as a whole covers what is below it.
    """
    names = set(declared)
    known: set[str] = set()
    for field, info in model.model_fields.items():
        name = prefix + field
        below = {item for item in names if item.startswith(f"{name}.")}
        if name in names:
            known.add(name)
        elif below and isinstance(info.annotation, type) and issubclass(info.annotation, Model):
            require_declared(info.annotation, below, f"{name}.")
            known |= below
        else:
            raise TypeError(f"{model.__name__}.{field} declares no direction: add {name!r} to its table")
    if names - known:
        raise TypeError(f"{model.__name__} has no field {', '.join(sorted(names - known))}")
