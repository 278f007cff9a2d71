"""The lane of A/B tests: counts what each has observed, has it looked at, keeps every look and what was decided.

A decision restricts and never permits: B gets no more signals until a person rolls it out by a signed commit, and a
rollout in which B is shown to lose is over at once (:mod:`controller.core.experiments.standing`).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from controller.audit import control_action
from controller.core.experiments.question import Trying, plan_digest, plan_of
from controller.core.experiments.standing import DECIDED
from controller.core.plan.effective import strategy_scope
from controller.engine_ports import Engine
from controller.errors import FiguresUnavailable
from controller.ports import Clock, Store
from controller.reconcile.trial_facts import Facts, Observed
from schemas.audit import AuditEntry
from schemas.desired import Desired
from schemas.experiments import ABTest
from schemas.live import LiveState
from schemas.policy import Policy
from schemas.trials import Look, Report, State, Trial

_WARN: frozenset[State] = frozenset({"stopped_by_guardrail", "invalid", "returned"})
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Experiments:
    """One book's tests. ``applied`` is the tree and policy in force, None: not yet; ``look`` answers a question about a
    test; ``decided`` is told what the policy must follow now."""

    store: Store
    engine: Engine
    clock: Clock
    applied: Callable[[], tuple[Desired, Policy] | None]
    look: Callable[[Trying], Report]
    decided: Callable[[str], None] = lambda _: None
    _facts: Facts = field(init=False)
    _done: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._facts = Facts(self.store, self.engine)

    def work(self) -> None:
        """Count and look. Raises EngineUnavailable, StoreUnavailable."""
        live, known = self.engine.newest().live, self.applied()
        if live is None or known is None:
            return
        desired, policy = known
        if any(test.paired and test.status == "active" for test in desired.ab_tests.values()):
            self._keep_shadows(live.book)
        trials = self.store.tests.trials()
        for test in desired.ab_tests.values():
            if test.runs or test.id in trials:
                trial = trials.get(test.id) or self._begin(test, live)
                self._follow(test, trial, live, desired, policy)
        for trial in trials.values():
            if trial.test not in desired.ab_tests and trial.state not in DECIDED:
                self._keep(trial, "stopped", "its document is gone", live)

    def _keep_shadows(self, book: str) -> None:
        logged = self.engine.shadows(book, self.store.tests.last_shadow(book))
        self.store.tests.add_shadows(book, logged)

    def _begin(self, test: ABTest, live: LiveState) -> Trial:
        trial = Trial(
            test=test.id,
            strategy=test.strategy,
            book=live.book,
            plan=plan_digest(test),
            began={0: live.market_time},
            as_of_ns=self.clock.wall_ns(),
            market_time=live.market_time,
        )
        self.store.tests.save_trial(trial)
        return trial

    def _follow(self, test: ABTest, trial: Trial, live: LiveState, desired: Desired, policy: Policy) -> None:
        """One test: whatever ends it without a look first, then a look when there may be something new to see."""
        rolls = trial.state == "winner_b" and test.runs and bool(test.rollout)
        if trial.state in DECIDED and not rolls:
            return
        over = _over(test, trial, live)
        if over is not None:
            self._keep(trial, *over, live)
            return
        mark = (*self._facts.mark(live), test)
        if self._done.get(test.id) == mark:
            return
        if test.epoch not in trial.began:
            trial = trial.model_copy(update={"began": {**trial.began, test.epoch: live.market_time}})
            self.store.tests.save_trial(trial)
        allocation = next((item.allocation for item in policy.strategies.values() if item.id == test.strategy), 0)
        observed = self._facts.observe(test, trial, live, allocation, desired.risk.account.benchmark)
        try:
            (self._look_at_rollout if rolls else self._look)(test, trial, observed, live)
        except FiguresUnavailable as error:
            _log.warning("test %s cannot be looked at: %s", test.id, error)
            return
        self._done[test.id] = mark

    def _look(self, test: ABTest, trial: Trial, observed: Observed, live: LiveState) -> None:
        ended = live.market_time[:10] >= last_day(test)
        if trial.report is not None and len(observed.tested) == trial.n and not ended:
            return
        known, plan = self.store.tests.looks(test.id), plan_of(test)
        report = self.look(Trying(plan, trial.state, ended, observed.tested, observed.epochs(rollout=False), known))
        seen = {
            "n": len(observed.tested),
            "a": observed.arm("a"),
            "b": observed.arm("b"),
            "report": report.model_copy(update={"looks": ()}),
        }
        self._keep(trial.model_copy(update=seen), report.state, _why(report), live, report.looks[len(known) :])

    def _look_at_rollout(self, test: ABTest, trial: Trial, observed: Observed, live: LiveState) -> None:
        if len(observed.rolled) == trial.rolled:
            return
        epochs = observed.epochs(rollout=True)
        found = self.look(Trying(plan_of(test), trial.state, False, observed.rolled, epochs, ()))
        report = trial.report.model_copy(update={"rollout": found.primary}) if trial.report else found
        trial = trial.model_copy(update={"rolled": len(observed.rolled), "report": report})
        self._keep(trial, found.state, found.reason, live)

    def _keep(self, trial: Trial, state: State, reason: str, live: LiveState, looks: Sequence[Look] = ()) -> None:
        """Write what is known now; a decision in the audit log first, and then it binds."""
        now = self.clock.wall_ns()
        new = [look.model_copy(update={"at_ns": now, "market_time": live.market_time}) for look in looks]
        before = trial.state
        trial = trial.model_copy(
            update={"state": state, "reason": reason, "as_of_ns": now, "market_time": live.market_time}
        )
        if state == before or state not in DECIDED:
            self.store.tests.save_trial(trial, new)
            return
        trial = trial.model_copy(update={"decided_ns": now, "decided_market": live.market_time})
        with control_action(self.store, self.clock, self._entry(trial, before, now)):
            self.store.tests.save_trial(trial, new)
        _log.info("test %s: %s %s", trial.test, state, reason)
        self.decided(f"test {trial.test} is decided: {state}")

    def _entry(self, trial: Trial, before: State, now: int) -> AuditEntry:
        known = self.applied()
        uids = [item.uid for item in known[0].strategies.values() if item.id == trial.strategy] if known else []
        return AuditEntry(
            at_ns=now,
            event=f"ab_test.{trial.state}",
            actor="controller",
            channel="controller",
            level="warn" if trial.state in _WARN else "info",
            scope=strategy_scope(uids[0]) if uids else "account",
            reason=trial.reason,
            before=before,
            after=trial.state,
            details=f"{trial.test} after {trial.n} observations",
        )


def last_day(test: ABTest) -> str:
    """The session date from which on time is up."""
    return (test.started + timedelta(days=test.duration_days)).isoformat()


def _over(test: ABTest, trial: Trial, live: LiveState) -> tuple[State, str] | None:
    """What ends a test without a look at it."""
    if trial.plan != plan_digest(test):
        state: State = "returned" if trial.state == "winner_b" else "invalid"
        return state, "an earlier test had this id: give it a new one"
    if trial.state == "winner_b":
        return None
    if trial.book != live.book:
        return "invalid", "the book is another one than it began in"
    if test.status != "active":
        return "stopped", f"a person's commit says {test.status}"
    return None


def _why(report: Report) -> str:
    """In words what a decision rests on."""
    if report.reason or report.state not in ("winner_a", "winner_b", "no_difference"):
        return report.reason
    shown = "n/a" if report.primary.p is None else f"{report.primary.p:.3f}"
    return f"{report.primary.metric}: p {shown} after {len(report.looks)} looks"
