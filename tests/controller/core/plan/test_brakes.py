"""What holds loosening back: guards and the staleness ladder; and what counts as loosening at all."""

from decimal import Decimal
from typing import Any

import pytest

from controller.core.plan import drawdown, guards, staleness
from controller.core.plan.planner import loosens
from schemas.desired import Staleness, TradingMode
from schemas.plan import Change, Direction, Plan, Step
from tests.support.policies import REVISIONS, UIDS, live, policy

ACTIVE: Any = "active"
LADDER = Staleness.model_validate(
    {
        "source": [
            {"after_seconds": 300, "action": "report"},
            {"after_seconds": 3600, "action": "no-loosening"},
            {"after_seconds": 86400, "action": "pause-new-orders"},
        ]
    }
)


def change(scope: str, direction: Direction, kind: str = "status") -> Change:
    fields = {"kind": kind, "scope": scope, "key": kind, "label": kind, "old": "a", "new": "b", "direction": direction}
    return Change.model_validate(fields)


@pytest.mark.parametrize(
    ("age", "rung", "loosen"),
    [
        (0, "fresh", True),
        (299, "fresh", True),
        (300, "report", True),
        (3599, "report", True),
        (3600, "no-loosening", False),
        (86399, "no-loosening", False),
        (86400, "pause-new-orders", False),
        (10**9, "pause-new-orders", False),
    ],
)
def test_ladder_when_the_source_ages_then_its_strictest_rung(age: float, rung: Any, loosen: bool) -> None:
    assert staleness.rung(LADDER, age) == rung
    assert staleness.may_loosen(rung) is loosen
    found = [item.mode for item in staleness.restrictions(rung, age)]
    assert found == ([TradingMode.PAUSE_NEW_ORDERS] if rung == "pause-new-orders" else [])


def test_size_then_counts_what_loosens_or_vanishes_and_not_what_tightens() -> None:
    base, target = policy(statuses=dict.fromkeys(UIDS, ACTIVE)), policy(statuses={UIDS[0]: ACTIVE, UIDS[1]: ACTIVE})
    changes = [change(UIDS[0], Direction.LOOSEN), change(UIDS[1], Direction.TIGHTEN)]
    assert guards.size_of(base, target, changes) == guards.Size(2, 5)
    assert guards.size_of(base, base, [change("account", Direction.LOOSEN, "mode")]) == guards.Size(1, 5)


def test_too_much_when_over_the_bound_then_held_until_this_very_plan_is_named() -> None:
    size, bound, digest = guards.Size(3, 5), Decimal(50), "d" * 64
    hold = guards.too_much(size, bound, digest, frozenset())
    assert hold is not None
    assert hold.reason == "TooMuchChange"
    assert f"Plan-Digest: {digest}" in hold.message
    assert guards.too_much(size, bound, digest, frozenset({"e" * 64})) is not None
    assert guards.too_much(size, bound, digest, frozenset({digest})) is None
    assert guards.too_much(guards.Size(2, 4), bound, digest, frozenset()) is None


def test_unsaved_when_over_the_bound_then_held_until_there_is_a_backup() -> None:
    asked: list[int] = []

    def missing() -> str:
        asked.append(1)
        return "not yet" if len(asked) < 2 else ""

    hold = guards.unsaved(guards.Size(3, 4), Decimal(50), missing)
    assert hold is not None and (hold.reason, hold.why, hold.brief) == ("BackupPending", "not yet", True)
    assert guards.unsaved(guards.Size(3, 4), Decimal(50), missing) is None
    assert guards.unsaved(guards.Size(2, 4), Decimal(50), missing) is None
    assert len(asked) == 2


def test_empty_snapshot_when_strategies_or_limits_are_gone_then_held() -> None:
    base = policy()
    for names in (("strategies",), ("limits",), ("strategies", "limits")):
        hold = guards.empty_snapshot(base, base.model_copy(update={name: {} for name in names}))
        assert hold is not None
        assert hold.reason == "EmptySnapshot"
    assert guards.empty_snapshot(base, base) is None
    assert guards.empty_snapshot(None, base.model_copy(update={"strategies": {}})) is None


def test_plan_when_it_only_releases_a_halt_then_loosens() -> None:
    release = Step(phase="release", action="release-halt", scope="account", value="1" * 32)
    up = Step(phase="loosen", action="venue-mode", scope="account", value="normal")
    down = Step(phase="tighten", action="venue-mode", scope="account", value="halt-all")
    for step, loose in ((release, True), (up, True), (down, False)):
        assert loosens(Plan(base=REVISIONS[0], target=REVISIONS[1], steps=(step,))) is loose


def test_drawdown_when_the_limit_is_absent_then_a_breach_at_once() -> None:
    bare = policy()
    limits = {key: value for key, value in bare.limits.items() if not key.startswith("drawdown.")}
    found = drawdown.drawdowns(bare.model_copy(update={"limits": limits}), live(), {})
    assert {item.level for item in found} == {"halt"}
