"""A configuration's day on the real service: edit, look, roll back, survive a corrupted tip and a blocked commit."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.support.cli import Ran, gt_risk
from tests.support.service import CALM, Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
LIMIT = "position.max_positions"


@pytest.fixture(scope="module")
def used() -> Iterator[Service]:
    with running_service(env=CALM) as made:
        yield made


@pytest.fixture
def service(used: Service) -> Service:
    """The service with 20 positions in force and in its clean clone, whatever was done to it before."""
    used.git("checkout", "-q", ".")
    if value(used) != 20:
        used.must("limits", "set", LIMIT, "20", "--force")
    pulled = used.git("pull", "--rebase", "-q")
    assert pulled.returncode == 0, pulled.stderr
    return used


def edit(service: Service, old: str, new: str) -> Ran:
    editor = f"sed -i 's/{old}/{new}/' risk_config.yaml; :"
    env = {**CALM, "EDITOR": editor, "VISUAL": ""}
    return gt_risk(service.home, "config", "edit", "risk_config.yaml", "--yes", "--json", env=env)


def value(service: Service) -> float:
    return float(service.read("limits", "get", LIMIT)["limit"]["value"])


def test_edit_rollback_and_reset_when_landed_then_each_is_in_force_and_stays_so(service: Service) -> None:
    edited = edit(service, "max_positions: 20", "max_positions: 12")
    assert (edited.code, edited.document["applied"]["in_force"], value(service)) == (0, True, 12), edited
    service.must("limits", "set", LIMIT, "30", "--force")
    service.must("config", "rollback", "--commit", edited.document["commit"], "--yes", "-r", "too many")
    assert value(service) == 12
    assert service.must("config", "reload").out.startswith("✓ In force: ")
    assert value(service) == 12
    service.must("limits", "reset", LIMIT, "--yes")
    assert value(service) == 20
    subjects = [item["subject"] for item in service.read("config", "history")["commits"]]
    assert subjects[:2] == [
        f"risk: reset {LIMIT} to its default",
        f"risk: roll back to {edited.document['commit'][:12]}",
    ]


def test_rollback_when_the_book_is_halted_then_the_halt_stays(service: Service) -> None:
    service.must("limits", "set", LIMIT, "21", "--force")
    service.halt("emergency", "halt-all", "--yes", "-r", "drill")
    service.must("config", "rollback", "--commit", "HEAD~1", "--yes")
    state = service.read("emergency", "status")
    assert (state["mode"], len(state["halts"])) == ("halt-all", 1)
    service.must("emergency", "resume", "--yes", "-r", "drill over")
    service.must("config", "rollback", "--commit", "HEAD~1", "--yes")
    after = service.read("emergency", "status")
    assert (after["mode"], after["halts"]) == ("normal", [])


def test_diff_when_the_clone_is_edited_then_the_key_and_its_direction(service: Service) -> None:
    service.edit("risk_config.yaml", "max_positions: 20", "max_positions: 19")
    ran = service.must("config", "diff")
    assert re.search(rf"{LIMIT} +20 +19 +tighten", ran.out), ran.out
    assert "+    max_positions: 19" in service.must("config", "diff", "--text").out
    service.edit("risk_config.yaml", "max_positions: 19", "max_positions: x")
    broken = service.gt("config", "diff")
    assert (broken.code, "risk_config.yaml:37:" in broken.err) == (1, True), broken
    service.git("checkout", "-q", ".")


def test_verify_when_the_clone_has_an_unsigned_commit_then_named_with_the_way_out(service: Service) -> None:
    service.edit("risk_config.yaml", "max_positions: 20", "max_positions: 19")
    refused = service.git("commit", "-q", "-a", "-m", "no signature")
    assert "NOT PUSHED" in refused.stderr
    ran = service.gt("config", "verify", "--explain")
    assert (ran.code, "refused: Unsigned  no signature" in ran.out) == (3, True), ran
    assert "fix: git commit --amend --no-edit -S" in ran.out
    amended = service.git("commit", "--amend", "--no-edit", "-S")
    assert amended.returncode == 0, amended.stderr
    assert service.must("config", "verify").out.startswith("✓ Verified")
    assert service.read("config", "reload")["applied"]["in_force"]
    assert value(service) == 19


def test_clone_when_stale_then_the_push_is_refused_with_the_next_command_and_nothing_is_lost(service: Service) -> None:
    service.must("limits", "set", LIMIT, "22", "--force")
    service.edit("risk_config.yaml", "max_price_age: 60", "max_price_age: 50")
    refused = service.git("commit", "-q", "-a", "-S", "-m", "risk: from a stale clone")
    assert "git pull --rebase" in refused.stderr
    pulled = service.git("pull", "--rebase", "-S")
    assert pulled.returncode == 0, pulled.stderr
    assert service.read("config", "reload")["applied"]["in_force"]
    assert (value(service), service.read("limits", "get", "order.max_price_age")["limit"]["value"]) == (22, 50)


@pytest.fixture
def strict() -> Iterator[Service]:
    """A service on which any loosening is a large change."""
    with running_service(env=CALM) as made:
        assert edit(made, "max_changed_pct: 50%", "max_changed_pct: 1%").code == 0
        yield made


def test_large_change_when_its_digest_is_accepted_then_in_force_and_without_it_nothing_lands(strict: Service) -> None:
    words = ("limits", "set", LIMIT, "40")
    refused = strict.gt(*words, "--yes", "--json")
    assert (refused.code, value(strict)) == (4, 20)
    digest = strict.read(*words, "--dry-run")["plan"]["digest"]
    assert refused.document["error"]["hint"].endswith(f"--accept-plan {digest}")
    assert strict.gt(*words, "--accept-plan", digest).code in (0, 3), "it waits for its backup"
    until(lambda: value(strict) == 40, "the backup is made and the change in force")
    stale = strict.gt("limits", "set", LIMIT, "50", "--accept-plan", digest)
    assert (stale.code, value(strict)) == (4, 40)

    strict.git("pull", "--rebase", "-q")
    strict.edit("risk_config.yaml", "max_positions: 40", "max_positions: 60")
    assert strict.git("commit", "-q", "-a", "-S", "-m", "risk: more").returncode == 0
    held = strict.gt("config", "reload")
    assert (held.code, value(strict)) == (3, 40), held
    command = re.search(r"next: accept with: (git commit --allow-empty -S -m 'Accept plan' --trailer .*)", held.out)
    assert command is not None, held
    accepted = strict.git(*shlex.split(command[1])[1:])
    assert accepted.returncode == 0, accepted.stderr
    until(lambda: strict.gt("config", "reload").out.startswith("✓ In force"), "the backup is made")
    assert value(strict) == 60


def test_write_when_the_clone_is_dirty_then_what_lies_there_stays(service: Service) -> None:
    service.edit("emergency.yaml", 'reason: ""', 'reason: "not committed"')
    service.must("limits", "set", "order.max_per_minute", "60", "--force")
    assert 'reason: "not committed"' in (service.clone / "emergency.yaml").read_text()
    stale = service.git("pull", "--rebase")
    assert (stale.returncode, "commit or stash" in stale.stderr) == (128, True), stale
    assert "⚠️  the clone is 1 commit behind" in service.must("config", "diff").out
    service.git("checkout", "-q", ".")


def test_reload_when_the_tip_is_corrupted_then_last_known_good_stays_in_force(service: Service) -> None:
    good = service.read("config", "reload")["revision"]["last_applied"]
    landed = service.read("limits", "set", LIMIT, "25", "--force")["commit"]
    path = service.home / "config.git" / "objects" / landed[:2] / landed[2:]
    content = path.read_bytes()
    assert value(service) == 25
    path.chmod(0o600)
    path.write_bytes(b"garbage")
    try:
        ran = service.gt("config", "reload")
        assert (ran.code, value(service)) == (3, 25), ran
        assert "stays in force" in ran.out + ran.err
    finally:
        path.write_bytes(content)
    assert service.must("config", "reload").code == 0
    assert good != landed
