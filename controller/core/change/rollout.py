"""Staged rollout of loosening: one strategy, then a share, then all, watched by guard metrics. Pure.

``step`` is the whole of it: from what rolls out, where it stands, what is seen and the time, to where it stands now.
Account limits go their share of the way in the second stage; a stage in which nothing could move is left out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from controller.core.change.partly import Key, partly, scopes
from controller.core.plan.guards import Hold
from schemas.change import Stages
from schemas.change_record import Loosened, Rollout
from schemas.limits import BY_NAME, Leaf
from schemas.policy import Policy
from schemas.scalars import ppm_of_percent

ONE, SHARE, ALL = range(3)
_NAMES = ("one strategy", "a share", "all")
_MILLION = 1_000_000
_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a stage is watched by: equity in micro-dollars (None while the engine is silent) and the open halts' ids."""

    equity: int | None
    halts: Collection[str]


@dataclass(frozen=True, slots=True)
class Step:
    """Where a rollout stands now; None with ``failed``, which says why it was taken back."""

    at: Rollout | None
    failed: str = ""


def step(
    before: Rollout | None, commit: str, loosened: Sequence[Loosened], stages: Stages, seen: Seen, now_ns: int
) -> Step:
    """The next standing. Nothing moves on while the engine is silent; another set of loosenings starts anew."""
    if before is None or before.loosened != tuple(loosened):
        return Step(_begin(commit, tuple(loosened), first(loosened), seen, now_ns))
    if before.stage >= ALL or seen.equity is None:
        return Step(before)
    if before.equity is None:
        return Step(_begin(commit, before.loosened, before.stage, seen, now_ns))
    failed = _failure(before, before.equity, stages, seen, seen.equity)
    if failed:
        return Step(None, failed)
    if now_ns - before.since_ns < stages.minutes * _MINUTE:
        return Step(before)
    return Step(_begin(commit, before.loosened, before.stage + 1, seen, now_ns))


def first(loosened: Sequence[Loosened]) -> int:
    """The first stage in which something of ``loosened`` can move."""
    keys = [(scope, key) for scope, key, _ in loosened]
    if scopes(keys):
        return ONE
    return SHARE if any(_ordered(name) for _, name in keys) else ALL


def _begin(commit: str, loosened: tuple[Loosened, ...], stage: int, seen: Seen, now_ns: int) -> Rollout:
    halts = tuple(sorted(seen.halts))
    return Rollout(commit=commit, loosened=loosened, stage=stage, since_ns=now_ns, equity=seen.equity, halts=halts)


def _failure(before: Rollout, then: int, stages: Stages, seen: Seen, now: int) -> str:
    """Why a stage is taken back, empty when it is not; ``then`` and ``now`` are the equity."""
    new = sorted(set(seen.halts) - set(before.halts))
    if new:
        return f"halt {new[0][:12]} was raised in stage {_NAMES[before.stage]!r}"
    loss = (then - now) * _MILLION
    if loss <= ppm_of_percent(stages.max_loss_pct) * then:
        return ""
    percent = Decimal(loss) / max(then, 1) / 10_000
    return f"equity fell {percent:.2f}% in stage {_NAMES[before.stage]!r}, over change.rollout.max_loss_pct"


def part(at: Rollout, stages: Stages, base: Policy, target: Policy) -> Policy:
    """What of the loosening from ``base`` to ``target`` the stage lets through."""
    keys: list[Key] = [(scope, key) for scope, key, _ in at.loosened]
    if at.stage >= ALL:
        return partly(base, target, keys)
    share = ppm_of_percent(stages.share_pct)
    among = scopes(keys)
    count = 1 if at.stage == ONE else -(-len(among) * share // _MILLION)
    chosen = set(among[:count])
    let = [key for key in keys if key[0] in chosen]
    return partly(base, target, let, _limits(keys, base, target, share) if at.stage == SHARE else None)


def _limits(keys: Sequence[Key], base: Policy, target: Policy, share: int) -> dict[str, int]:
    """The account limits among ``keys`` that have a way to go, each by ``share``."""
    known = base.limits.keys() & target.limits.keys()
    return {name: share for scope, name in keys if scope == "account" and name in known and _ordered(name)}


def _ordered(name: str) -> bool:
    return name in BY_NAME and BY_NAME[name].leaf in (Leaf.CEILING, Leaf.FLOOR)


def hold(at: Rollout, stages: Stages) -> Hold | None:
    """What of the loosening still waits, and until when; None when all of it may be in force."""
    if at.stage >= ALL:
        return None
    until = at.since_ns + stages.minutes * _MINUTE
    why = f"{at.commit[:12]} rolls out, in stage {_NAMES[at.stage]!r} ({at.stage + 1} of 3); tightening passes"
    return Hold("RollingOut", why, "the next stage comes by itself: gt-risk status", until_ns=until)
