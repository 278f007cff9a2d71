"""``limits set`` and ``limits reset``: one scalar of risk_config.yaml for each limit. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from controller.core.learning.phases import factors
from controller.core.plan.edits import BadArgument, Edits, NothingToDo, unknown
from controller.core.policy.policy_leaves import limit_text
from schemas.desired import Desired
from schemas.edits import ResetLimits, SetLimit, SetValue
from schemas.learning import Phase
from schemas.limits import BY_NAME, LIMITS, Leaf, Limit, Unit
from schemas.scalars import MICROS

RISK_CONFIG = "risk_config.yaml"
_NOW = "Take effect immediately"


def limit_named(name: str) -> Limit:
    """The limit of that name. Raises BadArgument that suggests the nearest names."""
    limit = BY_NAME.get(name)
    if limit is None:
        raise unknown("limit", name, BY_NAME, "gt risk limits list")
    return limit


def set_limit(intent: SetLimit, desired: Desired) -> Edits:
    """One limit to the value that was written. Raises BadArgument, NothingToDo."""
    limit = limit_named(intent.name)
    try:
        value = limit.parse(intent.value)
    except ValueError as error:
        raise BadArgument(f"{limit.name}: {error}", f"gt risk limits get {limit.name}") from error
    current = _current(limit, desired)
    old, new = limit.text(current), limit.text(value)
    if current == value:
        raise NothingToDo(f"{limit.name} is {new} already", f"gt risk limits get {limit.name}")
    edits = (_edit(limit, value),)
    notes = (*_acting(limit, desired.risk.learning.phase, current, value), *_notes(limit, current, value))
    return Edits(edits, f"risk: set {limit.name} to {new}", old, new, notes)


def reset_limits(intent: ResetLimits, desired: Desired) -> Edits:
    """The named limits, or all of them, back to the table's defaults. Raises BadArgument, NothingToDo."""
    wanted = [limit_named(name) for name in dict.fromkeys(intent.names)] or LIMITS
    moves = [(limit, _current(limit, desired), limit.parse(limit.default)) for limit in wanted]
    moves = [move for move in moves if move[1] != move[2]]
    if not moves:
        what = wanted[0].name if len(wanted) == 1 else "every limit" if not intent.names else "each of them"
        raise NothingToDo(f"{what} is at its default already", "gt risk limits list")
    notes = [note for move in moves for note in _notes(*move) if note != _NOW]
    name = moves[0][0].name if len(moves) == 1 else f"{len(moves)} limits"
    return Edits(
        edits=tuple(_edit(limit, default) for limit, _, default in moves),
        subject=f"risk: reset {name} to {'its default' if len(moves) == 1 else 'their defaults'}",
        previous=_texts([(limit, current) for limit, current, _ in moves]),
        new=_texts([(limit, default) for limit, _, default in moves]),
        notes=(*dict.fromkeys(notes), _NOW),
    )


def _texts(values: Sequence[tuple[Limit, Decimal]]) -> str:
    if len(values) == 1:
        return values[0][0].text(values[0][1])
    return ", ".join(f"{limit.name}={limit.text(value)}" for limit, value in values)


def _section(limit: Limit) -> str:
    return "hard_limits" if limit.hard else "soft_limits"


def _current(limit: Limit, desired: Desired) -> Decimal:
    group = getattr(getattr(desired.risk, _section(limit)), limit.group)
    return Decimal(getattr(group, limit.key))


def _edit(limit: Limit, value: Decimal) -> SetValue:
    text = f"{value:.0f}" if limit.unit in (Unit.COUNT, Unit.SECONDS) else limit.text(value)
    return SetValue(path=RISK_CONFIG, pointer=(_section(limit), limit.group, limit.key), value=text)


_LOOSER: dict[str, tuple[str, ...]] = {
    "account": ("Let the account carry more risk for the same capital",),
    "position": ("Allow larger individual positions", "Increase concentration risk"),
    "strategy": ("Allow strategies a larger part of the capital",),
    "exposure": ("Allow a larger total exposure",),
    "order": ("Let larger, faster or less exact orders through",),
    "concentration": ("Tolerate more concentration in one sector",),
    "volatility": ("Tolerate more volatile instruments or a more volatile book",),
    "drawdown": ("Let losses grow further before trading is halted",),
}
_TIGHTER: dict[str, tuple[str, ...]] = {
    "account": ("Let the account carry less risk for the same capital",),
    "position": ("Allow only smaller individual positions",),
    "strategy": ("Allow strategies a smaller part of the capital",),
    "exposure": ("Allow a smaller total exposure",),
    "order": ("Hold back larger, faster or less exact orders",),
    "concentration": ("Warn or scale down earlier when a sector grows",),
    "volatility": ("Warn or scale down earlier when volatility grows",),
    "drawdown": ("Halt trading at a smaller loss",),
}


def _acting(limit: Limit, phase: Phase, current: Decimal, value: Decimal) -> tuple[str, ...]:
    """What the learning phase makes of the value, where that is not what is written."""
    factor = factors(phase).get(limit.name, MICROS)
    if factor == MICROS:
        return ()
    now, then = (limit_text(limit.name, limit.compile(written) * factor // MICROS) for written in (current, value))
    return (f"Act as {then} in learning phase {phase.name}, where {limit.text(current)} acts as {now}",)


def _notes(limit: Limit, current: Decimal, value: Decimal) -> tuple[str, ...]:
    rising = value > current
    if limit.leaf not in (Leaf.CEILING, Leaf.FLOOR):
        return (f"Change what the book is measured by ({limit.doc.rstrip('.').lower()})", _NOW)
    looser = rising if limit.leaf is Leaf.CEILING else not rising
    if looser:
        return (*_LOOSER[limit.group], _NOW)
    return (*_TIGHTER[limit.group], "Never hold back an order that reduces a position", _NOW)
