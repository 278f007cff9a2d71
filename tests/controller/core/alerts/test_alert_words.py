"""The words of digests and messages."""

from typing import Any

from controller.core.alerts.digest import digest, text_of, title_of
from controller.core.alerts.quiet import zone_of
from schemas.alerting import Alert, Held
from tests.support.alerts import START


def alert(number: int, **fields: Any) -> Alert:
    given = {"id": number, "fingerprint": f"{number:016x}", "rule": "drifted", "level": "WARN", "source": "engine"}
    return Alert.model_validate({**given, "message": f"m{number}", "first_ns": START, "last_ns": START, **fields})


def test_digest_then_open_problems_first_and_worst_first_and_the_rest_is_counted() -> None:
    alerts = (alert(1, resolved_ns=START), alert(2), alert(3, level="ERROR", count=4))
    held = Held(channel="email", count=9, unresolved=8, levels={"WARN": 5, "ERROR": 4}, alerts=alerts)
    made = digest(held, START, zone_of("America/Los_Angeles"))
    lines = made.text.splitlines()
    assert made.title == "Digest: 9 alerts, 8 still open"
    assert lines[0] == "Held back: 9 alerts (4 error, 5 warn)."
    assert lines[2:5] == [
        "Open:",
        "  #3 2026-01-19 02:23:45 PST ERROR     engine: m3 (4 times)",
        "  #2 2026-01-19 02:23:45 PST WARN      engine: m2",
    ]
    assert lines[6] == "Over:" and lines[-1] == "… and 6 more: gt risk alerts list"


def test_text_then_says_what_when_how_often_and_what_to_do() -> None:
    given = alert(3, count=4)
    assert title_of(given, "reminder") == "Not acknowledged: m3"
    text = text_of(given, "3 more since it was last sent", zone_of("UTC"))
    assert "WARN from engine: m3" in text and "4 times" in text and "3 more since" in text
    assert text.endswith("Acknowledge: gt risk alerts ack 3")
    assert "Acknowledge" not in text_of(alert(3, resolved_ns=START), "", zone_of("UTC"))
