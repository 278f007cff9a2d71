"""What pictures, audit records and decisions of the gate say."""

from typing import Any

import pytest

from controller.core.alerts.events import of_decisions, of_records
from controller.core.alerts.found import Found
from controller.core.alerts.pictures import Surroundings, lasting, look
from controller.core.alerts.rules import RULES, Rulebook, unknown_fields
from controller.core.learning.demotion import SCOPE, demoted
from controller.core.plan.effective import Restriction
from schemas.audit import AuditEntry, AuditRecord
from schemas.desired import TradingMode
from schemas.halts import Halt, HaltSource
from schemas.live import Decision
from schemas.overview import Overview
from schemas.policy import Policy
from schemas.risk import Analysis, Level
from schemas.status import Condition, ConditionType, Refusal, RefusalReason
from tests.support.alerts import SECOND, START, calm, config
from tests.support.greenplace import MOMENTUM, greenplace
from tests.support.learning import in_phase

NOTHING = Surroundings()


def said(picture: Overview | None, around: Surroundings = NOTHING) -> list[tuple[str, str]]:
    """Rule and message of each finding."""
    book = Rulebook(config())
    return [(item.rule, book.rules[item.rule].text(item.fields)) for item in look(picture, around).found]


def picture(**changes: Any) -> Overview:
    """The samples' picture without its levels, changed."""
    return calm().model_copy(update={"analysis": Analysis(), **changes})


def halt(scope: str, reason: str) -> Halt:
    return Halt(
        id="d" * 32,
        scope=scope,
        mode=TradingMode.HALT_ALL,
        opened_ns=START,
        actor="ada",
        source=HaltSource.CLI,
        reason=reason,
    )


def condition(type_: ConditionType, reason: str = "Why", status: str = "True", scope: str = "account") -> Condition:
    return Condition.model_validate(
        {"type": type_, "status": status, "reason": reason, "message": "words", "scope": scope}
    )


def level(name: str, **changes: Any) -> Level:
    given = {
        "scope": "account",
        "key": "concentration.max_sector_pct",
        "what": "Technology",
        "level": name,
        "value": 420_000,
        "limit": 400_000,
        "utilisation": 950_000,
        "unit": "percent",
    }
    return Level.model_validate({**given, **changes})


def test_look_when_all_is_well_then_nothing() -> None:
    assert said(picture()) == []


def test_look_when_halts_are_open_then_the_account_is_critical_and_a_strategy_is_not() -> None:
    found = said(picture(halts=(halt("account", "fire"), halt(f"strategy:{MOMENTUM}", ""))))
    assert found == [
        ("emergency_halt", "Emergency halt triggered: fire"),
        ("strategy_halt", "Strategy ml-momentum-v2 halted: no reason given yet"),
    ]


EXPECTED = {
    ConditionType.RECONCILING: "reconciling",
    ConditionType.STALLED: "stalled",
    ConditionType.DRIFTED: "drifted",
    ConditionType.SOURCE_STALE: "source_stale",
    ConditionType.HISTORY_REWRITTEN: "history_rewritten",
    ConditionType.TARGET_MISMATCH: "target_mismatch",
    ConditionType.BYPASS_ACTIVE: "bypass_active",
    ConditionType.NO_DATA: "no_data",
}


@pytest.mark.parametrize("type_", [item for item in ConditionType if item is not ConditionType.READY])
def test_look_when_a_condition_holds_then_its_rule_and_not_when_it_does_not(type_: ConditionType) -> None:
    assert [rule for rule, _ in said(picture(conditions=(condition(type_),)))] == [EXPECTED[type_]]
    assert said(picture(conditions=(condition(type_, status="False"),))) == []


def test_look_when_not_ready_then_said_unless_a_refused_tip_says_it() -> None:
    unready = condition(ConditionType.READY, "Unsigned", "False")
    stalled = condition(ConditionType.STALLED, "Unsigned")
    assert said(picture(conditions=(unready,))) == [("not_ready", "Not ready: Unsigned: words")]
    refusal = Refusal(commit="e" * 40, reason=RefusalReason.UNSIGNED, message="no signature")
    found = said(picture(conditions=(unready, stalled), refusal=refusal))
    assert found == [("commit_refused", f"Commit {'e' * 12} refused: Unsigned: no signature")]


def test_look_when_a_halt_is_open_then_bypass_says_nothing_more() -> None:
    assert said(picture(conditions=(condition(ConditionType.BYPASS_ACTIVE, "HaltOpen"),))) == []


def test_look_when_the_gate_is_silent_then_nothing_of_the_book_is_judged() -> None:
    found = look(picture(live=None, live_error="no answer"), NOTHING)
    assert [item.rule for item in found.found] == ["gate_silent"]
    assert not found.judged & {"data_stale", "permit_ended", "limit_breach", "limit_info"}
    assert "emergency_halt" in found.judged


def test_look_when_prices_are_stale_and_the_permit_has_ended_then_both() -> None:
    live = greenplace().live
    assert live is not None
    gate = live.gate.model_copy(update={"permit": "expired"})
    stale = live.model_copy(update={"feed": "stale", "feed_age_ms": 61_000, "gate": gate})
    assert [rule for rule, _ in said(picture(live=stale))] == ["permit_ended", "data_stale"]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (level("clear"), None),
        (level("info"), "limit_info"),
        (level("warn"), "limit_warn"),
        (level("error", utilisation=1_050_000), "limit_breach"),
        (level("error", utilisation=960_000), "limit_breach"),
        (level("error", key="drawdown.account_emergency_pct", what=""), "limit_error"),
        (level("error", key="drawdown.account_emergency_pct", what="", shadow=True), "limit_warn"),
        (level("error", utilisation=1_050_000, shadow=True), "limit_warn"),
        (level("halt", utilisation=None), "limit_breach"),
    ],
)
def test_look_when_the_book_is_near_a_limit_then_the_rule_of_that_level(given: Level, rule: str | None) -> None:
    found = said(picture(analysis=Analysis(levels=(given,))))
    assert [name for name, _ in found] == ([rule] if rule else [])


def test_look_when_a_level_is_told_then_with_its_figures_and_its_group_as_source() -> None:
    (found,) = look(picture(analysis=Analysis(levels=(level("warn"),))), NOTHING).found
    text = RULES["limit_warn"].text(found.fields)
    assert text == "concentration.max_sector_pct: Technology at 42% (limit: 40%, 95% used)"
    assert found.source == "concentration"


def test_look_when_there_is_no_picture_then_only_what_surrounds_it_is_judged() -> None:
    found = look(
        None, Surroundings(store_error="disk I/O error", failing={"email": "refused"}, free_mib=12, place="/x")
    )
    assert [item.rule for item in found.found] == ["database_lost", "disk_low", "channel_failure"]
    assert "emergency_halt" not in found.judged and "database_lost" in found.judged


@pytest.mark.parametrize(("failed", "requests", "high"), [(2, 10, True), (1, 10, False), (9, 9, False)])
def test_look_when_requests_fail_then_only_a_fifth_of_many_is_told(failed: int, requests: int, high: bool) -> None:
    found = [rule for rule, _ in said(None, Surroundings(failed=failed, requests=requests))]
    assert found == (["api_errors"] if high else [])


def test_lasting_when_a_rule_waits_then_only_what_was_there_the_whole_time() -> None:
    silent = look(picture(live=None), NOTHING)
    findings, since = lasting(silent, {}, 0)
    assert findings.found == ()
    findings, since = lasting(silent, since, 5 * SECOND)
    assert [item.rule for item in findings.found] == ["gate_silent"]
    findings, since = lasting(look(picture(), NOTHING), since, 6 * SECOND)
    assert lasting(silent, since, 7 * SECOND)[0].found == ()


def record(event: str, **fields: Any) -> AuditRecord:
    entry = AuditEntry.model_validate({"at_ns": START, "event": event, "actor": "ada", "channel": "cli", **fields})
    return AuditRecord(seq=7, entry=entry, previous="0" * 64, hash="1" * 64)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (record("emergency.liquidate_all", kind="intent", level="critical"), "liquidation"),
        (record("emergency.liquidate_all", kind="outcome", intent=6, outcome="partial"), "action_failed"),
        (record("config.change", kind="intent"), None),
        (record("config.change", kind="outcome", intent=6, outcome="done", revision="a" * 40), "config_applied"),
        (record("config.change", kind="outcome", intent=6, outcome="failed", revision="a" * 40), "action_failed"),
        (record("ab_test.stop", kind="outcome", intent=6, outcome="done", revision="a" * 40), "config_applied"),
        (record("ab_test.winner_b", kind="outcome", intent=6, outcome="done"), "test_decided"),
        (record("ab_test.returned", kind="outcome", intent=6, outcome="done", level="warn"), "test_stopped"),
        (record("ab_test.winner_b", kind="intent"), None),
        (record("halt.released", level="warn"), "resumed"),
        (record("config.refused", level="error"), "push_refused"),
        (record("config.refused", level="error", audit_id="refused-1"), None),
        (record("emergency.halt_all", level="critical"), None),
        (record("strategy.halt", level="critical"), None),
        (record("latch.lost", level="critical"), "critical_record"),
        (record("audit.head_lost", level="critical"), "critical_record"),
        (record("config.reload"), None),
    ],
)
def test_records_then_each_says_what_no_picture_does(given: AuditRecord, rule: str | None) -> None:
    found = of_records([given])
    assert [item.rule for item in found] == ([rule] if rule else [])
    assert all(item.record == 7 for item in found)


def decision(kind: str, limit: str = "position.max_position_pct", symbol: str = "NVDA") -> Decision:
    return Decision.model_validate(
        {
            "seq": 1,
            "at_ns": START,
            "market_time": "2026-01-19",
            "kind": kind,
            "code": "position_pct",
            "uid": MOMENTUM,
            "symbol": symbol,
            "limit": limit,
            "message": "high vol",
        }
    )


def test_decisions_then_denied_warned_and_reduced_are_told_and_halts_are_not() -> None:
    given = [decision("denied"), decision("denied", ""), decision("warned"), decision("reduced"), decision("halted")]
    found = of_decisions(given, {MOMENTUM: "ml-momentum-v2"})
    assert [(item.rule, RULES[item.rule].text(item.fields)) for item in found] == [
        ("hard_limit_violation", "Order rejected: position.max_position_pct exceeded"),
        ("order_denied", "Order denied for ml-momentum-v2: high vol"),
        ("soft_limit_warning", "position.max_position_pct warning threshold reached"),
        ("size_reduced", "Position size reduced (NVDA): high vol"),
    ]
    assert found[0].scope == f"strategy:{MOMENTUM}" and found[2].source == "position"


def test_fingerprint_when_the_same_thing_then_the_same_and_of_no_other() -> None:
    one, other = Found("a", ("bc",)), Found("a", ("b", "c"))
    assert one.fingerprint == Found("a", ("bc",), {"x": "y"}).fingerprint
    assert len({one.fingerprint, other.fingerprint, Found("ab", ("c",)).fingerprint}) == 3


def test_rules_then_every_message_names_only_fields_that_it_has_and_critical_goes_everywhere() -> None:
    for rule in RULES.values():
        assert unknown_fields(rule.trigger, rule.message) == []
        if rule.level == "CRITICAL":
            assert set(rule.channels) == {"dashboard", "logs", "email", "slack", "apprise"}


def test_look_when_a_fifth_of_the_phase_is_over_then_a_checkpoint_that_stands_until_the_next() -> None:
    seen = greenplace().model_copy(update={"analysis": None})
    assert said(seen) == [("phase_checkpoint", "Phase 1 day 18/30 checkpoint")]
    assert seen.live is not None
    keys = {
        look(seen.model_copy(update={"live": seen.live.model_copy(update={"market_time": day})}), NOTHING)
        .found[0]
        .fingerprint
        for day in ("2026-01-19", "2026-01-20", "2026-01-24")
    }
    assert len(keys) == 1
    later = seen.model_copy(update={"live": seen.live.model_copy(update={"market_time": "2026-01-25"})})
    assert said(later) == [("phase_checkpoint", "Phase 1 day 24/30 checkpoint")]
    assert look(later, NOTHING).found[0].fingerprint != look(seen, NOTHING).found[0].fingerprint
    silent = look(seen.model_copy(update={"live_error": "timed out"}), NOTHING)
    assert "phase_checkpoint" not in silent.judged


def test_look_when_the_phase_is_demoted_then_said_until_its_own_caps_hold() -> None:
    seen = in_phase(3, analysis=None, live_error="timed out")
    assert seen.desired is not None and seen.effective is not None
    learning = seen.desired.risk.learning
    caps = demoted(seen.effective, learning, [Restriction(SCOPE, TradingMode.NORMAL, "")])

    def told(effective: Policy | None) -> tuple[list[str], bool]:
        found = look(seen.model_copy(update={"effective": effective}), NOTHING)
        texts = [RULES[item.rule].text(item.fields) for item in found.found if item.rule == "phase_demoted"]
        return texts, "phase_demoted" in found.judged

    words = f"Phase 3 ({learning.phase.name}) acts with the caps of the phase before"
    assert (told(caps), told(seen.effective), told(None)) == (([words], True), ([], True), ([], False))


def test_records_when_their_words_are_many_then_cut_and_it_shows() -> None:
    (found,) = of_records([record("config.change", kind="outcome", outcome="done", revision="a" * 40, after="x" * 300)])
    assert found.fields["change"] == "x" * 199 + "…"
