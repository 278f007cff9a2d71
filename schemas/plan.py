"""A plan is data: sorted, printable, hashable; the same object for dry run, review, apply and audit."""

from enum import StrEnum
from typing import Literal

from schemas.policy import digest_of
from schemas.scalars import CommitId, HaltId, Model


class Direction(StrEnum):
    """Which way a change moves what the gate allows. Unknown counts as loosening."""

    TIGHTEN = "tighten"
    LOOSEN = "loosen"
    NEUTRAL = "neutral"


class Change(Model):
    """One compiled leaf that differs.

    ``scope`` is ``account`` or a strategy uid, ``label`` what people call it (``position.max_position_pct``,
    ``ml-momentum-v2.status``); ``old`` and ``new`` are texts as the spec prints them, ``-`` when absent.
    """

    kind: Literal["limit", "mode", "status", "allocation", "strategy", "document", "halt", "trust"]
    scope: str
    key: str
    label: str
    old: str
    new: str
    direction: Direction
    path: str = ""
    utilisation: str = ""
    breach: str = ""


class Step(Model):
    """One idempotent action. Steps run in the plan's order; ``phase`` names the place in safety section 4."""

    phase: Literal["tighten", "joint", "adopt", "loosen", "release"]
    action: Literal[
        "cancel-orders",
        "venue-status",
        "venue-mode",
        "publish-joint",
        "publish",
        "publish-part",
        "release-halt",
        "rebase-peak",
    ]
    scope: str
    value: str = ""


class Plan(Model):
    """What takes live to effective."""

    base: CommitId | None
    target: CommitId
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    halts: tuple[HaltId, ...] = ()

    @property
    def direction(self) -> Direction:
        """LOOSEN when any part loosens, else TIGHTEN when any part tightens, else NEUTRAL."""
        directions = {change.direction for change in self.changes}
        if Direction.LOOSEN in directions:
            return Direction.LOOSEN
        return Direction.TIGHTEN if Direction.TIGHTEN in directions else Direction.NEUTRAL

    def digest(self) -> str:
        """SHA-256 over base, target, control values and open halts; never over positions or prices."""
        changes = [change.model_dump(mode="json", exclude={"utilisation", "breach"}) for change in self.changes]
        return digest_of({"base": self.base, "target": self.target, "changes": changes, "halts": sorted(self.halts)})


class Planned(Model):
    """A plan, and what holds its loosening part: ``hold`` is a machine word (empty: nothing), ``why`` says it to
    people, ``fix`` is the next command, ``until_ns`` when it ends by itself (Unix time, 0: not known)."""

    plan: Plan
    hold: str = ""
    why: str = ""
    fix: str = ""
    until_ns: int = 0


class Difference(Model):
    """Documents against those in force: ``changes`` by key with direction, ``texts`` the documents that differ,
    (before, after) by path. ``base`` is empty before anything was applied, ``target`` when it is no commit."""

    base: str
    target: str
    changes: tuple[Change, ...] = ()
    texts: dict[str, tuple[str, str]] = {}
