"""Who may change what: roles by path and by direction, default rules, and what no rule can grant."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from schemas.desired import DOCUMENTS, StrategyStatus
from schemas.limits import HARD
from schemas.plan import Change, Direction
from schemas.trust import Role, Signer, Trust, TrustRule

_HARD = frozenset(limit.name for limit in HARD)
_TIGHTENERS = frozenset({Role.OPERATOR, Role.RISK_OFFICER, Role.EMERGENCY, Role.WEB})
_NEVER_LOOSEN = frozenset({Role.EMERGENCY, Role.WEB, Role.BOT, Role.FORGE})
MACHINES = frozenset({Role.WEB, Role.BOT, Role.FORGE})
TRUST = "trust.yaml"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a commit does: a path it touches, in a direction, and whether a hard limit or a pause it is."""

    path: str
    direction: Direction
    label: str = ""
    hard: bool = False
    pause: bool = False

    def __str__(self) -> str:
        """``position.max_position_pct (loosen)``."""
        return f"{self.label or self.path} ({self.direction.value})"


def needs(paths: Iterable[str], changes: Iterable[Change]) -> tuple[Need, ...]:
    """One need for each compiled change, and one neutral need for each touched path that compiles to none."""
    found = [
        Need(
            path=change.path,
            direction=change.direction,
            label=change.label,
            hard=change.kind == "limit" and change.label in _HARD,
            pause=change.kind == "status" and change.new == StrategyStatus.PAUSED.value,
        )
        for change in changes
    ]
    covered = {need.path for need in found}
    found += [Need(path, Direction.NEUTRAL) for path in sorted(set(paths) - covered)]
    return tuple(found)


def roles_for(trust: Trust, need: Need) -> frozenset[Role]:
    """Roles that may do ``need``: the first matching rule of trust.yaml, else the default, less what is never granted.

    Never, whatever a rule says: trust.yaml by anyone but an admin; a loosening by an emergency, web, bot or forge
    key; anything by the forge; anything by the bot but pausing a strategy.
    """
    rule = rule_for(trust, need)
    granted = frozenset(rule.roles) if rule else _default(need)
    return granted & _possible(need)


def rule_for(trust: Trust, need: Need) -> TrustRule | None:
    """The first rule whose path and direction match; a neutral change counts as a tightening one here."""
    direction = "loosen" if need.direction is Direction.LOOSEN else "tighten"
    for rule in trust.rules:
        if fnmatchcase(need.path, rule.path) and rule.direction in ("any", direction):
            return rule
    return None


def _default(need: Need) -> frozenset[Role]:
    if need.path == TRUST:
        return frozenset({Role.ADMIN})
    if need.direction is Direction.LOOSEN:
        return frozenset({Role.RISK_OFFICER if need.hard else Role.OPERATOR})
    if not is_document(need.path):
        return frozenset({Role.OPERATOR})
    return _TIGHTENERS | {Role.BOT}


def _possible(need: Need) -> frozenset[Role]:
    if need.path == TRUST:
        return frozenset({Role.ADMIN})
    if need.direction is Direction.LOOSEN:
        return frozenset(Role) - _NEVER_LOOSEN
    return frozenset(Role) - {Role.FORGE} - (frozenset() if need.pause else {Role.BOT})


def touchable(trust: Trust, need: Need) -> frozenset[Role]:
    """Roles that may change the path of ``need`` in some direction."""
    ways = {need.direction, Direction.TIGHTEN}
    if is_document(need.path):
        ways.add(Direction.LOOSEN)
    return frozenset().union(*(roles_for(trust, replace(need, direction=way)) for way in ways))


def is_document(path: str) -> bool:
    """Whether ``path`` is one of the documents that desired state is read from."""
    return any(fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in DOCUMENTS)


def others(trust: Trust, roles: frozenset[Role], signer: Signer) -> tuple[str, ...]:
    """Principals other than the signer's who hold one of ``roles`` with a person's key."""
    return tuple(
        sorted(
            {
                other.principal
                for other in trust.signers
                if other.principal != signer.principal and roles & set(other.roles) - MACHINES
            }
        )
    )
