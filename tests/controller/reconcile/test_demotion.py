"""Demotion: caps of the phase before while the account has fallen too far; begins and ends without a commit."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.learning.demotion import ENDS_PCT, SCOPE, demoted, demotion, is_demoted
from controller.core.learning.phases import SIZED, TOLERATED, factors, moved
from controller.core.plan.effective import Restriction
from schemas.desired import Desired, TradingMode
from schemas.halts import ACCOUNT
from schemas.learning import Learning
from schemas.risk import Level
from tests.support.learning import PHASES
from tests.support.policies import policy as plain_policy
from tests.support.rig import Rig, desired, make_rig

DOLLAR = 1_000_000
POLICY = plain_policy()
SIZE = "position.max_position_pct"
FELL = 16_000 * DOLLAR


def learning(number: int = 2, bound: str | None = "15%") -> Learning:
    """Half, three quarters and all of the written size, standard tolerance; each bounded by ``bound``."""
    phases = [
        {"name": name, "position_size_multiplier": size, "goals": {"max_drawdown": bound}}
        for name, size in (("Exploration", "0.5"), ("Refinement", "0.75"), ("Maturity", "1.0"))
    ]
    return Learning.model_validate({"number": number, "started": "2008-01-02", "phases": phases})


def account(ppm: int) -> list[Level]:
    unit, key = "percent", "drawdown.account_emergency_pct"
    return [
        Level.model_validate(
            {
                "scope": ACCOUNT,
                "key": key,
                "level": "info",
                "value": ppm,
                "limit": 250_000,
                "utilisation": 1,
                "unit": unit,
            }
        )
    ]


@pytest.mark.parametrize(
    ("ppm", "binds", "expected"),
    [
        (149_999, False, False),
        (150_000, False, True),
        (149_999, True, True),
        (150_000 * ENDS_PCT // 100 + 1, True, True),
        (150_000 * ENDS_PCT // 100, True, False),
        (0, True, False),
    ],
)
def test_demotion_when_the_account_falls_and_recovers_then_begins_at_the_bound_and_ends_well_within(
    ppm: int, binds: bool, expected: bool
) -> None:
    assert bool(demotion(learning(), account(ppm), binds=binds)) is expected


def test_demotion_when_nothing_is_known_then_it_stays_as_it_is() -> None:
    assert demotion(learning(), (), binds=False) == ()
    [found] = demotion(learning(), (), binds=True)
    assert found.reason == "caps of phase Exploration: drawdown not known against 15%"


def test_demotion_when_there_is_no_phase_before_or_no_bound_then_none() -> None:
    assert demotion(learning(1), account(900_000), binds=True) == ()
    assert demotion(learning(bound=None), account(900_000), binds=True) == ()


@given(st.integers(1, 3), st.booleans())
def test_demoted_then_each_cap_is_the_stricter_of_both_phases_and_nothing_else_moves(number: int, binds: bool) -> None:
    phases = PHASES.model_copy(update={"number": number})
    acting = moved(POLICY.limits, phases.phase)
    written = {name: POLICY.limits[name] for name in acting}
    policy = POLICY.model_copy(update={"limits": POLICY.limits | acting, "written": written})
    found = demoted(policy, phases, [Restriction(SCOPE, TradingMode.NORMAL, "")] if binds else [])
    if not binds or number == 1:
        assert found == policy
        assert not is_demoted(found, phases)
        return
    assert is_demoted(found, phases) == (found != policy)
    before = phases.phases[number - 2]
    for name, value in policy.limits.items():
        earlier = POLICY.limits[name] * factors(before).get(name, DOLLAR) // DOLLAR
        expected = min(value, earlier) if name in (*SIZED, *TOLERATED) else value
        assert found.limits[name] == expected
        assert found.written.get(name, found.limits[name]) == POLICY.limits[name]


def tree(number: int, phase: int) -> Desired:
    made = desired(number)
    return made.model_copy(update={"risk": made.risk.model_copy(update={"learning": learning(phase)})})


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_rig(tmp_path, tree(1, 2))
    made.store.save_peaks({ACCOUNT: 100_000 * DOLLAR})
    made.reconciler.reconcile_once()
    made.reconciler.memory.levels = ()
    yield made
    made.close()


def size(rig: Rig) -> int:
    """What every policy that the gate holds lets a position be, at least."""
    paths = [path for path in rig.home.policy.glob("*.json") if path.stem.isdigit()]
    newest = max(paths, key=lambda path: int(path.stem))
    return min(int(policy["limits"][SIZE]) for policy in json.loads(newest.read_text())["policies"])


def test_account_when_it_falls_too_far_then_caps_of_the_phase_before_until_it_recovers(rig: Rig) -> None:
    assert size(rig) == 112_500
    rig.engine.cash -= FELL
    rig.reconciler.reconcile_once()
    assert size(rig) == 75_000
    rig.engine.cash += FELL * 3 // 16
    rig.reconciler.reconcile_once()
    assert size(rig) == 75_000
    rig.engine.cash += FELL * 13 // 16
    rig.reconciler.reconcile_once()
    assert size(rig) == 112_500
    reasons = [record.entry.reason for record in rig.store.audit(event="controller.reconcile") if record.entry.reason]
    assert any(item.startswith("caps of phase Exploration: drawdown 16.00% against 15%") for item in reasons)
    assert any(item.startswith("ended: caps of phase Exploration") for item in reasons)


def test_account_when_the_controller_restarts_while_it_recovers_then_the_caps_stay(rig: Rig) -> None:
    rig.engine.cash -= FELL
    rig.reconciler.reconcile_once()
    rig.engine.cash += FELL * 3 // 16
    rig.restart()
    rig.reconciler.reconcile_once()
    assert size(rig) == 75_000


def test_advance_when_the_account_has_fallen_then_the_next_phase_lifts_no_cap_beyond_this_one(rig: Rig) -> None:
    rig.engine.cash -= FELL
    rig.history.commit(tree(2, 3))
    rig.reconciler.reconcile_once()
    assert size(rig) == 112_500
