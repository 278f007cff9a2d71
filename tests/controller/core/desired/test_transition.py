from datetime import UTC, datetime

import pytest

from controller.core.desired.transition import Move, validate_merge, validate_transition
from schemas.desired import (
    ClearedDocument,
    Desired,
    HaltDocument,
    HaltScope,
    Strategy,
    StrategyStatus,
    TradingMode,
)
from schemas.halts import ACCOUNT, Halt, HaltSource
from schemas.status import RefusalReason
from tests.support.desired import COMMITS, UIDS, desired

UID = UIDS["ml-momentum-v2"]
OPENED = datetime(2026, 1, 19, 10, 23, 45, 123456, tzinfo=UTC)
OPENED_NS = 1_768_818_225_123_456_000


def halt(number: int, scope: str = ACCOUNT, mode: TradingMode = TradingMode.HALT_ALL, opened: int = OPENED_NS) -> Halt:
    return Halt(
        id=f"{number:032x}", scope=scope, mode=mode, opened_ns=opened, actor="kim", source=HaltSource.CLI, durable=True
    )


def record(of: Halt) -> HaltDocument:
    uid = of.scope.partition(":")[2] or None
    scope = HaltScope(kind="strategy" if uid else "account", uid=uid)
    return HaltDocument(version=1, id=of.id, scope=scope, mode=of.mode, opened=OPENED, actor=of.actor, channel="cli")


def clear(of: Halt, digest: str = "") -> ClearedDocument:
    review = {"reviewer": "kim", "note": "one bad bar"}
    return ClearedDocument(version=1, id=of.id, halt_digest=digest or of.digest(), by="kim", reason="over", **review)


def tree(
    base: Desired | None = None,
    halts: tuple[HaltDocument, ...] = (),
    cleared: tuple[ClearedDocument, ...] = (),
    status: StrategyStatus | None = None,
) -> Desired:
    base = base or desired(COMMITS[1])
    strategies = base.strategies
    if status is not None:
        strategies = {key: item.model_copy(update={"status": status}) for key, item in strategies.items()}
    return base.model_copy(
        update={
            "halts": base.halts | {item.id: item for item in halts},
            "cleared": base.cleared | {item.id: item for item in cleared},
            "strategies": strategies,
        }
    )


def with_strategies(**changes: Strategy | None) -> Desired:
    base = desired(COMMITS[1])
    strategies = dict(base.strategies)
    for name, strategy in changes.items():
        strategies.pop(name.replace("_", "-"), None)
        if strategy is not None:
            strategies[strategy.id] = strategy
    return base.model_copy(update={"strategies": strategies})


def momentum(**fields: object) -> Strategy:
    return desired().strategies["ml-momentum-v2"].model_copy(update=fields)


def reasons(old: Desired | None, new: Desired, *open_halts: Halt) -> list[RefusalReason]:
    refusals = validate_transition(old, new, open_halts)
    assert all(refusal.fix and refusal.commit == new.commit for refusal in refusals)
    return [refusal.reason for refusal in refusals]


def test_transition_when_nothing_changes_then_passes() -> None:
    assert reasons(desired(), desired(COMMITS[1]), halt(1), halt(2, f"strategy:{UID}")) == []


def test_transition_when_introduction_then_active_strategies_are_new_and_pass() -> None:
    assert reasons(None, desired()) == []


def test_transition_when_a_halt_record_is_removed_then_refuses() -> None:
    assert reasons(tree(halts=(record(halt(1)),)), desired(COMMITS[1])) == [RefusalReason.HALT_RECORD_REMOVED]


def test_transition_when_a_clear_is_removed_then_refuses() -> None:
    old = tree(halts=(record(halt(1)),), cleared=(clear(halt(1)),))
    assert reasons(old, tree(halts=(record(halt(1)),))) == [RefusalReason.HALT_RECORD_REMOVED]


def test_transition_when_a_halt_record_is_rewritten_then_refuses() -> None:
    weaker = record(halt(1, mode=TradingMode.PAUSE_NEW_ORDERS))
    assert reasons(tree(halts=(record(halt(1)),)), tree(halts=(weaker,))) == [RefusalReason.HALT_RECORD_REMOVED]


def test_transition_when_uid_changes_then_refuses() -> None:
    new = with_strategies(ml_momentum_v2=momentum(uid="9" * 32, status=StrategyStatus.PAUSED))
    assert reasons(desired(), new) == [RefusalReason.UID_CHANGED]


def test_transition_when_a_retired_uid_comes_back_then_refuses() -> None:
    old = with_strategies(ml_momentum_v2=None)
    new = with_strategies(ml_momentum_v2=momentum(id="other", status=StrategyStatus.PAUSED))
    assert validate_transition(old, new, retired=frozenset({UID}))[0].reason is RefusalReason.UID_CHANGED
    assert validate_transition(old, new) == ()
    assert validate_transition(desired(), desired(COMMITS[1]), retired=frozenset({UID})) == ()


@pytest.mark.parametrize("gone", [None, momentum(id="other")], ids=["removed", "renamed"])
def test_transition_when_a_halted_strategy_goes_then_refuses(gone: Strategy | None) -> None:
    new = with_strategies(ml_momentum_v2=gone)
    assert reasons(desired(), new, halt(1, f"strategy:{UID}")) == [RefusalReason.HALT_OPEN_ON_OBJECT]
    assert reasons(desired(), new, halt(1, f"strategy:{UIDS['contrarian-swing']}"), halt(2)) == []


def test_transition_when_the_same_commit_clears_the_halt_then_the_strategy_may_go() -> None:
    own = halt(1, f"strategy:{UID}")
    new = tree(with_strategies(ml_momentum_v2=None), halts=(record(own),), cleared=(clear(own),))
    assert reasons(desired(), new, own) == []
    wrong = tree(with_strategies(ml_momentum_v2=None), cleared=(clear(own, "0" * 64),))
    assert RefusalReason.HALT_OPEN_ON_OBJECT in reasons(desired(), wrong, own)


def test_transition_when_a_new_strategy_starts_active_then_refuses() -> None:
    old = with_strategies(ml_momentum_v2=None)
    assert reasons(old, desired(COMMITS[1])) == [RefusalReason.UNSAFE_PLAN]
    for status in (StrategyStatus.PAUSED, StrategyStatus.HALTED):
        assert reasons(old, with_strategies(ml_momentum_v2=momentum(status=status))) == []


def test_transition_when_a_halt_all_is_cleared_then_no_strategy_may_be_active() -> None:
    one = halt(1)
    assert reasons(desired(), tree(halts=(record(one),), cleared=(clear(one),)), one) == [RefusalReason.UNSAFE_PLAN]
    paused = tree(halts=(record(one),), cleared=(clear(one),), status=StrategyStatus.PAUSED)
    assert reasons(desired(), paused, one) == []


def test_transition_when_an_unknown_halt_is_cleared_then_it_counts_as_halt_all() -> None:
    assert reasons(desired(), tree(cleared=(clear(halt(1)),))) == [RefusalReason.UNSAFE_PLAN]


def test_transition_when_the_record_is_weaker_than_the_open_halt_then_the_open_halt_decides() -> None:
    weak = record(halt(1, mode=TradingMode.PAUSE_NEW_ORDERS))
    found = reasons(desired(), tree(halts=(weak,), cleared=(clear(halt(1)),)), halt(1))
    assert found == [RefusalReason.UNSAFE_PLAN, RefusalReason.UNSAFE_PLAN]


@pytest.mark.parametrize(
    "one", [halt(1, f"strategy:{UID}"), halt(1, mode=TradingMode.PAUSE_NEW_ORDERS)], ids=["strategy", "pause"]
)
def test_transition_when_a_lesser_halt_is_cleared_then_strategies_stay_active(one: Halt) -> None:
    assert reasons(desired(), tree(halts=(record(one),), cleared=(clear(one),)), one) == []
    assert reasons(desired(), tree(halts=(record(one),), cleared=(clear(one),))) == []


@pytest.mark.parametrize("missing", [{"reviewer": None}, {"note": None}, {"note": " "}, {"reviewer": ""}])
def test_transition_when_a_strategys_halt_is_cleared_without_review_then_refuses(
    missing: dict[str, str | None],
) -> None:
    own, account = halt(1, f"strategy:{UID}"), halt(2, mode=TradingMode.PAUSE_NEW_ORDERS)
    for one, expected in ((own, [RefusalReason.UNSAFE_PLAN]), (account, [])):
        bare = clear(one).model_copy(update=missing)
        assert reasons(desired(), tree(halts=(record(one),), cleared=(bare,)), one) == expected


def test_transition_when_a_clear_names_another_digest_then_refuses() -> None:
    own = halt(1, f"strategy:{UID}")
    new = tree(halts=(record(own),), cleared=(clear(own, "0" * 64),))
    assert reasons(desired(), new, own) == [RefusalReason.UNSAFE_PLAN]
    assert reasons(desired(), new) == [RefusalReason.UNSAFE_PLAN]


def test_transition_when_the_halt_opened_between_microseconds_then_its_record_still_matches() -> None:
    own = halt(1, f"strategy:{UID}", opened=OPENED_NS + 789)
    assert reasons(desired(), tree(halts=(record(own),), cleared=(clear(own),)), own) == []


def test_transition_when_a_record_contradicts_the_open_halt_then_refuses() -> None:
    lie = record(halt(1, f"strategy:{UID}", TradingMode.PAUSE_NEW_ORDERS))
    assert reasons(desired(), tree(halts=(lie,)), halt(1)) == [RefusalReason.UNSAFE_PLAN]
    assert reasons(desired(), tree(halts=(record(halt(1)),)), halt(1)) == []


def merged(one: Desired, other: Desired, new: Desired) -> list[RefusalReason]:
    refusals = validate_merge((Move(one, new, ()), Move(other, new, ())))
    assert all(refusal.fix and refusal.commit == new.commit for refusal in refusals)
    return [refusal.reason for refusal in refusals]


def test_merge_when_a_parents_record_is_dropped_then_refuses_whichever_parent_holds_it() -> None:
    one, other = tree(halts=(record(halt(1)),)), tree(halts=(record(halt(2)),))
    assert merged(one, other, tree(halts=(record(halt(1)), record(halt(2))))) == []
    assert merged(one, other, one) == [RefusalReason.HALT_RECORD_REMOVED]
    assert merged(one, other, other) == [RefusalReason.HALT_RECORD_REMOVED]


def test_merge_when_one_parent_has_a_new_active_strategy_then_passes_but_not_when_neither_has() -> None:
    without = with_strategies(ml_momentum_v2=None)
    assert merged(without, desired(), desired(COMMITS[1])) == []
    assert merged(without, without, desired(COMMITS[1])) == [RefusalReason.UNSAFE_PLAN]


def test_merge_when_it_brings_a_clear_of_everything_then_active_is_what_was_resumed_after_it() -> None:
    halted = tree(halts=(record(halt(1)),))
    lifted = tree(halts=(record(halt(1)),), cleared=(clear(halt(1)),), status=StrategyStatus.PAUSED)
    resumed = tree(lifted, status=StrategyStatus.ACTIVE)
    assert merged(halted, lifted, lifted) == []
    assert merged(halted, lifted, resumed) == [RefusalReason.UNSAFE_PLAN]
    assert merged(halted, resumed, resumed) == merged(resumed, halted, resumed) == []
