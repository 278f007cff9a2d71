"""A controller on in-memory twins around real latch, journal and policy files, for tests of the reconcile loop."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.adapters.clock import ManualClock
from controller.adapters.engines.memory import MemoryEngine
from controller.adapters.store.memory import MemoryStore
from controller.core.plan.effective import digests
from controller.core.trust.keys import SignatureError, Signed
from controller.errors import Refused, SourceUnavailable
from controller.home import Home
from controller.latch.journal import Journal, create
from controller.latch.raising import create_pair
from controller.ports import Entry, RawCommit
from controller.reconcile.boot import Booted, book16, boot
from controller.reconcile.change_desk import ChangeDesk
from controller.reconcile.goal import GoalMaker
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.handlers import Backoff
from controller.reconcile.observation import Observer
from controller.reconcile.reconciler import Parts, Reconciler
from controller.reconcile.restore import restore
from controller.reconcile.verifier import Now, Verified
from controller.settings import Pins
from schemas.change import ChangeControl
from schemas.desired import (
    Account,
    ClearedDocument,
    Desired,
    Emergency,
    HardLimits,
    Peak,
    RiskConfig,
    SoftLimits,
    Strategy,
    StrategyStatus,
    TradingMode,
)
from schemas.halts import Halt
from schemas.limits import HARD, LIMITS, SOFT, Limit
from schemas.status import Refusal, RefusalReason
from schemas.trust import Role, Signer, Target, Trust

Own = Callable[[RawCommit], bool]
UID_A, UID_B = "a" * 32, "b" * 32


def commit_id(number: int) -> str:
    return f"{number:040x}"


def _section(limits: tuple[Limit, ...], changes: Mapping[str, str]) -> dict[str, dict[str, str | int]]:
    section: dict[str, dict[str, Any]] = {}
    for limit in limits:
        value: str | int = changes.get(limit.name, limit.default)
        section.setdefault(limit.group, {})[limit.key] = int(value) if str(value).isdigit() else value
    return section


def desired(
    number: int,
    mode: TradingMode = TradingMode.NORMAL,
    statuses: Mapping[str, StrategyStatus] | None = None,
    limits: Mapping[str, str] | None = None,
    cleared: Mapping[str, ClearedDocument] | None = None,
    change: ChangeControl | None = None,
) -> Desired:
    """Commit ``number``: strategies ``s-a`` and ``s-b`` by uid, limits as texts over their defaults."""
    statuses = {UID_A: StrategyStatus.ACTIVE, UID_B: StrategyStatus.PAUSED} if statuses is None else statuses
    limits = limits or {}
    assert not limits.keys() - {limit.name for limit in LIMITS}
    return Desired(
        commit=commit_id(number),
        risk=RiskConfig(
            version=1,
            account=Account(name="paper"),
            hard_limits=HardLimits.model_validate(_section(HARD, limits)),
            soft_limits=SoftLimits.model_validate(_section(SOFT, limits)),
            change=change or ChangeControl(),
        ),
        emergency=Emergency(version=1, trading_mode=mode),
        trust=Trust(
            version=1,
            target=Target(repo="0" * 32, environment="paper"),
            signers=(Signer(principal="ada", key="ssh-ed25519 AAAA", roles=(Role.ADMIN,)),),
        ),
        strategies={f"s-{uid[0]}": strategy(uid, status) for uid, status in statuses.items()},
        cleared=dict(cleared or {}),
    )


def strategy(uid: str, status: StrategyStatus) -> Strategy:
    return Strategy.model_validate(
        {
            "version": 1,
            "uid": uid,
            "id": f"s-{uid[0]}",
            "name": f"S {uid[0]}",
            "owner": "ada",
            "status": status,
            "allocation_pct": "30%",
            "module": "momentum",
        }
    )


def clear(halt: Halt, peak: Peak | None = None) -> ClearedDocument:
    digest = sorted(digests(halt))[0]
    return ClearedDocument(version=1, id=halt.id, halt_digest=digest, by="ada", reason="checked", peak=peak)


@dataclass
class FakeHistory:
    """A line of commits with their trees: Source and verifier in one. ``refused`` names commits that are refused."""

    trees: list[Desired] = field(default_factory=list)
    messages: dict[str, str] = field(default_factory=dict)
    refused: dict[str, RefusalReason] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    down: str = ""

    def commit(self, tree: Desired, message: str = "") -> str:
        self.trees.append(tree)
        self.messages[tree.commit] = message
        return tree.commit

    def tip(self) -> str:
        if self.down:
            raise SourceUnavailable(self.down)
        return self.trees[-1].commit

    def is_ancestor(self, old: str, new: str) -> bool:
        ids = [tree.commit for tree in self.trees]
        return old in ids and ids.index(old) <= ids.index(new)

    def step(self, since: str | None, tip: str) -> str:
        """All at once."""
        return tip

    def merge_bases(self, left: str, right: str) -> frozenset[str]:
        """On a line the older of the two."""
        return frozenset({left if self.is_ancestor(left, right) else right})

    def commits(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        ids = [tree.commit for tree in self.trees]
        start = ids.index(since) + 1 if since in ids else 0
        chosen = range(start, ids.index(tip) + 1)
        return [self._raw(ids[number], ids[number - 1] if number else "") for number in chosen]

    def history(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        return self.commits(since, tip)

    def _raw(self, commit: str, parent: str) -> RawCommit:
        parents = (parent,) if parent else ()
        message = self.messages[commit] or "change"
        return RawCommit(commit, parents, commit, "Ada <ada@example.org>", "Ada", 0, message, b"", None)

    def advance(self, last_verified: str, tip: str, now: Now | None = None) -> Verified:
        reached, refusal = last_verified, None
        for commit in self.commits(last_verified or None, tip):
            if commit.id in self.refused:
                refusal = Refusal(commit=commit.id, reason=self.refused[commit.id], message="no", fix="sign it")
                break
            reached = commit.id
        if not reached:
            assert refusal is not None
            raise Refused(refusal)
        return Verified(reached, self.desired(reached), (), refusal)

    def desired(self, commit: str) -> Desired:
        return next(tree for tree in self.trees if tree.commit == commit)

    def acting(self, commit: str) -> Desired:
        return self.desired(commit)

    def remember(self, commit: str) -> None:
        """Nothing waits for approval here."""

    def tree(self, commit: str) -> Mapping[str, Entry]:
        raise NotImplementedError

    def blob(self, blob_id: str) -> bytes:
        raise NotImplementedError

    def stage(self, parent: str, files: Mapping[str, bytes | None], author: str, time: int, message: str) -> bytes:
        raise NotImplementedError

    def seal(self, payload: bytes, signature: bytes) -> str:
        raise NotImplementedError

    def land(self, payload: bytes, signature: bytes) -> str:
        raise NotImplementedError

    def publish_evidence(self, files: Mapping[str, bytes], message: str, own: Own) -> str:
        if self.down:
            raise SourceUnavailable(self.down)
        self.files.update(files)
        return commit_id(0xE)

    def evidence(self, own: Own) -> Mapping[str, bytes]:
        return dict(self.files)


def _unsigned(payload: bytes, signature: bytes) -> Signed:
    raise SignatureError("these commits are not signed")


@dataclass
class Rig:
    """Everything of one controller; :meth:`restart` makes a new one over the same world."""

    home: Home
    history: FakeHistory
    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    wrap: Callable[[str, Any], Any] = lambda name, port: port
    booted: Booted = field(init=False)
    desk: HaltDesk = field(init=False)
    engine: MemoryEngine = field(init=False)
    reconciler: Reconciler = field(init=False)
    jumped: bool = False
    unsaved: str = ""
    permitted: bool = True

    def __post_init__(self) -> None:
        create_pair(str(self.home.raise_file), str(self.home.permit_file), book16("0" * 32))
        if not self.home.journal.exists():
            create(str(self.home.journal), 64)
        self.home.store.write_text("stands for the store in memory\n")
        self.engine = MemoryEngine(self.clock, policies=self.home.policy, raised=lambda: self.desk.open_halts(None))
        self.start()

    def start(self) -> None:
        self.booted = boot(self.home, "0" * 32, "paper")
        self.wire()

    def wire(self) -> None:
        """Desk and reconciler over the lease that is held, on the ports as ``wrap`` makes them."""
        store, history = self.wrap("store", self.store), self.wrap("source", self.history)
        engine = self.wrap("engine", self.engine)
        self.desk = HaltDesk(self.home, self.booted.permit, store, history, self.clock)
        booted = self.booted
        memory = restore(booted.known_good, booted.permit.last_verified, self.store, self.history, self.history)
        memory.published = booted.published
        observer = Observer(history, history, self.clock, self.home.policy / "verified-at")
        maker = GoalMaker(store, self.desk, {}, memory, lambda _: self.unsaved)
        record = self.home.policy / "changes.json"
        changes = ChangeDesk(history, history, _unsigned, self.clock, memory, record, Pins())
        self.reconciler = Reconciler(
            Parts(
                observer=observer,
                source=history,
                store=store,
                engine=engine,
                clock=self.clock,
                publisher=self.wrap("publisher", self.booted.publisher),
                desk=self.wrap("desk", self.desk),
                backoff=Backoff(lambda: 0.0),
                maker=maker,
                pid=1,
                clock_jumped=lambda: self.jumped,
                permitted=lambda: self.permitted,
                changes=changes,
                troubles=lambda: (("ChangeRecordLost", changes.problem),) if changes.problem else (),
            ),
            memory,
        )

    def restart(self) -> None:
        self.booted.permit.close()
        self.start()

    def close(self) -> None:
        self.booted.permit.close()


def make_rig(folder: Path, *trees: Desired, **more: Any) -> Rig:
    home = Home(folder)
    for path in (home.raise_file.parent, home.policy, home.run):
        path.mkdir(parents=True, exist_ok=True)
    history = FakeHistory()
    for tree in trees:
        history.commit(tree)
    return Rig(home, history, **more)


@contextmanager
def started_rig(folder: Path, *trees: Desired) -> Iterator[Rig]:
    """A rig after its first pass; closed in the end."""
    rig = make_rig(folder, *trees)
    try:
        rig.reconciler.reconcile_once()
        yield rig
    finally:
        rig.close()


def journal_of(home: Home) -> Journal:
    return Journal(str(home.journal))
