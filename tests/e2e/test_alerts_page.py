"""docs/alerts.md, followed on a running service: its commands, a real inbox and webhook; then the service is killed."""

from collections.abc import Iterator

import pytest

from controller.alerts.document import render
from tests.support.alert_page import PAGE, Try
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Try, str]]:
    made = Try(tmp_path_factory.mktemp("alerts"))
    try:
        made.serve("inbox")
        made.serve("webhook")
        with running_service() as service:
            yield service, made, made.run(service, "configure")
    finally:
        made.close()


def test_page_then_its_table_of_rules_is_that_of_the_rules() -> None:
    assert PAGE.read_text() == render(PAGE.read_text())


def test_page_when_followed_then_inbox_and_webhook_have_the_halt(trial: tuple[Service, Try, str]) -> None:
    service, made, said = trial
    assert "✓ email: the message was taken" in said and "✓ slack: the message was taken" in said
    for name in ("inbox", "webhook"):
        until(lambda name=name: "trying the alerts" in made.printed(name), f"{name} has the halt")  # type: ignore[misc]
    assert "[gt-risk CRITICAL] Emergency halt triggered: trying the alerts" in made.printed("inbox").replace("\n ", " ")
    found = service.read("alerts", "list", "--level", "critical")["alerts"]
    assert [item["rule"] for item in found] == ["emergency_halt"]
    service.must("alerts", "ack", str(found[0]["id"]), "-r", "seen")
    assert service.read("alerts", "show", str(found[0]["id"]))["alert"]["acked_by"] == "op"


def test_watchdog_when_the_service_is_killed_then_it_tells_by_the_same_channels(
    trial: tuple[Service, Try, str],
) -> None:
    service, made, _ = trial
    service.kill("controller", "gate", "runner")
    ran = service.gt("watchdog", "--json")
    assert ran.code == 3 and ran.document["sent"]["email"] >= 1 and ran.document["problems"] == []
    assert "[gt-risk CRITICAL] Service down: controller, gate, runner" in made.printed("inbox").replace("\n ", " ")
    until(lambda: "Service down" in made.printed("webhook"), "the webhook has it")
    again = service.gt("watchdog", "--json")
    assert again.code == 3 and "email" not in again.document["sent"]
    service.start()
    until(lambda: service.gt("watchdog").code == 0, "every service runs")

    def over() -> bool:
        found = service.read("alerts", "list", "--source", "service", "--level", "critical")["alerts"]
        return [item["state"] for item in found] == ["resolved"]

    until(over, "that it is down is over")


def test_watchdog_when_the_store_is_lost_too_then_git_says_where_to_tell_and_once_is_enough(
    trial: tuple[Service, Try, str],
) -> None:
    service, made, _ = trial
    service.must("service", "stop")
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (service.home / name).write_text("this is a text file\n")
    mails = made.mails("Service down")
    ran = service.gt("watchdog", "--json")
    assert ran.code == 3 and ran.document["sent"] == {"logs": 1, "email": 1, "slack": 1}
    assert [text.partition(":")[0] for text in ran.document["problems"]] == ["store"]
    assert '"rule": "service_down"' in (service.home / "logs" / "alerts.log").read_text().splitlines()[-1]
    assert service.gt("watchdog", "--json").document["sent"] == {}
    assert service.gt("service", "start").code == 3
    assert "cannot start" in " ".join(service.gt("watchdog", "--json").document["down"])
    assert made.mails("Service down") == mails + 1
