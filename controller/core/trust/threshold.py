"""How many people a loosening takes, who has signed it, and who must still sign. Pure.

Signers are principals, not keys: those with a person's key who may make the change, counted by who they are when the
question is asked. A tightening asks for nobody beside its author.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from controller.core.trust.authority import TRUST, Need, need_of, others, rule_for
from schemas.plan import Change, Direction
from schemas.policy import digest_of
from schemas.trust import Trust


@dataclass(frozen=True, slots=True)
class Needed:
    """One loosening and who it takes: ``signed`` so far, of ``signers``; ``candidates`` may still sign.

    ``full`` so many make its value the one that sizes are measured from. ``plan``: a landing signature must name the
    plan, and none has.
    """

    change: Change
    signers: int
    full: int
    signed: tuple[str, ...]
    candidates: tuple[str, ...]
    plan: bool = False

    @property
    def missing(self) -> int:
        """How many must still sign."""
        return max(0, self.signers - len(self.signed))

    @property
    def satisfied(self) -> bool:
        """Whether the change may act."""
        return not self.missing and not self.plan

    def __str__(self) -> str:
        """``position.max_position_pct 15% → 20%: signed by ada, needs 2; must also sign: ben or cy``."""
        head = f"{self.change.label} {self.change.old} → {self.change.new}"
        signed = f"signed by {', '.join(self.signed)}" if self.signed else "signed by nobody who counts"
        if not self.missing:
            return f"{head}: {signed}; a landing signature must name the plan"
        who = " or ".join(self.candidates) or "nobody else may, an admin must add someone"
        return f"{head}: {signed}, needs {self.signers}; must also sign: {who}"


def needed(
    changes: Iterable[Change],
    trust: Trust,
    signers: Collection[str],
    owners: Mapping[str, str] | None = None,
    bases: Mapping[tuple[str, str], str] | None = None,
    *,
    named: bool = False,
) -> tuple[Needed, ...]:
    """What each loosening of ``changes`` takes by ``trust``, tightenings left out; in the order of ``changes``.

    ``signers``: principals who have signed. ``owners``: of strategies, as :func:`authority.owners_of` gives them.
    ``bases``: texts of the values that were last fully approved, by (scope, key), where they are not ``old``.
    ``named``: a landing signature names the plan.
    """
    return tuple(
        _needed(change, trust, signers, need_of(change, owners or {}), (bases or {}).get(_key(change)), named=named)
        for change in changes
        if change.direction is Direction.LOOSEN
    )


def _needed(
    change: Change, trust: Trust, signers: Collection[str], need: Need, base: str | None, *, named: bool
) -> Needed:
    able = others(trust, need, ())
    signed = tuple(sorted(set(signers) & set(able)))
    rule = rule_for(trust, need)
    return Needed(
        change=change,
        signers=count_for(trust, need, change.old if base is None else base, change.new),
        full=count_for(trust, need, "", ""),
        signed=signed,
        candidates=tuple(who for who in able if who not in signed),
        plan=rule is not None and rule.plan_digest and not named,
    )


def count_for(trust: Trust, need: Need, base: str, new: str) -> int:
    """How many must sign the loosening ``need`` from ``base``, the value last fully approved, to ``new`` (texts)."""
    rule = rule_for(trust, need)
    count = rule.signers if rule is not None else 1
    if need.path == TRUST:
        return max(count, min(2, len(others(trust, need, ()))))
    if rule is not None and rule.over_pct is not None and within(base, new, rule.over_pct):
        return 1
    return count


def within(base: str, new: str, percent: Decimal) -> bool:
    """Whether ``new`` is a number within ``percent`` of the number ``base``; what is no number never is."""
    before, after = number(base), number(new)
    if before is None or after is None or _unit(base) != _unit(new):
        return False
    return abs(after - before) * 100 <= percent * abs(before)


def number(text: str) -> Decimal | None:
    """The number that a value's text says: ``15%``, ``$25,000.50``, ``300s``."""
    try:
        found = Decimal(text.strip("$%s").replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _unit(text: str) -> str:
    return "".join(sign for sign in text if sign in "$%s")


def approval_digest(target: str, waiting: Iterable[Needed]) -> str:
    """The digest that a landing signature names to approve ``waiting``: over the target and, change by change, the
    value in force and the wanted one; SHA-256 in hex, empty when nothing waits. It follows from history alone."""
    changes = sorted([item.change.scope, item.change.key, item.change.old, item.change.new] for item in waiting)
    return digest_of({"target": target, "changes": changes}) if changes else ""


def _key(change: Change) -> tuple[str, str]:
    return change.scope, change.key
