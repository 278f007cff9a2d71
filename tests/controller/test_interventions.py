"""What people did, what came of it, and how soon after an alert; out of the chain alone."""

from typing import Any

import pytest

from controller.views.interventions import interventions
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


def alert(at: int, **more: Any) -> dict[str, Any]:
    return {
        "at_ns": at,
        "event": "strategy.halt",
        "actor": "controller",
        "channel": "monitor",
        "level": "critical",
        **more,
    }


@pytest.mark.parametrize("channel", ["monitor", "gate", "controller", "bot"])
def test_interventions_when_a_machine_acted_then_it_is_none(channel: str) -> None:
    assert rows({"at_ns": 1, "channel": channel}) == []


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


def test_response_time_then_runs_from_the_first_alert_since_the_intervention_before() -> None:
    found = rows(alert(100), alert(160), {"at_ns": 220}, {"at_ns": 300}, alert(350), {"at_ns": 400})
    assert [item["response_seconds"] for item in found] == [50, None, 120]


def test_response_time_when_the_alert_is_older_than_a_day_then_it_was_not_the_cause() -> None:
    assert rows(alert(1), {"at_ns": 2 + 86_400})[0]["response_seconds"] is None


def test_interventions_then_counted_by_kind_with_the_average_response() -> None:
    events = ("emergency.halt_all", "emergency.resume", "strategy.pause", "config.change", "config.change")
    made = [{"at_ns": 10 * place, "event": name} for place, name in enumerate(events, 1)]
    found = interventions(chain(alert(1), *made), {})
    assert found["counts"] == {"emergency_halts": 1, "strategy_controls": 1, "config_changes": 2, "others": 1}
    assert (found["total"], found["average_response_seconds"]) == (5, 9)


def test_interventions_when_no_alert_came_then_the_average_says_why() -> None:
    found = interventions(chain({"at_ns": 1}), {})
    assert (found["average_response_seconds"], found["missing"]) == (
        None,
        {"average_response": "no alert came before one"},
    )
