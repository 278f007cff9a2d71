"""The systemd unit: accepted by systemd, closed where it can be, and true to the latch."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from controller.errors import SettingsError
from controller.home import Home
from controller.host.unit import unit
from tests.support.cli import gt_risk
from tests.support.folders import short_folder

SCRIPT = Path(shutil.which("true") or "/bin/true")


@pytest.fixture
def home() -> Iterator[Home]:
    with short_folder() as folder:
        yield Home(folder)


def section(text: str, name: str) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case
    parser.read_string(text)
    return dict(parser[name])


@pytest.mark.parametrize("system", [True, False])
def test_unit_then_it_runs_the_foreground_and_is_hardened(home: Home, system: bool) -> None:
    made = section(unit(home, SCRIPT, system=system).text, "Service")
    assert made["ExecStart"] == f'"{SCRIPT}" service start --foreground'
    assert made["Environment"] == f'"GT_RISK_HOME={home.root}"'
    assert made["ReadWritePaths"] == f'"{home.root}"'
    wanted = {"UMask": "0077", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "Restart": "on-failure"}
    assert {key: made[key] for key in wanted} == wanted
    assert made["KillMode"] == "mixed"
    assert ("User" in made) == system


def test_unit_when_for_the_user_then_in_the_users_own_folder(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home.root))
    made = unit(home, SCRIPT, system=False)
    assert made.path == home.root / ".config" / "systemd" / "user" / "gt-risk.service"
    assert made.next[0] == "systemctl --user daemon-reload"
    assert section(made.text, "Install") == {"WantedBy": "default.target"}
    assert unit(home, SCRIPT, system=True).path == Path("/etc/systemd/system/gt-risk.service")


def test_unit_when_a_path_has_signs_of_units_then_they_mean_themselves(home: Home) -> None:
    odd = Home(home.root / 'a %h "b" $c')
    odd.root.mkdir()
    made = section(unit(odd, SCRIPT, system=False).text, "Service")
    assert made["ReadWritePaths"].endswith('/a %%h \\"b\\" $c"')
    with pytest.raises(SettingsError, match="cannot name this path"):
        unit(Home(home.root / "a\nExecStart=x"), SCRIPT, system=False)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
@pytest.mark.parametrize("system", [True, False])
def test_unit_when_systemd_reads_it_then_it_finds_nothing(home: Home, system: bool) -> None:
    path = home.root / "gt-risk.service"
    path.write_text(unit(home, SCRIPT, system=system).text)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(home.root)}
    argv = ["systemd-analyze", *([] if system else ["--user"]), "verify", "--man=no", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environ, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "gt-risk" in line]) == (0, [])


@pytest.mark.parametrize("system", [True, False])
def test_unit_when_the_service_fails_then_the_watchdog_tells_and_a_timer_looks_too(home: Home, system: bool) -> None:
    made = unit(home, SCRIPT, system=system)
    assert section(made.text, "Unit")["OnFailure"] == "gt-risk-watchdog.service"
    files = {path.name: text for path, text in made.beside}
    service = section(files["gt-risk-watchdog.service"], "Service")
    assert service["ExecStart"] == f'"{SCRIPT}" watchdog' and service["SuccessExitStatus"] == "3"
    assert section(files["gt-risk-watchdog.timer"], "Timer")["OnUnitInactiveSec"] == "60"


def test_install_when_dry_then_prints_the_unit_and_writes_nothing(home: Home) -> None:
    home.settings.touch()
    env = {"HOME": str(home.root)}
    ran = gt_risk(home.root, "service", "install", "--user", "--dry-run", env=env)
    assert (ran.code, "[Service]" in ran.out) == (0, True)
    assert not (home.root / ".config").exists()


def test_install_when_written_then_next_commands_and_a_changed_one_is_asked_for(home: Home) -> None:
    home.settings.touch()
    env = {"HOME": str(home.root)}
    ran = gt_risk(home.root, "service", "install", "--user", "--json", env=env)
    path = home.root / ".config" / "systemd" / "user" / "gt-risk.service"
    assert (ran.code, ran.document["path"], ran.document["unit"]) == (0, str(path), path.read_text())
    assert ran.document["next"][1] == "systemctl --user enable --now gt-risk.service gt-risk-watchdog.timer"
    for name, text in ran.document["beside"].items():
        assert Path(name).read_text() == text
    assert gt_risk(home.root, "service", "install", "--user", env=env).code == 0
    path.write_text("mine")
    assert gt_risk(home.root, "service", "install", "--user", env=env).code == 4
    assert path.read_text() == "mine"
    assert gt_risk(home.root, "service", "install", "--user", "--yes", env=env).code == 0
    assert "[Service]" in path.read_text()
