"""Each check of the doctor with the fault that it is there for, planted in a real home."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.errors import SettingsError
from controller.home import Home
from controller.host import backup, machine
from controller.host.doctor import examine
from controller.host.finding import Finding
from controller.host.provision import Wish, initialise
from tests.support.cli import gt_risk
from tests.support.folders import short_folder
from tests.support.homes import opened

OWN = Path("/nowhere/gt")


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with short_folder() as folder:
        initialise(Home(folder / "home"), Wish(name="Op", email="op@example.org"))
        yield folder / "home"


@pytest.fixture
def home(template: Path) -> Iterator[Home]:
    with short_folder() as folder:
        shutil.copytree(template, folder / "h", symlinks=True)
        place = Home(folder / "h")
        for half in (place.raise_file, place.permit_file):
            half.unlink()
        place.journal.unlink()
        initialise(place, Wish(name="Op", email="op@example.org"))
        yield place


def findings(home: Home, check: str, level: str) -> list[Finding]:
    return [item for item in examine(home, OWN) if (item.check, item.level) == (check, level)]


def open_to_others(home: Home) -> None:
    home.settings.chmod(0o644)


def pulled_under_a_common_umask(home: Home) -> None:
    for path in home.clone.glob("*.yaml"):
        path.chmod(0o644)


def pulled_in_an_open_home(home: Home) -> None:
    home.root.chmod(0o755)


def unpinned(home: Home) -> None:
    text = home.settings.read_text()
    lines = [line if not line.startswith("introduction") else 'introduction = ""' for line in text.splitlines()]
    home.settings.write_text("\n".join(lines))


def garbled(home: Home) -> None:
    home.settings.write_text("not = [toml")


def keyless(home: Home) -> None:
    (home.keys / "operator").unlink()


def writable_key(home: Home) -> None:
    (home.keys / "bot").chmod(0o600)


def cloneless(home: Home) -> None:
    shutil.rmtree(home.clone)


def hookless(home: Home) -> None:
    (home.bare / "hooks" / "pre-receive").unlink()


def from_a_bundle(home: Home) -> None:
    bundle = home.root / "b"
    subprocess.run(["git", "bundle", "create", "--quiet", bundle, "--all"], cwd=home.bare, check=True)
    hooks = home.bare / "hooks"
    hooks.rename(home.root / "hooks")
    shutil.rmtree(home.bare)
    subprocess.run(["git", "clone", "--quiet", "--bare", bundle, home.bare], check=True)
    shutil.rmtree(home.bare / "hooks")
    (home.root / "hooks").rename(hooks)


def branchless(home: Home) -> None:
    (home.bare / "refs" / "heads" / "main").unlink()


def branch_garbled(home: Home) -> None:
    (home.bare / "refs" / "heads" / "main").write_text("nothing\n")


def branch_cut(home: Home) -> None:
    (home.bare / "refs" / "heads" / "main").write_text("")


def tip_only_in_the_clone(home: Home) -> None:
    commit = (home.bare / "refs" / "heads" / "main").read_text().strip()
    (home.bare / "objects" / commit[:2] / commit[2:]).unlink()


def latchless(home: Home) -> None:
    home.raise_file.unlink()


def torn(home: Home) -> None:
    content = bytearray(home.journal.read_bytes())
    content[512:540] = b"\xff" * 28
    home.journal.write_bytes(content)


def broken_store(home: Home) -> None:
    home.store.write_bytes(b"not a database" * 100)
    home.store.chmod(0o600)


FAULTS: tuple[tuple[Callable[[Home], None], str, str, str], ...] = (
    (open_to_others, "permissions", "error", "chmod 0600"),
    (pulled_in_an_open_home, "permissions", "error", "chmod 0700"),
    (unpinned, "settings", "error", "gt risk init"),
    (keyless, "keys", "error", "gt risk init"),
    (writable_key, "permissions", "warning", "chmod 0400"),
    (cloneless, "config", "error", "gt risk init"),
    (hookless, "config", "warning", "gt risk init"),
    (from_a_bundle, "config", "warning", "gt risk init"),
    (branchless, "config", "error", "rm -f "),
    (branch_garbled, "config", "error", "rm -f "),
    (branch_cut, "config", "error", "rm -f "),
    (tip_only_in_the_clone, "config", "error", "rm -f "),
    (latchless, "latch", "error", "gt risk service start"),
    (torn, "journal", "error", "gt risk service start"),
    (broken_store, "store", "error", "gt risk audit verify"),
)


@pytest.mark.parametrize(("fault", "check", "level", "hint"), FAULTS, ids=lambda item: getattr(item, "__name__", None))
def test_examine_when_a_fault_is_planted_then_found_with_the_next_command(
    fault: Callable[[Home], None], check: str, level: str, hint: str, home: Home
) -> None:
    assert findings(home, check, level) == []
    fault(home)
    found = findings(home, check, level)
    assert len(found) == 1, found
    assert found[0].hint.startswith(hint)


@pytest.mark.parametrize("fault", [branchless, branch_garbled, branch_cut, tip_only_in_the_clone])
def test_branch_when_missing_or_damaged_then_init_makes_none_and_the_named_command_brings_it_back(
    fault: Callable[[Home], None], home: Home
) -> None:
    before = (home.bare / "refs" / "heads" / "main").read_text()
    pins = home.settings.read_text()
    fault(home)
    (found,) = findings(home, "config", "error")
    if fault is not tip_only_in_the_clone:
        with pytest.raises(SettingsError, match="so none is made anew"):
            initialise(home, Wish(name="Op", email="op@example.org"))
    assert home.settings.read_text() == pins
    subprocess.run(found.hint, shell=True, check=True, capture_output=True)
    assert (home.bare / "refs" / "heads" / "main").read_text() == before
    assert findings(home, "config", "error") == []


def test_permissions_when_the_clone_was_pulled_then_only_warned_while_the_home_is_closed(home: Home) -> None:
    pulled_under_a_common_umask(home)
    assert findings(home, "permissions", "error") == []
    assert findings(home, "permissions", "warning") != []
    home.root.chmod(0o755)
    assert findings(home, "permissions", "error") != []
    assert findings(home, "permissions", "warning") == []


def test_examine_when_settings_cannot_be_read_then_told_and_nothing_raises(home: Home) -> None:
    garbled(home)
    ran = gt_risk(home.root, "doctor", "--json")
    assert (ran.code, ran.document["ok"]) == (1, False)
    assert "settings.toml" in ran.document["error"]["message"]
    assert {"latch", "journal", "store"} <= {item["check"] for item in ran.document["checks"]}


def test_examine_when_the_store_is_not_made_yet_then_only_a_warning(home: Home) -> None:
    assert findings(home, "store", "error") == []
    assert len(findings(home, "store", "warning")) == 1


def test_examine_when_nothing_runs_then_each_service_is_named_down(home: Home) -> None:
    down = [item.message for item in findings(home, "service", "warning")]
    assert down == ["controller is down", "gate is down", "runner is down"]


def test_examine_when_another_gt_is_first_on_path_then_warned(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "gt"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "another gt" in findings(home, "gt", "warning")[0].message
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert findings(home, "gt", "warning")[0].message == "no gt on PATH"
    assert "git" in findings(home, "git", "error")[0].message


def test_doctor_when_there_is_no_home_then_says_init(tmp_path: Path) -> None:
    ran = gt_risk(tmp_path / "none", "doctor")
    assert ran.code == 1
    assert "next: gt risk init" in ran.out


def test_init_when_the_bare_repo_came_from_a_bundle_then_guarded_again(home: Home) -> None:
    from_a_bundle(home)
    initialise(home, Wish(name="Op", email="op@example.org"))
    assert findings(home, "config", "warning") == []


def test_signing_when_the_key_has_a_passphrase_and_no_agent_then_told_what_to_add(home: Home) -> None:
    key = home.keys / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a phrase", "-f", key], check=True)
    subprocess.run(["git", "config", "user.signingkey", key], cwd=home.clone, check=True)
    (found,) = findings(home, "signing", "warning")
    assert (found.message, found.hint) == ("the signing key asks for its passphrase", "ssh-add <the key>")
    assert findings(home, "signing", "ok") == []


def test_signing_when_the_key_is_gone_then_an_error(home: Home) -> None:
    subprocess.run(["git", "config", "user.signingkey", home.root / "none"], cwd=home.clone, check=True)
    assert len(findings(home, "signing", "error")) == 1


def test_git_when_too_old_then_told_which_is_needed(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.20.1\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (found,) = findings(home, "git", "error")
    assert found.message == "git 2.34 or newer is needed (it signs with SSH keys), this is 2.20.1"


def test_clock_when_behind_what_was_recorded_then_an_error(home: Home) -> None:
    later = time.time_ns() + 3_600_000_000_000
    with home.journal.open("r+b") as file:
        file.seek(8)
        file.write(later.to_bytes(8, "little"))
    (found,) = findings(home, "clock", "error")
    assert found.hint == "timedatectl"


def test_backup_when_late_then_warned_and_when_its_manifest_is_damaged_an_error(home: Home) -> None:
    opened(home).close()
    assert findings(home, "backup", "warning") == []
    os.utime(home.keys / "bot", (0, 0))
    assert [item.message for item in findings(home, "backup", "warning")] == ["there is no backup"]
    made = backup.make(home, "by hand", 0.0)
    assert len(findings(home, "backup", "ok")) == 1
    (made.folder / "manifest.json").write_text("{")
    assert len(findings(home, "backup", "error")) == 1


def test_disk_when_little_is_left_then_warned_and_when_nothing_is_an_error(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for left, level in ((machine.LITTLE_FREE - 1, "warning"), (machine.LEAST_FREE - 1, "error")):
        usage = SimpleNamespace(free=left)
        monkeypatch.setattr("controller.host.machine.shutil.disk_usage", lambda _, usage=usage: usage)
        assert len(findings(home, "disk", level)) == 1
