"""The lane of A/B tests on the in-memory twins: counted once, looked at, decided, restricted."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.core.experiments.answer import answer
from controller.core.experiments.question import Trying
from controller.core.policy.compile import compile_policy
from controller.errors import FiguresUnavailable, StoreUnavailable
from controller.reconcile.experiments import Experiments
from schemas.desired import Desired
from schemas.experiments import ABTest
from schemas.live import FillView
from schemas.policy import Policy
from schemas.trials import Report, Trial
from tests.support.rig import UID_A, desired, make_rig
from tests.support.trials import DOLLAR, ab_test, fill, session, shadow, trips

GOOD, BAD = [0.02, 0.024, 0.018, 0.022], [-0.02, -0.024, -0.018, -0.022]


class Lane:
    """The lane over a rig; ``asked`` counts the looks that it wanted."""

    def __init__(self, folder: Path, **fields: Any) -> None:
        self.rig = make_rig(folder, self.tree(1, ab_test("s-a", **fields)))
        self.rig.reconciler.reconcile_once()
        self.asked: list[Trying] = []
        self.poked: list[str] = []
        self.broken = ""
        self.restart()

    @staticmethod
    def tree(number: int, *tests: ABTest) -> Desired:
        return desired(number).model_copy(update={"ab_tests": {test.id: test for test in tests}})

    def restart(self) -> None:
        rig = self.rig
        self.lane = Experiments(rig.store, rig.engine, rig.clock, self.applied, self.look, self.poked.append)

    def applied(self) -> tuple[Desired, Policy] | None:
        known = self.rig.reconciler.memory.applied_desired
        return (known, compile_policy(known, {})) if known else None

    def look(self, question: Trying) -> Report:
        if self.broken:
            raise FiguresUnavailable(self.broken)
        self.asked.append(question)
        return answer(question)

    def commit(self, number: int, *tests: ABTest) -> None:
        self.rig.history.commit(self.tree(number, *tests))
        self.rig.reconciler.reconcile_once()

    def work(self, fills: Sequence[FillView] = (), day: int = 0) -> Trial:
        self.rig.engine.market_time = session(day)
        self.rig.store.add_fills(self.rig.engine.read().book, fills)
        self.lane.work()
        return self.rig.store.tests.trials()["t-1"]

    def share(self) -> int:
        """B's share in what the gate enforces."""
        self.rig.reconciler.reconcile_once()
        applied = self.rig.reconciler.memory.applied
        assert applied is not None
        test = applied.strategies[UID_A].test
        return test.share_b_ppm if test else -1

    def events(self) -> list[tuple[str, str]]:
        found = [record.entry for record in self.rig.store.audit(event="ab_test.", limit=100)]
        return [(entry.event, entry.kind) for entry in reversed(found)]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Lane]]:
    lanes: list[Lane] = []

    def made(**fields: Any) -> Lane:
        lanes.append(Lane(tmp_path / str(len(lanes)), **fields))
        return lanes[-1]

    yield made
    for lane in lanes:
        lane.rig.close()


def both(a: Sequence[float], b: Sequence[float], first: int = 1) -> list[FillView]:
    return trips("A", a, first=first, uid=UID_A) + trips("B", b, first=first + 1000, uid=UID_A)


def test_work_when_nothing_has_traded_then_collecting_and_seen_from_here_on(make: Callable[..., Lane]) -> None:
    trial = make().work(day=3)
    assert (trial.state, trial.n, trial.began) == ("collecting", 0, {0: session(3)})
    assert trial.report is not None
    assert trial.report.primary.status == "not_enough_data"


def test_work_when_trades_close_then_each_is_counted_once_whatever_restarts(make: Callable[..., Lane]) -> None:
    lane = make(n_max=400)
    fills = both(GOOD * 5, GOOD * 5)
    first = lane.work(fills[:20] + fills[40:60], day=10)
    assert (first.n, first.state) == (20, "collecting")
    lane.restart()
    second = lane.work(fills, day=30)
    assert (second.n, second.state, second.a.n, second.b.entries) == (40, "running", 20, 20)
    looks = list(lane.rig.store.tests.looks("t-1"))
    lane.restart()
    assert lane.work(fills, day=30) == second
    assert list(lane.rig.store.tests.looks("t-1")) == looks
    assert [look.n for look in looks] == [40]


def test_work_when_nothing_is_new_then_nobody_is_asked_again(make: Callable[..., Lane]) -> None:
    lane = make()
    for day in (3, 3, 4, 5):
        lane.work(both(GOOD, GOOD), day=day)
    assert len(lane.asked) == 1


def test_work_when_b_wins_then_recorded_with_intent_and_outcome_and_b_gets_no_more_signals(
    make: Callable[..., Lane],
) -> None:
    lane = make(n_max=80)
    assert lane.share() == 500_000
    trial = lane.work(both(BAD * 10, GOOD * 10), day=60)
    assert (trial.state, trial.decided_market, trial.reason[:10]) == ("winner_b", session(60), "sharpe: p ")
    assert lane.events() == [("ab_test.winner_b", "intent"), ("ab_test.winner_b", "outcome")]
    assert lane.poked == ["test t-1 is decided: winner_b"]
    assert lane.share() == 0
    lane.restart()
    assert lane.work(both(BAD * 10, GOOD * 10) + both(GOOD * 10, BAD * 10, first=3001), day=90) == trial


def test_work_when_a_guardrail_breaks_then_b_is_stopped_by_a_tightening(make: Callable[..., Lane]) -> None:
    lane = make(guardrails=[{"metric": "win_rate", "margin": "10%"}])
    assert lane.share() == 500_000
    assert lane.work(both(GOOD * 5, BAD * 5), day=60).state == "stopped_by_guardrail"
    assert lane.share() == 0
    (entry, *_) = [it.entry for it in lane.rig.store.audit(event="controller.reconcile") if it.entry.kind == "intent"]
    assert (entry.level, "publish" in entry.details) == ("info", True)


def rolling(lane: Lane, step: int, number: int) -> None:
    lane.commit(number, ab_test("s-a", n_max=80, status="complete", rollout=step))


def test_rollout_when_b_has_won_then_it_gets_its_step_and_nothing_when_it_loses_there(
    make: Callable[..., Lane],
) -> None:
    lane = make(n_max=80)
    won = both(BAD * 10, GOOD * 10)
    assert lane.work(won, day=60).state == "winner_b"
    rolling(lane, 10, 2)
    assert lane.share() == 100_000
    assert lane.work(won, day=61).began == {0: session(60), 1: session(61)}
    more = trips("A", GOOD * 5, first=3001, uid=UID_A, epoch=1) + trips("B", BAD, first=4001, uid=UID_A, epoch=1)
    trial = lane.work(won + more, day=90)
    assert (trial.state, trial.n, trial.rolled) == ("returned", 80, 24)
    assert trial.report is not None and trial.report.rollout is not None
    assert lane.share() == 0
    rolling(lane, 0, 3)
    rolling(lane, 10, 4)
    assert lane.share() == 0


def test_rollout_when_b_does_as_well_as_a_then_it_goes_on(make: Callable[..., Lane]) -> None:
    lane = make(n_max=80)
    won = both(BAD * 10, GOOD * 10)
    lane.work(won, day=60)
    rolling(lane, 10, 2)
    more = trips("A", GOOD * 5, first=3001, uid=UID_A, epoch=1) + trips("B", GOOD, first=4001, uid=UID_A, epoch=1)
    assert lane.work(won + more, day=90).state == "winner_b"
    rolling(lane, 25, 3)
    assert lane.share() == 250_000


def test_rollout_when_b_has_not_won_then_a_signed_one_gives_it_nothing(make: Callable[..., Lane]) -> None:
    lane = make(n_max=80)
    lane.work(both(GOOD, GOOD), day=5)
    rolling(lane, 10, 2)
    assert lane.work(day=6).state == "stopped"
    assert lane.share() == 0


def test_work_when_time_is_up_by_the_market_then_no_difference(make: Callable[..., Lane]) -> None:
    lane = make(duration_days=14)
    assert lane.work(both(GOOD, GOOD), day=13).state == "collecting"
    lane.rig.clock.advance(10**9)
    assert lane.work(day=13).state == "collecting"
    trial = lane.work(day=14)
    assert (trial.state, trial.decided_market) == ("no_difference", session(14))


@pytest.mark.parametrize("status", ["stopped", "complete"])
def test_work_when_a_person_ends_it_then_stopped(make: Callable[..., Lane], status: str) -> None:
    lane = make()
    lane.work(both(GOOD, GOOD), day=3)
    lane.commit(2, ab_test("s-a", status=status))
    trial = lane.work(day=4)
    assert (trial.state, trial.reason, trial.n) == ("stopped", f"a person's commit says {status}", 8)


@pytest.mark.parametrize(("drawn_b", "state"), [(60, "running"), (15, "invalid")])
def test_work_when_one_arm_trades_more_often_then_only_the_signals_tell_a_mismatch(
    make: Callable[..., Lane], drawn_b: int, state: str
) -> None:
    lane = make(n_max=400)
    rows = [shadow(1, 0, 0).model_copy(update={"uid": UID_A, "signals_a": 60, "signals_b": drawn_b})]
    lane.rig.store.tests.add_shadows(lane.rig.engine.read().book, rows)
    assert lane.work(both(GOOD * 20, GOOD * 5), day=100).state == state


def test_work_when_its_document_goes_then_stopped_and_one_of_the_same_id_is_invalid(make: Callable[..., Lane]) -> None:
    lane = make()
    lane.work(both(GOOD, GOOD), day=3)
    lane.commit(2)
    assert lane.work(day=4).reason == "its document is gone"
    lane.commit(3, ab_test("s-a", n_max=300))
    assert lane.share() == 0


def test_work_when_another_document_has_its_id_then_it_ends_and_a_win_is_taken_back(make: Callable[..., Lane]) -> None:
    lane, won = make(), make(n_max=80)
    lane.work(both(GOOD, GOOD), day=3)
    lane.commit(2, ab_test("s-a", n_max=300))
    trial = lane.work(day=4)
    assert (trial.state, trial.reason) == ("invalid", "an earlier test had this id: give it a new one")
    assert won.work(both(BAD * 10, GOOD * 10), day=60).state == "winner_b"
    won.commit(2, ab_test("s-a", n_max=90, status="complete", rollout=10))
    assert won.work(day=61).state == "returned"
    assert won.share() == 0


def test_work_when_the_book_is_another_one_then_invalid(make: Callable[..., Lane]) -> None:
    lane = make()
    lane.work(both(GOOD, GOOD), day=3)
    lane.rig.engine.id = "c" * 32
    trial = lane.work(day=4)
    assert (trial.state, trial.reason) == ("invalid", "the book is another one than it began in")


def test_commit_when_it_is_one_act_on_a_test_then_recorded_by_its_name(make: Callable[..., Lane]) -> None:
    lane, known = make(), desired(1).strategies
    kept = {**known, "s-new": known["s-a"].model_copy(update={"id": "s-new", "uid": "c" * 32})}
    ended, fresh = ab_test("s-a", id="t-2", status="complete"), ab_test("s-a", id="t-3")
    acts: list[tuple[str, dict[str, Any], tuple[ABTest, ...]]] = [
        ("config.change", known, ()),
        ("ab_test.create", known, (ab_test("s-a", id="t-2"),)),
        ("ab_test.archive", kept, (ended,)),
        ("ab_test.rollout", kept, (ab_test("s-a", id="t-2", status="complete", rollout=10),)),
        ("ab_test.rollout", kept, (ended,)),
        ("config.change", kept, (ended, fresh, ab_test("s-b", id="t-4"))),
        ("ab_test.stop", kept, (ended, fresh, ab_test("s-b", id="t-4", status="stopped"))),
        ("config.change", known, (ended, ab_test("s-a", id="t-3", status="stopped"))),
    ]
    for number, (_, strategies, tests) in enumerate(acts, start=2):
        lane.rig.history.commit(Lane.tree(number, *tests).model_copy(update={"strategies": strategies}))
        lane.rig.reconciler.reconcile_once()
    found = [it.entry.event for it in lane.rig.store.audit(limit=100) if it.entry.kind == "intent"]
    assert found[: len(acts)][::-1] == [event for event, _, _ in acts]


def test_work_when_there_are_no_figures_then_counted_when_there_are(make: Callable[..., Lane]) -> None:
    lane = make()
    lane.broken = "its process ended"
    assert lane.work(both(GOOD, GOOD), day=3).n == 0
    lane.broken = ""
    assert lane.work(day=3).n == 8


def test_work_when_the_store_fails_then_said_and_nothing_is_decided(make: Callable[..., Lane]) -> None:
    lane = make()
    lane.work(day=3)
    lane.rig.store.fail("disk full")
    with pytest.raises(StoreUnavailable):
        lane.lane.work()
    lane.rig.store.fail("")
    assert lane.work(both(GOOD, GOOD), day=4).n == 8


def test_work_when_paired_then_shadow_sessions_are_kept_and_counted(make: Callable[..., Lane]) -> None:
    lane = make(paired=True, unit="day", n_max=60)
    lane.rig.engine.shadowed += [shadow(day, 0.001 * (day % 3), 0.001 * (day % 5)) for day in range(1, 21)]
    trial = lane.work(day=21)
    assert (trial.state, trial.n, trial.a.pnl) == ("running", 40, None)
    lane.restart()
    lane.rig.engine.shadowed.append(shadow(21, 0.01, 0.02))
    assert lane.work(day=22).b.n == 21


def test_work_when_the_unit_is_the_day_then_sessions_that_are_over_count(make: Callable[..., Lane]) -> None:
    lane = make(unit="day")
    lane.rig.engine.closes = {
        name: [(session(day), 100 * DOLLAR + day * DOLLAR) for day in range(9)] for name in ("SPX", "AAPL")
    }
    lane.work(day=2)
    held = [fill(1, "buy", 100, 3, 103 * DOLLAR, uid=UID_A), fill(2, "sell", 0, 6, 106 * DOLLAR, uid=UID_A)]
    trial = lane.work(held, day=8)
    assert (trial.a.n, trial.b.n, trial.a.closed) == (5, 5, 1)
    assert trial.a.curve[-1][1] == pytest.approx(300 / 15_000)
    assert trial.b.curve[-1][1] == 0
