import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import SettingsError
from controller.home import Home
from controller.latch.journal import read_home
from controller.provision import Wish, initialise
from controller.settings import load
from tests.support.cli import short_home

WHO = {"name": "Op", "email": "op@example.org"}


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as folder:
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


def test_init_when_the_path_is_too_long_for_sockets_then_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="too long"):
        initialise(Home(tmp_path / ("x" * 90)), Wish(**WHO))
