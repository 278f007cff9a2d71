"""The persistent cat-file process, bounds, fetch into quarantine, and provisioning."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.adapters.git import reader as reading
from controller.adapters.git import remote as remotes
from controller.adapters.git.objects import COMMIT_BYTES, Kind, commit_payload, read
from controller.adapters.git.process import Git
from controller.adapters.git.provision import Person, provision
from controller.adapters.git.reader import Reader
from controller.adapters.git.source import GitSource
from controller.adapters.git.writer import Writer
from controller.errors import Raced, Refused, SettingsError, SourceUnavailable
from controller.latch.journal import record
from controller.latch.journal_record import HALT, Entry
from schemas.status import RefusalReason
from tests.support.config_repo import LANDING, TIGHTER, Site


@pytest.fixture
def mirror(site: Site, tmp_path: Path) -> Iterator[GitSource]:
    remote = f"file://{site.home.bare}"
    made = GitSource(tmp_path / "mirror.git", "main", site.clock, sign=site.key("bot"), remote=remote)
    yield made
    made.close()


def test_tip_when_polled_then_costs_no_process(source: GitSource, monkeypatch: pytest.MonkeyPatch) -> None:
    tip = source.tip()
    monkeypatch.delattr(subprocess, "Popen")
    assert source.tip() == tip


def test_batch_when_its_process_is_killed_then_starts_again(source: GitSource) -> None:
    tip = source.tip()
    process = source._reader.batch._process
    assert process is not None
    process.kill()
    process.wait()
    assert source.tip() == tip


def test_batch_when_its_process_hangs_then_unavailable_within_the_timeout(
    source: GitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip, batch = source.tip(), source._reader.batch
    assert batch._process is not None
    os.kill(batch._process.pid, signal.SIGSTOP)
    with monkeypatch.context() as patch, pytest.raises(SourceUnavailable, match=r"within 0\.2 s"):
        patch.setattr(batch, "_timeout", 0.2)
        source.tip()
    assert source.tip() == tip


def test_git_when_command_hangs_then_unavailable(site: Site) -> None:
    git = Git(site.home.bare, timeout=0.2)
    with pytest.raises(SourceUnavailable, match="did not end"):
        git.run(["-c", "alias.wait=!sleep 5", "wait"])


@pytest.mark.parametrize("kind", ["commit", "blob", "tree"])
def test_object_when_over_its_bound_then_too_large_and_the_next_read_works(source: GitSource, kind: Kind) -> None:
    argv = ["hash-object", "-w", "--literally", "-t", kind, "--stdin"]
    oid = source.git.run(argv, stdin=b"x" * 5_000_000).decode().strip()
    with pytest.raises(Refused) as caught:
        read(source._reader.batch, oid, kind)
    assert caught.value.refusal.reason is RefusalReason.TOO_LARGE
    assert source.tip()


def test_commit_when_over_64_kb_then_too_large(site: Site, source: GitSource) -> None:
    with pytest.raises(Refused) as caught:
        site.commit(source, TIGHTER, message="x" * COMMIT_BYTES + LANDING)
    assert caught.value.refusal.reason is RefusalReason.TOO_LARGE


def test_history_when_longer_than_a_pass_then_it_ends_with_what_is_verified_and_goes_on(
    site: Site, source: GitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_COMMITS", 2)
    tip = source.tip()
    for number in range(3):
        tip = site.commit(source, {"README.md": b"%d" % number}, parent=tip)
    verifier, passes = site.verifier(source), []
    verified = verifier.advance("", tip)
    while verified.more:
        passes.append(len(verified.commits))
        with pytest.raises(Refused) as caught:
            verified.required()
        assert (verified.refusal, caught.value.refusal.reason) == (None, RefusalReason.TOO_LARGE)
        verified = verifier.advance(verified.commit, tip)
    assert (passes, verified.commit, len(verified.commits)) == ([2], tip, 2)


def test_merge_when_it_brings_more_than_a_pass_takes_then_too_large(
    site: Site, source: GitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_COMMITS", 2)
    main = site.commit(source, TIGHTER)
    side = source.tip()
    for number in range(3):
        side = site.commit(source, {"README.md": b"%d" % number}, parent=side)
    tree = source.git.run(["merge-tree", "--write-tree", main, side]).decode().split()[0]
    payload = commit_payload(tree, (main, side), "A <a@b>", 1, "Join" + LANDING)
    tip = source.seal(payload, site.key("operator")(payload))
    verified = site.advance(source, tip)
    assert (verified.commit, verified.more) == (main, True)
    stuck = site.advance(source, tip, main)
    assert stuck.refusal is not None
    assert (stuck.refusal.reason, stuck.commit) == (RefusalReason.TOO_LARGE, main)


def test_tree_when_more_entries_than_bound_then_too_large(
    site: Site, source: GitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ENTRIES", 5)
    with pytest.raises(Refused) as caught:
        source.tree(source.tip())
    assert caught.value.refusal.reason is RefusalReason.TOO_LARGE


def test_mirror_when_remote_moves_then_follows_and_leaves_no_quarantine(
    site: Site, source: GitSource, mirror: GitSource
) -> None:
    assert mirror.tip() == site.pins.introduction
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "Tighter")
    commit = source.land(payload, site.key("operator")(payload))
    source.publish_evidence({"halts/" + "a" * 32 + ".yaml": b"x\n"}, "Record", site.own)
    assert mirror.tip() == commit
    assert site.advance(mirror, commit).refusal is None
    assert mirror.evidence(site.own) == source.evidence(site.own)
    assert [path for path in mirror.git.git_dir.iterdir() if path.name.startswith("quarantine-")] == []


def test_mirror_when_remote_is_gone_then_unavailable_and_the_mirror_stays(site: Site, mirror: GitSource) -> None:
    tip = mirror.tip()
    site.home.bare.rename(site.home.root / "away.git")
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        mirror.tip()
    assert mirror.is_ancestor(tip, tip)
    assert mirror.tree(tip)


def test_fetch_when_larger_than_its_bound_then_unavailable_and_nothing_enters(
    site: Site, source: GitSource, mirror: GitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.tip()
    commit = site.commit(source, {"noise.bin": os.urandom(200_000)})
    site.git("update-ref", "refs/heads/main", commit, cwd=site.home.bare)
    monkeypatch.setattr(remotes, "FETCH_BYTES", 50_000)
    with pytest.raises(SourceUnavailable):
        mirror.tip()
    assert not mirror.is_ancestor(commit, commit + "x")
    with pytest.raises(Refused):
        mirror.tree(commit)


def test_mirror_when_remote_is_rewound_then_tip_is_told_and_verification_refuses(
    site: Site, source: GitSource, mirror: GitSource
) -> None:
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "Tighter")
    commit = source.land(payload, site.key("operator")(payload))
    assert mirror.tip() == commit
    site.git("update-ref", "refs/heads/main", site.pins.introduction, cwd=site.home.bare)
    verified = site.advance(mirror, mirror.tip(), since=commit)
    assert verified.refusal is not None
    assert verified.refusal.reason is RefusalReason.NOT_DESCENDANT


def test_mirror_when_it_lands_behind_the_remote_then_raced(site: Site, source: GitSource, mirror: GitSource) -> None:
    payload = mirror.stage(mirror.tip(), TIGHTER, "A <a@b>", 1, "Mine")
    other = source.stage(source.tip(), {"README.md": b"x"}, "A <a@b>", 1, "Theirs")
    landed = source.land(other, site.key("operator")(other))
    with pytest.raises(Raced):
        mirror.land(payload, site.key("operator")(payload))
    assert mirror.tip() == landed


def test_provision_when_done_then_only_the_owner_reads(site: Site) -> None:
    for folder in (site.home.bare, site.home.clone):
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.lstat().st_mode)
            assert path.is_symlink() or mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_provision_when_repeated_then_changes_nothing(site: Site) -> None:
    hook = site.home.bare / "hooks" / "pre-receive"
    hook.write_text(hook.read_text() + "# mine\n")
    person = Person("Another", "b@example.org", site.home.keys / "operator")
    again = provision(site.home, {"x": b"y"}, person, site.pins, site.key("operator"))
    assert again == site.pins
    assert hook.read_text().endswith("# mine\n")
    assert site.git("config", "user.name").stdout.strip() == "A Person"
    assert site.tip() == site.pins.introduction


def test_provision_when_killed_before_pins_were_saved_then_takes_its_own_introduction_up(site: Site) -> None:
    person = Person("A Person", "a@example.org", site.home.keys / "operator")
    unsaved = replace(site.pins, introduction="", fingerprints=())
    assert provision(site.home, {}, person, unsaved, site.key("operator")) == site.pins


def test_provision_when_history_is_of_another_key_then_trusts_nothing(site: Site) -> None:
    site.key("stranger")
    person = Person("A Person", "a@example.org", site.home.keys / "stranger")
    with pytest.raises(SettingsError, match="nothing is trusted on first use"):
        provision(site.home, {}, person, replace(site.pins, introduction="", fingerprints=()), site.key("stranger"))


def test_push_when_it_removes_a_strategy_with_an_open_halt_then_refused(site: Site, source: GitSource) -> None:
    path = "strategies/contrarian-swing.yaml"
    content = source.blob(source.tree(source.tip())[path].id).decode()
    uid = content.partition("\nuid: ")[2].partition("\n")[0].strip('" ').partition(" ")[0].strip('"')
    entry = Entry(HALT, "a" * 32, 1_768_818_225_000_000_000, scope=f"strategy:{uid}", mode=3, actor="kim")
    journal, problem = record(str(site.home.root), entry)
    assert journal is not None, problem
    journal.close()
    before = site.tip()
    site.git("rm", "-q", path)
    done = site.git("commit", "-S", "-m", "Remove it")
    assert "HaltOpenOnObject" in done.stderr
    assert site.tip() == before


def test_objects_when_written_then_git_finds_them_intact(site: Site) -> None:
    reader = Reader(Git(site.home.bare))
    payload = Writer(reader).stage(
        site.tip(), {"strategies-note": b"x", "strategies.yaml": b"y"}, "A <a@b>", 1, "Order"
    )
    commit = Writer(reader).commit(payload, site.key("operator")(payload))
    reader.close()
    subprocess.run(["git", "fsck", "--strict", commit], cwd=site.home.bare, check=True, capture_output=True)
