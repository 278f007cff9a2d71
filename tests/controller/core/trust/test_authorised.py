"""The part of a tree that has authority: whatever loosens and is held stands as it was, and nothing else is touched."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired.documents import read_desired
from controller.core.learning.phases import SIZED, TOLERATED
from controller.core.policy.direction import compare_desired
from controller.core.policy.leaves import Key, LeafValue, move
from controller.core.trust.authorised import authorised
from controller.core.trust.ledger import TRUST_KEY, Entry, changed_keys, with_trust
from controller.core.trust.merge import every_leaf
from schemas.desired import Desired
from schemas.plan import Change, Direction
from tests.support import desired

MOVED = (*SIZED, *TOLERATED, "learning.new_strategies")
BEFORE, AFTER = "a" * 40, "b" * 40
RISK, MOMENTUM = "risk_config.yaml", "strategies/ml-momentum-v2.yaml"
EDITS: tuple[tuple[str, str, str], ...] = (
    (RISK, "max_position_pct: 15%", "max_position_pct: 20%"),
    (RISK, "max_positions: 20", "max_positions: 10"),
    (RISK, "initial_capital: $100,000", "initial_capital: $150,000"),
    (RISK, "cash_reserve_pct: 5%", "cash_reserve_pct: 1%"),
    (RISK, "max_per_minute: 120", "max_per_minute: 240"),
    (RISK, "sector_warning_pct: 40%", "sector_warning_pct: 45%"),
    (RISK, "benchmark: SPX", "benchmark: NDX"),
    (RISK, "  number: 1", "  number: 3"),
    (RISK, "position_size_multiplier: 0.5", "position_size_multiplier: 0.6"),
    (RISK, "soft_limit_tolerance: 25%", "soft_limit_tolerance: 10%"),
    (RISK, "new_strategies_per_month: 1", "new_strategies_per_month: 3"),
    (RISK, "        trades: 100\n", "        trades: 10\n"),
    (MOMENTUM, "allocation_pct: 40%", "allocation_pct: 30%"),
    ("strategies/contrarian-swing.yaml", "allocation_pct: 25%", "allocation_pct: 24%"),
    ("strategies/disclosure-follower.yaml", "allocation_pct: 20%", "allocation_pct: 22%"),
    (MOMENTUM, "status: active", "status: paused"),
    (MOMENTUM, "owner: ", "owner: somebody-"),
    (MOMENTUM, "module: momentum", "module: value"),
    ("emergency.yaml", "trading_mode: normal", "trading_mode: halt-trading"),
    ("trust.yaml", "rules: []", "rules:\n  - {path: '*', roles: [operator]}"),
)


def tree(commit: str, edits: Iterator[tuple[str, str, str]] | tuple[tuple[str, str, str], ...] = ()) -> Desired:
    files = dict(desired.files())
    for path, old, new in edits:
        text = files[path].decode()
        assert old in text, (path, old)
        files[path] = text.replace(old, new, 1).encode()
    return read_desired(commit, files)


BASE = tree(BEFORE)


def leaves(of: Desired) -> Mapping[Key, LeafValue]:
    return with_trust(every_leaf(of, {}), of.trust)


def changes(new: Desired) -> tuple[Change, ...]:
    return compare_desired(BASE, new)


def acting(new: Desired, held: frozenset[Key]) -> Desired:
    trees = {BEFORE: BASE, AFTER: new}
    ledger = {key: Entry(BEFORE, BEFORE) for key in held}
    return authorised(new, ledger, trees.__getitem__, lambda commit: leaves(trees[commit]), leaves)


@given(st.sets(st.sampled_from(EDITS)), st.data())
def test_authorised_when_some_loosenings_are_held_then_they_stand_as_they_were(
    edits: set[tuple[str, str, str]], data: st.DataObject
) -> None:
    new = tree(AFTER, tuple(sorted(edits)))
    loosened = sorted(changed_keys(item for item in changes(new) if item.direction is Direction.LOOSEN))
    held = frozenset(data.draw(st.sets(st.sampled_from(loosened)))) if loosened else frozenset()
    found, before, after = leaves(acting(new, held)), leaves(BASE), leaves(new)
    capital = ("account", "account.initial_capital")
    for key in {*before, *after}:
        if key in held:
            assert move(before.get(key), found.get(key)) is not Direction.LOOSEN, key
        elif key[1] in MOVED and any(name.startswith("learning.") for _, name in held):
            assert move(after.get(key), found.get(key)) is not Direction.LOOSEN, key
        elif key != capital and not (key[1] == "allocation" and (held or capital in changed_keys(changes(new)))):
            assert found.get(key) == after.get(key), key


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit[2].strip()[:30])
def test_authorised_when_everything_is_held_then_nothing_is_looser(edit: tuple[str, str, str]) -> None:
    new = tree(AFTER, (edit,))
    found, before = leaves(acting(new, changed_keys(changes(new)))), leaves(BASE)
    assert not [key for key in {*before, *found} if move(before.get(key), found.get(key)) is Direction.LOOSEN]


def test_authorised_when_capital_grows_unseen_through_an_allocation_then_it_stays_too() -> None:
    new = tree(AFTER, ((RISK, "initial_capital: $100,000", "initial_capital: $150,000"),))
    allocations = frozenset(key for key in changed_keys(changes(new)) if key[1] == "allocation")
    assert allocations
    assert str(acting(new, allocations).risk.hard_limits.account.initial_capital) == "100000"


def test_authorised_when_nothing_is_held_then_it_is_the_tree_itself() -> None:
    new = tree(AFTER, EDITS[:1])
    assert acting(new, frozenset()) is new
    assert acting(new, frozenset({TRUST_KEY})) is new
