"""Every attack of the corpus, by a real push and then planted behind the hook, under one running service."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import builders
from tests.attacks.arena import Arena, arena
from tests.attacks.corpus import ATTACKS, PAGE, Attack, page
from tests.support.service import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180), pytest.mark.xdist_group("attacks")]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("stranger")) as made:
        yield made


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_when_tried_then_refused_for_its_own_reason_recorded_and_nothing_has_changed(
    field: Arena, attack: Attack
) -> None:
    try:
        commit = attack.build(field)
        before, tip = field.state(), field.tip()
        pushed(field, attack, commit)
        assert field.tip() == tip
        if attack.why is not None:
            planted(field, attack, commit)
        assert field.state() == before
        assert field.tip() == tip
        assert field.ask("audit.verify")["intact"]
    finally:
        attack.undo(field)


def pushed(field: Arena, attack: Attack, commit: str) -> None:
    """The push is refused, tells its reason, and is in the audit log unless git itself has refused it."""
    seen = field.newest("config.refused")
    done = field.push(commit, attack.ref)
    assert done.returncode != 0, done.stderr
    assert attack.told in done.stderr
    record = field.newest("config.refused")
    assert (record == seen) is attack.git
    if not attack.git:
        assert (record["revision"], record["level"], record["channel"]) == (commit, "error", "git")
        assert attack.told in record["details"]


def planted(field: Arena, attack: Attack, commit: str) -> None:
    """With the commit on the branch already, the controller refuses it, names the reason and records it once."""
    assert attack.why is not None
    tip = field.tip()
    field.plant(commit)
    try:
        status = field.seen(lambda status: status["revision"]["observed_tip"] == commit)
        assert status["refusal"]["reason"] == attack.why.value, status["refusal"]
        assert status["revision"]["last_applied"] == tip
        record = field.newest("config.refused")
        assert record["after"] == commit
        assert record["details"].startswith(f"{attack.why.value}: ")
    finally:
        field.put_back()


@pytest.mark.parametrize("build", [builders.clear_picked, builders.clear_squashed], ids=["cherry-pick", "squash"])
def test_clear_when_replayed_then_it_lifts_nothing(field: Arena, build: builders.Builder) -> None:
    before, commit = field.state(), build(field)
    if field.push(commit).returncode == 0:
        field.seen(lambda status: status["revision"]["last_applied"] == commit)
    assert field.state() == before


def test_loosening_when_its_two_signers_are_one_person_with_two_keys_then_it_is_held(field: Arena) -> None:
    before, commit = field.state(), builders.two_keys(field)
    assert field.push(commit).returncode == 0
    field.seen(lambda status: status["revision"]["last_applied"] == commit)
    shown = field.ask("config.show")
    held = [item["message"] for item in shown["conditions"] if item["reason"] == "HeldForApproval"]
    assert "signed by pair, needs 2; must also sign: op or trader" in held[0]
    assert shown["config"]["strategies"]["disclosure-follower"]["allocation_pct"] == "20%"
    assert field.state() == before
    back = field.changed(builders.OTHER, r"allocation_pct: \d+%", "allocation_pct: 20%")
    field.land(field.commit(back))


def test_log_when_exported_then_an_auditor_proves_it_against_the_signed_notes_in_git(
    field: Arena, tmp_path: Path
) -> None:
    applied = field.ask("status")["revision"]["last_applied"]
    until(lambda: field.ask("audit.verify")["checkpoints"] > 0, "the head is noted in git")
    until(lambda: field.git("notes", "--ref=gt-risk-audit", "show", applied, bare=True).returncode == 0, "on the tip")
    export, signers = tmp_path / "audit.jsonl", tmp_path / "signers"
    field.service.must("audit", "export", "--output", str(export))
    signers.write_text(f"bot {(field.home.keys / 'bot.pub').read_text()}")
    argv = [sys.executable, "-I", "-S", str(tmp_path / "verify-audit.py"), str(export), str(field.home.bare)]
    done = subprocess.run([*argv, str(signers)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert "notes agree, signatures checked" in done.stdout
    signers.write_text(f"bot {(field.home.keys / 'officer.pub').read_text()}")
    assert subprocess.run([*argv, str(signers)], capture_output=True, check=False).returncode == 1


def test_page_when_the_corpus_changes_then_it_says_so() -> None:
    assert PAGE.read_text() == page(), "python -m tests.attacks.corpus"
