"""What people did, what came of it, and how soon after an alert; out of the chain alone."""

from typing import Any

import pytest

from controller.views.interventions import interventions
from schemas.alerting import Alert
from schemas.audit import AuditEntry, AuditRecord

SECOND = 1_000_000_000
UID = "a" * 32


def chain(*entries: dict[str, Any]) -> list[AuditRecord]:
    return [
        AuditRecord(
            seq=seq,
            previous="0" * 64,
            hash="1" * 64,
            entry=AuditEntry.model_validate(
                {"event": "config.change", "actor": "op", "channel": "cli", **fields, "at_ns": fields["at_ns"] * SECOND}
            ),
        )
        for seq, fields in enumerate(entries, 1)
    ]


def rows(*entries: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = interventions(chain(*entries), {UID: "ml-a"})["interventions"]
    return found


@pytest.mark.parametrize("channel", ["monitor", "gate", "controller", "bot"])
def test_interventions_when_a_machine_acted_then_it_is_none(channel: str) -> None:
    assert rows({"at_ns": 1, "channel": channel}) == []


def test_interventions_when_a_push_was_refused_then_nothing_was_done() -> None:
    assert rows({"at_ns": 1, "channel": "git", "event": "config.refused", "level": "error"}) == []


def test_interventions_when_intent_and_outcome_are_there_then_one_row_with_the_outcome() -> None:
    (found,) = rows({"at_ns": 1, "kind": "intent"}, {"at_ns": 2, "kind": "outcome", "intent": 1, "outcome": "failed"})
    assert (found["result"], found["lasted_seconds"]) == ("failed", None)


def test_interventions_when_an_intent_is_open_then_under_way() -> None:
    assert rows({"at_ns": 1, "kind": "intent"})[0]["result"] == "under way"


def test_pause_when_resumed_later_then_says_how_long_it_lasted() -> None:
    pause = {"event": "strategy.pause", "scope": UID, "kind": "intent"}
    done = {"event": "strategy.pause", "scope": UID, "kind": "outcome", "intent": 1, "outcome": "done"}
    resume = {"event": "strategy.resume", "scope": UID, "kind": "intent"}
    other = {"event": "strategy.resume", "scope": "b" * 32, "kind": "intent"}
    found = rows({**pause, "at_ns": 10}, {**done, "at_ns": 11}, {**other, "at_ns": 20}, {**resume, "at_ns": 70})
    assert [(item["event"], item["result"], item["lasted_seconds"]) for item in found][-1] == (
        "strategy.pause",
        "resumed",
        60,
    )


def test_halt_when_another_one_is_released_then_this_one_is_still_open() -> None:
    first, second = (
        {"at_ns": at, "event": "emergency.halt_all", "details": f"halt {at}", "level": "critical"} for at in (1, 2)
    )
    released = {"at_ns": 5, "event": "halt.released", "details": "halt 2"}
    found = {item["details"]: item["result"] for item in rows(first, second, released)}
    assert found == {"halt 1": "open", "halt 2": "resumed"}


def raised(number: int, at: int, **fields: Any) -> Alert:
    given = {"id": number, "fingerprint": f"{number:016x}", "rule": "drifted", "level": "WARN", "source": "engine"}
    times = {"first_ns": at * SECOND, "last_ns": at * SECOND, "message": "m"}
    ended = fields.pop("resolved", 0) * SECOND
    return Alert.model_validate({**given, **times, "resolved_ns": ended, **fields})


def answered(alerts: list[Alert], *entries: dict[str, Any]) -> list[int | None]:
    """Response times, oldest act first."""
    found = interventions(chain(*entries), {}, alerts)["interventions"]
    return [item["response_seconds"] for item in reversed(found)]


def test_response_time_then_runs_from_the_alert_that_the_act_answers_and_each_is_answered_once() -> None:
    alerts = [raised(1, 100), raised(2, 160), raised(3, 350)]
    assert answered(alerts, {"at_ns": 220}, {"at_ns": 300}, {"at_ns": 310}, {"at_ns": 400}) == [120, 140, None, 50]


def test_response_time_when_several_are_open_then_the_worst_and_of_those_the_oldest() -> None:
    alerts = [raised(1, 100), raised(2, 130, level="ERROR"), raised(3, 120, level="ERROR")]
    assert answered(alerts, {"at_ns": 200}) == [80]


def test_response_time_when_the_alert_was_over_or_came_later_or_is_only_info_then_none() -> None:
    alerts = [raised(1, 100, resolved=150), raised(2, 300), raised(3, 100, level="INFO")]
    assert answered(alerts, {"at_ns": 200}) == [None]
    assert answered([raised(1, 100, resolved=201)], {"at_ns": 200}) == [100]


def test_response_time_when_the_act_is_on_another_strategy_then_it_answers_nothing() -> None:
    alerts = [raised(1, 100, scope=f"strategy:{UID}")]
    assert answered(alerts, {"at_ns": 200, "scope": f"strategy:{'b' * 32}"}) == [None]
    for scope in (f"strategy:{UID}", UID, "account"):
        assert answered(alerts, {"at_ns": 200, "scope": scope}) == [100]


def test_response_time_when_the_alert_is_older_than_a_day_then_it_was_not_the_cause() -> None:
    assert answered([raised(1, 1)], {"at_ns": 2 + 86_400}) == [None]


def test_interventions_when_an_alert_was_acknowledged_then_that_is_none() -> None:
    assert rows({"at_ns": 1, "event": "alert.ack", "kind": "intent"}, {"at_ns": 1, "event": "alert.silence"}) == []


def test_interventions_then_counted_by_kind_with_the_average_response() -> None:
    events = ("emergency.halt_all", "emergency.resume", "strategy.pause", "config.change", "config.change")
    made = [{"at_ns": 10 * place, "event": name} for place, name in enumerate(events, 1)]
    found = interventions(chain(*made), {}, [raised(1, 1)])
    assert found["counts"] == {"emergency_halts": 1, "strategy_controls": 1, "config_changes": 2, "others": 1}
    assert (found["total"], found["average_response_seconds"]) == (5, 9)


def test_interventions_when_no_alert_came_then_the_average_says_why() -> None:
    found = interventions(chain({"at_ns": 1}), {})
    assert (found["average_response_seconds"], found["missing"]) == (
        None,
        {"average_response": "no alert came before one"},
    )
