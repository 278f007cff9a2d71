"""What people do with plain git in the clone, and what the bare repo says to each push."""

import subprocess
from pathlib import Path

import pytest

from controller.adapters.git.source import EVIDENCE, GitSource
from controller.errors import Raced
from tests.support.config_repo import DESK, LANDING, TARGET_VALUE, Site, make_site, replaced, trust_text

HALT = "halts/" + "a" * 32 + ".yaml"
HALT_TEXT = (
    f'version: 1\nid: {"a" * 32}\nscope:\n  kind: account\nmode: halt-all\nopened: "2026-01-19T10:23:45Z"\n'
    'actor: kim\nchannel: cli\nreason: "feed is wrong"\n'
)
LIMIT = ("risk_config.yaml", "max_positions: 20", "max_positions: 30")
TIGHTER = ("risk_config.yaml", "max_positions: 20", "max_positions: 10")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path, DESK)


def commit_as(site: Site, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return site.git("-c", f"user.signingkey={site.home.keys / name}", "commit", "-S", "-m", "Change", *options)


def refused(site: Site, done: subprocess.CompletedProcess[str], reason: str, before: str) -> None:
    """The push was refused with ``reason`` and a next command; the commit is only in the clone."""
    assert "NOT PUSHED" in done.stderr, done.stderr
    assert reason in done.stderr
    assert "gt-risk: next: " in done.stderr
    assert site.tip() == before
    assert site.git("rev-parse", "HEAD").stdout.strip() != before


def test_commit_when_signed_then_pushed_with_the_landing_trailer(site: Site) -> None:
    site.edit(*LIMIT)
    done = site.git("commit", "-S", "-m", "More positions")
    assert done.stderr == ""
    assert site.tip() == site.git("rev-parse", "HEAD").stdout.strip()
    assert site.git("log", "-1", "--format=%(trailers:key=Gt-Target,valueonly)").stdout.strip() == TARGET_VALUE


def test_commit_when_unsigned_then_refused_and_amending_with_a_signature_repairs_it(site: Site) -> None:
    before = site.tip()
    site.edit(*LIMIT)
    done = site.git("commit", "-m", "More positions")
    refused(site, done, "Unsigned: the commit is not signed", before)
    assert "git commit --amend --no-edit -S" in done.stderr
    assert site.git("commit", "--amend", "--no-edit", "-S").stderr == ""
    assert site.tip() == site.git("rev-parse", "HEAD").stdout.strip()


@pytest.mark.parametrize(
    ("signer", "edit", "reason"),
    [
        ("stranger", LIMIT, "UnknownKey"),
        ("emergency", LIMIT, "NotAuthorizedForDirection"),
        ("trader", LIMIT, "NotAuthorizedForDirection"),
        ("bot", TIGHTER, "NotAuthorizedForPath"),
        ("officer", ("trust.yaml", "roles: [emergency]", "roles: [admin]"), "NotAuthorizedForPath"),
        ("operator", ("trust.yaml", "environment: paper", "environment: live"), "WrongTarget"),
        ("operator", ("trust.yaml", "admin, ", ""), "SchemaInvalid"),
        ("operator", ("risk_config.yaml", "max_positions: 20", "max_positions: on"), "SchemaInvalid"),
    ],
)
def test_commit_when_not_allowed_then_refused_with_the_reason(
    site: Site, signer: str, edit: tuple[str, str, str], reason: str
) -> None:
    before = site.tip()
    site.key(signer)
    site.edit(*edit)
    refused(site, commit_as(site, signer), reason, before)


def test_commit_when_emergency_key_tightens_then_pushed(site: Site) -> None:
    site.edit(*TIGHTER)
    assert commit_as(site, "emergency").stderr == ""
    assert site.tip() == site.git("rev-parse", "HEAD").stdout.strip()


def test_commit_when_key_is_denied_in_settings_then_refused(site: Site) -> None:
    before = site.tip()
    text = site.home.settings.read_text()
    site.home.settings.write_text(
        text.replace("denied_keys = []", f"denied_keys = ['{site.key('officer').fingerprint}']")
    )
    site.edit(*LIMIT)
    refused(site, commit_as(site, "officer"), "KeyDenied", before)


def test_commit_when_mistakes_are_several_then_all_are_printed(site: Site) -> None:
    before = site.tip()
    site.edit("risk_config.yaml", "max_positions: 20", "max_positions: on")
    site.edit("emergency.yaml", "trading_mode: normal", "trading_mode: maybe")
    done = site.git("commit", "-S", "-m", "Mistakes")
    refused(site, done, "SchemaInvalid: 2 mistakes", before)
    assert "risk_config.yaml:" in done.stderr
    assert "emergency.yaml:" in done.stderr


def test_commit_when_on_another_branch_then_neither_trailer_nor_push(site: Site) -> None:
    before = site.tip()
    site.git("switch", "-q", "-c", "draft")
    site.edit(*LIMIT)
    assert site.git("commit", "-S", "-m", "A draft").stderr == ""
    assert site.tip() == before
    assert "Gt-Target" not in site.git("log", "-1", "--format=%B").stdout


@pytest.mark.parametrize(
    ("change", "role", "reason"),
    [(TIGHTER, "officer", ""), (LIMIT, "officer", ""), (LIMIT, "trader", "NotAuthorizedForDirection")],
)
def test_merge_of_a_draft_when_pushed_then_its_signer_lands_what_it_may(
    site: Site, change: tuple[str, str, str], role: str, reason: str
) -> None:
    before = site.tip()
    site.git("switch", "-q", "-c", "draft")
    site.edit(*change)
    site.git("config", "user.signingkey", str(site.home.keys / role))
    site.git("commit", "-q", "-S", "-m", "A draft")
    site.git("switch", "-q", "main")
    site.git("merge", "-q", "--no-ff", "-S", "-m", "Merge", "draft")
    done = site.git("push", "origin", "main", check=False)
    assert (done.returncode == 0) is not bool(reason)
    assert reason in done.stderr
    assert (site.tip() == before) is bool(reason)


def test_push_when_branch_is_forced_back_then_refused(site: Site) -> None:
    site.edit(*TIGHTER)
    site.git("commit", "-S", "-m", "Fewer")
    tip = site.tip()
    done = site.git("push", "--force", "origin", f"{site.pins.introduction}:refs/heads/main", check=False)
    assert done.returncode != 0
    assert site.tip() == tip


@pytest.mark.parametrize("refspec", [":refs/heads/main", "HEAD:refs/heads/other", "HEAD:refs/tags/v1"])
def test_push_when_it_deletes_or_makes_another_ref_then_refused(site: Site, refspec: str) -> None:
    done = site.git("push", "origin", refspec, check=False)
    assert done.returncode != 0
    refs = site.git("for-each-ref", "--format=%(refname)", cwd=site.home.bare).stdout.split()
    assert refs == ["refs/heads/main"]


@pytest.mark.parametrize("kind", ["symlink", "submodule", "executable", "oversized"])
def test_push_when_tree_holds_what_is_no_document_then_refused(site: Site, kind: str) -> None:
    before = site.tip()
    file = site.home.clone / "risk_alerts.yaml"
    if kind == "symlink":
        file.unlink()
        file.symlink_to("risk_config.yaml")
    elif kind == "submodule":
        site.git("update-index", "--add", "--cacheinfo", f"160000,{before},strategies/module")
    elif kind == "executable":
        file.chmod(0o700)
    else:
        file.write_text("#" * 300_000)
    if kind != "submodule":
        site.git("add", "risk_alerts.yaml")
    refused(site, site.git("commit", "-S", "-m", kind), "TooLarge" if kind == "oversized" else "BadObject", before)


def test_clone_when_stale_then_told_to_pull_and_the_rebase_lands(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), replaced(*TIGHTER), "A <a@b>", 1, "By the CLI")
    landed = source.land(payload, site.key("operator")(payload))
    site.edit("emergency.yaml", 'reason: ""', 'reason: "a note"')
    done = site.git("commit", "-S", "-m", "A note")
    refused(site, done, "the branch has moved", landed)
    assert "git pull --rebase -S" in done.stderr
    site.git("pull", "-q", "--rebase", "-S")
    assert site.tip() == site.git("rev-parse", "HEAD").stdout.strip()
    assert site.git("rev-parse", "HEAD~1").stdout.strip() == landed


def test_halt_when_backfilled_and_a_person_commits_from_an_older_checkout_then_the_halt_is_still_in_git(
    site: Site, source: GitSource
) -> None:
    evidence = source.publish_evidence({HALT: HALT_TEXT.encode()}, "Record halt", site.own)
    assert site.tip() == site.pins.introduction
    site.edit(*LIMIT)
    assert site.git("commit", "-a", "-S", "-m", "From an older checkout").stderr == ""
    assert source.evidence(site.own) == {HALT: HALT_TEXT.encode()}
    assert site.git("rev-parse", EVIDENCE, cwd=site.home.bare).stdout.strip() == evidence
    stale = site.home.root / "stale"
    site.git("clone", "-q", str(site.home.bare), str(stale))
    assert HALT in site.git("ls-tree", "-r", "--name-only", "origin/gt-risk/halts", cwd=stale).stdout


def test_halt_record_when_on_main_and_an_older_checkout_commits_then_it_is_still_there(
    site: Site, source: GitSource
) -> None:
    payload = source.stage(source.tip(), {HALT: HALT_TEXT.encode()}, "A <a@b>", 1, "Copy the record" + LANDING)
    source.land(payload, site.key("operator")(payload))
    site.edit(*TIGHTER)
    assert "git pull --rebase -S" in site.git("commit", "-a", "-S", "-m", "From an older checkout").stderr
    site.git("pull", "-q", "--rebase", "-S")
    assert HALT in source.tree(source.tip())
    site.git("rm", "-q", HALT)
    before = site.tip()
    refused(site, site.git("commit", "-S", "-m", "Forget it"), "HaltRecordRemoved", before)


@pytest.mark.parametrize(
    ("signer", "files", "accepted"),
    [
        ("bot", {HALT: HALT_TEXT.encode()}, True),
        ("operator", {HALT: HALT_TEXT.encode()}, False),
        ("stranger", {HALT: HALT_TEXT.encode()}, False),
        ("bot", {"emergency.yaml": b"x"}, False),
    ],
)
def test_evidence_branch_when_pushed_then_only_the_bot_adds_records(
    site: Site, source: GitSource, signer: str, files: dict[str, bytes], accepted: bool
) -> None:
    first = source.publish_evidence({"halts/" + "b" * 32 + ".yaml": b"x\n"}, "Record halt", site.own)
    commit = site.commit(source, dict(files), signer, "Record halt", parent=first)
    done = site.git("push", str(site.home.bare), f"{commit}:{EVIDENCE}", check=False, cwd=site.home.bare)
    assert (done.returncode == 0) is accepted, done.stderr
    assert (HALT in source.evidence(site.own)) is accepted


def test_evidence_branch_when_a_record_is_taken_away_then_refused(site: Site, source: GitSource) -> None:
    first = source.publish_evidence({HALT: HALT_TEXT.encode()}, "Record halt", site.own)
    for change in ({HALT: None}, {HALT: b"other\n"}):
        commit = site.commit(source, change, "bot", "Take away", parent=first)
        done = site.git("push", str(site.home.bare), f"{commit}:{EVIDENCE}", check=False, cwd=site.home.bare)
        assert done.returncode != 0
        assert "HaltRecordRemoved" in done.stderr
    assert source.evidence(site.own) == {HALT: HALT_TEXT.encode()}


def test_land_when_a_person_pushes_first_then_raced(site: Site, source: GitSource) -> None:
    payload = source.stage(source.tip(), replaced(*LIMIT), "A <a@b>", 1, "By the CLI" + LANDING)
    site.edit(*TIGHTER)
    site.git("commit", "-S", "-m", "By a person")
    pushed = site.tip()
    with pytest.raises(Raced):
        source.land(payload, site.key("operator")(payload))
    assert site.tip() == pushed


def test_trust_when_key_is_removed_then_its_next_commit_is_refused(site: Site) -> None:
    left = trust_text({name: site.line(name) for name in DESK if name != "officer"})
    (site.home.clone / "trust.yaml").write_bytes(left)
    assert site.git("commit", "-a", "-S", "-m", "Officer leaves").stderr == ""
    before = site.tip()
    site.edit(*LIMIT)
    refused(site, commit_as(site, "officer", "--date=2020-01-01T00:00:00"), "UnknownKey", before)
