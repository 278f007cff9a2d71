"""What the documents say beyond the compiled policy, as leaves: trust, alerts, tests, ladder, guards, halts."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from controller.core.policy.leaves import Key, Kind, LeafValue, Other, by_content, remembered, require_declared
from schemas.change import ChangeControl
from schemas.desired import ClearedDocument, Desired, Emergency, RiskConfig, Staleness, Strategy
from schemas.experiments import ABTest
from schemas.learning import Learning, Phase
from schemas.limits import Leaf
from schemas.plan import Direction
from schemas.policy import canonical
from schemas.scalars import Model, percent_text, ppm_of_percent

DESIRED: dict[str, Leaf | Other] = {
    "commit": Other.NOTE,
    "risk": Other.COMPILED,
    "emergency": Other.COMPILED,
    "trust": Leaf.OPAQUE,
    "alerts": Leaf.OPAQUE,
    "strategies": Other.COMPILED,
    "halts": Other.NOTE,
    "cleared": Leaf.OPAQUE,
    "ab_tests": Leaf.OPAQUE,
}
RISK: dict[str, Leaf | Other] = {
    "version": Leaf.OPAQUE,
    "semantics": Leaf.OPAQUE,
    "account.name": Other.COMPILED,
    "account.benchmark": Leaf.OPAQUE,
    "hard_limits": Other.COMPILED,
    "soft_limits": Other.COMPILED,
    "shadow": Other.COMPILED,
    "learning.number": Other.NOTE,
    "learning.started": Other.NOTE,
    "learning.phases": Leaf.OPAQUE,
    "staleness": Leaf.RANK,
    "guards.max_changed_pct": Leaf.CEILING,
    "change": Leaf.OPAQUE,
}
PHASES = "learning.phases"
PHASE: dict[str, Leaf | Other] = {
    "name": Leaf.OPAQUE,
    "days": Leaf.OPAQUE,
    "position_size_multiplier": Leaf.CEILING,
    "exploration_bonus": Leaf.CEILING,
    "soft_limit_tolerance": Leaf.CEILING,
    "new_strategies_per_month": Leaf.CEILING,
    "goals": Leaf.OPAQUE,
    "graduation": Leaf.OPAQUE,
}
EMERGENCY: dict[str, Leaf | Other] = {
    "version": Leaf.OPAQUE,
    "trading_mode": Other.COMPILED,
    "reason": Other.NOTE,
}
STRATEGY: dict[str, Leaf | Other] = {
    "version": Leaf.OPAQUE,
    "uid": Other.COMPILED,
    "id": Other.COMPILED,
    "name": Other.COMPILED,
    "owner": Leaf.OPAQUE,
    "status": Other.COMPILED,
    "allocation_pct": Other.COMPILED,
    "module": Other.COMPILED,
    "parameters": Other.COMPILED,
    "max_positions": Other.COMPILED,
    "universe": Other.COMPILED,
    "tags": Leaf.OPAQUE,
    "description": Other.NOTE,
    "added": Other.NOTE,
}
_TABLES = ((Desired, DESIRED), (RiskConfig, RISK), (Phase, PHASE), (Emergency, EMERGENCY), (Strategy, STRATEGY))
for _model, _table in _TABLES:
    require_declared(_model, _table)
_ACCOUNT = "account"
_TEXTS: Mapping[str, bool | set[str]] = {
    "version": True,
    "semantics": True,
    "account": {"benchmark"},
    "learning": {"number", "started"},
}
"""Those of :data:`RISK` that are compared by their text."""
_ACTIONS = ("none", "report", "no-loosening", "pause-new-orders")


def flatten_documents(desired: Desired, but: Collection[str] = ()) -> dict[Key, LeafValue]:
    """Every control value of ``desired`` that the compiled policy does not hold, by (scope, key); without the fields
    ``but`` of it. Halts and their clears are one: a clear has the scope of its halt."""
    found = [leaf for name, part in _PARTS.items() if name not in but for leaf in part(getattr(desired, name))]
    return dict(found if {"halts", "cleared"} <= {*but} else [*found, *_halts(desired)])


def _leaf(order: Leaf | Other, value: Any, text: str, label: str, path: str) -> LeafValue:
    return LeafValue(order, value, text, "document", label, path, removed=Direction.LOOSEN)


@remembered
def _risk(risk: RiskConfig) -> Iterator[tuple[Key, LeafValue]]:
    share = risk.guards.max_changed_pct
    ordered: dict[str, tuple[Any, str]] = {
        "guards.max_changed_pct": (ppm_of_percent(share), percent_text(share)),
    }
    dump = risk.model_dump(mode="json", include=_TEXTS)
    for name, order in RISK.items():
        if order is Other.COMPILED or name in ("staleness", "change", PHASES):
            continue
        value, text = ordered[name] if name in ordered else (_text(_dig(dump, name)),) * 2
        yield (_ACCOUNT, name), _leaf(order, value, text, name, "risk_config.yaml")
    yield from _learning(risk.learning)
    yield from _ladder(risk.staleness)
    yield from _change(risk.change)


@by_content
def _learning(learning: Learning) -> Iterator[tuple[Key, LeafValue]]:
    """What the phase does to limits is compiled; here is what else it lets through, and what each phase says."""
    few, name = learning.phase.new_strategies_per_month, "learning.new_strategies"
    yield (_ACCOUNT, name), _leaf(Leaf.CEILING, few, _few(few), name, "risk_config.yaml")
    for index, phase in enumerate(learning.phases):
        dump = phase.model_dump(mode="json")
        for field, order in PHASE.items():
            name, value = f"{PHASES}.{index}.{field}", getattr(phase, field)
            if order is Leaf.CEILING:
                text = _few(value) if value is None else str(dump[field])
                yield (_ACCOUNT, name), _leaf(order, value, text, name, "risk_config.yaml")
            else:
                for key, scalar in _scalars(name, dump[field]):
                    text = _text(scalar)
                    yield (_ACCOUNT, key), _leaf(order, text, text, key, "risk_config.yaml")


def _few(count: int | None) -> str:
    return "any number" if count is None else str(count)


def _change(control: ChangeControl) -> Iterator[tuple[Key, LeafValue]]:
    """One leaf for each brake: a new one tightens, any other change of it loosens."""
    brakes = {f"change.freeze.{window.name}": window for window in control.freeze}
    rollout = {"change.rollout": control.rollout} if control.rollout is not None else {}
    for name, brake in {**brakes, **rollout}.items():
        text = canonical(brake.model_dump(mode="json", exclude_defaults=True))
        leaf = LeafValue(
            Leaf.OPAQUE, text, text, "document", name, "risk_config.yaml", Direction.TIGHTEN, Direction.LOOSEN
        )
        yield (_ACCOUNT, name), leaf


def _ladder(staleness: Staleness) -> Iterator[tuple[Key, LeafValue]]:
    """One ceiling for each action: the seconds after which at least that action holds; absent, it never does."""
    for rank, action in enumerate(_ACTIONS[1:], 1):
        after = [step.after_seconds for step in staleness.source if _ACTIONS.index(step.action) >= rank]
        value = min(after, default=None)
        name = f"staleness.{action}"
        text = "never" if value is None else f"{value}s"
        yield (_ACCOUNT, name), _leaf(Leaf.CEILING, value, text, name, "risk_config.yaml")


def _emergency(emergency: Emergency) -> Iterator[tuple[Key, LeafValue]]:
    for name, order in EMERGENCY.items():
        if order is not Other.COMPILED:
            text = _text(getattr(emergency, name))
            yield (_ACCOUNT, f"emergency.{name}"), _leaf(order, text, text, f"emergency.{name}", "emergency.yaml")


def _strategies(strategies: Mapping[str, Strategy]) -> Iterator[tuple[Key, LeafValue]]:
    return (leaf for strategy in strategies.values() for leaf in _strategy(strategy))


@remembered
def _strategy(strategy: Strategy) -> Iterator[tuple[Key, LeafValue]]:
    dump = strategy.model_dump(mode="json")
    path = f"strategies/{strategy.id}.yaml"
    for name, order in STRATEGY.items():
        if order is not Other.COMPILED:
            text = _text(dump[name])
            yield (strategy.uid, f"document.{name}"), _leaf(order, text, text, f"{strategy.id}.{name}", path)


def _opaque(kind: Kind, path: str, prefix: str, model: Model) -> Iterator[tuple[Key, LeafValue]]:
    """Every scalar of ``model``, any change of which counts as loosening."""
    for name, value in _scalars(prefix, model.model_dump(mode="json", by_alias=True)):
        text = _text(value)
        yield (_ACCOUNT, name), LeafValue(Leaf.OPAQUE, text, text, kind, name, path, removed=Direction.LOOSEN)


_trust = remembered(partial(_opaque, "trust", "trust.yaml", "trust"))
_alerts = remembered(partial(_opaque, "document", "risk_alerts.yaml", "alerts"))


def _tests(tests: Mapping[str, ABTest]) -> Iterator[tuple[Key, LeafValue]]:
    for test_id, test in tests.items():
        yield from _opaque("document", f"ab_tests/{test_id}.yaml", f"ab_tests.{test_id}", test)


_PARTS: Mapping[str, Callable[[Any], Iterable[tuple[Key, LeafValue]]]] = {
    "risk": _risk,
    "emergency": _emergency,
    "trust": _trust,
    "alerts": _alerts,
    "strategies": _strategies,
    "ab_tests": _tests,
}


def _halts(desired: Desired) -> Iterator[tuple[Key, LeafValue]]:
    """A halt record only tells; a clear loosens and names the digest of what it lifts."""
    for halt_id, halt in desired.halts.items():
        path, uid = f"halts/{halt_id}.yaml", halt.scope.uid
        text = f"{halt.mode.value} {uid or _ACCOUNT}"
        yield (
            (uid or _ACCOUNT, path),
            LeafValue(
                Leaf.OPAQUE, canonical(halt.model_dump(mode="json")), text, "halt", path, path, Direction.NEUTRAL,
                Direction.LOOSEN,
            ),
        )  # fmt: skip
    for halt_id, clear in desired.cleared.items():
        path = f"cleared/{halt_id}.yaml"
        record = desired.halts.get(halt_id)
        scope = (record.scope.uid if record else None) or _ACCOUNT
        leaf = LeafValue(
            Leaf.OPAQUE, canonical(clear.model_dump(mode="json")), _lifted(clear), "halt", path, path,
            removed=Direction.LOOSEN,
        )  # fmt: skip
        yield (scope, path), leaf


def _lifted(clear: ClearedDocument) -> str:
    return clear.halt_digest if clear.peak is None else f"{clear.halt_digest}, peak {clear.peak.value}"


def _scalars(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _scalars(f"{prefix}.{key}", item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _scalars(f"{prefix}.{index}", item)
    else:
        yield prefix, value


def _dig(dump: Any, name: str) -> Any:
    for part in name.split("."):
        dump = dump[part]
    return dump


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value) or "none"
    return value if isinstance(value, str) else canonical(value)
