"""A config repo that is a folder of a larger repository: a fork whose upstream goes on, signed by nobody."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from controller.adapters.git.provision import Person, Place, provision
from controller.adapters.git.receive import judge
from controller.adapters.git.source import EVIDENCE, GitSource
from controller.core.trust.commits import PLAN
from controller.errors import Refused, SettingsError
from controller.reconcile.verifier import Verified, Verifier
from controller.settings import Pins, load
from schemas.status import RefusalReason
from tests.support.cli import gt_risk
from tests.support.config_repo import LANDING, LOOSER, Site, make_site, reason
from tests.support.folders import short_folder

FOLDER = "ops/risk"
ZERO = "0" * 40
RULES = "rules:\n  - path: risk_config.yaml\n    direction: loosen\n    roles: [risk-officer]\n    signers: 2\n"


def git(cwd: Path, *arguments: str) -> str:
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **{
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Up"), ("EMAIL", "u@x"))
        },
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass
class Fork:
    """A forge's bare repo with a history of its own, and a home whose config repo is a folder of it."""

    folder: Path
    rules: str = "rules: []"
    site: Site = field(init=False)
    source: GitSource = field(init=False)

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.forge = self.folder / "forge.git"
        git(self.folder, "init", "-q", "-b", "main", str(self.work))
        self.old = self.plain("README.md", "the project\n")
        git(self.folder, "clone", "-q", "--bare", str(self.work), str(self.forge))
        git(self.work, "remote", "add", "origin", str(self.forge))
        place = Place(f"file://{self.forge}", FOLDER)
        self.site = make_site(self.folder, ("operator", "bot", "officer", "forge"), self.rules, place)
        self.source = GitSource(
            self.work / ".git", "main", self.site.clock, folder=FOLDER, introduction=self.site.pins.introduction
        )
        git(self.work, "pull", "-q", "--ff-only", "origin", "main")

    def plain(self, path: str, text: str, message: str = "upstream") -> str:
        """An unsigned commit on what is checked out."""
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", message)
        return git(self.work, "rev-parse", "HEAD")

    def merge(self, *others: str) -> str:
        git(self.work, "merge", "-q", "--no-ff", "-m", "join", *others)
        return git(self.work, "rev-parse", "HEAD")

    def signed(self, commit: str, signer: str, message: str = "Join" + LANDING) -> str:
        """The same tree and parents as ``commit``, signed."""
        raw = git(self.work, "cat-file", "-p", commit).partition("\n\n")[0]
        payload = f"{raw}\n\n{message}".encode()
        return self.source.seal(payload, self.site.key(signer)(payload))

    def change(self, parent: str, files: dict[str, bytes | None], signer: str = "operator") -> str:
        """A signed commit of documents, checked out."""
        commit = self.site.commit(self.source, files, signer, parent=parent)
        git(self.work, "reset", "-q", "--hard", commit)
        return commit

    def verifier(self) -> Verifier:
        return self.site.verifier(self.source)

    def verified(self, tip: str) -> Verified:
        return self.verifier().advance("", tip)

    @property
    def begin(self) -> str:
        return self.site.pins.introduction


@pytest.fixture
def fork(tmp_path: Path) -> Iterator[Fork]:
    made = Fork(tmp_path)
    yield made
    made.source.close()


def limit(found: Verified) -> str:
    return str(found.desired.risk.hard_limits.position.max_position_pct)


def test_introduction_when_the_repository_has_a_history_then_it_stands_on_it_in_its_folder(fork: Fork) -> None:
    assert git(fork.work, "rev-parse", f"{fork.begin}^") == fork.old
    assert set(git(fork.work, "ls-tree", "--name-only", fork.begin).split()) == {"README.md", "ops"}
    assert not git(fork.work, "ls-tree", fork.begin, f"{FOLDER}/.github")
    found = fork.verified(fork.begin)
    assert (found.commits, reason(found), limit(found)) == ((fork.begin,), None, "15")


def test_upstream_when_it_leaves_the_folder_alone_then_its_commits_need_no_signature(fork: Fork) -> None:
    fork.plain("README.md", "more\n")
    git(fork.work, "checkout", "-q", "-b", "side", fork.begin)
    fork.plain("src/a.c", "int a;\n")
    git(fork.work, "checkout", "-q", "main")
    joined = fork.merge("side")
    changed = fork.change(joined, LOOSER)
    assert (reason(fork.verified(changed)), limit(fork.verified(changed))) == (None, "20")
    many = [joined]
    for name in ("one", "two"):
        git(fork.work, "checkout", "-q", "-b", name, changed)
        many.append(fork.plain(name, name))
    git(fork.work, "checkout", "-q", "main")
    git(fork.work, "reset", "-q", "--hard", changed)
    octopus = fork.merge("one", "two")
    assert len(git(fork.work, "rev-parse", f"{octopus}^@").split()) == 3
    assert (fork.verified(octopus).commit, limit(fork.verified(octopus))) == (octopus, "20")


@pytest.mark.parametrize("path", [f"{FOLDER}/risk_config.yaml", f"{FOLDER}/notes.txt"])
def test_commit_when_it_touches_the_folder_then_it_needs_a_signature(fork: Fork, path: str) -> None:
    assert reason(fork.verified(fork.plain(path, "version: 1\n"))) is RefusalReason.UNSIGNED


def test_folder_when_taken_away_then_refused_by_whomever(fork: Fork) -> None:
    git(fork.work, "rm", "-rq", "ops")
    git(fork.work, "commit", "-q", "-m", "tidy")
    gone = git(fork.work, "rev-parse", "HEAD")
    assert reason(fork.verified(gone)) is RefusalReason.UNSIGNED
    assert reason(fork.verified(fork.signed(gone, "operator"))) is RefusalReason.SCHEMA_INVALID


def test_upstream_of_before_when_merged_then_only_a_person_brings_it_in(fork: Fork) -> None:
    changed = fork.change(fork.begin, LOOSER)
    git(fork.work, "checkout", "-q", "-b", "upstream", fork.old)
    fork.plain("README.md", "new words\n")
    git(fork.work, "checkout", "-q", "main")
    joined = fork.merge("upstream")
    assert git(fork.work, "rev-parse", f"{joined}^1") == changed
    assert reason(fork.verified(joined)) is RefusalReason.UNSIGNED
    for signer in ("operator", "forge"):
        signed = fork.signed(joined, signer)
        assert (fork.verified(signed).commit, limit(fork.verified(signed))) == (signed, "20")


def test_folder_when_a_merge_brings_another_in_then_it_is_the_mergers_own_change(fork: Fork) -> None:
    git(fork.work, "checkout", "-q", "-b", "upstream", fork.old)
    fork.plain(f"{FOLDER}/notes.txt", "theirs\n")
    git(fork.work, "checkout", "-q", "main")
    joined = fork.merge("upstream")
    assert reason(fork.verified(fork.signed(joined, "forge"))) is RefusalReason.NOT_AUTHORIZED_FOR_PATH
    assert reason(fork.verified(fork.signed(joined, "operator"))) is None


def test_words_when_nobody_listed_signed_them_then_they_count_for_nothing(fork: Fork) -> None:
    words = f"upstream\n\n{PLAN}: {'a' * 64}"
    plain = fork.plain("README.md", "more\n", words)
    stranger, known = (fork.signed(plain, name, words + "\n") for name in ("stranger", "operator"))
    verifier = fork.verifier()
    for commit, speaks in ((plain, False), (stranger, False), (known, True), (fork.begin, True)):
        verifier.advance("", commit)
        raw = fork.source.commits(None, commit)[-1]
        assert (raw.id, verifier.speaks(raw)) == (commit, speaks)


def test_approval_when_upstream_goes_on_meanwhile_then_it_still_waits_and_an_empty_commit_gives_it(
    tmp_path: Path,
) -> None:
    fork = Fork(tmp_path, RULES)
    fork.change(fork.begin, LOOSER, "officer")
    later = fork.plain("README.md", "more\n")
    verifier = fork.verifier()
    assert [item.change.key for item in verifier.advance("", later).held] == ["position.max_position_pct"]
    digest = verifier.approvals.digest(later)
    forged = fork.plain("README.md", "even more\n", f"Approve{LANDING}{PLAN}: {digest}")
    assert fork.verified(forged).held
    approved = fork.site.commit(fork.source, {}, "operator", f"Approve{LANDING}{PLAN}: {digest}\n", forged)
    assert fork.verified(approved).held == ()
    fork.source.close()


def test_tip_when_it_does_not_descend_from_the_introduction_then_refused(fork: Fork) -> None:
    git(fork.work, "checkout", "-q", "-b", "upstream", fork.old)
    with pytest.raises(Refused) as caught:
        fork.verified(fork.plain("README.md", "new words\n"))
    assert caught.value.refusal.reason is RefusalReason.NOT_DESCENDANT


def test_push_when_it_reaches_the_embedded_repo_then_judged_by_its_folder(tmp_path: Path) -> None:
    site = make_site(tmp_path, place=Place(path=FOLDER))
    source = site.source()
    settings, tip = load({"GT_RISK_HOME": str(site.home.root)}), source.tip()
    good = site.commit(source, LOOSER)
    assert judge(settings, [f"{tip} {good} refs/heads/main"], {}).accepted
    bare = source.git
    tree = bare.run(["rev-parse", f"{tip}^{{tree}}"]).decode().strip()
    lie = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nhalts\n".encode()
    evidence = source.seal(lie, site.key("bot")(lie))
    refused = judge(settings, [f"{ZERO} {evidence} {EVIDENCE}"], {})
    assert not refused.accepted and "is no halt record" in " ".join(refused.said)
    source.close()


def test_provision_when_killed_before_pins_were_saved_then_takes_its_own_introduction_up(fork: Fork) -> None:
    person = Person("A Person", "a@example.org", fork.site.home.keys / "operator")
    unsaved = Pins(repo=fork.site.pins.repo)
    assert provision(fork.site.home, {}, person, unsaved, fork.site.key("operator"), fork.site.place) == fork.site.pins


def test_provision_when_the_folder_is_somebodys_config_repo_then_not_begun_anew(fork: Fork, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(SettingsError, match="nothing is trusted on first use"):
        make_site(tmp_path / "other", place=fork.site.place)


def test_path_when_it_is_no_folder_then_said() -> None:
    with short_folder() as home:
        for path in ("/etc", "a/../b", "a//b", "a/", " a", "x/.git"):
            ran = gt_risk(home, "init", "--path", path, "--json")
            assert (ran.code, ran.document["error"]["code"]) == (1, "SettingsError"), ran


def test_cli_when_the_documents_are_in_a_folder_then_it_reads_and_writes_them_there() -> None:
    with short_folder() as home:
        assert gt_risk(home, "init", "--name", "op", "--email", "op@x", "--path", FOLDER).code == 0
        ran = gt_risk(home, "limits", "set", "position.max_position_pct", "12%", "--yes", "--json")
        assert ran.code == 3, ran
        assert gt_risk(home, "config", "verify", "--json").document["verified"]
        git(home / "config", "-c", "core.hooksPath=/dev/null", "pull", "-q", "--ff-only")
        assert "max_position_pct: 12%" in (home / "config" / FOLDER / "risk_config.yaml").read_text()
        assert [path.name for path in (home / "config").iterdir() if path.name != ".git"] == ["ops"]
