"""Documents that two trees share are compiled and compared once: the result is that of trees that share nothing."""

from collections.abc import Collection
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired.documents import DocumentCache, read_desired
from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare, compare_desired
from schemas.desired import Desired
from schemas.plan import Direction
from tests.support.desired import COMMITS, UIDS, cached, files

UID = UIDS["ml-momentum-v2"]
SECTORS: tuple[dict[str, str], ...] = ({"AAPL": "Technology"}, {"AAPL": "Financials"}, {})
HALT = """version: 1
id: "00000000000000000000000000000001"
scope: {kind: account}
mode: halt-all
opened: "2026-01-19T10:23:45Z"
actor: ada
channel: cli
"""
CLEAR = """version: 1
id: "00000000000000000000000000000001"
halt_digest: "%s"
by: ada
reason: checked
"""
TEST = """version: 1
id: t-1
name: T
strategy: ml-momentum-v2
started: "2026-01-19"
duration_days: 14
seed: 7
variant_a: {name: A}
variant_b: {name: B, parameters: {lookback: 60}}
"""
RECORD, CLEARED, TRIAL = f"halts/{1:032x}.yaml", f"cleared/{1:032x}.yaml", "ab_tests/t-1.yaml"
ADDED = {"a halt": {RECORD: HALT}, "a clear": {CLEARED: CLEAR % ("a" * 64)}, "a test": {TRIAL: TEST}}
EDITS: dict[str, tuple[str, str]] = {
    "a limit": ("risk_config.yaml", "max_position_pct: 15%->max_position_pct: 12%"),
    "what others are shares of": ("risk_config.yaml", "initial_capital: $100,000->initial_capital: $90,000"),
    "the phase": ("risk_config.yaml", "position_size_multiplier: 0.75->position_size_multiplier: 0.5"),
    "the mode": ("emergency.yaml", "trading_mode: normal->trading_mode: halt-all"),
    "a status": ("strategies/ml-momentum-v2.yaml", "status: active->status: halted"),
    "an owner": ("strategies/heuristic-value-1.yaml", "owner: system->owner: kim"),
    "a parameter": ("strategies/ml-momentum-v2.yaml", "lookback: 126->lookback: 1"),
    "a parameter of another type": ("strategies/ml-momentum-v2.yaml", "lookback: 126->lookback: true"),
    "a signer": ("trust.yaml", "principal: kim->principal: ben"),
}


def tree(edits: Collection[str], gone: bool = False) -> dict[str, bytes]:
    """The template with ``edits`` and additions, or less a strategy."""
    found = dict(files())
    for name in sorted(edits):
        path, text = EDITS.get(name, ("", ""))
        old, _, new = text.partition("->")
        if path:
            found[path] = found[path].replace(old.encode(), new.encode())
        found |= {added: content.encode() for added, content in ADDED.get(name, {}).items()}
    if gone:
        del found["strategies/contrarian-swing.yaml"]
    return found


@pytest.mark.parametrize("name", [*EDITS, *ADDED])
def test_edit_when_made_then_is_a_change_that_the_comparison_sees(name: str) -> None:
    cache = DocumentCache()
    assert compare_desired(cached(cache, files()), cached(cache, tree(frozenset({name})), COMMITS[1]))


_STEPS = st.tuples(st.frozensets(st.sampled_from([*EDITS, *ADDED])), st.booleans())


@given(st.lists(_STEPS, min_size=2, max_size=4), st.sampled_from(SECTORS))
def test_compare_when_trees_share_documents_then_finds_what_it_finds_between_strangers(
    steps: list[tuple[frozenset[str], bool]], sectors: dict[str, str]
) -> None:
    cache = DocumentCache()
    for one, other in pairwise(tree(*step) for step in steps):
        old, new = cached(cache, one), cached(cache, other, COMMITS[1])
        before, after = read_desired(COMMITS[0], one), read_desired(COMMITS[1], other)
        assert compare_desired(old, new, sectors) == compare_desired(before, after, sectors)
        assert compile_policy(new, sectors).digest() == compile_policy(after, sectors).digest()


def test_compare_when_a_number_becomes_true_then_loosens_though_they_are_equal() -> None:
    one, true = (
        read_desired(COMMITS[0], tree(frozenset({name}))) for name in ("a parameter", "a parameter of another type")
    )
    (change,) = compare_desired(one, true)
    assert (change.label, change.direction) == ("ml-momentum-v2.parameters", Direction.LOOSEN)


def test_compile_when_asked_again_then_gives_the_same_policy() -> None:
    found = desired()
    assert compile_policy(found, {"AAPL": "Technology"}) is compile_policy(found, {"AAPL": "Technology"})
    assert compile_policy(found, {}) is not compile_policy(found, {"AAPL": "Technology"})


def test_compile_when_a_test_begins_then_only_its_strategy_compiles_anew() -> None:
    cache = DocumentCache()
    before = compile_policy(cached(cache, files()), {})
    after = compile_policy(cached(cache, tree({"a test"}), COMMITS[1]), {})
    assert before.strategies[UID].test is None
    assert after.strategies[UID].test is not None
    assert [uid for uid in before.strategies if before.strategies[uid] is not after.strategies[uid]] == [UID]


def test_compare_when_only_a_clear_is_added_then_loosens() -> None:
    cache = DocumentCache()
    old, new = cached(cache, tree({"a halt"})), cached(cache, tree({"a halt", "a clear"}), COMMITS[1])
    (change,) = compare_desired(old, new)
    assert (change.path, change.direction) == (CLEARED, Direction.LOOSEN)


def test_compile_when_sectors_change_in_place_then_compiles_anew() -> None:
    found, sectors = desired(), {"AAPL": "Technology"}
    compile_policy(found, sectors)
    sectors["AAPL"] = "Financials"
    assert compile_policy(found, sectors).sectors == {"AAPL": "Financials"}


def test_compile_when_only_the_capital_changes_then_every_allocation_follows() -> None:
    cache = DocumentCache()
    before = compile_policy(cached(cache, files()), {})
    after = compile_policy(cached(cache, tree(frozenset({"what others are shares of"})), COMMITS[1]), {})
    assert before.strategies[UID].allocation == 40_000_000_000
    assert after.strategies[UID].allocation == 36_000_000_000


def test_compile_when_one_document_changes_then_the_others_are_the_same_objects() -> None:
    cache = DocumentCache()
    before = compile_policy(cached(cache, files()), {})
    after = compile_policy(cached(cache, tree(frozenset({"a status"})), COMMITS[1]), {})
    assert [uid for uid in before.strategies if before.strategies[uid] is not after.strategies[uid]] == [UID]
    assert len(compare(before, after)) == 1


def desired() -> Desired:
    return read_desired(COMMITS[0], files())


@given(st.lists(_STEPS, min_size=3, max_size=3), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=8))
def test_compare_when_pairs_come_again_then_each_has_its_own_answer(
    steps: list[tuple[frozenset[str], bool]], pairs: list[tuple[int, int]]
) -> None:
    cache = DocumentCache()
    commits = (*COMMITS, "c" * 40)
    trees = [cached(cache, tree(*step), commit) for step, commit in zip(steps, commits, strict=True)]
    alone = [read_desired(commit, tree(*step)) for step, commit in zip(steps, commits, strict=True)]
    for one, other in pairs:
        before, after = alone[one].model_copy(), alone[other].model_copy()
        assert compare_desired(trees[one], trees[other]) == compare_desired(before, after)
