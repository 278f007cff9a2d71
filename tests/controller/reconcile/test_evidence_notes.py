"""What an apply leaves as proof: its evidence in the audit log, and the log's head as signed notes in git."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.git.notary import NOTES, GitNotary
from controller.adapters.signatures.sshsig import verify
from controller.adapters.store.memory import MemoryStore
from controller.audit import against_notes
from controller.errors import SourceUnavailable
from controller.reconcile.evidence import NOTE_EVERY_NS, Heads
from controller.reconcile.signers import Signers
from schemas.audit import AuditEntry, ChainReport, Checkpoint
from tests.support.config_repo import Site, make_site, replaced
from tests.support.rig import commit_id, desired, make_rig

LESS = replaced("risk_config.yaml", "max_positions: 20", "max_positions: 10")
TIP = "a" * 40


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path, ("operator", "bot", "emergency"))


@pytest.fixture
def notary(site: Site) -> Iterator[GitNotary]:
    made = GitNotary(site.home.bare, site.clock, site.key("bot"))
    yield made
    made.close()


def note(seq: int, digit: str = "1") -> Checkpoint:
    return Checkpoint(seq=seq, hash=digit * 64, commit=TIP, note="b" * 40)


def test_notes_when_added_then_read_back_in_order_and_git_shows_the_newest(site: Site, notary: GitNotary) -> None:
    tip = site.tip()
    made = [notary.attest(seq, f"{seq:064x}", tip, site.own) for seq in (3, 7)]
    assert notary.attested(site.own) == made
    assert [(item.seq, item.hash, item.commit) for item in made] == [(seq, f"{seq:064x}", tip) for seq in (3, 7)]
    shown = site.git("notes", "--ref=gt-risk-audit", "show", tip, cwd=site.home.bare).stdout
    assert shown == f"audit record 7 {7:064x}\n"


def test_notes_when_a_stranger_adds_one_then_it_counts_for_nothing_and_none_follows(
    site: Site, notary: GitNotary
) -> None:
    mine = notary.attest(3, "3" * 64, site.tip(), site.own)
    source = site.source()
    forged = site.commit(source, {}, "emergency", f"x\n\nAudit-Head: 9 {'9' * 64} {site.tip()}\n", mine.note)
    source.close()
    site.git("update-ref", NOTES, forged, cwd=site.home.bare)
    assert notary.attested(site.own) == [mine]
    with pytest.raises(SourceUnavailable, match="no bot has signed"):
        notary.attest(10, "4" * 64, site.tip(), site.own)


def test_notes_when_the_repo_is_a_mirror_then_the_remote_has_them(site: Site, tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'forge.git'}"
    site.git("clone", "-q", "--mirror", str(site.home.bare), str(tmp_path / "forge.git"))
    for folder in ("one.git", "two.git"):
        site.git("clone", "-q", "--mirror", str(site.home.bare), str(tmp_path / folder))
    one, two = (GitNotary(tmp_path / name, site.clock, site.key("bot"), url) for name in ("one.git", "two.git"))
    first = one.attest(1, "1" * 64, site.tip(), site.own)
    second = two.attest(2, "2" * 64, site.tip(), site.own)
    assert two.attested(site.own) == [first, second]
    one.close()
    two.close()


def test_head_when_a_commit_comes_into_force_then_noted_once_and_hourly_after(site: Site, notary: GitNotary) -> None:
    store = MemoryStore()
    heads = Heads(store, notary, site.clock)
    assert not heads.publish(TIP, site.own), "an empty log has no head"
    entry = AuditEntry(at_ns=1, event="config.change", actor="ada", channel="cli")
    store.append_audit(entry)
    assert heads.publish(TIP, site.own)
    store.append_audit(entry)
    assert not heads.publish(TIP, site.own)
    site.clock.advance(NOTE_EVERY_NS / 1e9)
    assert heads.publish(TIP, site.own)
    assert not heads.publish("b" * 40, site.own), "nothing new in the log"
    store.append_audit(entry)
    assert Heads(store, notary, site.clock).publish("b" * 40, site.own)
    assert [item.seq for item in notary.attested(site.own)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("hashes", "bad", "compared"),
    [
        ({2: "1" * 64, 5: "1" * 64}, 0, 5),
        ({2: "1" * 64, 5: "9" * 64}, 3, 0),
        ({2: "9" * 64, 5: "1" * 64}, 1, 0),
        ({2: "1" * 64}, 3, 0),
    ],
)
def test_log_when_written_anew_then_bad_from_behind_the_last_note_that_fits(
    hashes: dict[int, str], bad: int, compared: int
) -> None:
    report = ChainReport(ok=True, records=5, head="f" * 64)
    found = against_notes(report, (note(2), note(5)), lambda seq: hashes.get(seq, ""))
    assert (found.ok, found.bad_seq, found.checkpointed) == (not bad, bad, compared)


def test_log_when_broken_by_itself_then_the_first_bad_record_stays_named() -> None:
    report = ChainReport(ok=False, records=3, head="f" * 64, bad_seq=4, problem="record 4 was changed")
    found = against_notes(report, (note(2), note(5)), lambda seq: "1" * 64 if seq == 2 else "")
    assert (found.bad_seq, found.problem, found.checkpointed) == (4, "record 4 was changed", 2)
    assert against_notes(report, (note(2),), lambda _: "").bad_seq == 1


def test_signers_when_several_signed_then_each_principal_once(site: Site) -> None:
    source = site.source()
    first = site.commit(source, LESS, "emergency")
    second = site.commit(source, {"note.md": b"x"}, parent=first)
    third = site.commit(source, {"note.md": b"y"}, parent=second)
    signers = Signers(source, site.verifier(source).desired, verify)
    assert signers.of(site.pins.introduction, third) == ("emergency", "operator")
    assert signers.of(third, third) == signers.of("", third) == ()
    source.close()


def test_apply_when_done_then_its_outcome_names_commit_policy_plan_and_both_readings(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, desired(1))
    rig.reconciler.reconcile_once()
    before = rig.engine.read().enforced()
    rig.history.commit(desired(2, limits={"position.max_positions": "10"}))
    rig.reconciler.reconcile_once()
    outcome = rig.store.audit(limit=1)[0].entry
    said = dict(word.split("=", 1) for word in outcome.details.split())
    applied = rig.reconciler.memory.applied
    assert applied is not None
    assert (outcome.kind, outcome.outcome) == ("outcome", "done")
    assert said["commit"] == commit_id(2)
    assert said["policy"] == applied.digest()
    assert said["before"] == before != said["after"] == rig.engine.read().enforced()
    assert len(said["plan"]) == 64 and said["halts"] == said["signers"] == "-"
    rig.close()
