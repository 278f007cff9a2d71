"""A/B tests as documents: what one may not say, and that it never changes under its own observations."""

import pytest

from controller.core.desired.experiment_documents import EXPERIMENT_RULES
from controller.core.desired.transition import validate_transition
from controller.errors import InvalidDesired
from schemas.desired import Desired
from tests.support.desired import files, read

PATH = "ab_tests/t-1.yaml"
TEST = """version: 1
id: t-1
name: T
strategy: ml-momentum-v2
started: 2026-01-19
duration_days: 14
unit: day
paired: true
block: 5
alpha: 5%
n_max: 60
n_min: 16
guardrails: [{metric: win_rate, margin: 5%}]
variant_a: {name: A}
variant_b: {name: B, parameters: {lookback: 60}}
"""


def edited(*edits: tuple[str, str], text: str = TEST) -> bytes:
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


def tree(content: bytes = TEST.encode()) -> Desired:
    return read(files() | {PATH: content})


TRADES = edited(("unit: day\npaired: true\nblock: 5\n", "traffic_split: 50/50\n"))
BROKEN = {
    "no such strategy": (edited(("ml-momentum-v2", "nobody")), "there is no strategy nobody"),
    "split that is no whole": (
        edited(("50/50", "50/40"), text=TRADES.decode()),
        "50/40 sums to 90, not 100 (fix: write 50/50)",
    ),
    "pairs of trades": (edited(("unit: day", "unit: trade")), "its unit cannot be the trade"),
    "block without pairs": (edited(("paired: true", "paired: false")), "block 5 keeps pairs together"),
    "uneven pairs": (
        edited(("paired: true", "paired: true\ntraffic_split: 60/40")),
        "pairs are split 50/50, not 60/40",
    ),
    "uneven blocks": (
        edited(("50/50", "60/40\nassignment: blocks"), text=TRADES.decode()),
        "permuted blocks of four are split 50/50, not 60/40",
    ),
    "ends before it begins": (edited(("n_max: 60", "n_max: 15")), "n_max 15 ends the test before a first look"),
    "never ends": (edited(("n_max: 60", "n_max: 5001")), "n_max 5001 is more than the 5000 observations"),
    "no level": (edited(("alpha: 5%", "alpha: 50%")), "alpha 50% is not a level to decide by"),
    "no margin": (edited(("margin: 5%", "margin: 0%")), "a margin of 0% guards nothing"),
    "rollout of a test that runs": (
        edited(("n_max: 60", "n_max: 60\nrollout: 10")),
        "a rollout follows a test that is",
    ),
    "nothing to compare": (edited((", parameters: {lookback: 60}", "")), "both variants have the same parameters"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_document_when_it_cannot_decide_then_refused_with_line_and_fix(name: str) -> None:
    content, said = BROKEN[name]
    with pytest.raises(InvalidDesired) as caught:
        tree(content)
    (problem, *_) = [problem for problem in caught.value.problems if said in str(problem)]
    assert (problem.path, problem.line > 1, bool(problem.fix)) == (PATH, True, True)


def test_document_when_it_is_well_then_read_whole() -> None:
    test = tree().ab_tests["t-1"]
    assert (test.paired, test.block, test.n_max, str(test.alpha), test.guardrails[0].metric) == (
        True,
        5,
        60,
        "5",
        "win_rate",
    )
    assert tree(TRADES).ab_tests["t-1"].unit == "trade"


def test_document_when_its_strategy_has_mistakes_of_its_own_then_not_blamed() -> None:
    broken = files(strategies__ml_momentum_v2=("owner: system", "owner: 1")) | {PATH: TEST.encode()}
    with pytest.raises(InvalidDesired) as caught:
        read(broken)
    assert [problem.path for problem in caught.value.problems] == ["strategies/ml-momentum-v2.yaml"]


def test_document_when_another_test_of_the_strategy_runs_then_refused_and_an_ended_one_does_not_count() -> None:
    second = {"ab_tests/t-2.yaml": edited(("id: t-1", "id: t-2"))}
    with pytest.raises(InvalidDesired, match="is in the running test t-1 already"):
        read(files() | {PATH: TEST.encode()} | second)
    ended = TEST.encode() + b"status: stopped\n"
    assert len(read(files() | {PATH: ended} | second).ab_tests) == 2


def test_rules_then_each_has_a_case() -> None:
    assert len(BROKEN) + 1 >= len(EXPERIMENT_RULES)


@pytest.mark.parametrize(
    "edit",
    [
        ("n_max: 60", "n_max: 90"),
        ("lookback: 60", "lookback: 61"),
        ("margin: 5%", "margin: 6%"),
        ("alpha: 5%", "alpha: 6%"),
    ],
)
def test_change_when_the_test_is_there_then_refused_with_what_to_do(edit: tuple[str, str]) -> None:
    (refusal,) = validate_transition(tree(), tree(edited(edit)))
    assert "never changes once it is there" in refusal.message
    assert "new id" in refusal.fix


def test_end_when_running_then_passes_and_never_back() -> None:
    ended = tree(TEST.encode() + b"status: stopped\n")
    assert validate_transition(tree(), ended) == ()
    assert validate_transition(ended, read(files())) == ()
    (refusal,) = validate_transition(ended, tree())
    assert "changes status" in refusal.message


def rolled(step: int, status: str = "complete") -> Desired:
    return tree(TEST.encode() + f"status: {status}\nrollout: {step}\n".encode())


@pytest.mark.parametrize(("before", "after"), [(0, 10), (10, 25), (25, 50), (50, 100), (10, 0), (50, 0), (100, 100)])
def test_rollout_when_a_step_up_or_back_to_nothing_then_passes(before: int, after: int) -> None:
    assert validate_transition(rolled(before), rolled(after)) == ()


@pytest.mark.parametrize(("before", "after"), [(0, 25), (10, 50), (25, 10), (0, 100), (100, 0), (100, 50)])
def test_rollout_when_steps_are_left_out_then_refused_with_the_steps_that_there_are(before: int, after: int) -> None:
    (refusal,) = validate_transition(rolled(before), rolled(after))
    assert f"from {before} to {after}" in refusal.message
    assert "rollout: " in refusal.fix


def test_rollout_when_the_test_is_completed_with_it_then_passes() -> None:
    assert validate_transition(tree(), rolled(10)) == ()


def test_shares_when_testing_rolling_out_and_after_then_what_the_document_says() -> None:
    tests = [tree().ab_tests["t-1"], *(rolled(step).ab_tests["t-1"] for step in (0, 10, 50, 100))]
    assert [(test.runs, test.epoch, test.share_b_ppm) for test in tests] == [
        (True, 0, 500_000),
        (False, 0, 500_000),
        (True, 1, 100_000),
        (True, 3, 500_000),
        (False, 4, 1_000_000),
    ]
