"""The compiled policy: the flat snapshot of desired state that the gate uses.

Numbers are integers: micro-dollars for money, parts per million for percentages and ratios, plain
counts. The controller writes a :class:`Snapshot` to ``policy/<version>.json`` in the home folder and
names it in the permit by version and digest; the gate (standard library only) reads that JSON.
"""

import hashlib
import json
from typing import Literal

from pydantic import Field

from schemas.desired import StrategyStatus, TradingMode
from schemas.scalars import CommitId, HaltId, Model, Uid


class TestPolicy(Model):
    """The running A/B test of a strategy: which variant gets which signal. It changes nothing that the gate permits.

    ``share_b_ppm``: parts per million of signals, and of the allocation, for B. ``epoch`` counts the rollout's steps.
    ``paired``: the book runs variant A; both run in shadow besides. Parameters overlay the strategy's own.
    """

    __test__ = False

    id: str
    seed: int
    share_b_ppm: int
    assignment: Literal["hash", "blocks"] = "hash"
    paired: bool = False
    epoch: int = 0
    parameters_a: dict[str, int | str | bool] = {}
    parameters_b: dict[str, int | str | bool] = {}


class StrategyPolicy(Model):
    """What the gate and the runner know of one strategy. ``allocation`` is in micro-dollars."""

    uid: Uid
    id: str
    name: str
    status: StrategyStatus
    allocation: int
    max_positions: int | None = None
    module: str
    parameters: dict[str, int | str | bool] = {}
    universe: tuple[str, ...] = ()
    test: TestPolicy | None = Field(default=None, exclude_if=lambda test: test is None)


class Policy(Model):
    """One compiled commit. An absent limit denies; an unknown symbol is sector ``Unclassified``."""

    revision: CommitId
    account: str
    mode: TradingMode
    limits: dict[str, int]
    written: dict[str, int] = Field(
        default={}, description="Limits that the learning phase moves, as documents write them."
    )
    shadow: tuple[str, ...] = ()
    strategies: dict[str, StrategyPolicy] = {}
    sectors: dict[str, str] = {}
    halts: tuple[HaltId, ...] = Field(default=(), description="Open halts that this policy already carries.")

    def digest(self) -> str:
        """SHA-256 of the canonical JSON of this policy, in hex."""
        return digest_of(self.model_dump(mode="json"))


class Snapshot(Model):
    """What a gate adopts as one: an order must pass **every** policy in it.

    One policy in steady state; old and new together while a plan runs.
    """

    format: int = 1
    version: int
    fence: int
    book: str
    environment: str
    policies: tuple[Policy, ...]

    def digest(self) -> str:
        """SHA-256 of the canonical JSON of ``policies``; the permit carries its first three bytes."""
        return digest_of([policy.model_dump(mode="json") for policy in self.policies])

    def text(self) -> str:
        """The file's content."""
        return canonical({**self.model_dump(mode="json"), "digest": self.digest()})


def canonical(value: object) -> str:
    """JSON with sorted keys and no white space; equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: object) -> str:
    """SHA-256 over :func:`canonical`, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
