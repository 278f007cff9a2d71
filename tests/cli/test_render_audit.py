from typing import Any

from cli.render.audit import folded, log
from schemas.audit import AuditEntry


def event(seq: int, **fields: Any) -> dict[str, Any]:
    entry = AuditEntry(at_ns=1, event="config.change", actor="op", channel="cli").model_copy(update=fields)
    return {"seq": seq, "time": "2026-01-19T09:45:12.000Z", "strategy": None, **entry.model_dump(mode="json")}


def details(*events: dict[str, Any]) -> list[str]:
    lines = log({"events": list(events), "shown": 50})
    start = lines[2].index("Details")
    return [line[start:] for line in lines[3 : lines.index("Filter by:") - 1]]


def limit(seq: int, **fields: Any) -> dict[str, Any]:
    texts = {"before": "position.max_position_pct=15%", "after": "position.max_position_pct=20%"}
    return event(seq, **{**texts, **fields})


def test_log_when_one_limit_moved_then_reads_as_the_spec() -> None:
    lines = log({"events": [limit(1)], "shown": 50})
    assert lines[2] == "Time                Event Type         User      Details"
    assert lines[3] == "2026-01-19 09:45:12 config.change      op        Limit: position.max_position_pct, 15% → 20%"


def test_log_when_intent_and_outcome_are_there_then_one_line() -> None:
    intent, outcome = limit(1, kind="intent", reason="ripe"), limit(2, kind="outcome", intent=1, outcome="done")
    assert details(outcome, intent) == ["Limit: position.max_position_pct, 15% → 20%, Reason: ripe"]


def test_log_when_the_outcome_is_partial_then_says_what_went_wrong() -> None:
    intent = limit(1, kind="intent")
    outcome = limit(2, kind="outcome", intent=1, outcome="partial", details="the gate does not answer")
    assert details(outcome, intent)[0].endswith("15% → 20%, the gate does not answer (partial)")


def test_log_when_an_intent_is_open_then_under_way() -> None:
    assert details(limit(1, kind="intent"))[0].endswith("(under way)")


def test_log_when_everything_is_set_for_the_first_time_then_counted() -> None:
    before = ", ".join(f"order.limit{number}=-" for number in range(9))
    after = ", ".join(f"order.limit{number}=$1,{number}00" for number in range(9))
    first = event(1, event="controller.reconcile", before=before, after=after, revision="a" * 40, reason="first apply")
    assert details(first) == ["9 settings at revision aaaaaaaaaaaa, Reason: first apply"]


def test_log_when_money_moved_then_its_comma_divides_nothing() -> None:
    moved = event(1, before="order.max_dollars=$25,000", after="order.max_dollars=$30,000")
    assert details(moved) == ["Limit: order.max_dollars, $25,000 → $30,000"]


def test_log_when_a_strategy_is_paused_then_named() -> None:
    paused = event(1, event="strategy.pause", before="ml-a.status=active", after="ml-a.status=paused", reason="odd")
    assert details(paused) == ["Strategy: ml-a, Reason: odd"]


def test_log_when_a_test_begins_then_named() -> None:
    after = 'ml-a.test={"id":"t-1"}, ab_tests.t-1.alpha=5%, ab_tests.t-1.id=t-1, ab_tests.t-1.status=active'
    begun = event(1, event="ab_test.create", before="ml-a.test=-, ab_tests.t-1.alpha=-", after=after, reason="odd")
    assert details(begun) == ["Test: t-1, Reason: odd"]


def test_log_when_an_alert_is_seen_or_silenced_then_named() -> None:
    seen = event(1, event="alert.ack", before="alert 9: limit_breach")
    held = event(2, event="alert.silence", after="rule drifted", reason="migration")
    assert details(seen, held) == ["alert 9: limit_breach", "rule drifted, Reason: migration"]


def test_folded_when_the_intent_is_further_back_than_shown_then_the_outcome_stands_alone() -> None:
    outcome = limit(9, kind="outcome", intent=3, outcome="done")
    assert folded([outcome]) == [outcome]


def test_log_when_the_text_drives_the_terminal_then_defused() -> None:
    assert "\x1b" not in "".join(details(event(1, reason="\x1b[2J gone")))
