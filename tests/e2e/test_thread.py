"""The thread, from outside: a signed commit runs the book, one command halts it, only a person lifts it."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.folders import entries
from tests.support.service import CALM, Service, in_time, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Service]:
    with running_service(env=CALM) as started:
        yield started


@pytest.fixture
def shared(one_for_all: Service) -> Service:
    """A service whose clone is as what is in force, with 20 positions there, whatever was done to it before."""
    one_for_all.git("fetch", "-q")
    one_for_all.git("reset", "-q", "--hard", "@{upstream}")
    if limit(one_for_all, "position.max_positions") != "20":
        one_for_all.must("limits", "set", "position.max_positions", "20", "--force")
        assert one_for_all.git("pull", "-q").returncode == 0
    return one_for_all


def limit(service: Service, name: str) -> str:
    return str(service.read("limits", "get", name)["limit"]["text"])


def test_book_when_started_then_moves_and_status_says_so(shared: Service) -> None:
    until(lambda: shared.gt("status").code == 0, "the permit is issued")
    first = shared.read("status")
    assert (first["ok"], first["mode"], first["environment"]) == (True, "normal", "paper")
    until(lambda: shared.read("status")["market_time"] != first["market_time"], "the market clock moves")
    until(lambda: bool(shared.read("status")["positions"]), "a strategy opens a position")
    pids = shared.read("service", "status")
    assert pids["pid"] == shared.pid("controller")


def test_limit_when_set_by_command_or_by_plain_git_then_in_force(shared: Service) -> None:
    ran = shared.must("limits", "set", "position.max_position_pct", "12%", "--force", "-r", "calmer")
    assert "position.max_position_pct = 12%" in ran.out
    assert limit(shared, "position.max_position_pct") == "12%"

    assert shared.git("pull", "--rebase").returncode == 0
    shared.edit("risk_config.yaml", "max_positions: 20", "max_positions: 18")
    done = shared.git("commit", "-q", "-a", "-S", "-m", "risk: fewer positions")
    assert done.returncode == 0, done.stderr
    until(lambda: limit(shared, "position.max_positions") == "18", "the plain commit is applied")
    shown = shared.read("config", "show")
    assert shown["repository"] == str(shared.clone)
    assert shown["branch"] == "main"
    assert shared.read("audit", "verify")["intact"] is True


def test_commit_when_unsigned_or_invalid_then_refused_with_the_reason(shared: Service) -> None:
    shared.edit("risk_config.yaml", "max_positions: 20", "max_positions: 18")
    done = shared.git("commit", "-q", "-a", "--no-gpg-sign", "-m", "unsigned")
    assert "Unsigned" in done.stderr
    shared.edit("risk_config.yaml", "max_positions: 18", "max_positions: many")
    done = shared.git("commit", "-q", "-a", "-S", "--amend", "-m", "signed and wrong")
    assert "risk_config.yaml:" in done.stderr
    assert limit(shared, "position.max_positions") == "20"


def test_halt_when_everything_is_killed_then_stays_until_a_person_resumes(service: Service) -> None:
    halted = in_time(lambda: service.gt("emergency", "halt-all", "-r", "drill"))
    assert (halted.code, "In force" in halted.out) == (0, True), halted
    service.kill("controller", "gate", "runner")
    service.start()
    after = service.gt("status", "--json")
    assert (after.code, after.document["mode"]) == (3, "halt-all")
    assert {item["status"] for item in after.document["strategies"]} == {"halted"}

    assert service.gt("emergency", "resume").code == 4
    service.must("emergency", "resume", "--yes", "-r", "drill over")
    until(lambda: service.read("status")["mode"] == "normal", "it trades again")
    assert {item["status"] for item in service.read("status")["strategies"]} == {"paused"}
    service.must("strategy", "resume", "ml-momentum-v2", "--yes", "-r", "checked")
    assert service.read("strategy", "show", "ml-momentum-v2")["strategy"]["status"] == "active"
    assert service.read("audit", "verify")["intact"] is True


def test_strategy_when_halted_then_its_own_resume_clears_it(shared: Service) -> None:
    shared.halt("strategy", "halt", "ml-momentum-v2", "-r", "odd")
    assert shared.read("strategy", "show", "ml-momentum-v2")["strategy"]["status"] == "halted"
    refused = shared.gt("strategy", "resume", "ml-momentum-v2", "--yes", "-r", "fine")
    assert (refused.code, "--note TEXT" in refused.err) == (2, True)
    shared.must("strategy", "resume", "ml-momentum-v2", "--yes", "-r", "fine", "--note", "one bad bar")
    shown = shared.read("strategy", "show", "ml-momentum-v2")["strategy"]
    assert shown["status"] == "active"
    resumed = shared.read("audit", "log", "--type", "strategy", "--limit", "1")["events"][0]
    assert (resumed["event"], resumed["scope"]) == ("strategy.resume", shown["uid"])


def test_controller_when_killed_then_the_gate_goes_on_and_start_brings_it_back(service: Service) -> None:
    gate, runner = service.pid("gate"), service.pid("runner")
    service.kill("controller")
    assert service.gt("service", "status").code == 3
    service.start()
    assert (service.pid("gate"), service.pid("runner")) == (gate, runner)
    again = service.read("service", "start")
    assert again["already"] is True


@pytest.mark.parametrize("name", ["gate", "runner"])
def test_service_when_killed_then_started_again(service: Service, name: str) -> None:
    before = service.pid(name)
    service.kill(name)
    until(lambda: service.pid(name) not in (None, before), f"{name} is back")
    until(lambda: service.gt("status").code == 0, "status is well again")


def test_home_when_running_then_closed_to_others(service: Service) -> None:
    found = [service.home, *entries(service.home)]
    open_ones = [path for path in found if not path.is_symlink() and _mode(path) & 0o077]
    assert open_ones == []
    assert _mode(service.home / "keys" / "operator") == 0o400
    doctor = service.read("doctor")
    assert [item for item in doctor["checks"] if item["level"] == "error"] == []


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return 0


def test_stop_when_asked_then_everything_ends_and_writes_still_land(service: Service) -> None:
    ran = service.must("service", "stop")
    assert [line.split()[1] for line in ran.out.splitlines()] == ["runner:", "controller:", "gate:"]
    down = service.gt("limits", "set", "position.max_positions", "19", "--yes", "--json")
    assert (down.code, down.document["ok"]) == (3, True)
    service.start()
    until(lambda: limit(service, "position.max_positions") == "19", "what was landed meanwhile is applied")
