"""A config repository at a forge: plain git in the clone lands there, the controller follows it by polling."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import gt_risk
from tests.support.folders import short_folder
from tests.support.service import FAST, Service, in_time, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
POLL = {**FAST, "GT_RISK_SOURCE__POLL_SECONDS": "0.5"}


@pytest.fixture
def forge(tmp_path: Path) -> str:
    """The URL of an empty repository that verifies nothing, as a forge does."""
    bare = tmp_path / "forge.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], check=True)
    return f"file://{bare}"


@pytest.fixture
def service(forge: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name, value in POLL.items():
        monkeypatch.setenv(name, value)
    with running_service(remote=forge) as started:
        yield started


def limit(service: Service) -> str:
    """What is in force, as the service says."""
    document = service.read("limits", "get", "position.max_positions")
    return str(document["limits"][0]["value"]) if "limits" in document else str(document["value"])


def tip(forge: str) -> str:
    path = forge.removeprefix("file://")
    done = subprocess.run(
        ["git", f"--git-dir={path}", "rev-parse", "refs/heads/main"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def applied(service: Service, commit: str) -> bool:
    return bool(service.read("status")["revision"]["last_applied"] == commit)


def test_remote_when_committed_with_plain_git_or_the_cli_then_pushed_and_applied(service: Service, forge: str) -> None:
    service.edit("risk_config.yaml", "max_positions: 20", "max_positions: 15")
    done = service.git("commit", "-q", "-a", "-S", "-m", "Fewer positions")
    assert done.returncode == 0, done.stderr
    commit = service.git("rev-parse", "HEAD").stdout.strip()
    assert tip(forge) == commit, "the clone's hook pushed it"
    until(lambda: applied(service, commit), "applied")
    service.must("limits", "set", "position.max_positions", "12", "--yes", "-r", "still fewer")
    assert tip(forge) != commit
    until(lambda: applied(service, tip(forge)), "the CLI's own commit is at the forge and applied")
    assert service.git("pull", "-q").returncode == 0
    assert "max_positions: 12" in (service.clone / "risk_config.yaml").read_text()


def test_remote_when_its_tip_is_refused_then_no_cli_write_but_halts_and_back_again(
    service: Service, forge: str
) -> None:
    good = tip(forge)
    service.edit("risk_config.yaml", "max_positions: 20", "max_positions: 25")
    assert service.git("commit", "-q", "-a", "--no-gpg-sign", "-m", "Unsigned").returncode == 0
    bad = tip(forge)
    assert bad != good, "a forge cannot refuse it"
    until(lambda: "Unsigned" in str(service.read("status")["conditions"]), "status tells")
    assert service.gt("status").code == 3
    refused = service.gt("limits", "set", "position.max_positions", "10", "--yes", "-r", "tighter")
    assert refused.code == 1
    assert "Unsigned: the commit is not signed" in refused.err
    assert tip(forge) == bad
    halted = in_time(lambda: service.gt("emergency", "halt-all", "--json", "-r", "drill")).document
    assert (halted["in_force"], halted["durable"]) == (True, True)
    until(lambda: evidence(forge, halted["halt"]["id"]), "its evidence is on the bot's branch")
    assert applied(service, good)
    subprocess.run(["git", "push", "-q", "--force", forge, f"{good}:refs/heads/main"], cwd=service.clone, check=True)
    until(lambda: service.read("status")["revision"]["observed_tip"] == good, "back at the last verified commit")
    service.must("emergency", "resume", "--yes", "-r", "over")


def evidence(forge: str, halt_id: str) -> bool:
    path = forge.removeprefix("file://")
    names = ["git", f"--git-dir={path}", "ls-tree", "-r", "--name-only", "refs/heads/gt-risk/halts"]
    done = subprocess.run(names, capture_output=True, text=True, check=False)
    return f"halts/{halt_id}.yaml" in done.stdout


def test_init_when_the_remote_has_a_history_that_nothing_pins_then_refused_with_what_to_do(forge: str) -> None:
    with short_folder() as first, short_folder() as second:
        who = ("--name", "op", "--email", "op@example.org", "--remote", forge)
        assert gt_risk(first, "init", *who).code == 0
        ran = gt_risk(second, "init", *who)
        assert ran.code == 1
        assert "nothing is trusted on first use" in ran.err
        assert "[pins]" in ran.err


def test_init_when_it_is_run_again_or_was_killed_after_the_push_then_it_goes_on(forge: str) -> None:
    with short_folder() as home:
        who = ("--name", "op", "--email", "op@example.org", "--remote", forge)
        assert gt_risk(home, "init", *who).code == 0
        before = tip(forge)
        settings = home / "settings.toml"
        settings.write_text(
            "".join(
                'introduction = ""\n' if line.startswith("introduction =") else line
                for line in settings.read_text().splitlines(keepends=True)
            )
        )
        assert gt_risk(home, "init", *who).code == 0
        assert tip(forge) == before
        assert before in settings.read_text()
        url = subprocess.run(
            ["git", "remote", "get-url", "origin"], cwd=home / "config", capture_output=True, text=True, check=True
        )
        assert url.stdout.strip() == forge


def test_init_when_the_remote_is_not_there_then_says_so_and_makes_no_clone(tmp_path: Path) -> None:
    with short_folder() as home:
        ran = gt_risk(home, "init", "--remote", f"file://{tmp_path}/nothing.git")
        assert ran.code in (1, 3)
        assert "nothing.git" in ran.err
        assert "Traceback" not in ran.err
        assert not (home / "config").exists()
        assert not os.path.lexists(home / "latch" / "raise")
