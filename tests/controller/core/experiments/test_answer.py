"""Answers to questions about tests: clear states whatever was observed, and the same bytes for the same question."""

import io

import pytest

from controller.core.experiments.answer import answer, outlook
from controller.core.experiments.question import Seen, Trying, plan_of
from controller.core.risk.question import Closes
from controller.quant.wire import Planned, decode, encode_test
from schemas.trials import Report, State
from tests.support.trials import ab_test, session

GOOD = [20_000_000, 24_000_000, 18_000_000, 22_000_000]
BAD = [-item for item in GOOD]


def wave(n: int, step: int) -> list[int]:
    """Returns up to 2 percent either way, without any pattern that matters."""
    return [(place * place * step * 7_919 % 41 - 20) * 1_000_000 for place in range(1, n + 1)]


def seen(a: list[int], b: list[int], epoch: int = 0) -> list[Seen]:
    rows = [Seen(session(place), epoch, "a", value) for place, value in enumerate(a)]
    rows += [Seen(session(place), epoch, "b", value) for place, value in enumerate(b)]
    return sorted(rows, key=lambda item: item.at)


def asked(a: list[int], b: list[int], state: State = "collecting", ended: bool = False, **fields: object) -> Trying:
    test = ab_test("s", n_max=80, **fields)
    epochs = [] if test.paired else [(len(a), len(b), 0.5)]
    return Trying(plan_of(test), state, ended, seen(a, b), epochs, ())


def looked(*given: object, **fields: object) -> Report:
    return answer(asked(*given, **fields))  # type: ignore[arg-type]  # passed on


CASES: dict[str, tuple[Trying, State]] = {
    "nothing": (asked([], []), "collecting"),
    "nothing until its end": (asked([], [], ended=True), "no_difference"),
    "one trade": (asked([5], []), "collecting"),
    "all wins": (asked(GOOD * 5, GOOD * 5), "running"),
    "constant returns": (asked([10_000_000] * 20, [10_000_000] * 20), "running"),
    "constant until its end": (asked([10_000_000] * 40, [10_000_000] * 40), "no_difference"),
    "a variant without signals": (asked(GOOD * 5, []), "invalid"),
    "everything lost": (asked([-1_000_000_000] * 20, GOOD * 5), "running"),
    "b wins": (asked(BAD * 10, GOOD * 10), "winner_b"),
    "a wins": (asked(GOOD * 10, BAD * 10), "winner_a"),
    "b breaks a guardrail": (
        asked(GOOD * 5, BAD * 5, guardrails=[{"metric": "win_rate", "margin": "10%"}]),
        "stopped_by_guardrail",
    ),
    "paired": (asked(BAD * 20, GOOD * 20, paired=True, unit="day"), "winner_b"),
}


@pytest.mark.parametrize("name", CASES)
def test_answer_then_a_clear_state_and_no_figure_without_a_number(name: str) -> None:
    question, state = CASES[name]
    report = answer(question)
    assert report.state == state
    assert "NaN" not in report.model_dump_json()
    assert "Infinity" not in report.model_dump_json()
    assert all(item.status == "ok" or item.reason for item in (report.primary, *report.secondaries))


def test_answer_when_asked_again_over_the_wire_then_the_same_bytes() -> None:
    first = answer(asked(wave(20, 1), wave(20, 2)))
    again = asked(wave(24, 1), wave(24, 2))._replace(looks=list(first.looks))
    known: dict[str, Closes] = {}
    sent = decode(io.BytesIO(encode_test(again)), known)
    assert sent == again
    assert answer(again).model_dump_json() == answer(again).model_dump_json()
    assert answer(again).looks[:1] == first.looks


def test_look_when_little_is_new_then_it_waits_until_there_is_a_hundredth_more() -> None:
    big = {"n_max": 400}
    test = ab_test("s", **big)
    question = Trying(plan_of(test), "running", False, seen(wave(20, 1), wave(20, 2)), [], ())
    looks = answer(question).looks
    more = question._replace(observed=seen(wave(21, 1), wave(20, 2)), looks=looks)
    assert len(answer(more).looks) == 1
    assert len(answer(more._replace(ended=True)).looks) == 2
    assert len(answer(more._replace(observed=seen(wave(22, 1), wave(22, 2)))).looks) == 2


def test_rollout_when_b_loses_then_it_is_over_and_else_goes_on() -> None:
    plan = plan_of(ab_test("s"))
    lost = answer(Trying(plan, "winner_b", False, seen(GOOD * 3, BAD * 3, 1), [(12, 12, 0.5)], ()))
    assert (lost.state, lost.reason) == ("returned", "mean_return of B is shown to be worse")
    for a, b in ((BAD, GOOD), (GOOD, GOOD), ([], []), ([], BAD), (GOOD, BAD[:1])):
        found = answer(Trying(plan, "winner_b", False, seen(a, b, 1), [], ()))
        assert (found.state, found.reason) == ("winner_b", "")


def test_rollout_when_the_arms_are_not_as_large_as_it_says_then_it_is_over() -> None:
    plan = plan_of(ab_test("s"))
    found = answer(Trying(plan, "winner_b", False, seen(GOOD, GOOD, 1), [(4, 30, 0.1)], ()))
    assert (found.state, found.reason) == ("returned", "the arms are not as large as the rollout says")


@pytest.mark.parametrize(
    ("fields", "effect"),
    [
        ({}, 0.52),
        ({"traffic_split": "90/10", "success_metric": "total_return"}, 0.89),
        ({"paired": True, "unit": "day"}, 0.26),
        ({"success_metric": "win_rate"}, 0.26),
    ],
    ids=str,
)
def test_outlook_then_the_smallest_difference_at_the_largest_sample(fields: dict[str, object], effect: float) -> None:
    found = outlook(Planned(plan_of(ab_test("s", n_max=120, **fields))).plan)
    assert found.effect is not None
    assert round(found.effect, 2) == effect
    assert found.power == 0.8
