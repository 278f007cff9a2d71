"""Guards: brakes on the loosening part of a plan. A tightening or a halt is never held back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from schemas.plan import Change, Direction
from schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Hold:
    """Why the loosening part waits: a CamelCase reason, ``why`` with the numbers, and ``fix``, the next command.

    ``brief``: it ends by itself within seconds, so whoever waits for the change goes on waiting. ``until_ns``: when it
    ends by itself (Unix time), 0 when it does not or nobody knows.
    """

    reason: str
    why: str
    fix: str = ""
    brief: bool = False
    until_ns: int = 0

    @property
    def message(self) -> str:
        """The whole of it."""
        return f"{self.why}; {self.fix}" if self.fix else self.why


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the desired state a change touches."""

    touched: int
    objects: int

    @property
    def percent(self) -> Decimal:
        """Share of objects, in percentage points."""
        return Decimal(self.touched * 100) / Decimal(max(self.objects, 1))


def size_of(base: Policy, target: Policy, changes: Iterable[Change]) -> Size:
    """Objects (strategies, the limits, the mode) that ``changes`` loosens or that ``target`` no longer has.

    ``base`` and ``target`` are desired policies: halts and computed restrictions are no objects.
    """
    touched = {_object(change) for change in changes if change.direction is Direction.LOOSEN}
    touched |= {uid for uid in base.strategies if uid not in target.strategies}
    objects = {*base.strategies, *target.strategies, "limits", "mode"}
    return Size(len(touched & objects), len(objects))


def _object(change: Change) -> str:
    if change.kind == "mode":
        return "mode"
    return "limits" if change.scope == "account" else change.scope


def empty_snapshot(base: Policy | None, target: Policy) -> Hold | None:
    """A snapshot without strategies or limits, where the applied one had some, is never applied."""
    if base is None or (not base.strategies and not base.limits):
        return None
    if target.strategies and target.limits:
        return None
    what = "strategies" if not target.strategies and base.strategies else "limits"
    if what == "limits" and target.limits:
        return None
    revision = target.revision[:12]
    return Hold("EmptySnapshot", f"commit {revision} has no {what} left", f"revert it: git revert -S {revision}")


def too_much(size: Size, bound: Decimal, digest: str, acknowledged: frozenset[str]) -> Hold | None:
    """More than ``bound`` percent of the objects loosened or removed needs ``digest`` in a ``Plan-Digest:`` trailer."""
    if size.percent <= bound or digest in acknowledged:
        return None
    why = (
        f"{size.touched} of {size.objects} objects ({size.percent:.0f}%) loosen or vanish, over guards.max_changed_pct"
        f" {bound.normalize():f}%"
    )
    fix = f"accept with: git commit --allow-empty -S -m 'Accept plan' --trailer 'Plan-Digest: {digest}'"
    return Hold("TooMuchChange", why, fix)


def unsaved(size: Size, bound: Decimal, missing: Callable[[], str]) -> Hold | None:
    """A change that needed its digest waits until there is a backup from before it; ``missing`` says why there is none
    yet (empty: there is one) and is asked for such a change only."""
    why = missing() if size.percent > bound else ""
    return Hold("BackupPending", why, "gt risk db status", brief=True) if why else None


def first_hold(*holds: Hold | None) -> Hold | None:
    """The first brake that holds, None when none does."""
    return next((hold for hold in holds if hold is not None), None)
