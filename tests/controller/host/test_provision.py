import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from controller.core.desired.documents import parse
from controller.errors import SettingsError
from controller.home import Home
from controller.host.doctor import examine
from controller.host.provision import Wish, initialise
from controller.latch.journal import read_home
from controller.settings import load
from schemas.desired import RiskConfig
from tests.support.folders import short_folder

WHO = {"name": "Op", "email": "op@example.org"}


@pytest.fixture
def home() -> Iterator[Home]:
    with short_folder() as folder:
        yield Home(folder)


def contents(home: Home) -> dict[str, bytes]:
    skipped = ("/logs/", "/.git/index")
    found = (path for path in home.root.rglob("*") if path.is_file() and not any(item in str(path) for item in skipped))
    return {str(path): path.read_bytes() for path in found}


def test_init_when_new_then_pinned_signed_and_closed_to_others(home: Home) -> None:
    initialise(home, Wish(**WHO))
    pins = load({"GT_RISK_HOME": str(home.root)}).pins
    log = subprocess.run(["git", "log", "--format=%H %an"], cwd=home.clone, capture_output=True, text=True, check=True)
    assert log.stdout == f"{pins.introduction} Op\n"
    assert pins.fingerprints[0].startswith("SHA256:")
    assert stat.S_IMODE((home.keys / "operator").stat().st_mode) == 0o400
    assert [path for path in home.root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077] == []
    assert (home.clone / ".schemas" / "risk_config.json").exists()


def risk_config(home: Home) -> RiskConfig:
    model = parse("risk_config.yaml", (home.clone / "risk_config.yaml").read_bytes()).model
    assert isinstance(model, RiskConfig)
    return model


def test_init_then_the_learning_phase_begins_with_the_first_session_that_trades(home: Home) -> None:
    initialise(home, Wish(**WHO))
    assert risk_config(home).learning.started == date.fromisoformat(load({"GT_RISK_HOME": str(home.root)}).paper.start)


def test_init_when_live_then_the_learning_phase_begins_today(home: Home) -> None:
    days = [date.today()]
    initialise(home, Wish(environment="live", **WHO))
    days.append(date.today())
    assert risk_config(home).learning.started in days


def test_init_when_run_again_then_nothing_changes(home: Home) -> None:
    initialise(home, Wish(**WHO))
    before = contents(home)
    report = initialise(home, Wish(name="Other", book="other", environment="live"))
    assert contents(home) == before
    assert report.made == []


def test_init_when_the_latch_of_a_used_home_is_gone_then_not_made_anew(home: Home) -> None:
    initialise(home, Wish(**WHO))
    home.raise_file.unlink()
    home.permit_file.unlink()
    initialise(home, Wish(**WHO))
    assert not home.raise_file.exists()


def test_init_when_live_then_starts_halted(home: Home) -> None:
    initialise(home, Wish(environment="live", **WHO))
    entries, problems = read_home(str(home.root))
    assert problems == []
    assert [entry.scope for entry in entries] == ["account"]
    assert "init:" in entries[0].text


@pytest.mark.parametrize("url", ["https://op:hush@forge.example/x.git", "ssh://op:hush@forge.example:22/x.git"])
def test_init_when_the_remote_has_a_password_in_it_then_refused_unrepeated_and_nothing_is_made(
    home: Home, url: str
) -> None:
    with pytest.raises(SettingsError, match="has a password in it") as caught:
        initialise(home, Wish(remote=url, **WHO))
    assert "hush" not in f"{caught.value} {caught.value.hint}"
    assert not home.settings.exists()
    with pytest.raises(SettingsError, match=r"source\.remote has a password"):
        load({"GT_RISK_HOME": str(home.root), "GT_RISK_SOURCE__REMOTE": url})
    for fine in ("https://op@forge.example:8443/x.git", "git@forge.example:x.git", "file:///srv/a:b@c/x.git"):
        assert load({"GT_RISK_HOME": str(home.root), "GT_RISK_SOURCE__REMOTE": fine}).source.remote == fine


def test_init_when_the_path_is_too_long_for_sockets_then_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="too long"):
        initialise(Home(tmp_path / ("x" * 90)), Wish(**WHO))


KILLED = """
import os, sys
from pathlib import Path
from controller.home import Home
from controller.host.provision import Wish, initialise

home, steps, environment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
EVENTS = {"os.mkdir", "os.rename", "os.link", "subprocess.Popen"}
seen = 0


def count(event, arguments):
    global seen
    if event in EVENTS and (event == "subprocess.Popen" or str(home) in str(arguments)):
        seen += 1
        if seen > steps:
            os._exit(9)


sys.addaudithook(count)
initialise(Home(home), Wish(environment=environment, name="Op", email="op@example.org"))
"""


def killed_after(home: Path, steps: int, environment: str) -> bool:
    """Whether an init in its own process was ended after ``steps`` of what it does to the disk."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(home), str(steps), environment], capture_output=True)
    assert done.returncode in (0, 9), done.stderr
    return done.returncode == 9


STRIDE = int(os.environ.get("GT_TEST_INIT_STRIDE", "9"))
"""1 tries every step of init; more of them are left to the two parameters, which begin at different ones."""


@pytest.mark.process
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("environment", "steps"), [("paper", 0), ("live", 4)])
def test_init_when_killed_after_any_step_then_the_next_one_completes_it(environment: str, steps: int) -> None:
    killed = True
    while killed:
        with short_folder() as folder:
            home = Home(folder)
            killed = killed_after(folder, steps, environment)
            initialise(home, Wish(environment=environment, **WHO))
            errors = [item for item in examine(home, folder / "gt") if item.level == "error"]
            assert errors == [], (steps, errors)
            pins = load({"GT_RISK_HOME": str(folder)}).pins
            shown = subprocess.run(["git", "log", "--format=%H"], cwd=home.clone, capture_output=True, text=True)
            assert shown.stdout.strip() == pins.introduction, steps
            halts = [entry.scope for entry in read_home(str(folder))[0]]
            assert halts == (["account"] if environment == "live" else []), steps
        steps += STRIDE
    assert steps > 20
