"""docs/alerts.md, "See it act", on a running service: each event in list, JSON log, inbox and webhook."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.alert_page import Try
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]
LONG = 90.0
KINDS = {
    "hard_limit_violation": "Order rejected: ",
    "soft_limit_warning": "concentration.sector_warning_pct warning threshold reached",
    "size_reduced": "Position size reduced ",
}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Try]]:
    made = Try(tmp_path_factory.mktemp("walk"))
    try:
        made.serve("inbox")
        made.serve("webhook")
        with running_service() as service:
            made.run(service, "configure", but="gt-risk emergency")
            yield service, made
    finally:
        made.close()


def logged(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (service.home / "logs" / "alerts.log").read_text().splitlines()]


def told(service: Service, made: Try, rule: str, words: str) -> dict[str, bool]:
    """Where an alert of the rule that says the words is."""
    listed = service.read("alerts", "list", "--limit", "500")["alerts"]
    known = {"list": listed, "log": logged(service)}
    found = {
        place: any(item["rule"] == rule and words in item["message"] for item in items)
        for place, items in known.items()
    }
    return found | {name: words in made.printed(name) for name in ("inbox", "webhook")}


def test_walk_then_warning_reduced_size_denied_order_and_halt_are_told_everywhere(walk: tuple[Service, Try]) -> None:
    service, made = walk
    made.run(service, "everything")
    for rule, words in KINDS.items():
        until(lambda rule=rule, words=words: all(told(service, made, rule, words).values()), rule, LONG)  # type: ignore[misc]
    made.run(service, "drawdown")
    until(lambda: all(told(service, made, "strategy_halt", " halted: ").values()), "a strategy is halted", LONG)
    halts = service.read("emergency", "status")["halts"]
    assert any("drawdown" in item["reason"] for item in halts)
    listed = service.read("alerts", "list", "--limit", "500")["alerts"]
    halted = next(item for item in listed if item["rule"] == "strategy_halt")
    service.must("alerts", "ack", str(halted["id"]), "-r", "seen")
    assert service.read("alerts", "show", str(halted["id"]))["alert"]["state"] == "acked"
