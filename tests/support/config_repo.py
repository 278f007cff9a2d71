"""A provisioned home with real git: bare repo, clone, hooks, keys by role, and ways to write commits to it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.adapters.clock import ManualClock
from controller.adapters.git.provision import HERE, Person, Place, provision
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.keys import KeyFile, generate
from controller.adapters.signatures.sshsig import check_key, verify
from controller.core.trust.commits import TARGET, target_text
from controller.home import Home
from controller.latch.journal import create
from controller.latch.raising import create_pair
from controller.ports import RawCommit
from controller.reconcile.boot import book16
from controller.reconcile.verifier import Verified, Verifier
from controller.settings import Pins
from schemas.status import RefusalReason
from tests.support import desired

REPO = "00112233445566778899aabbccddeeff"
TARGET_VALUE = target_text(REPO, "paper", "main")
LANDING = f"\n\n{TARGET}: {TARGET_VALUE}\n"
ROLES: Mapping[str, str] = {
    "operator": "admin, risk-officer, operator, emergency",
    "bot": "bot",
    "emergency": "emergency",
    "officer": "risk-officer",
    "trader": "operator",
    "web": "web",
    "forge": "forge",
}
SIGNERS: tuple[str, ...] = ("operator", "bot")
DESK = (*SIGNERS, "emergency", "officer", "trader")


def documents() -> dict[str, bytes]:
    """The filled template's documents by path, trust.yaml left out."""
    return {path: content for path, content in desired.files().items() if path != "trust.yaml"}


def trust_text(keys: Mapping[str, str], rules: str = "rules: []", environment: str = "paper") -> bytes:
    """A trust.yaml that lists ``keys`` (name → public key line) with the roles of ROLES."""
    lines = [
        "version: 1",
        "target:",
        f'  repo: "{REPO}"',
        f"  environment: {environment}",
        "  branch: main",
        "signers:",
    ]
    for name, line in keys.items():
        lines += [f"  - principal: {name}", f"    key: {line}", f"    roles: [{ROLES[name]}]"]
    return "\n".join([*lines, rules, ""]).encode()


@dataclass
class Site:
    """One home. ``keys`` holds a key file for each name that a test has used."""

    home: Home
    pins: Pins
    clock: ManualClock = field(default_factory=ManualClock)
    keys: dict[str, KeyFile] = field(default_factory=dict)
    place: Place = HERE

    def key(self, name: str) -> KeyFile:
        """The key of ``name``, made at its first use."""
        if name not in self.keys:
            generate(self.home.keys / name, name)
            self.keys[name] = KeyFile(self.home.keys / name)
        return self.keys[name]

    def line(self, name: str) -> str:
        """The public key line of ``name``."""
        self.key(name)
        return (self.home.keys / f"{name}.pub").read_text().strip()

    def source(self) -> GitSource:
        """The embedded source with the bot's key."""
        folder, introduction = self.place.path, self.pins.introduction
        return GitSource(
            self.home.bare, "main", self.clock, sign=self.key("bot"), folder=folder, introduction=introduction
        )

    def verifier(self, source: GitSource, pins: Pins | None = None) -> Verifier:
        """A verifier on ``source``."""
        return Verifier(source, pins or self.pins, verify, check_key)

    def commit(
        self,
        source: GitSource,
        files: Mapping[str, bytes | None],
        signer: str = "operator",
        message: str = "Change" + LANDING,
        parent: str = "",
        at: int = 1_768_818_225,
    ) -> str:
        """Write a signed commit of Unix second ``at`` on ``parent`` (the tip) and move no branch."""
        payload = source.stage(parent or source.tip(), files, "A Person <a@example.org>", at, message)
        return source.seal(payload, self.key(signer)(payload))

    def own(self, commit: RawCommit) -> bool:
        """Whether the bot of the introduction's trust signed ``commit``."""
        signer = verify(commit.payload, commit.signature or b"")
        return signer.key == self.key("bot").blob

    def advance(self, source: GitSource, tip: str, since: str = "") -> Verified:
        """Verify from ``since`` (the introduction) to ``tip``."""
        return self.verifier(source).advance(since or self.pins.introduction, tip)

    def git(self, *arguments: str, check: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run git as a person would, in the clone."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.home.clone,
            env={**keep, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"git {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file of the clone and stage it."""
        file = self.home.clone / path
        content = file.read_text()
        assert old in content
        file.write_text(content.replace(old, new, 1))
        self.git("add", "--", path)

    def tip(self) -> str:
        """The tip of the bare repo, by plain git."""
        return self.git("rev-parse", "refs/heads/main", cwd=self.home.bare).stdout.strip()


def replaced(path: str, old: str, new: str) -> dict[str, bytes | None]:
    """The template's ``path`` with one text replaced."""
    content = documents()[path].decode()
    assert old in content
    return {path: content.replace(old, new, 1).encode()}


TIGHTER = replaced("risk_config.yaml", "max_position_pct: 15%", "max_position_pct: 10%")
LOOSER = replaced("risk_config.yaml", "max_position_pct: 15%", "max_position_pct: 20%")
COMMENT = replaced("risk_config.yaml", "version: 1", "version: 1 # the first")


def reason(found: Verified) -> RefusalReason | None:
    """Why verification stopped where it did, if it did."""
    return found.refusal.reason if found.refusal else None


def make_site(folder: Path, signers: tuple[str, ...] = SIGNERS, rules: str = "rules: []", place: Place = HERE) -> Site:
    """Provision a home in ``folder`` whose trust.yaml lists ``signers``; the documents go to ``place``."""
    home = Home(folder / "home")
    home.root.mkdir(mode=0o700)
    site = Site(home, Pins(repo=REPO), place=place)
    for name in {*signers, "operator", "bot"}:
        site.key(name)
    trust = trust_text({name: site.line(name) for name in signers}, rules)
    files = {**documents(), "trust.yaml": trust}
    person = Person("A Person", "a@example.org", home.keys / "operator")
    site.pins = provision(home, files, person, site.pins, site.key("operator"), place)
    write_settings(site)
    return site


def latched_site(folder: Path) -> Site:
    """A site with an empty latch pair and journal, as ``init`` leaves it."""
    made = make_site(folder)
    made.home.raise_file.parent.mkdir(exist_ok=True)
    create_pair(str(made.home.raise_file), str(made.home.permit_file), book16(made.pins.repo))
    create(str(made.home.journal), 16)
    return made


def write_settings(site: Site) -> None:
    """settings.toml with the site's pins."""
    pins = site.pins
    lines = [
        "[pins]",
        f'repo = "{pins.repo}"',
        f'introduction = "{pins.introduction}"',
        f"fingerprints = {list(pins.fingerprints)!r}",
        f"denied_keys = {list(pins.denied_keys)!r}",
        f"repairs = {list(pins.repairs)!r}",
        f"repair_keys = {list(pins.repair_keys)!r}",
        "[source]",
        f'remote = "{site.place.remote}"',
        f'path = "{site.place.path}"',
    ]
    site.home.settings.write_text("\n".join([*lines, ""]))
