"""Any story of halts, commits, reverts, merges, clears, rotated keys, restarts and drift: what must hold, holds."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.adapters.git.source import GitSource
from controller.core.plan.effective import digests, evidence_text
from controller.halt import CLI, halt
from controller.home import Home
from controller.reconcile.verifier import Verifier
from schemas.desired import StrategyStatus, TradingMode
from tests.support.config_repo import make_site, trust_text
from tests.support.histories import Files, Histories
from tests.support.rig import Rig

PEOPLE = ("operator", "bot", "forge")
SPARE = ("officer", "trader")
NORMAL, PAUSED = TradingMode.NORMAL, StrategyStatus.PAUSED


@dataclass
class Joined:
    """Source and verifier on real git, as the rig takes them: one object."""

    source: GitSource
    verifier: Verifier

    def __getattr__(self, name: str) -> Any:
        return getattr(self.verifier if hasattr(Verifier, name) else self.source, name)


class Story(RuleBasedStateMachine):
    """One home on real git, latch and journal; the engine and the store are the in-memory twins."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gt"))
        site = make_site(self.folder, PEOPLE)
        self.source = site.source()
        self.git = Histories(site, self.source)
        home = Home(self.folder / "rig")
        for path in (home.raise_file.parent, home.policy, home.run):
            path.mkdir(parents=True)
        joined: Any = Joined(self.source, site.verifier(self.source))
        self.rig = Rig(home, joined, clock=site.clock)
        self.lines = [self.source.tip()]
        self.open: set[str] = set()
        self.closed: set[str] = set()
        self.spare = 0
        self.settle()

    def settle(self) -> None:
        self.rig.desk.adopt()
        for _ in range(3):
            self.rig.reconciler.reconcile_once()

    def land(self, commit: str) -> None:
        """Move the branch, as a push that was taken does."""
        self.git.site.git("update-ref", "refs/heads/main", commit, cwd=self.git.site.home.bare)
        self.lines.append(commit)
        self.settle()

    def text(self, path: str, commit: str) -> str:
        return self.source.blob(self.source.tree(commit)[path].id).decode()

    def limited(self, percent: int, commit: str) -> Files:
        text = self.text("risk_config.yaml", commit)
        lines = [
            f"    max_position_pct: {percent}%" if "max_position_pct:" in line else line for line in text.split("\n")
        ]
        return {"risk_config.yaml": "\n".join(lines).encode()}

    @rule(percent=st.integers(5, 30))
    def commit(self, percent: int) -> None:
        self.land(self.git.commit(self.source.tip(), self.limited(percent, self.source.tip())))

    @rule(back=st.integers(1, 4))
    def revert(self, back: int) -> None:
        """A signed commit with an older text; the folders that only grow stay."""
        old = self.lines[max(0, len(self.lines) - 1 - back)]
        self.land(self.git.commit(self.source.tip(), {"risk_config.yaml": self.text("risk_config.yaml", old).encode()}))

    @rule(percent=st.integers(5, 15))
    def merge(self, percent: int) -> None:
        """A side branch of a file that is no document, merged by the forge after main has moved on."""
        base = self.source.tip()
        side = self.git.commit(base, {f"note-{len(self.lines)}.md": b"a note\n"})
        main = self.git.commit(base, self.limited(percent, base))
        self.land(self.git.merge(main, side, files={f"note-{len(self.lines)}.md": b"a note\n"}))

    @rule(mode=st.integers(1, 3), account=st.booleans())
    def halt(self, mode: int, account: bool) -> None:
        desired = self.rig.reconciler.memory.applied_desired
        assert desired is not None
        uid = next(iter(desired.strategies.values())).uid
        scope = "account" if account else f"strategy:{uid}"
        self.open.add(halt(str(self.rig.home.root), scope, mode, "ada", "drill", CLI, notify=False).halt_id)
        self.settle()

    @precondition(lambda self: self.open)
    @rule()
    def resume(self) -> None:
        """Clear every halt that is open, with its record; strategies are left paused, as resume does."""
        files: dict[str, bytes | None] = {}
        tip = self.source.tip()
        for item in self.rig.desk.open_halts(self.rig.reconciler.memory.applied_desired):
            files[f"halts/{item.id}.yaml"] = evidence_text(item).encode()
            text = f'version: 1\nid: "{item.id}"\nhalt_digest: {sorted(digests(item))[0]}\nby: ada\nreason: over\n'
            files[f"cleared/{item.id}.yaml"] = (text + "reviewer: bea\nnote: the feed was late\n").encode()
        for path in self.source.tree(tip):
            if path.startswith("strategies/"):
                files[path] = self.text(path, tip).replace("status: active", "status: paused").encode()
        self.land(self.git.commit(tip, files))
        self.closed |= self.open
        self.open = set()

    @rule()
    def rotate(self) -> None:
        """Another spare key in trust.yaml, the one before gone."""
        self.spare += 1
        names = (*PEOPLE, SPARE[self.spare % len(SPARE)])
        text = trust_text({name: self.git.site.line(name) for name in names})
        self.land(self.git.commit(self.source.tip(), {"trust.yaml": text}))

    @rule()
    def restart(self) -> None:
        self.rig.restart()
        self.settle()

    @rule(mode=st.sampled_from(list(TradingMode)), status=st.sampled_from(list(StrategyStatus)))
    def drift(self, mode: TradingMode, status: StrategyStatus) -> None:
        """Somebody changes the venue by hand."""
        self.rig.engine.set_venue_mode(mode)
        for uid in list(self.rig.engine.venue_statuses):
            self.rig.engine.set_venue_status(uid, status)
        self.settle()

    @invariant()
    def what_holds(self) -> None:
        if not hasattr(self, "rig"):
            return
        memory, live = self.rig.reconciler.memory, self.rig.engine.read()
        halts = self.rig.desk.open_halts(memory.applied_desired)
        assert {item.id for item in halts} == self.open
        assert not self.closed & {item.id for item in halts}
        assert memory.applied_desired is not None
        wanted = [item.mode.rank for item in halts if item.scope == "account"]
        assert live.gate.mode.rank >= max([memory.applied_desired.emergency.trading_mode.rank, *wanted])
        assert live.venue_mode.rank >= memory.applied_desired.emergency.trading_mode.rank
        for strategy in memory.applied_desired.strategies.values():
            assert live.gate.statuses[strategy.uid].rank >= strategy.status.rank
        assert memory.revision.last_applied == self.source.tip(), self.rig.reconciler.last
        assert self.rig.store.verify_audit().ok

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            self.rig.close()
            self.source.close()
            rmtree(self.folder, ignore_errors=True)


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.generate,),  # a story takes a second: looking for a shorter one would take minutes
)
