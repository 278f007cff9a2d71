"""A home in use: nobody else reads it, no secret leaves it, and a damaged configuration takes nothing out of force."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from controller.home import Home
from controller.host.modes import too_wide
from tests.bench.processes import processes_of
from tests.support.folders import entries
from tests.support.service import CALM, Service, running_service

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
READS = (
    ("status",),
    ("limits", "list"),
    ("strategy", "list"),
    ("portfolio", "positions"),
    ("emergency", "status"),
    ("config", "show"),
    ("config", "history"),
    ("audit", "log"),
    ("audit", "verify"),
    ("service", "status"),
    ("service", "logs"),
    ("service", "install", "--dry-run"),
    ("db", "ping"),
    ("db", "status"),
    ("doctor", "--verify-data"),
)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service under a careless umask that has changed a limit, halted a strategy and made a backup."""
    before = os.umask(0o000)
    try:
        with running_service(env=CALM) as running:
            running.must("limits", "set", "position.max_position_pct", "14%", "--force", "-r", "less")
            running.edit("risk_config.yaml", "max_positions: 20", "max_positions: 18")
            assert running.git("commit", "-q", "-a", "-S", "-m", "risk: fewer positions").returncode == 0
            running.halt("strategy", "halt", "heuristic-value-1", "-r", "a test", "--yes")
            running.must("db", "backup")
            yield running
    finally:
        os.umask(before)


def key_material(home: Home) -> list[bytes]:
    """Lines of the private keys that are nobody else's business; the first and last lines are in every key."""
    keys = [path for path in home.keys.iterdir() if path.suffix != ".pub"]
    assert len(keys) == 2
    return [line for path in keys for line in path.read_bytes().splitlines()[2:-1] if len(line) > 30]


def test_home_when_used_under_a_careless_umask_then_every_mode_is_closed(service: Service) -> None:
    home = Home(service.home)
    wide = [(item.path.relative_to(home.root).as_posix(), f"{item.mode:04o}") for item in too_wide(home)]
    assert wide == []
    for path in (home.store, home.journal, home.raise_file, home.permit_file, home.audit_head, home.settings):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    sockets = [path for path in home.run.iterdir() if path.is_socket()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.keys.iterdir()} == {0o400}
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


STRANGER = """
import json, os, socket, sys
from contextlib import suppress
from pathlib import Path
from controller.halt import CLI, halt
home = Path(sys.argv[1])
files = [str(path) for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
sockets = [str(path) for path in home.rglob("*") if path.is_socket()]
os.setgroups([]); os.setgid(65534); os.setuid(65534)
got = []
for path in files:
    for mode in ("rb", "r+b"):
        try:
            open(path, mode).close()
            got.append(f"{mode} {path}")
        except OSError:
            pass
for path in sockets:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        got.append(f"connect {path}")
    except PermissionError:
        pass
outcome = halt(str(home), "account", 3, "stranger", "let me in", CLI)
print(json.dumps([len(files), len(sockets), got, outcome.confirmed, outcome.exit_code, outcome.problems]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root may become somebody else")
@pytest.mark.parametrize("inside", [False, True])
def test_stranger_when_the_folder_above_is_open_then_reaches_no_file_and_no_socket_and_halts_nothing(
    service: Service, inside: bool
) -> None:
    """``inside``: the home folder itself was opened by mistake, so that each file and socket stands for itself."""
    paths = [service.home, service.home / "run", service.home / "latch"] if inside else []
    before = service.read("emergency", "status")["mode"]
    for path in paths:
        path.chmod(0o755)
    try:
        argv = [sys.executable, "-c", STRANGER, str(service.home)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    finally:
        for path in paths:
            path.chmod(0o700)
    files, sockets, got, confirmed, code, problems = json.loads(done.stdout)
    assert files > 50
    assert sockets >= 2
    assert got == []
    assert (confirmed, code) == (False, 1)
    assert "Permission denied" in str(problems)
    assert service.read("emergency", "status")["mode"] == before


def test_doctor_when_paths_were_opened_then_fix_closes_them_and_dry_run_only_says_so(service: Service) -> None:
    home = Home(service.home)
    opened = {home.store: 0o644, home.audit_head: 0o640, home.keys / "bot": 0o600, home.policy: 0o755}
    for path, mode in opened.items():
        path.chmod(mode)
    assert service.read("doctor")["ok"] is False
    dry = service.read("doctor", "--fix", "--dry-run")
    assert {item["path"] for item in dry["fixed"]} == {str(path) for path in opened}
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in opened} == opened
    done = service.read("doctor", "--fix")
    assert [item for item in done["checks"] if item["check"] == "permissions" and item["level"] != "ok"] == []
    assert list(too_wide(home)) == []
    assert service.gt("doctor", "--dry-run").code == 2


def test_secrets_when_the_home_was_used_then_in_the_key_files_and_nowhere_else(service: Service) -> None:
    home, secret = Home(service.home), key_material(Home(service.home))
    for path in entries(home.root):
        if path.is_file() and not path.is_symlink() and path.parent != home.keys:
            with suppress(FileNotFoundError):
                content = path.read_bytes()
                assert not any(line in content for line in secret), path
    for commit in service.git("rev-list", "--all").stdout.split():
        shown = service.git("show", commit).stdout.encode()
        assert not any(line in shown for line in secret), commit


def test_secrets_when_processes_run_then_none_is_in_their_arguments(service: Service) -> None:
    secret = key_material(Home(service.home))
    found = processes_of(service.home)
    assert {"controller", "gate", "runner"} <= set(found.values())
    for pid in found:
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a helper that has just ended
        assert not any(line in arguments for line in secret)


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_secrets_when_asked_for_json_then_none_is_in_it(service: Service, words: tuple[str, ...]) -> None:
    ran = service.gt(*words, "--json")
    json.loads(ran.out)
    text = (ran.out + ran.err).encode()
    assert not any(line in text for line in key_material(Home(service.home)))


def test_config_when_the_branch_is_damaged_during_a_reload_then_last_known_good_stays(service: Service) -> None:
    ref = Home(service.home).bare / "refs" / "heads" / "main"
    good, before = ref.read_text(), service.read("config", "show")["revision"]["last_applied"]
    ref.write_text("not a commit\n")
    try:
        ran = service.gt("config", "reload", "--json")
        assert ran.code == 3
        assert f"{before[:12]} stays in force" in ran.document["error"]["message"]
        seen = service.read("config", "show")["revision"]
        assert (seen["last_applied"], seen["last_known_good"]) == (before, before)
        assert service.read("limits", "get", "position.max_position_pct")["limit"]["value"] == 14
        assert service.read("status")["permit"] == "ok"
    finally:
        ref.write_text(good)
    assert service.gt("config", "reload").code == 0
