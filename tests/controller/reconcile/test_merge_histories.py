"""Random histories of tightening, loosening and merging: nothing is looser than what people signed for."""

import random
from dataclasses import dataclass, field

import pytest

from controller.errors import Refused
from tests.support import desired
from tests.support.config_repo import LANDING, documents, trust_text
from tests.support.named_history import NamedHistory

SIGNERS = ("operator", "bot", "officer", "trader", "emergency", "forge")
LIMITS = (5, 10, 15, 20, 30)
MODES = ("halt-all", "pause-new-orders", "normal")
BENCHMARKS = ("SPX", "NDX", "DJI")
LOOSENS = (frozenset({"operator", "officer"}), frozenset({"operator", "trader"}), frozenset({"operator", "trader"}))
"""Who may loosen the limit, the mode and the benchmark: by the default rules of trust."""
STEPS = 14
Values = tuple[int, int, int]
"""Indices into LIMITS, MODES and BENCHMARKS; of the first two a higher one is looser."""


@dataclass
class Commit:
    """One commit as the oracle knows it; ``before`` holds all its ancestors."""

    id: str
    values: Values
    signer: str
    lands: bool
    parents: tuple["Commit", ...] = ()
    before: set[str] = field(default_factory=set)


class Histories:
    """Writes commits with values."""

    def __init__(self) -> None:
        lines = {name: desired.key_line(name) for name in SIGNERS}
        self._named = NamedHistory({**documents(), "trust.yaml": trust_text(lines), **texts((2, 2, 0))})
        self.root = Commit(self._named.root, (2, 2, 0), "operator", True)

    def commit(self, parents: tuple[Commit, ...], values: Values, signer: str, lands: bool) -> Commit:
        ids = tuple(parent.id for parent in parents)
        oid = self._named.commit(ids, texts(values), signer, LANDING if lands else "\n")
        before = {parent.id for parent in parents}.union(*(parent.before for parent in parents))
        return Commit(oid, values, signer, lands, parents, before)

    def accepts(self, tip: Commit) -> bool:
        try:
            return self._named.verifier.advance(self.root.id, tip.id).refusal is None
        except Refused:
            return False


def texts(values: Values) -> dict[str, bytes | None]:
    risk, mode = documents()["risk_config.yaml"].decode(), documents()["emergency.yaml"].decode()
    risk = risk.replace("max_position_pct: 15%", f"max_position_pct: {LIMITS[values[0]]}%")
    risk = risk.replace("benchmark: SPX", f"benchmark: {BENCHMARKS[values[2]]}")
    mode = mode.replace("trading_mode: normal", f"trading_mode: {MODES[values[1]]}")
    return {"risk_config.yaml": risk.encode(), "emergency.yaml": mode.encode()}


def grow(histories: Histories, rng: random.Random) -> list[Commit]:
    """A history of ordinary commits and merges, by people with and without the right, landed or not."""
    commits = [histories.root]
    for _ in range(STEPS):
        lands = rng.random() < 0.5
        left, right = rng.choice(commits[-5:]), rng.choice(commits[-5:])
        related = left is right or left.id in right.before or right.id in left.before
        if related or rng.random() < 0.4:
            key = rng.randrange(3)
            sizes = (len(LIMITS), len(MODES), len(BENCHMARKS))
            values = list(left.values)
            values[key] = rng.randrange(sizes[key])
            signer = rng.choice(("operator", "officer", "trader", "emergency"))
            made = histories.commit((left,), (values[0], values[1], values[2]), signer, lands)
        else:
            mixed = [rng.choice(pair) for pair in zip(left.values, right.values, strict=True)]
            signer = rng.choice(("operator", "officer", "trader", "emergency", "forge", "forge"))
            made = histories.commit((left, right), (mixed[0], mixed[1], mixed[2]), signer, lands)
        if histories.accepts(made) or rng.random() < 0.6:
            commits.append(made)
    return commits


def looser(key: int, value: int, than: int) -> bool:
    return value != than if key == 2 else value > than


def landed(grant: Commit, key: int, history: list[Commit]) -> bool:
    """Whether the grant itself, or a merge above it, was signed to land by somebody with the right."""
    return grant.lands or any(
        item.lands and item.signer in LOOSENS[key] and len(item.parents) == 2 and grant.id in item.before
        for item in history
    )


def unsigned_for(tip: Commit, commits: list[Commit]) -> str:
    """What in ``tip`` is looser than anybody signed for, empty when nothing is.

    The oracle knows no merge base and no expected value. Every commit that set a value by itself (the root, an
    ordinary commit that tightened it, a merge stricter than all its parents; of the benchmark, which has no order, any
    change) is a decision. Where the tip is looser than a decision in its history, there must be a grant that answers
    it: a later commit, made on top of that decision, that loosened at least as far as the tip, by a person with the
    right to loosen this value, and landed by such a person.
    """
    history = [item for item in commits if item.id in tip.before or item is tip]
    for key in range(3):
        value = tip.values[key]
        grants = [
            item
            for item in history
            if any(looser(key, item.values[key], parent.values[key]) for parent in item.parents)
            and item.signer in LOOSENS[key]
            and not looser(key, value, item.values[key])
            and landed(item, key, history)
        ]
        for decision in history:
            kept = [parent.values[key] for parent in decision.parents]
            own = decision.values[key]
            decides = all(looser(key, before, own) for before in kept)
            if decides and looser(key, value, own) and not any(decision.id in grant.before for grant in grants):
                return f"key {key}: {own} decided by {decision.signer}, {value} in force"
    return ""


@pytest.mark.parametrize("seed", range(4))
def test_tip_when_accepted_then_nothing_is_looser_than_signed_for(seed: int) -> None:
    rng = random.Random(seed)
    histories = Histories()
    accepted = merges = 0
    for _ in range(40):
        commits = grow(histories, rng)
        for tip in commits:
            if histories.accepts(tip):
                accepted += 1
                merges += len(tip.parents) == 2
                assert unsigned_for(tip, commits) == "", [(item.id[:6], item.values, item.signer) for item in commits]
    assert accepted > 150
    assert merges > 15
