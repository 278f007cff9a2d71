"""A crash at every port call: the next controller finishes, and no moment is looser than both sides."""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from controller.halt import CLI, halt
from schemas.desired import Desired, StrategyStatus, TradingMode
from schemas.policy import Policy
from tests.support.rig import UID_A, UID_B, Rig, clear, commit_id, desired, make_rig

ACTIVE, PAUSED, HALTED = StrategyStatus.ACTIVE, StrategyStatus.PAUSED, StrategyStatus.HALTED
_STORE = {"append_audit", "save_revision", "save_plan", "save_peaks", "save_halt", "release_halt"}
_ENGINE = {"read", "adopt", "cancel", "set_venue_mode", "set_venue_status"}
POINTS = _STORE | _ENGINE | {"publish", "remember", "release", "tip", "advance", "commits"}
"""Calls between which something may have changed; a crash between two others is one of these again."""


class Crash(BaseException):
    """The process dies here: nothing catches it."""


class Counter:
    """Counts port calls; raises Crash before or after call ``at``; calls ``seen`` around each."""

    def __init__(self, at: int, after: bool, seen: Callable[[], None]) -> None:
        self.at, self.after, self.seen, self.calls, self.armed = at, after, seen, 0, False

    def wrap(self, name: str, port: Any) -> Any:
        return _Fragile(port, self)

    def around(self, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if not self.armed:
            return call(*args, **kwargs)
        self.calls += 1
        number = self.calls
        if number == self.at and not self.after:
            raise Crash
        result = call(*args, **kwargs)
        self.armed = False
        self.seen()
        self.armed = True
        if number == self.at:
            raise Crash
        return result


class _Fragile:
    def __init__(self, port: Any, counter: Counter) -> None:
        self._port, self._counter = port, counter

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if name not in POINTS:
            return value
        return lambda *args, **kwargs: self._counter.around(value, args, kwargs)


def allows(policies: tuple[Policy, ...], venue: Any, uid: str, dollars: int, reducing: bool) -> bool:
    modes = [policy.mode for policy in policies]
    statuses = [policy.strategies[uid].status for policy in policies if uid in policy.strategies]
    if venue is not None:
        modes.append(venue.venue_mode)
        statuses.append(venue.venue_statuses.get(uid, ACTIVE))
    if not policies or max(mode.rank for mode in modes) >= 2 or max(status.rank for status in statuses) >= 2:
        return False
    if reducing:
        return True
    small = all(dollars <= policy.limits["order.max_dollars"] for policy in policies)
    return small and max(mode.rank for mode in modes) == 0 and max(status.rank for status in statuses) == 0


ORDERS = list(product((UID_A, UID_B), (4_000_000, 6_000_000, 8_000_000), (True, False)))


def sides(rig: Rig) -> set[tuple[str, int, bool]]:
    """What gate and venue let through now, as the gate's own snapshot says."""
    snapshot = rig.engine._snapshot
    policies = snapshot.policies if snapshot else ()
    held = [item.mode.rank for item in rig.desk.open_halts(None)]
    if held and max(held) >= 2:
        return set()
    return {order for order in ORDERS if allows(policies, rig.engine, *order)}


def tightened_and_loosened() -> tuple[Desired, Desired]:
    one = desired(1, statuses={UID_A: ACTIVE, UID_B: PAUSED}, limits={"order.max_dollars": "$5"})
    two = desired(2, statuses={UID_A: PAUSED, UID_B: ACTIVE}, limits={"order.max_dollars": "$7"})
    return one, two


def resumed() -> tuple[Desired, Desired]:
    one = desired(1, TradingMode.PAUSE_NEW_ORDERS, {UID_A: PAUSED, UID_B: PAUSED})
    return one, desired(2, TradingMode.NORMAL, {UID_A: HALTED, UID_B: ACTIVE})


@pytest.fixture(autouse=True)
def _no_power_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash of the process keeps what was written; flushing to disk only costs time here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(os, "fdatasync", lambda _: None)


def settle(rig: Rig) -> None:
    for _ in range(2):
        rig.reconciler.reconcile_once()


def crash_once(folder: Path, trees: tuple[Desired, Desired], at: int, after: bool) -> bool:
    """Whether call ``at`` exists. Asserts the promise on the way."""
    moments: list[set[tuple[str, int, bool]]] = []
    counter = Counter(at, after, lambda: moments.append(sides(rig)))
    rig = make_rig(folder, trees[0], wrap=counter.wrap)
    try:
        settle(rig)
        before = sides(rig)
        rig.history.commit(trees[1])
        counter.armed = True
        crashed = False
        try:
            rig.reconciler.reconcile_once()
        except Crash:
            crashed = True
        counter.at = 0
        rig.restart()
        settle(rig)
        overview = rig.reconciler.memory.overview
        assert overview is not None
        after_all = sides(rig)
        assert overview.revision.last_applied == commit_id(2)
        assert all(moment <= before | after_all for moment in moments)
        report = rig.store.verify_audit()
        assert report.ok
        return crashed
    finally:
        rig.close()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("scenario", [tightened_and_loosened, resumed])
def test_crash_at_every_call_then_finished_and_never_looser(tmp_path: Path, scenario: Any, after: bool) -> None:
    trees = scenario()
    at = 1
    while crash_once(tmp_path / str(at), trees, at, after):
        at += 1
    assert at > 10


def test_crash_at_every_call_of_a_release_then_released_in_the_end_and_never_before(tmp_path: Path) -> None:
    at, crashed = 1, True
    while crashed:
        crashed = release_crash(tmp_path / str(at), at)
        at += 1
    assert at > 10


def release_crash(folder: Path, at: int) -> bool:
    counter = Counter(at, False, lambda: None)
    rig = make_rig(folder, desired(1), wrap=counter.wrap)
    try:
        settle(rig)
        halt(str(rig.home.root), "account", 3, "ada", "test", CLI, notify=False)
        (item,) = rig.reconciler.reconcile_once().halts
        rig.history.commit(desired(2, statuses={UID_A: PAUSED, UID_B: PAUSED}, cleared={item.id: clear(item)}))
        counter.armed, crashed = True, False
        try:
            rig.reconciler.reconcile_once()
        except Crash:
            crashed = True
        counter.at = 0
        begun = any(record.entry.event == "emergency.resume" for record in rig.store.audit())
        assert begun or rig.desk.words(), "released before the intent was in the audit log"
        rig.restart()
        settle(rig)
        assert rig.desk.words() == () and item.id in rig.store.released()
        return crashed
    finally:
        rig.close()
