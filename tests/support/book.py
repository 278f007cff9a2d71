"""The book of the spec's samples (section 2.2) as an Overview, and a Control that holds one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from controller.adapters.store.memory import MemoryStore
from controller.trial_ports import TrialStore
from schemas.audit import AuditEntry, AuditRecord, ChainReport
from schemas.desired import Desired, StrategyStatus, TradingMode
from schemas.edits import Applied, Proposal, Request
from schemas.halts import Adoption, Halt, HaltSource
from schemas.learning import Entered, Learned
from schemas.limits import LIMITS
from schemas.live import Account, Decision, GateState, LiveState, OrderView, PositionView, StrategyLive
from schemas.overview import Overview
from schemas.plan import Change, Difference, Plan, Planned
from schemas.policy import Policy, StrategyPolicy
from schemas.risk import SetBy, SignedBy
from schemas.status import Condition, ConditionType, Judged, Revision, Walk
from schemas.trials import Outlook

COMMIT = "a" * 40
NOW = 1_768_818_225_000_000_000
UIDS = {name: f"{index:032x}" for index, name in enumerate(("momentum", "value", "swing"), 1)}
_STRATEGIES = (
    ("momentum", "ml-momentum-v2", "ML Momentum v2", "active"),
    ("value", "heuristic-value-1", "Value Following", "active"),
    ("swing", "contrarian-swing", "Contrarian Swing", "paused"),
)
SECTORS = {"NVDA": "Technology", "AMD": "Technology", "JPM": "Financials"}


def micros(amount: float) -> int:
    """Dollars as micro-dollars."""
    return round(amount * 1_000_000)


def desired(mode: str = "normal") -> Desired:
    """The desired tree of the samples."""
    sections: dict[str, dict[str, dict[str, str]]] = {"hard_limits": {}, "soft_limits": {}}
    for limit in LIMITS:
        section = sections["hard_limits" if limit.hard else "soft_limits"]
        count = limit.unit.value in ("count", "seconds")
        section.setdefault(limit.group, {})[limit.key] = int(limit.default) if count else limit.default  # type: ignore[assignment]  # counts are ints in YAML
    strategies = {
        name: {
            "version": 1,
            "uid": UIDS[key],
            "id": name,
            "name": title,
            "owner": "system",
            "status": status,
            "allocation_pct": "40%" if key == "momentum" else "30%",
            "module": key,
        }
        for key, name, title, status in _STRATEGIES
    }
    return Desired.model_validate(
        {
            "commit": COMMIT,
            "risk": {
                "version": 1,
                "account": {"name": "greenplace"},
                **sections,
                "learning": {"started": "2008-09-01"},
            },
            "emergency": {"version": 1, "trading_mode": mode},
            "trust": {
                "version": 1,
                "target": {"repo": "b" * 32, "environment": "paper"},
                "signers": [{"principal": "operator", "key": "ssh-ed25519 AAAA", "roles": ["admin"]}],
            },
            "strategies": strategies,
        }
    )


def policy(mode: str = "normal") -> Policy:
    """The compiled policy of :func:`desired`."""
    strategies = {
        UIDS[key]: StrategyPolicy(
            uid=UIDS[key],
            id=name,
            name=title,
            status=StrategyStatus(status),
            allocation=micros(40_000 if key == "momentum" else 30_000),
            module=key,
        )
        for key, name, title, status in _STRATEGIES
    }
    limits = {limit.name: limit.compile(limit.parse(limit.default)) for limit in LIMITS}
    return Policy(
        revision=COMMIT,
        account="greenplace",
        mode=TradingMode(mode),
        limits=limits,
        strategies=strategies,
        sectors=SECTORS,
    )


def _position(key: str, symbol: str, quantity: int, entry: float, mark: float, opened: str) -> PositionView:
    return PositionView(
        uid=UIDS[key],
        symbol=symbol,
        quantity=quantity,
        entry=micros(entry),
        mark=micros(mark),
        opened_market=opened,
    )


POSITIONS = (
    _position("momentum", "NVDA", 27, 512.30, 524.60, "2008-09-13"),
    _position("momentum", "AMD", 100, 142.80, 141.95, "2008-09-13"),
    _position("value", "JPM", 80, 178.50, 182.30, "2008-09-10"),
)


def live(mode: str = "normal", permit: str = "ok") -> LiveState:
    """What the gate holds: three positions, one fill, one working order."""
    order = OrderView(
        order="o1",
        client_id="c1",
        uid=UIDS["momentum"],
        symbol="NVDA",
        side="buy",
        type="market",
        quantity=20,
        filled=20,
        price=0,
        average=micros(520.30),
        state="filled",
        submitted_ns=NOW - 120_000_000_000,
        market_time="2008-09-18",
    )
    long = sum(item.quantity * item.mark for item in POSITIONS)
    return LiveState(
        gate=GateState(
            pid=42,
            policy_version=3,
            policy_digest="c" * 64,
            policy_count=1,
            revision=COMMIT,
            fence=1,
            mode=TradingMode(mode),
            statuses={
                UIDS[key]: StrategyStatus.HALTED if mode == "halt-all" else StrategyStatus(status)
                for key, _, _, status in _STRATEGIES
            },
            permit=permit,
        ),
        venue_mode=TradingMode(mode),
        account=Account(
            cash=micros(55_506.23),
            equity=micros(98_450.23),
            buying_power=micros(55_506.23),
            long_exposure=long,
            short_exposure=0,
        ),
        positions=POSITIONS,
        orders=(
            order,
            order.model_copy(update={"order": "o2", "state": "working", "filled": 0, "average": 0, "side": "sell"}),
        ),
        strategies={
            UIDS["momentum"]: StrategyLive(
                uid=UIDS["momentum"],
                venue_status=StrategyStatus.ACTIVE,
                realized=micros(2_100),
                unrealized=micros(247.10),
                fees=micros(6.54),
                deployed=micros(28_359.20),
                wins=58,
                losses=42,
                last_trade_ns=NOW - 120_000_000_000,
            )
        },
        market_time="2008-09-18",
        feed="live",
        feed_age_ms=300,
        as_of_ns=NOW,
    )


def halt(scope: str = "account", source: HaltSource = HaltSource.CLI, reason: str = "market volatility check") -> Halt:
    """An open halt-all."""
    return Halt(
        id="d" * 32,
        scope=scope,
        mode=TradingMode.HALT_ALL,
        opened_ns=NOW - 300_000_000_000,
        actor="operator",
        source=source,
        reason=reason,
        durable=True,
        adopted=True,
    )


def overview(mode: str = "normal", halts: tuple[Halt, ...] = (), *, engine: bool = True) -> Overview:
    """The picture of the samples; without ``engine`` nothing of the live book is known."""
    decision = Decision(
        seq=1,
        at_ns=NOW,
        market_time="2008-09-18",
        kind="reduced",
        code="volatility",
        uid=UIDS["momentum"],
        symbol="NVDA",
        message="NVDA reduced to 27 shares (volatility 64%)",
    )
    return Overview(
        pid=4242,
        as_of_ns=NOW,
        revision=Revision(observed_tip=COMMIT, last_verified=COMMIT, last_attempted=COMMIT, last_applied=COMMIT),
        desired=desired(),
        effective=policy(mode),
        live=live(mode) if engine else None,
        live_error="" if engine else "gate.sock: connection refused",
        conditions=(Condition(type=ConditionType.READY, status="True", reason="Applied", revision=COMMIT),),
        halts=halts,
        peaks={"account": micros(102_340.56), UIDS["momentum"]: micros(42_450)},
        decisions=(decision,),
    )


@dataclass(slots=True)
class HeldConfiguration:
    """A Configuration that answers from what it was given and remembers the files that it was asked about."""

    files: dict[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    judged: tuple[Judged, ...] = ()
    asked: list[Mapping[str, str] | None] = field(default_factory=list)

    def documents(self, ref: str) -> tuple[str, Mapping[str, str]]:
        return ref or COMMIT, self.files

    def difference(self, ref: str, files: Mapping[str, str] | None) -> Difference:
        self.asked.append(files)
        return Difference(base=COMMIT, target=ref, changes=self.changes, texts=self.texts)

    def walk(self, ref: str) -> Walk:
        return Walk(since=COMMIT, tip=ref or COMMIT, commits=self.judged)


@dataclass(slots=True)
class HeldControl:
    """A Control that answers from what it was given and remembers what it was asked."""

    seen: Overview = field(default_factory=overview)
    proposal: Proposal | None = None
    landed: list[bytes] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    in_force: bool = True
    fix: str = ""
    configuration: HeldConfiguration = field(default_factory=HeldConfiguration)
    tests: TrialStore = field(default_factory=lambda: MemoryStore().tests)

    def outlook(self, plan: Mapping[str, Any]) -> Outlook:
        return Outlook(power=0.8, effect=0.52, unit="Sharpe ratio")

    def overview(self) -> Overview:
        return self.seen

    def origins(self) -> Mapping[str, SetBy]:
        at_ns = NOW - 86_400 * 1_000_000_000
        own = SetBy(commit=COMMIT, author="operator", at_ns=at_ns)
        return {name: own for limit in LIMITS for name in (limit.name, f"shadow:{limit.name}")} | {"phase": own}

    def signed(self) -> SignedBy:
        return SignedBy(commit=COMMIT, author="operator", at_ns=NOW - 86_400 * 1_000_000_000, signers=("operator",))

    def phases(self) -> Sequence[Entered]:
        return (
            Entered(
                number=1,
                name="Exploration",
                started=date(2008, 9, 1),
                commit=COMMIT,
                author="operator",
                at_ns=NOW - 17 * 86_400 * 1_000_000_000,
            ),
        )

    def learned(self) -> Learned:
        return Learned(
            since_ns=NOW - 30 * 86_400 * 1_000_000_000,
            days=30,
            trades=142,
            decided={"denied": 23, "warned": 100, "reduced": 42},
            changes=7,
            trials={},
        )

    def wake(self, reason: str) -> None:
        self.woken.append(reason)

    def adopt_halts(self) -> Adoption:
        return Adoption(seen=tuple(item.id for item in self.seen.halts))

    def propose(self, request: Request) -> Proposal:
        self.requests.append(request)
        assert self.proposal is not None
        return self.proposal

    def land(self, payload: bytes, signature: bytes) -> str:
        self.landed.append(payload + signature)
        return COMMIT

    def wait_applied(self, commit: str, timeout: float) -> Applied:
        condition = "" if self.in_force else "Stalled: the gate does not answer"
        cancelled = {UIDS["momentum"]: 2}
        return Applied(commit=commit, in_force=self.in_force, condition=condition, fix=self.fix, cancelled=cancelled)

    def reload(self, actor: str, reason: str, timeout: float) -> Applied:
        self.woken.append(reason)
        return self.wait_applied(COMMIT, timeout)

    def plan(self, ref: str) -> Planned:
        return Planned(plan=Plan(base=COMMIT, target=ref or COMMIT))

    def audit(self, *, event: str, actor: str, level: str, since_ns: int, limit: int) -> Sequence[AuditRecord]:
        entry = AuditEntry(
            at_ns=NOW, event="config.change", actor="operator", channel="cli", before="15%", after="20%", reason="ripe"
        )
        record = AuditRecord(seq=1, entry=entry, previous="0" * 64, hash="1" * 64)
        return [record] if entry.event.startswith(event) else []

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        records = self.audit(event="", actor="", level="", since_ns=0, limit=1)
        return [record for record in records if record.seq > seq][:limit]

    def verify_audit(self) -> ChainReport:
        return ChainReport(ok=True, records=1, head="1" * 64)
