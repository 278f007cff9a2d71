"""Parts of a loosening: never looser than the target, never looser than what was let through."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.change import known_bad, rollout, schedule
from controller.core.change.known_bad import loosened
from controller.core.change.partly import meet, partly
from controller.core.change.rollout import ALL, ONE, SHARE, Seen
from controller.core.policy.direction import compare
from controller.core.policy.leaves import move
from controller.core.policy.policy_leaves import flatten
from schemas.change import Stages
from schemas.change_record import KnownBad, Rollout
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import LIMITS, Leaf
from schemas.plan import Change, Direction
from schemas.policy import Policy, StrategyPolicy

MINUTE = 60_000_000_000
COMMIT = "c" * 40
STAGES = Stages.model_validate({"minutes": 10, "share_pct": "50%", "max_loss_pct": "2%"})
ORDERED = {limit.name for limit in LIMITS if limit.leaf is not Leaf.OPAQUE}
UIDS = [letter * 32 for letter in "abcd"]


def strategy(uid: str, status: StrategyStatus, allocation: int, module: str = "momentum") -> StrategyPolicy:
    return StrategyPolicy(uid=uid, id=f"s-{uid[0]}", name="S", status=status, allocation=allocation, module=module)


@st.composite
def policies(draw: Any) -> Policy:
    """Any policy over the same four strategies and every limit."""
    among = draw(st.sets(st.sampled_from(UIDS), min_size=1))
    return Policy(
        revision=COMMIT,
        account="paper",
        mode=draw(st.sampled_from(TradingMode)),
        limits={limit.name: draw(st.integers(0, 9)) for limit in LIMITS},
        shadow=tuple(sorted(draw(st.sets(st.sampled_from(["volatility.position_warning"]))))),
        strategies={
            uid: strategy(
                uid, draw(st.sampled_from(StrategyStatus)), draw(st.integers(0, 9)), draw(st.sampled_from("mv"))
            )
            for uid in sorted(among)
        },
    )


def not_looser(part: Policy, side: Policy, keys: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The keys outside of ``keys`` in which ``part`` is looser than ``side``."""
    loose = [(change.scope, change.key) for change in compare(side, part) if change.direction is Direction.LOOSEN]
    return [key for key in loose if key not in keys]


@settings(deadline=None, max_examples=150)
@given(base=policies(), target=policies(), data=st.data())
def test_part_when_some_keys_are_let_through_then_it_differs_from_the_base_in_them_alone(
    base: Policy, target: Policy, data: Any
) -> None:
    keys = [(scope, key) for scope, key, _ in loosened(compare(base, target))]
    let = set(data.draw(st.sets(st.sampled_from(keys)))) if keys else set()
    part = partly(base, target, let)
    assert not_looser(part, base, let) == []
    assert {(change.scope, change.key) for change in compare(base, part)} <= let


@settings(deadline=None, max_examples=150)
@given(base=policies(), target=policies(), stage=st.sampled_from([ONE, SHARE]), share=st.integers(0, 100))
def test_stage_when_it_lets_a_part_through_then_no_limit_is_looser_than_the_target(
    base: Policy, target: Policy, stage: int, share: int
) -> None:
    stages = Stages.model_validate({"minutes": 1, "share_pct": f"{share}%"})
    found = loosened(compare(base, target))
    at = Rollout(commit=COMMIT, loosened=found, stage=stage, since_ns=0, equity=1)
    part = rollout.part(at, stages, base, target)
    old, new, made = flatten(base), flatten(target), flatten(part)
    for scope, key, _ in found:
        leaf = made.get((scope, key))
        if leaf is not None and key in ORDERED:
            assert move(new[scope, key], leaf) in (Direction.TIGHTEN, Direction.NEUTRAL), key
            assert move(leaf, old[scope, key]) in (Direction.TIGHTEN, Direction.NEUTRAL), key


@settings(deadline=None, max_examples=100)
@given(base=policies(), target=policies(), part=policies())
def test_meet_when_made_then_the_venue_is_as_strict_as_both(base: Policy, target: Policy, part: Policy) -> None:
    both = meet(part, target)
    assert both.mode.rank == max(part.mode.rank, target.mode.rank)
    for uid, item in both.strategies.items():
        assert item.status.rank == max(part.strategies[uid].status.rank, target.strategies[uid].status.rank)
    assert set(both.strategies) == set(part.strategies) & set(target.strategies)


def widened(**limits: int) -> tuple[Policy, Policy]:
    """Two strategies that are paused and two limits, and what they loosen to."""
    names = {"position.max_position_pct": 150_000, "position.min_position_dollars": 500}
    paused = {uid: strategy(uid, StrategyStatus.PAUSED, 5) for uid in UIDS[:2]}
    active = {uid: strategy(uid, StrategyStatus.ACTIVE, 5) for uid in UIDS[:2]}
    base = Policy(revision=COMMIT, account="p", mode=TradingMode.NORMAL, limits=names, strategies=paused)
    loose = {"position.max_position_pct": 200_001, "position.min_position_dollars": 401}
    return base, base.model_copy(update={"limits": {**names, **loose, **limits}, "strategies": active})


def at_stage(stage: int, base: Policy, target: Policy) -> Policy:
    found = loosened(compare(base, target))
    return rollout.part(Rollout(commit=COMMIT, loosened=found, stage=stage, since_ns=0, equity=1), STAGES, base, target)


def test_stages_when_gone_through_then_one_strategy_then_a_share_then_all() -> None:
    base, target = widened()
    one = at_stage(ONE, base, target)
    assert [item.status.value for item in one.strategies.values()] == ["active", "paused"]
    assert one.limits == base.limits
    some = at_stage(SHARE, base, target)
    assert [item.status.value for item in some.strategies.values()] == ["active", "paused"]
    assert some.limits == {"position.max_position_pct": 175_000, "position.min_position_dollars": 451}
    assert at_stage(ALL, base, target) == target


def seen(equity: int | None = 1_000, *halts: str) -> Seen:
    return Seen(equity, halts)


def begun(stage: int = ONE, since: int = 0, equity: int | None = 1_000) -> Rollout:
    return Rollout(commit=COMMIT, loosened=LOOSENED, stage=stage, since_ns=since, equity=equity)


LOOSENED = ((UIDS[0], "status", "active"), ("account", "position.max_position_pct", "20%"))


def step(before: Rollout | None, what: Seen, now: int, loose: Any = LOOSENED) -> rollout.Step:
    return rollout.step(before, COMMIT, loose, STAGES, what, now)


def test_step_when_nothing_rolls_out_yet_then_the_first_stage_begins_now() -> None:
    found = step(None, seen(), 7).at
    assert found is not None
    assert (found.stage, found.since_ns, found.equity) == (ONE, 7, 1_000)


@pytest.mark.parametrize(("now", "stage"), [(10 * MINUTE - 1, ONE), (10 * MINUTE, SHARE), (25 * MINUTE, SHARE)])
def test_step_when_the_stage_has_lasted_then_the_next_one_and_never_two_at_once(now: int, stage: int) -> None:
    found = step(begun(), seen(), now).at
    assert found is not None and found.stage == stage


def test_step_when_all_is_reached_then_it_stays() -> None:
    assert step(begun(ALL), seen(1), 99 * MINUTE).at == begun(ALL)
    assert rollout.hold(begun(ALL), STAGES) is None


def test_step_when_the_engine_is_silent_then_nothing_moves() -> None:
    assert step(begun(), seen(None), 99 * MINUTE).at == begun()


def test_step_when_the_engine_was_silent_at_the_start_then_the_stage_begins_when_it_answers() -> None:
    found = step(begun(equity=None), seen(900), 99 * MINUTE).at
    assert found is not None
    assert (found.stage, found.since_ns, found.equity) == (ONE, 99 * MINUTE, 900)


@pytest.mark.parametrize(("equity", "failed"), [(980, False), (979, True)])
def test_step_when_equity_falls_then_taken_back_beyond_the_bound(equity: int, failed: bool) -> None:
    found = step(begun(), seen(equity), MINUTE)
    assert (found.at is None) is failed
    assert ("equity fell 2.10%" in found.failed) is failed


def test_step_when_a_halt_is_raised_then_taken_back() -> None:
    found = step(begun(), seen(1_000, "f" * 32), MINUTE)
    assert found.at is None
    assert "halt ffffffffffff" in found.failed


def test_step_when_something_else_loosens_too_then_from_the_first_stage() -> None:
    found = step(begun(SHARE), seen(), MINUTE, (*LOOSENED, ("account", "x", "1"))).at
    assert found is not None and found.stage == ONE


@pytest.mark.parametrize(
    ("loose", "stage"),
    [
        (LOOSENED, ONE),
        ((("account", "position.max_position_pct", "20%"),), SHARE),
        ((("account", "mode", "normal"),), ALL),
        ((), ALL),
    ],
)
def test_first_when_nothing_could_move_in_a_stage_then_it_is_left_out(loose: Any, stage: int) -> None:
    assert rollout.first(loose) == stage


def test_hold_when_in_a_stage_then_says_which_and_until_when() -> None:
    found = rollout.hold(begun(SHARE, 5), STAGES)
    assert found is not None
    assert (found.reason, found.until_ns) == ("RollingOut", 5 + 10 * MINUTE)
    assert "a share" in found.why and "(2 of 3)" in found.why


def change(key: str, direction: Direction = Direction.LOOSEN, new: str = "20%") -> Change:
    return Change(kind="limit", scope="account", key=key, label=key, old="15%", new=new, direction=direction)


def due(message: str) -> schedule.Due | None:
    return schedule.due_of(COMMIT, f"risk: later\n\n{message}\n")


NINE = 1_769_936_400_000_000_000
AT_NINE = "Not-Before: 2026-02-01T09:00:00+00:00"


@pytest.mark.parametrize(
    ("message", "at_ns"),
    [
        (AT_NINE, NINE),
        ("Not-Before: 2026-02-01T10:00+01:00", NINE),
        ("Not-Before: 2026-02-01T09:00Z", NINE),
        ("Not-Before: 2026-02-01T09:00", None),
        ("Not-Before: soon", None),
        (f"{AT_NINE}\nNot-Before: 2026-02-01T08:00Z", NINE),
        (f"{AT_NINE}\nNot-Before: soon", None),
    ],
)
def test_due_when_a_commit_says_when_then_the_last_of_its_times_and_never_for_what_is_none(
    message: str, at_ns: int | None
) -> None:
    found = due(message)
    assert found is not None and found.at_ns == at_ns


def test_due_when_it_is_only_prose_then_none() -> None:
    assert schedule.due_of(COMMIT, f"{AT_NINE}") is None
    assert schedule.due_of(COMMIT, f"x\n\nthe trailer {AT_NINE} is quoted\n") is None


def test_schedule_when_a_key_is_loosened_again_then_the_last_to_loosen_decides() -> None:
    first, second = due(AT_NINE), due("Not-Before: 2026-02-01T12:00Z")
    assert schedule.schedule([(first, [change("a"), change("b")]), (second, [change("a")])]) == {
        ("account", "a"): second,
        ("account", "b"): first,
    }
    assert schedule.schedule([(first, [change("a")]), (None, [change("a")])]) == {}


def test_schedule_when_a_key_is_only_tightened_meanwhile_then_it_still_waits() -> None:
    planned = schedule.schedule([(due(AT_NINE), [change("a")]), (None, [change("a", Direction.TIGHTEN, "18%")])])
    assert planned == {("account", "a"): due(AT_NINE)}


@pytest.mark.parametrize(("now", "late"), [(NINE - 1, True), (NINE, False)])
def test_waiting_when_the_time_comes_then_no_longer(now: int, late: bool) -> None:
    planned = schedule.schedule([(due(AT_NINE), [change("a")])])
    assert bool(schedule.waiting(planned, now)) is late


def test_waiting_when_the_time_cannot_be_read_then_for_ever() -> None:
    planned = schedule.schedule([(due("Not-Before: soon"), [change("a")])])
    assert schedule.waiting(planned, 10**19) == planned


def test_hold_when_keys_wait_then_says_until_when_and_what_never_comes() -> None:
    late = schedule.schedule([(due(AT_NINE), [change("a")]), (due("Not-Before: soon"), [change("b")])])
    found = schedule.hold(late, {("account", "a"): "limit a"})
    assert found is not None
    assert "limit a waits until 2026-02-01 09:00 UTC" in found.why
    assert "b waits for ever" in found.why
    assert found.until_ns == NINE
    assert schedule.hold({}, {}) is None


def bad(*loose: tuple[str, str, str], commit: str = COMMIT) -> KnownBad:
    return KnownBad(commit=commit, reason="equity fell", at_ns=1, loosened=loose or (("account", "a", "20%"),))


@pytest.mark.parametrize(
    ("changes", "target", "accepted", "held"),
    [
        ([change("a")], "d" * 40, False, True),
        ([change("a", new="19%")], "d" * 40, False, False),
        ([change("b")], "d" * 40, False, False),
        ([change("a", Direction.TIGHTEN)], "d" * 40, False, False),
        ([change("a")], "d" * 40, True, False),
        ([change("a")], COMMIT, True, True),
    ],
)
def test_known_bad_when_it_comes_again_then_held_until_another_commit_accepts_it(
    changes: list[Change], target: str, accepted: bool, held: bool
) -> None:
    found = known_bad.hold([bad()], changes, target, accepted, "digest")
    assert (found is not None) is held
    if found is not None:
        assert "a of cccccccccccc proved bad: equity fell" in found.why
        assert "Plan-Digest: digest" in found.fix


def test_known_bad_when_very_many_are_known_then_the_newest_are_kept() -> None:
    known: tuple[KnownBad, ...] = ()
    for number in range(known_bad.MOST + 5):
        known = known_bad.remember(known, bad(("account", "a", f"{number}%")))
    assert len(known) == known_bad.MOST
    assert known[-1].loosened == (("account", "a", f"{known_bad.MOST + 4}%"),)
    assert known_bad.remember(known, KnownBad(commit=COMMIT, reason="r", at_ns=1, loosened=())) == known


def test_known_bad_when_it_is_in_force_all_the_same_then_forgotten() -> None:
    assert known_bad.forget([bad(), bad(("account", "b", "1"))], [change("a")]) == (bad(("account", "b", "1")),)
