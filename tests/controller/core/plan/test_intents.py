from decimal import Decimal

import pytest

from controller.core.desired.documents import read_desired
from controller.core.plan.drawdown import Drawdown
from controller.core.plan.edits import BadArgument, Edits, NothingToDo, Situation
from controller.core.plan.intents import edits_for, message
from controller.errors import GtRiskError
from schemas.desired import Peak, StrategyStatus, TradingMode
from schemas.edits import PutFile, Resume, SetLimit, SetStatus, SetValue
from schemas.halts import Halt, HaltSource
from tests.support.book import UIDS, desired, halt, micros
from tests.support.history import HeldHistory

CALM = Drawdown("account", micros(99), micros(100), 250_000, "clear")
BREACH = Drawdown("account", micros(70), micros(100), 250_000, "halt")


def situation(*halts: Halt, drawdown: Drawdown = CALM) -> Situation:
    found = {"account": drawdown, UIDS["momentum"]: drawdown}
    return Situation(
        halts=halts,
        drawdowns=found,
        actor="op",
        reason="looked\ninto it",
        history=HeldHistory(),
        new_uid=lambda: "f" * 32,
    )


def values(edits: Edits) -> dict[tuple[str, ...], str]:
    return {(edit.path, *edit.pointer): edit.value for edit in edits.edits if isinstance(edit, SetValue)}


def added(edits: Edits) -> dict[str, str]:
    return {edit.path: edit.text or "" for edit in edits.edits if isinstance(edit, PutFile)}


def test_set_limit_when_valid_then_one_scalar_changes() -> None:
    edits = edits_for(SetLimit(name="position.max_position_pct", value="20"), desired(), situation())
    assert values(edits) == {("risk_config.yaml", "hard_limits", "position", "max_position_pct"): "20%"}
    assert (edits.previous, edits.new) == ("15%", "20%")
    assert "Allow larger individual positions" in edits.notes


def test_set_limit_when_the_learning_phase_moves_it_then_says_how_it_acts() -> None:
    tree = desired()
    phase = tree.risk.learning.phase.model_copy(update={"position_size_multiplier": Decimal("0.5")})
    learning = tree.risk.learning.model_copy(update={"phases": (phase,), "number": 1})
    tree = tree.model_copy(update={"risk": tree.risk.model_copy(update={"learning": learning})})
    edits = edits_for(SetLimit(name="position.max_position_pct", value="20"), tree, situation())
    assert f"Act as 10% in learning phase {phase.name}, where 15% acts as 7.5%" in edits.notes
    whole = edits_for(SetLimit(name="order.max_price_age", value="30s"), tree, situation())
    assert not any("learning phase" in note for note in whole.notes)


def test_set_limit_when_seconds_then_written_as_a_whole_number() -> None:
    edits = edits_for(SetLimit(name="order.max_price_age", value="30s"), desired(), situation())
    assert list(values(edits).values()) == ["30"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("position.max_pos_pct", "20", "did you mean position.max_position_pct"),
        ("position.max_position_pct", "0.2", "ambiguous"),
        ("position.max_position_pct", "120", "out of range"),
        ("strategy.max_strategies_active", "2.5", "whole number"),
        ("strategy.max_strategies_active", "two", "is not a count: write it like 20"),
        ("order.max_price_age", "5m", "is not a number of seconds: write it like 60"),
        ("order.max_dollars", "5%", "is not an amount of money"),
        ("position.max_position_pct", "$5", "is not a percentage"),
        ("position.max_position_pct", "-5", "out of range"),
    ],
)
def test_set_limit_when_it_cannot_be_meant_then_refused_with_the_way_on(name: str, value: str, words: str) -> None:
    with pytest.raises(BadArgument, match=words) as caught:
        edits_for(SetLimit(name=name, value=value), desired(), situation())
    assert caught.value.hint.startswith("gt risk limits")


def test_set_limit_when_it_holds_already_then_nothing_to_do() -> None:
    with pytest.raises(NothingToDo):
        edits_for(SetLimit(name="position.max_position_pct", value="15.0%"), desired(), situation())


def test_pause_when_active_then_only_its_status_changes() -> None:
    intent = SetStatus(strategy="ml-momentum-v2", status=StrategyStatus.PAUSED)
    assert values(edits_for(intent, desired(), situation())) == {("strategies/ml-momentum-v2.yaml", "status"): "paused"}


def test_resume_strategy_when_halted_then_clears_exactly_its_halt_and_copies_the_record() -> None:
    own = halt(f"strategy:{UIDS['momentum']}")
    intent = SetStatus(
        strategy="ml-momentum-v2", status=StrategyStatus.ACTIVE, halts=(own.id,), reviewer="kim", note="one bad bar"
    )
    files = added(edits_for(intent, desired(), situation(own)))
    assert 'reviewer: "kim"\nnote: "one bad bar"\n' in files[f"cleared/{own.id}.yaml"]
    by_actor = added(edits_for(intent.model_copy(update={"reviewer": ""}), desired(), situation(own)))
    assert f'reviewer: "{situation().actor}"\n' in by_actor[f"cleared/{own.id}.yaml"]
    assert set(files) == {f"halts/{own.id}.yaml", f"cleared/{own.id}.yaml"}
    assert own.digest() in files[f"cleared/{own.id}.yaml"]


@pytest.mark.parametrize("note", ["", "  "])
def test_resume_strategy_when_halted_and_no_note_then_its_review_stays_open(note: str) -> None:
    own = halt(f"strategy:{UIDS['momentum']}")
    intent = SetStatus(strategy="ml-momentum-v2", status=StrategyStatus.ACTIVE, halts=(own.id,), note=note)
    with pytest.raises(BadArgument, match="review is open") as caught:
        edits_for(intent, desired(), situation(own))
    assert caught.value.hint == "gt risk strategy resume ml-momentum-v2 --note TEXT"


def test_resume_strategy_when_a_halt_of_it_is_not_named_then_refused() -> None:
    own = halt(f"strategy:{UIDS['momentum']}")
    with pytest.raises(BadArgument, match="was not named"):
        edits_for(SetStatus(strategy="ml-momentum-v2", status=StrategyStatus.ACTIVE), desired(), situation(own))


def test_resume_when_halted_then_clears_mode_normal_and_pauses_the_active() -> None:
    one = halt()
    edits = edits_for(Resume(halts=(one.id,)), desired("halt-all"), situation(one))
    assert values(edits) == {
        ("emergency.yaml", "trading_mode"): "normal",
        ("strategies/heuristic-value-1.yaml", "status"): "paused",
        ("strategies/ml-momentum-v2.yaml", "status"): "paused",
    }
    assert set(added(edits)) == {f"halts/{one.id}.yaml", f"cleared/{one.id}.yaml"}


def test_resume_when_another_halt_opened_meanwhile_then_it_is_told_and_not_cleared() -> None:
    one, newer = halt(), halt().model_copy(update={"id": "e" * 32})
    edits = edits_for(Resume(halts=(one.id,)), desired(), situation(one, newer))
    assert f"cleared/{newer.id}.yaml" not in added(edits)
    assert any(note.startswith(f"Leave halt {newer.id[:12]}") for note in edits.notes)


def test_resume_when_a_halt_is_not_open_then_refused() -> None:
    with pytest.raises(BadArgument, match="no open halt"):
        edits_for(Resume(halts=("f" * 32,)), desired(), situation(halt()))


def test_resume_when_nothing_is_halted_then_nothing_to_do() -> None:
    with pytest.raises(NothingToDo):
        edits_for(Resume(), desired(), situation())


@pytest.mark.parametrize(
    ("peak", "drawdown", "words"),
    [(None, CALM, "high-water mark"), (Peak.KEEP, BREACH, "halt again at once: drawdown 30.00%")],
)
def test_resume_after_a_drawdown_when_the_peak_would_halt_again_then_refused_with_the_numbers(
    peak: Peak | None, drawdown: Drawdown, words: str
) -> None:
    one = halt(source=HaltSource.MONITOR)
    with pytest.raises(GtRiskError, match=words):
        edits_for(Resume(halts=(one.id,), peak=peak), desired(), situation(one, drawdown=drawdown))


def test_resume_after_a_drawdown_when_rebased_then_the_clear_says_so() -> None:
    one = halt(source=HaltSource.MONITOR)
    edits = edits_for(Resume(halts=(one.id,), peak=Peak.REBASE), desired(), situation(one, drawdown=BREACH))
    assert 'peak: "rebase"' in added(edits)[f"cleared/{one.id}.yaml"]


def test_clear_when_read_back_then_is_a_valid_document() -> None:
    one = halt(reason='say "no": {never}')
    files = added(edits_for(Resume(halts=(one.id,)), desired(), situation(one)))
    with pytest.raises(GtRiskError) as caught:
        read_desired("a" * 40, {path: text.encode() for path, text in files.items()})
    assert not [line for line in caught.value.message.splitlines() if line.startswith(("halts/", "cleared/"))]


def test_message_when_made_then_trailers_stand_alone_in_the_last_paragraph() -> None:
    edits = edits_for(SetLimit(name="position.max_position_pct", value="20"), desired(), situation())
    text = message(edits, "op", "ripe\n\nGt-Target: evil", "aud-1", "r/paper/main")
    assert text.startswith("risk: set position.max_position_pct to 20%\n\nChanged by: op\nPrevious: 15%\nNew: 20%\n\n")
    assert text.rpartition("\n\n")[2].splitlines() == [
        "Reason: ripe Gt-Target: evil",
        "Audit-Id: aud-1",
        "Gt-Target: r/paper/main",
    ]


def test_desired_when_the_mode_is_strict_then_resume_needs_no_halt() -> None:
    edits = edits_for(Resume(), desired(TradingMode.PAUSE_NEW_ORDERS.value), situation())
    assert values(edits)[("emergency.yaml", "trading_mode")] == "normal"
