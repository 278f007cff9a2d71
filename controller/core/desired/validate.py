"""Rules across documents: what each document may say alone but not together. One function for each rule."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from controller.core.desired.alert_documents import ALERT_RULES
from controller.core.desired.experiment_documents import EXPERIMENT_RULES
from controller.core.desired.key_lines import read_key_line
from controller.core.desired.learning_documents import LEARNING_RULES
from controller.core.desired.transition import validate_transition
from controller.core.desired.yaml_reader import Pointer
from schemas.desired import Desired, Strategy, StrategyStatus
from schemas.limits import BY_NAME, LIMITS, Leaf, Limit, Unit
from schemas.scalars import percent_text
from schemas.status import Problem
from schemas.trust import Role

__all__ = ["RULES", "Snapshot", "validate", "validate_transition"]
_RISK = "risk_config.yaml"
_TRUST = "trust.yaml"
_DECIMALS = {Unit.PERCENT: 4, Unit.RATIO: 6, Unit.MONEY: 6, Unit.COUNT: 0, Unit.SECONDS: 0}


class Placed(Protocol):
    """A document that knows where everything in it stands."""

    def place(self, pointer: Pointer) -> tuple[int, int]:
        """Line and column of what is at ``pointer``."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """What could be read of one tree, where it stands, and which files have mistakes of their own."""

    desired: Desired
    places: Mapping[str, Placed]
    broken: frozenset[str] = frozenset()

    def problem(self, path: str, pointer: Pointer, message: str, fix: str) -> Problem:
        """A problem at ``pointer`` of ``path``."""
        line, column = self.places[path].place(pointer) if path in self.places else (1, 1)
        return Problem(path=path, line=line, column=column, message=message, fix=fix)

    def limit(self, limit: Limit) -> Decimal:
        """The written value of one limit."""
        risk = self.desired.risk
        group = getattr(risk.hard_limits if limit.hard else risk.soft_limits, limit.group)
        return Decimal(getattr(group, limit.key))

    def named(self, name: str) -> Decimal:
        """The written value of the limit called ``name``."""
        return self.limit(BY_NAME[name])

    @cached_property
    def strategies(self) -> list[Strategy]:
        """All that could be read, by id."""
        return [self.desired.strategies[key] for key in sorted(self.desired.strategies)]

    @cached_property
    def active(self) -> list[Strategy]:
        """The active ones."""
        return [strategy for strategy in self.strategies if strategy.status is StrategyStatus.ACTIVE]


def validate(snapshot: Snapshot) -> list[Problem]:
    """Every mistake that the rules find."""
    return [problem for rule in RULES for problem in rule(snapshot)]


def _pointer(limit: Limit) -> Pointer:
    return ("hard_limits" if limit.hard else "soft_limits", limit.group, limit.key)


def limits_in_range(snapshot: Snapshot) -> Iterator[Problem]:
    """Each limit within its row's bounds."""
    for limit in LIMITS:
        value = snapshot.limit(limit)
        if not limit.low <= value <= limit.high:
            bounds = f"{limit.text(limit.low)} to {limit.text(limit.high)}"
            yield snapshot.problem(
                _RISK, _pointer(limit), f"{limit.name} {limit.text(value)} is out of range", f"write {bounds}"
            )


def limits_exact(snapshot: Snapshot) -> Iterator[Problem]:
    """No more decimals than the gate's integers can hold."""
    for limit in LIMITS:
        value, places = snapshot.limit(limit), _DECIMALS[limit.unit]
        if value != round(value, places):
            yield snapshot.problem(
                _RISK, _pointer(limit), f"{limit.name} has more than {places} decimals", f"write at most {places}"
            )


def limits_ordered(snapshot: Snapshot) -> Iterator[Problem]:
    """A limit may not exceed the one that it is declared below."""
    for limit in LIMITS:
        if limit.below:
            value, bound = snapshot.limit(limit), snapshot.named(limit.below)
            if value > bound:
                yield snapshot.problem(
                    _RISK,
                    _pointer(limit),
                    f"{limit.name} {limit.text(value)} is above {limit.below} {limit.text(bound)}",
                    f"write at most {limit.text(bound)}",
                )


def shadow_names_limits(snapshot: Snapshot) -> Iterator[Problem]:
    """Only limits can be in shadow; the capital that others count from is none."""
    known = [limit.name for limit in LIMITS if limit.leaf is not Leaf.OPAQUE]
    for index, name in enumerate(snapshot.desired.risk.shadow):
        if name not in known:
            yield snapshot.problem(
                _RISK, ("shadow", str(index)), f"{name} cannot be in shadow", f"one of: {', '.join(known)}"
            )


def few_enough_active(snapshot: Snapshot) -> Iterator[Problem]:
    """At most strategy.max_strategies_active strategies are active."""
    allowed = int(snapshot.named("strategy.max_strategies_active"))
    for strategy in snapshot.active[allowed:]:
        yield snapshot.problem(
            f"strategies/{strategy.id}.yaml",
            ("status",),
            f"{len(snapshot.active)} strategies are active; strategy.max_strategies_active is {allowed}",
            "pause one of them first, or raise the limit",
        )


def allocation_in_range(snapshot: Snapshot) -> Iterator[Problem]:
    """Each allocation between 0 % and strategy.max_strategy_allocation_pct, to 4 decimals."""
    most = snapshot.named("strategy.max_strategy_allocation_pct")
    for strategy in snapshot.strategies:
        value = strategy.allocation_pct
        if not 0 <= value <= most or value != round(value, 4):
            yield snapshot.problem(
                f"strategies/{strategy.id}.yaml",
                ("allocation_pct",),
                f"allocation {percent_text(value)} of {strategy.id} is not between 0% and {percent_text(most)}"
                " (strategy.max_strategy_allocation_pct) with at most 4 decimals",
                f"write at most {percent_text(most)}",
            )


def allocations_fit(snapshot: Snapshot) -> Iterator[Problem]:
    """Active strategies together get no more than 100 % × account.margin_multiplier."""
    total = sum((strategy.allocation_pct for strategy in snapshot.active), Decimal(0))
    most = 100 * snapshot.named("account.margin_multiplier")
    if total > most:
        last = snapshot.active[-1]
        yield snapshot.problem(
            f"strategies/{last.id}.yaml",
            ("allocation_pct",),
            f"active strategies get {percent_text(total)} together; 100% x account.margin_multiplier is"
            f" {percent_text(most)}",
            f"take {percent_text(total - most)} off one of: {', '.join(item.id for item in snapshot.active)}",
        )


def uids_unique(snapshot: Snapshot) -> Iterator[Problem]:
    """No two strategies share a uid."""
    seen: dict[str, str] = {}
    for strategy in snapshot.strategies:
        first = seen.setdefault(strategy.uid, strategy.id)
        if first != strategy.id:
            yield snapshot.problem(
                f"strategies/{strategy.id}.yaml",
                ("uid",),
                f"uid is already that of {first}",
                "write 32 other random hexadecimal digits",
            )


def keys_readable(snapshot: Snapshot) -> Iterator[Problem]:
    """Each signer's key is an OpenSSH public key line."""
    for index, signer in enumerate(snapshot.desired.trust.signers):
        try:
            read_key_line(signer.key)
        except ValueError as error:
            yield snapshot.problem(
                _TRUST,
                ("signers", str(index), "key"),
                f"key of {signer.principal}: {error}",
                "paste the line of the .pub file",
            )


def keys_unique(snapshot: Snapshot) -> Iterator[Problem]:
    """One key belongs to one signer, whatever its comment says."""
    seen: dict[bytes, str] = {}
    for index, signer in enumerate(snapshot.desired.trust.signers):
        try:
            blob = read_key_line(signer.key)
        except ValueError:
            continue
        if blob in seen:
            yield snapshot.problem(
                _TRUST,
                ("signers", str(index), "key"),
                f"key of {signer.principal} is already listed for {seen[blob]}",
                "keep one entry with all its roles",
            )
        seen[blob] = signer.principal


def admin_left(snapshot: Snapshot) -> Iterator[Problem]:
    """At least one signer may change trust."""
    if not any(Role.ADMIN in signer.roles for signer in snapshot.desired.trust.signers):
        yield snapshot.problem(
            _TRUST, ("signers",), "nobody has the role admin", "give it to at least one signer: roles: [admin]"
        )


RULES: tuple[Callable[[Snapshot], Iterator[Problem]], ...] = (
    limits_in_range,
    limits_exact,
    limits_ordered,
    shadow_names_limits,
    few_enough_active,
    allocation_in_range,
    allocations_fit,
    uids_unique,
    keys_readable,
    keys_unique,
    admin_left,
    *ALERT_RULES,
    *EXPERIMENT_RULES,
    *LEARNING_RULES,
)
