"""The verifier on commits, trees and blobs that no honest git writes, and on what makes git itself lie."""

import stat
import subprocess
from pathlib import Path

import pytest

from controller.adapters.git.objects import BLOB_BYTES, LooseWriter, commit_payload, join_commit, tree_bytes
from controller.adapters.git.reader import Reader
from controller.adapters.git.source import GitSource
from controller.errors import SourceUnavailable
from controller.ports import Entry
from schemas.status import RefusalReason
from tests.support.config_repo import COMMENT, DESK, LANDING, LOOSER, TIGHTER, Site, make_site, reason


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path, DESK)


def test_unsigned_when_followed_by_a_signed_commit_then_still_refused(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "Unsigned")
    unsigned = raw_commit(site, payload)
    verified = site.advance(source, site.commit(source, COMMENT, parent=unsigned))
    assert reason(verified) is RefusalReason.UNSIGNED
    assert verified.refusal is not None
    assert verified.refusal.commit == unsigned


def test_unsigned_when_it_is_the_tip_then_its_tree_is_never_read(site: Site, source: GitSource) -> None:
    payload = commit_payload("7" * 40, (source.tip(),), "A <a@b>", 1, "No such tree")
    assert reason(site.advance(source, raw_commit(site, payload))) is RefusalReason.UNSIGNED


def raw_commit(site: Site, raw: bytes) -> str:
    loose = LooseWriter(site.home.bare / "objects")
    commit = loose.write("commit", raw)
    loose.flush()
    return commit


def test_signature_when_for_other_content_then_refused(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "One")
    other = source.stage(source.tip(), LOOSER, "A <a@b>", 1, "Two" + LANDING)
    assert (
        reason(site.advance(source, source.seal(other, site.key("operator")(payload)))) is RefusalReason.BAD_SIGNATURE
    )


def test_signature_when_two_headers_then_refused(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "Two signatures")
    once = join_commit(payload, site.key("stranger")(payload))
    twice = join_commit(once, site.key("operator")(payload))
    assert reason(site.advance(source, raw_commit(site, twice))) is RefusalReason.BAD_SIGNATURE


def test_signature_when_sha256_header_is_added_then_refused(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "Other header")
    head, _, message = payload.partition(b"\n\n")
    odd = head + b"\ngpgsig-sha256 x\n\n" + message
    assert reason(site.advance(source, source.seal(odd, site.key("operator")(odd)))) is RefusalReason.BAD_SIGNATURE


def test_commit_when_it_holds_a_nul_then_refused(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), TIGHTER, "A <a@b>", 1, "Hidden\0" + LANDING)
    refused = site.advance(source, source.seal(payload, site.key("operator")(payload)))
    assert reason(refused) is RefusalReason.BAD_OBJECT


def test_replace_ref_when_it_spoofs_a_commit_then_the_real_one_is_judged(site: Site, source: GitSource) -> None:
    good = site.commit(source, TIGHTER)
    bad = site.commit(source, LOOSER, "stranger")
    subprocess.run(["git", "replace", bad, good], cwd=site.home.bare, check=True)
    assert reason(site.advance(source, bad)) is RefusalReason.UNKNOWN_KEY


def test_graft_when_it_hides_a_commit_then_it_is_judged_all_the_same(site: Site, source: GitSource) -> None:
    hidden = site.commit(source, LOOSER, "stranger")
    tip = site.commit(source, COMMENT, parent=hidden)
    (site.home.bare / "info").mkdir(exist_ok=True)
    (site.home.bare / "info" / "grafts").write_text(f"{tip} {site.pins.introduction}\n")
    assert reason(site.advance(source, tip)) is RefusalReason.UNKNOWN_KEY


def test_shallow_when_repo_is_then_source_is_unavailable(site: Site, source: GitSource) -> None:
    first = site.commit(source, TIGHTER)
    tip = site.commit(source, COMMENT, parent=first)
    (site.home.bare / "shallow").write_text(f"{first}\n")
    with pytest.raises(SourceUnavailable, match="shallow"):
        site.advance(source, tip)


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("risk_alerts.yaml", ("120000", "blob")),
        ("risk_alerts.yaml", ("100755", "blob")),
        ("notes", ("120000", "blob")),
        ("module", ("160000", "commit")),
        ("risk_alerts.yaml", ("040000", "tree")),
        ("strategies", ("100644", "blob")),
    ],
)
def test_entry_when_no_plain_file_then_refused(
    site: Site, source: GitSource, path: str, entry: tuple[str, str]
) -> None:
    commit = with_entry(site, source, path, entry)
    assert reason(site.advance(source, commit)) is RefusalReason.BAD_OBJECT


def with_entry(site: Site, source: GitSource, path: str, entry: tuple[str, str]) -> str:
    """A signed commit whose root tree has one odd entry."""
    reader = Reader(source.git)
    entries = dict(reader.one_tree(source.tip(), reader.commit(source.tip()).tree))
    reader.close()
    loose = LooseWriter(site.home.bare / "objects")
    blob = loose.write("blob", b"version: 1\n")
    target = loose.write("tree", tree_bytes({"x": Entry("100644", "blob", blob)})) if entry[1] == "tree" else blob
    entries[path] = Entry(entry[0], "tree" if entry[1] == "tree" else "blob", target)
    tree = loose.write("tree", tree_bytes(entries))
    loose.flush()
    payload = commit_payload(tree, (source.tip(),), "A <a@b>", 1, "Odd" + LANDING)
    return source.seal(payload, site.key("operator")(payload))


def test_blob_when_oversized_then_refused(site: Site, source: GitSource) -> None:
    big = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=site.home.bare,
        input=b"#" * (BLOB_BYTES + 1),
        capture_output=True,
        check=True,
    ).stdout.decode()
    reader = Reader(source.git)
    entries = dict(reader.one_tree(source.tip(), reader.commit(source.tip()).tree))
    reader.close()
    entries["risk_alerts.yaml"] = Entry("100644", "blob", big.strip())
    loose = LooseWriter(site.home.bare / "objects")
    tree = loose.write("tree", tree_bytes(entries))
    loose.flush()
    payload = commit_payload(tree, (source.tip(),), "A <a@b>", 1, "Big" + LANDING)
    assert reason(site.advance(source, source.seal(payload, site.key("operator")(payload)))) is RefusalReason.TOO_LARGE


def test_object_when_its_bytes_do_not_match_its_id_then_refused(site: Site, source: GitSource) -> None:
    first, second = site.commit(source, TIGHTER), site.commit(source, LOOSER, "stranger")
    objects = site.home.bare / "objects"
    target = objects / second[:2] / second[2:]
    target.chmod(stat.S_IRUSR | stat.S_IWUSR)
    target.write_bytes((objects / first[:2] / first[2:]).read_bytes())
    assert reason(site.advance(source, second)) in (RefusalReason.BAD_OBJECT, RefusalReason.NOT_DESCENDANT)
