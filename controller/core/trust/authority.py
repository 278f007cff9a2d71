"""Who may change what: roles by path and by direction, default rules, and what no rule can grant."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from schemas.desired import DOCUMENTS, Desired, StrategyStatus
from schemas.limits import HARD
from schemas.plan import Change, Direction
from schemas.trust import Role, Signer, Trust, TrustRule

_HARD = frozenset(limit.name for limit in HARD)
_TIGHTENERS = frozenset({Role.OPERATOR, Role.RISK_OFFICER, Role.EMERGENCY, Role.WEB})
_NEVER_LOOSEN = frozenset({Role.EMERGENCY, Role.WEB, Role.BOT, Role.FORGE})
MACHINES = frozenset({Role.WEB, Role.BOT, Role.FORGE})
_FIELDS = {"allocation": "allocation_pct", "mode": "trading_mode"}
TRUST = "trust.yaml"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a commit does: a path it touches, in a direction, and whether a hard limit or a pause it is.

    ``field`` is the field's name in the document, ``owner`` who owns the strategy that the path speaks of; ``shaded``
    are limits that go into the shadow: the rules of their own fields apply.
    """

    path: str
    direction: Direction
    label: str = ""
    hard: bool = False
    pause: bool = False
    field: str = ""
    owner: str = ""
    shaded: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """``position.max_position_pct (loosen)``."""
        return f"{self.label or self.path} ({self.direction.value})"


def needs(paths: Iterable[str], changes: Iterable[Change], before: Desired | None = None) -> tuple[Need, ...]:
    """One need for each compiled change, and one neutral need for each touched path that compiles to none.

    ``before``: the tree whose strategies say who owns them.
    """
    owners = owners_of(before)
    found = [need_of(change, owners) for change in changes]
    covered = {need.path for need in found}
    found += [Need(path, Direction.NEUTRAL, owner=owners.get(path, "")) for path in sorted(set(paths) - covered)]
    return tuple(found)


def need_of(change: Change, owners: Mapping[str, str]) -> Need:
    """What one compiled change asks for; ``owners`` as :func:`owners_of` gives them."""
    shaded = _shaded(change)
    return Need(
        path=change.path,
        direction=change.direction,
        label=change.label,
        hard=not _HARD.isdisjoint(shaded) or (change.kind == "limit" and change.label in _HARD),
        pause=change.kind == "status" and change.new == StrategyStatus.PAUSED.value,
        field=field_of(change.key),
        owner=owners.get(change.path, ""),
        shaded=shaded,
    )


def _shaded(change: Change) -> frozenset[str]:
    """The limits that go into the shadow by ``change``, and so bind no more."""
    if change.key != "shadow":
        return frozenset()
    return frozenset(change.new.split(", ")) - frozenset(change.old.split(", "))


def owners_of(desired: Desired | None) -> dict[str, str]:
    """The owner of each strategy by the path of its document."""
    strategies = desired.strategies if desired is not None else {}
    return {f"strategies/{key}.yaml": strategy.owner for key, strategy in strategies.items()}


def field_of(key: str) -> str:
    """The field of a document that a compiled key speaks of: ``position.max_position_pct``, ``allocation_pct``."""
    return _FIELDS.get(key, key.removeprefix("document.").removeprefix("emergency."))


def may(trust: Trust, need: Need, signer: Signer) -> bool:
    """Whether ``signer`` may do ``need``."""
    return bool(roles_for(trust, need) & roles_in(need, signer))


def roles_in(need: Need, signer: Signer) -> frozenset[Role]:
    """The roles of ``signer`` that count for ``need``: an owner is one of the own strategies alone."""
    own = need.owner == signer.principal
    return frozenset(role for role in signer.roles if own or role is not Role.OWNER)


def roles_for(trust: Trust, need: Need) -> frozenset[Role]:
    """Roles that may do ``need``: the first matching rule of trust.yaml, else the default, less what is never granted.

    Never, whatever a rule says: trust.yaml by anyone but an admin; a loosening by an emergency, web, bot or forge
    key; anything by the forge; anything by the bot but pausing a strategy.
    """
    rule = rule_for(trust, need)
    granted = frozenset(rule.roles) if rule else _default(need)
    return granted & _possible(need)


def rule_for(trust: Trust, need: Need) -> TrustRule | None:
    """The first rule whose path, field and direction match; a neutral change counts as a tightening one here.

    Of limits that go into the shadow the rules of their own fields count too: the one that asks for the most signers.
    """
    found = [_first(trust, need, field) for field in sorted({need.field, *need.shaded})]
    return max((rule for rule in found if rule is not None), key=lambda rule: rule.signers, default=None)


def _first(trust: Trust, need: Need, field: str) -> TrustRule | None:
    direction = "loosen" if need.direction is Direction.LOOSEN else "tighten"
    for rule in trust.rules:
        here = fnmatchcase(need.path, rule.path) and fnmatchcase(field, rule.field)
        if here and rule.direction in ("any", direction):
            return rule
    return None


def _default(need: Need) -> frozenset[Role]:
    if need.path == TRUST:
        return frozenset({Role.ADMIN})
    if need.direction is Direction.LOOSEN:
        return frozenset({Role.RISK_OFFICER if need.hard else Role.OPERATOR})
    if not is_document(need.path):
        return frozenset({Role.OPERATOR})
    return _TIGHTENERS | {Role.BOT, Role.OWNER}


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


@lru_cache(4_096)
def is_document(path: str) -> bool:
    """Whether ``path`` is one of the documents that desired state is read from."""
    return any(fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in DOCUMENTS)


def others(trust: Trust, need: Need, signed: Collection[str]) -> tuple[str, ...]:
    """Principals beside those who have ``signed`` who may do ``need`` with a person's key, sorted."""
    able = {signer.principal for signer in trust.signers if is_person(signer) and may(trust, need, signer)}
    return tuple(sorted(able - set(signed)))


def is_person(signer: Signer) -> bool:
    """Whether the key counts as somebody who signs: a key of web, bot or forge is none, whatever else it lists."""
    return not MACHINES & set(signer.roles)
