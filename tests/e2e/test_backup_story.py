"""A large change waits for its backup; the store is restored; halts hold all the while."""

import pytest

from controller.home import Home
from controller.host import backups
from controller.host.backups import Backup
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
NAMES = ("ml-momentum-v2", "heuristic-value-1", "contrarian-swing")


def condition(service: Service) -> str:
    ready = next(item for item in service.read("status")["conditions"] if item["type"] == "Ready")
    return str(ready["reason"])


def applied(service: Service) -> str:
    return str(service.read("config", "show")["revision"]["last_applied"])


def test_a_large_change_waits_for_a_backup_and_a_restore_brings_yesterday_but_no_halt_back() -> None:
    with running_service() as service:
        home = Home(service.home)
        loosen_most(service)
        until(lambda: condition(service) == "TooMuchChange", "the large change is held")
        assert asked_for(home) == []
        message = next(item for item in service.read("status")["conditions"] if item["type"] == "Ready")["message"]
        digest = message.partition("Plan-Digest: ")[2].split("'")[0]
        accepted = ("commit", "-q", "--allow-empty", "-S", "-m", "Accept plan", "--trailer", f"Plan-Digest: {digest}")
        assert service.git(*accepted).returncode == 0
        tip = service.git("rev-parse", "HEAD").stdout.strip()
        until(lambda: applied(service) == tip, "the accepted change is applied")
        (saved,) = asked_for(home)
        assert (saved.why, saved.tip, backups.damage(saved.folder)) == (f"before {tip[:12]}", tip, [])

        service.halt("emergency", "halt-all", "-r", "after the backup", "--yes")
        until(lambda: service.read("emergency", "status")["halts"][0]["adopted"], "the halt is in the store")
        halted = service.read("emergency", "status")["halts"][0]["id"]
        running = service.gt("db", "restore", "--date", saved.name, "--yes")
        assert (running.code, "gt risk service stop" in running.err) == (1, True)
        service.must("service", "stop")
        service.must("db", "restore", "--date", saved.name, "--yes", "-r", "a drill")
        service.start()
        seen = service.read("emergency", "status")
        assert (seen["halts"][0]["id"], seen["mode"]) == (halted, "halt-all")
        assert {item["source"] for item in seen["halts"]} <= {"cli", "monitor"}, seen
        assert applied(service) == tip
        assert service.gt("audit", "verify").code == 0
        events = [item["event"] for item in service.read("audit", "log", "--limit", "100")["events"]]
        assert {"db.restore", "emergency.halt_all", "config.change"} <= set(events)
        until(lambda: bad(service) == [], f"everything agrees: {bad(service)}")


def asked_for(home: Home) -> list[Backup]:
    """The backups but the day's own, which comes half a minute after the start."""
    return [item for item in backups.listed(home)[0] if item.why != backups.DAILY]


def loosen_most(service: Service) -> None:
    for name in NAMES:
        service.edit(f"strategies/{name}.yaml", "  lookback: ", "  lookback: 1")
    service.edit("risk_config.yaml", "max_positions: 20", "max_positions: 21")
    assert service.git("commit", "-q", "-a", "-S", "-m", "risk: more of everything").returncode == 0


def bad(service: Service) -> list[str]:
    found = service.read("doctor", "--verify-data")
    assert "checks" in found, found
    checks = found["checks"]
    return [item["message"] for item in checks if item["level"] == "error"]
