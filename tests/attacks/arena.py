"""A running service, a stranger's repository beside it, and what must not have changed after an attack."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.adapters.clock import SystemClock
from controller.adapters.engines.gate import GateEngine
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.keys import KeyFile
from controller.core.trust.commits import TARGET, target_text
from controller.home import Home
from controller.rpc.client import call
from controller.settings import load
from schemas.desired import StrategyStatus
from tests.support.config_repo import ROLES, Site
from tests.support.histories import Histories
from tests.support.service import Service, running_service, until

MAIN = "refs/heads/main"
STILL = {"GT_RISK_PAPER__BAR_SECONDS": "86400"}
"""No bar comes: whatever moves in the book, an attack has moved it."""
PEOPLE = ("emergency", "officer", "trader", "forge", "web", "leaver", "mover", "goer")
TWO_KEYS = "pair"
ROLE_OF = {**ROLES, "leaver": ROLES["officer"], "mover": ROLES["officer"], "goer": ROLES["officer"]}
TWO_PERSON = """rules:
  - path: strategies/disclosure-follower.yaml
    direction: loosen
    roles: [operator]
    signers: 2
"""
HALTED = "contrarian-swing"


@dataclass
class Arena:
    """``histories`` writes into a repository that is no part of the installation; :meth:`push` is a real push."""

    service: Service
    home: Home
    histories: Histories
    target: str
    halts: list[str] = field(default_factory=list)
    made: int = 0

    @property
    def landing(self) -> str:
        """The end of a message that lands its commit here."""
        return f"\n\n{TARGET}: {self.target}\n"

    def tip(self) -> str:
        """The commit that the bare repo's branch names."""
        return self.git("rev-parse", MAIN, bare=True).stdout.strip()

    def git(self, *argv: str, bare: bool = False, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run plain git in the stranger's repository, or in the bare one."""
        folder = self.home.bare if bare else self.histories.source.git.git_dir
        env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/"}
        done = subprocess.run(["git", f"--git-dir={folder}", *argv], input=stdin, capture_output=True, env=env)
        text = (done.stdout.decode(), done.stderr.decode("utf-8", "replace"))
        return subprocess.CompletedProcess(done.args, done.returncode, *text)

    def ask(self, method: str, **params: Any) -> Any:
        """One question to the controller."""
        return call(str(self.home.controller_socket), method, params, 30.0)

    def text(self, path: str, commit: str = "") -> str:
        """A document as it stands at ``commit`` (the tip)."""
        done = self.git("show", f"{commit or self.tip()}:{path}", bare=not commit)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def changed(self, path: str, pattern: str, new: str, commit: str = "") -> dict[str, bytes | None]:
        """A document with what ``pattern`` matches replaced."""
        text, count = re.subn(pattern, new, self.text(path, commit), count=1)
        assert count == 1, (path, pattern)
        return {path: text.encode()}

    def limit(self, percent: int) -> dict[str, bytes | None]:
        """The largest position at another share; 15 at the start."""
        return self.changed("risk_config.yaml", r"max_position_pct: \d+%", f"max_position_pct: {percent}%")

    def commit(
        self, files: Mapping[str, bytes | None], signer: str = "operator", message: str = "", on: str = ""
    ) -> str:
        """A signed commit on the tip, landed unless ``message`` says otherwise."""
        self.made += 1
        said = message or f"Change {self.made}{self.landing}"
        return self.histories.commit(on or self.tip(), files, signer, said)

    def push(self, commit: str, ref: str = MAIN) -> subprocess.CompletedProcess[str]:
        """``git push --force`` of a commit to the bare repo."""
        return self.git("push", "--force", str(self.home.bare), f"{commit}:{ref}")

    def land(self, commit: str) -> str:
        """Push what is allowed, and wait until it is in force."""
        done = self.push(commit)
        assert done.returncode == 0, done.stderr
        self.seen(lambda status: status["revision"]["last_applied"] == commit)
        return commit

    def plant(self, commit: str, ref: str = MAIN) -> None:
        """Put a commit behind the hook's back, as whoever writes the bare repo's files can."""
        fetched = self.git("fetch", "--quiet", str(self.histories.source.git.git_dir), commit, bare=True)
        assert fetched.returncode == 0, fetched.stderr
        self.point(commit, ref)

    def point(self, commit: str, ref: str = MAIN) -> None:
        """Move a ref of the bare repo, asking no hook."""
        assert self.git("update-ref", ref, commit, bare=True).returncode == 0

    def put_back(self) -> None:
        """The branch at the last verified commit again, and the controller content with it."""
        self.point(self.ask("status")["revision"]["last_verified"])
        self.seen(lambda status: status["refusal"] is None and status["revision"]["observed_tip"] == self.tip())

    def seen(self, condition: Callable[[Any], bool]) -> Any:
        """The status, once ``condition`` holds for it."""
        found: list[Any] = []

        def holds() -> bool:
            found[:] = [self.ask("status")]
            return condition(found[0])

        until(holds, "the controller has seen it")
        return found[0]

    def newest(self, event: str) -> Any:
        """The newest audit record of an event."""
        return next(iter(self.ask("audit.log", event=event, limit=1)["events"]), None)

    def state(self) -> dict[str, Any]:
        """Latch, limits and engine: both files' words, what the gate enforces, book and venue."""
        with closing(GateEngine(self.home.gate_socket)) as engine:
            live = engine.read()
        limits = self.ask("limits.list")["limits"]
        return {
            "raise": self.home.raise_file.read_bytes(),
            "released": self.home.permit_file.read_bytes()[512:1032],
            "halts": sorted(item["id"] for item in self.ask("status")["halts"]),
            "limits": {item["name"]: item["value"] for item in limits},
            "gate": (live.gate.mode, live.gate.statuses, live.gate.words),
            "venue": (live.venue_mode, {uid: item.venue_status for uid, item in live.strategies.items()}),
            "book": (live.account.cash, live.positions, live.orders, live.filled),
        }


@contextmanager
def arena(folder: Path) -> Iterator[Arena]:
    """A service with a team's trust, one strategy halted for the second time, and a stranger's repository."""
    evil = folder / "evil.git"
    with running_service(env=STILL) as service:
        home = Home(service.home)
        subprocess.run(["git", "clone", "-q", "--mirror", str(home.bare), str(evil)], check=True)
        with closing(GitSource(evil, "main", SystemClock())) as source:
            made = prepared(service, home, source)
            yield made


def prepared(service: Service, home: Home, source: GitSource) -> Arena:
    """Trust for everybody; one halt lifted again, one open."""
    pins = load({"GT_RISK_HOME": str(service.home)}).pins
    site = Site(home, pins, keys={name: KeyFile(home.keys / name) for name in ("operator", "bot")})
    target = target_text(pins.repo, pins.environment, pins.branch)
    made = Arena(service, home, Histories(site, source), target)
    made.land(made.commit({"trust.yaml": team(made)}))
    made.halts.append(halted(service, "emergency", "halt-all"))
    service.must("emergency", "resume", "-r", "over", "--yes")
    made.halts.append(halted(service, "strategy", "halt", HALTED))
    until(lambda: StrategyStatus.HALTED in made.state()["venue"][1].values(), "the venue has the halt too")
    assert made.git("fetch", "-q", str(home.bare), MAIN).returncode == 0
    return made


def halted(service: Service, *words: str) -> str:
    """The id of a halt that is in force now."""
    return str(service.must(*words, "-r", "drill", "--yes", "--json").document["halt"]["id"])


def team(arena: Arena, *gone: str) -> bytes:
    """The first trust.yaml with everybody in it but ``gone``; ``pair`` is one principal with two keys."""
    site, text = arena.histories.site, arena.text("trust.yaml")
    head = text[: text.index("rules:")].split("  - principal: emergency")[0].rstrip("\n")
    lines = [head]
    for name, principal in [*((name, name) for name in PEOPLE), (TWO_KEYS, "pair"), (f"{TWO_KEYS}-2", "pair")]:
        if name not in gone:
            role = "operator" if principal == TWO_KEYS else ROLE_OF[name]
            lines += [f"  - principal: {principal}", f"    key: {site.line(name)}", f"    roles: [{role}]"]
    return ("\n".join(lines) + "\n" + TWO_PERSON).encode()
