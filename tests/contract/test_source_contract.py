"""The Source port's contract, on real git (embedded, and behind a file:// remote) and in memory."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.git.memory import MemorySource
from controller.adapters.git.objects import BLOB_BYTES, refused
from controller.adapters.git.process import Git
from controller.adapters.git.reader import Reader
from controller.adapters.git.source import BOT, GitSource
from controller.adapters.git.writer import Writer
from controller.adapters.signatures.keys import KeyFile, generate
from controller.adapters.signatures.sshsig import verify
from controller.errors import Raced, Refused, SourceUnavailable
from controller.ports import RawCommit, Source
from schemas.status import RefusalReason

AUTHOR = "A Person <a@example.org>"
HALT = "halts/" + "a" * 32 + ".yaml"
OTHER = "halts/" + "b" * 32 + ".yaml"
THIRD = "halts/" + "c" * 32 + ".yaml"


def by_the_bot(commit: RawCommit) -> bool:
    """Whether the contract's sources made ``commit`` on the bot's branch themselves."""
    assert commit.signature is not None
    verify(commit.payload, commit.signature)
    return commit.author == BOT


@pytest.fixture(params=["memory", "embedded", "remote"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    generate(tmp_path / "bot", "bot")
    key = KeyFile(tmp_path / "bot")
    if request.param == "memory":
        memory = MemorySource("main", ManualClock(), key)
        payload = memory.stage(None, {"a.yaml": b"1\n", "strategies/x.yaml": b"x\n"}, AUTHOR, 1, "First")
        memory.land(payload, key(payload))
        yield memory
        return
    bare = tmp_path / "bare.git"
    introduce(bare, key)
    made = (
        GitSource(bare, "main", ManualClock(), sign=key)
        if request.param == "embedded"
        else GitSource(tmp_path / "mirror.git", "main", ManualClock(), sign=key, remote=f"file://{bare}")
    )
    yield made
    made.close()


def introduce(bare: Path, key: Callable[[bytes], bytes]) -> None:
    git = Git(bare)
    bare.mkdir()
    git.run(["init", "-q", "--bare", "--initial-branch=main"])
    reader = Reader(git)
    writer = Writer(reader)
    payload = writer.stage(None, {"a.yaml": b"1\n", "strategies/x.yaml": b"x\n"}, AUTHOR, 1, "First")
    writer.move("refs/heads/main", writer.commit(payload, key(payload)), None)
    reader.close()


@pytest.fixture
def sign(tmp_path: Path) -> KeyFile:
    generate(tmp_path / "person", "person")
    return KeyFile(tmp_path / "person")


def landed(source: Source, sign: KeyFile, content: bytes, parent: str = "") -> str:
    payload = source.stage(parent or source.tip(), {"a.yaml": content}, AUTHOR, 2, "Change")
    return source.land(payload, sign(payload))


def test_tip_when_nothing_lands_then_stays(source: Source) -> None:
    assert source.tip() == source.tip()
    assert len(source.tip()) == 40


def test_land_when_on_the_tip_then_becomes_the_tip_with_its_signature(source: Source, sign: KeyFile) -> None:
    before = source.tip()
    commit = landed(source, sign, b"2\n")
    (raw,) = source.commits(before, commit)
    assert source.tip() == commit == raw.id
    assert raw.parents == (before,)
    assert (raw.author, raw.committer, raw.time, raw.message) == (AUTHOR, AUTHOR, 2, "Change\n")
    assert raw.signature is not None
    assert verify(raw.payload, raw.signature).fingerprint == sign.fingerprint


def test_land_when_the_branch_has_moved_then_raced_and_nothing_moves(source: Source, sign: KeyFile) -> None:
    before = source.tip()
    first = landed(source, sign, b"2\n")
    with pytest.raises(Raced):
        landed(source, sign, b"3\n", parent=before)
    assert source.tip() == first


def test_stage_and_seal_when_done_then_no_branch_moves(source: Source, sign: KeyFile) -> None:
    before = source.tip()
    payload = source.stage(before, {"a.yaml": b"2\n"}, AUTHOR, 2, "Change")
    commit = source.seal(payload, sign(payload))
    assert source.tip() == before
    assert source.commits(before, commit)[0].payload == payload
    assert source.land(payload, sign(payload)) == commit


def test_stage_when_files_change_then_all_others_stay(source: Source, sign: KeyFile) -> None:
    before = source.tree(source.tip())
    files = {"a.yaml": None, "strategies/y.yaml": b"y\n", "docs/deep/z.md": b"z\n"}
    payload = source.stage(source.tip(), files, AUTHOR, 2, "Change")
    after = source.tree(source.land(payload, sign(payload)))
    assert set(after) == {"strategies/x.yaml", "strategies/y.yaml", "docs"}
    assert after["strategies/x.yaml"] == before["strategies/x.yaml"]
    assert source.blob(after["strategies/y.yaml"].id) == b"y\n"
    assert (after["strategies/y.yaml"].mode, after["docs"].kind) == ("100644", "tree")


def test_stage_when_the_last_file_of_a_folder_goes_then_the_folder_goes(source: Source, sign: KeyFile) -> None:
    payload = source.stage(source.tip(), {"strategies/x.yaml": None}, AUTHOR, 2, "Change")
    assert set(source.tree(source.land(payload, sign(payload)))) == {"a.yaml"}


def test_tree_when_asked_by_tree_id_then_the_same_as_by_commit(source: Source) -> None:
    tip = source.tip()
    assert source.tree(source.commits(None, tip)[0].tree) == source.tree(tip)


@pytest.mark.parametrize("author", ["A Person", "A <a@b", "A\nB <a@b>", " <a@b>", "A <a@b> <c@d>"])
def test_stage_when_author_could_be_read_otherwise_then_refused(source: Source, author: str) -> None:
    with pytest.raises(ValueError, match="Name <email>"):
        source.stage(source.tip(), {}, author, 2, "Change")


@pytest.mark.parametrize("path", ["../x", ".git", "strategies/.git", "a//b", "/x"])
def test_stage_when_path_leaves_the_tree_then_refused(source: Source, path: str) -> None:
    with pytest.raises(Refused):
        source.stage(source.tip(), {path: b"x"}, AUTHOR, 2, "Change")


def test_stage_when_blob_is_too_large_then_refused(source: Source) -> None:
    with pytest.raises(Refused) as caught:
        source.stage(source.tip(), {"a.yaml": b"x" * (BLOB_BYTES + 1)}, AUTHOR, 2, "Change")
    assert caught.value.refusal.reason is RefusalReason.TOO_LARGE


def test_commits_when_several_then_parents_come_first(source: Source, sign: KeyFile) -> None:
    first = source.tip()
    made = [landed(source, sign, f"{number}\n".encode()) for number in range(5)]
    assert [commit.id for commit in source.commits(None, made[-1])] == [first, *made]
    assert [commit.id for commit in source.commits(made[1], made[-1])] == made[2:]
    assert source.commits(made[-1], made[-1]) == []


def test_history_when_longer_than_what_one_pass_judges_then_whole(
    source: Source, sign: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = source.tip()
    made = [landed(source, sign, f"{number}\n".encode()) for number in range(5)]
    for module in ("reader", "memory"):
        monkeypatch.setattr(f"controller.adapters.git.{module}.MAX_COMMITS", 3)
    with pytest.raises(Refused) as caught:
        source.commits(None, made[-1])
    assert caught.value.refusal.reason is RefusalReason.TOO_LARGE
    assert [source.step(None, made[-1]), source.step(made[0], made[-1])] == [made[1], made[3]]
    assert [source.step(made[1], made[-1]), source.step(made[-1], made[-1])] == [made[-1], made[-1]]
    assert [commit.id for commit in source.history(None, made[-1])] == [first, *made]
    assert [commit.id for commit in source.history(made[0], made[-1])] == made[1:]


def test_ancestor_when_asked_then_only_true_for_history(source: Source, sign: KeyFile) -> None:
    first = source.tip()
    second, third = landed(source, sign, b"2\n"), landed(source, sign, b"3\n")
    assert source.is_ancestor(first, first)
    assert source.is_ancestor(second, third)
    assert source.is_ancestor(first, third)
    assert not source.is_ancestor(third, first)
    assert not source.is_ancestor("0" * 40, third)


def test_evidence_when_no_branch_then_empty(source: Source) -> None:
    assert source.evidence(by_the_bot) == {}


def test_evidence_when_published_then_grows_and_touches_no_human_branch(source: Source) -> None:
    before = source.tip()
    first = source.publish_evidence({HALT: b"one\n"}, "Record a halt", by_the_bot)
    second = source.publish_evidence({OTHER: b"two\n"}, "Record a halt", by_the_bot)
    assert first != second
    assert source.evidence(by_the_bot) == {HALT: b"one\n", OTHER: b"two\n"}
    assert source.tip() == before
    assert source.commits(first, second)[0].parents == (first,)


def test_evidence_when_published_again_then_makes_no_commit_and_changes_nothing(source: Source) -> None:
    first = source.publish_evidence({HALT: b"one\n"}, "Record a halt", by_the_bot)
    assert source.publish_evidence({HALT: b"one\n"}, "Again", by_the_bot) == first
    assert source.publish_evidence({HALT: b"changed\n"}, "Again", by_the_bot) == first
    assert source.evidence(by_the_bot) == {HALT: b"one\n"}


def test_evidence_when_the_branch_ends_with_a_stranger_then_older_records_count_and_none_is_added(
    source: Source,
) -> None:
    first = source.publish_evidence({HALT: b"one\n"}, "Record a halt", by_the_bot)
    source.publish_evidence({OTHER: b"forged\n"}, "Record a halt", by_the_bot)

    def own(commit: RawCommit) -> bool:
        return commit.id == first

    assert source.evidence(own) == {HALT: b"one\n"}
    assert source.evidence(lambda _: False) == {}
    with pytest.raises(SourceUnavailable, match="no bot has signed"):
        source.publish_evidence({THIRD: b"three\n"}, "Record a halt", own)
    assert source.evidence(by_the_bot) == {HALT: b"one\n", OTHER: b"forged\n"}


def test_evidence_when_path_is_no_halt_record_then_refused(source: Source) -> None:
    with pytest.raises(ValueError, match="halts/<id>"):
        source.publish_evidence({"risk_config.yaml": b"x"}, "No", by_the_bot)


def test_blob_and_tree_when_unknown_then_bad_object(source: Source) -> None:
    with pytest.raises(Refused) as caught:
        source.blob("1" * 40)
    assert caught.value.refusal.reason is RefusalReason.BAD_OBJECT
    assert refused("1" * 40, RefusalReason.BAD_OBJECT, "x").refusal.commit == "1" * 40


def test_objects_when_git_reads_them_then_intact(source: Source, sign: KeyFile) -> None:
    commit = landed(source, sign, b"2\n")
    if isinstance(source, GitSource):
        done = subprocess.run(
            ["git", "fsck", "--strict", "--full"], cwd=source.git.git_dir, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr.replace("notice: HEAD points to an unborn branch (master)\n", "")) == (
            0,
            "",
        )
        assert source.git.run(["cat-file", "-t", commit]) == b"commit\n"


def test_merge_bases_when_lines_part_and_cross_then_every_best_one(source: Source, sign: KeyFile) -> None:
    def joined(*parents: str) -> str:
        payload = source.stage(parents[0], {}, AUTHOR, 3, "Join")
        one, more = f"parent {parents[0]}\n", "".join(f"parent {parent}\n" for parent in parents)
        payload = payload.replace(one.encode(), more.encode(), 1)
        return source.seal(payload, sign(payload))

    def grown(parent: str, content: bytes) -> str:
        payload = source.stage(parent, {"a.yaml": content}, AUTHOR, 2, "Change")
        return source.seal(payload, sign(payload))

    base = source.tip()
    left, right = grown(base, b"2\n"), grown(base, b"3\n")
    assert source.merge_bases(left, right) == {base}
    assert source.merge_bases(base, right) == {base}
    one, other = joined(left, right), joined(right, left)
    assert source.merge_bases(one, other) == {left, right}
    root = source.stage(base, {}, AUTHOR, 4, "Root").replace(f"parent {base}\n".encode(), b"")
    assert source.merge_bases(one, source.seal(root, sign(root))) == frozenset()
