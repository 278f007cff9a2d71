"""A gate to test with: real latch pair, real policy files, a venue in memory; and what goes with it."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.gate import policy as gate_policy
from controller.gate.answer import Answer, Clocks
from controller.gate.authority import Authority
from controller.gate.client import GateClient
from controller.gate.desk import Desk
from controller.gate.policy import PolicyKeeper
from controller.gate.service import GateService
from controller.latch.permit import PermitFile
from controller.latch.raising import Raised, RaiseFile, create_pair
from controller.latch.reader import LatchReader
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import LIMITS
from schemas.policy import Policy, Snapshot, StrategyPolicy
from tests.support.folders import short_folder
from tests.support.opened import until_the_end
from tests.support.venue import MemoryVenue

DOLLAR = 1_000_000
ANN, BEA, CID, DAN = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
MARKS = {"AAPL": 100 * DOLLAR, "MSFT": 50 * DOLLAR, "JPM": 40 * DOLLAR, "XOM": 80 * DOLLAR}
SECTORS = {"AAPL": "Technology", "MSFT": "Technology", "JPM": "Financials"}
DEFAULTS = {limit.name: limit.compile(limit.parse(limit.default)) for limit in LIMITS}
WIDE = {
    **DEFAULTS,
    "account.cash_reserve_pct": 0,
    "position.max_position_pct": 1_000_000,
    "position.max_position_dollars": 10**15,
    "position.min_position_dollars": 0,
    "position.max_positions": 1_000,
    "strategy.max_strategy_allocation_pct": 4_000_000,
    "strategy.max_strategies_active": 100,
    "account.margin_multiplier": 4_000_000,
    "exposure.max_gross_pct": 10_000_000,
    "exposure.max_net_pct": 10_000_000,
    "order.max_dollars": 10**15,
    "order.price_collar_pct": 1_000_000,
    "order.max_per_minute": 1_000_000,
    "order.duplicate_seconds": 0,
    "order.max_price_age": 86_400,
    "concentration.sector_warning_pct": 10_000_000,
    "concentration.sector_reduction_pct": 10_000_000,
    "volatility.position_warning": 10_000_000,
    "volatility.position_reduction": 10_000_000,
}
"""Limits that let everything reasonable pass, so that a test narrows just the one that it is about."""


def make_policy(
    limits: Mapping[str, int] | None = None,
    *,
    base: Mapping[str, int] = WIDE,
    mode: TradingMode = TradingMode.NORMAL,
    statuses: Mapping[str, StrategyStatus] | None = None,
    drop: tuple[str, ...] = (),
    shadow: tuple[str, ...] = (),
    strategy: Mapping[str, Any] | None = None,
    revision: str = "1" * 40,
) -> Policy:
    """A policy of the wide limits with some replaced, for strategies ANN and BEA (or those in ``statuses``)."""
    statuses = statuses or {ANN: StrategyStatus.ACTIVE, BEA: StrategyStatus.ACTIVE}
    values = {name: value for name, value in {**base, **(limits or {})}.items() if name not in drop}
    extra = {"allocation": 100_000 * DOLLAR, "module": "momentum", **(strategy or {})}
    return Policy(
        revision=revision,
        account="paper",
        mode=mode,
        limits=values,
        shadow=shadow,
        strategies={
            uid: StrategyPolicy(uid=uid, id=f"s-{uid[0]}", name=uid[0], status=status, **extra)
            for uid, status in statuses.items()
        },
        sectors=SECTORS,
    )


def compiled(policy: Policy) -> gate_policy.Policy:
    """The policy as the gate holds it, through the JSON that a snapshot file carries."""
    return gate_policy.Policy(policy.model_dump(mode="json"))


def order(symbol: str = "AAPL", side: str = "buy", quantity: int = 10, uid: str = ANN, **fields: Any) -> dict[str, Any]:
    """An order as a client sends it; each has its own client id."""
    order.count += 1  # type: ignore[attr-defined]  # a counter of this helper alone
    client_id = f"c{order.count}"  # type: ignore[attr-defined]  # as above
    return {"uid": uid, "symbol": symbol, "side": side, "quantity": quantity, "client_id": client_id, **fields}


order.count = 0  # type: ignore[attr-defined]  # see above


class Home:
    """A folder with a latch pair, the lease on its permit, and policy files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.policies = root / "policy"
        self.policies.mkdir()
        self.raise_path, self.permit_path = root / "raise", root / "permit"
        self.socket = root / "gate.sock"
        create_pair(str(self.raise_path), str(self.permit_path), b"b" * 16)
        self.permit = PermitFile(str(self.permit_path))
        self.fence = self.permit.acquire()
        self.version = 0
        self._halts = 0

    def publish(self, *policies: Policy, fence: int = 0, version: int = 0, environment: str = "paper") -> Snapshot:
        """Write a snapshot and name it in the permit."""
        self.version = version or self.version + 1
        snapshot = Snapshot(
            version=self.version,
            fence=fence or self.fence,
            book="b" * 32,
            environment=environment,
            policies=policies,
        )
        (self.policies / f"{self.version}.json").write_text(snapshot.text())
        self.permit.set_policy(self.version, int(snapshot.digest()[:6], 16))
        return snapshot

    def permit_for(self, seconds: float = 20.0) -> None:
        """Give permission from now on."""
        self.permit.set_until(time.clock_gettime_ns(time.CLOCK_BOOTTIME) + int(seconds * 1e9))

    def halt(self, scope: str = "account", mode: int = 3) -> Raised:
        """Raise a slot."""
        self._halts += 1
        file = RaiseFile.open(str(self.raise_path), str(self.permit_path))
        try:
            return file.raise_halt(self._halts.to_bytes(16, "big"), scope, mode, 0, time.time_ns())
        finally:
            file.close()

    def release(self, raised: Raised) -> None:
        """Clear a slot."""
        self.permit.release(raised.slot, raised.word)

    def reader(self) -> LatchReader:
        return until_the_end(LatchReader(str(self.raise_path), str(self.permit_path)))


@contextmanager
def short_home() -> Iterator[Home]:
    """A home with paths short enough for sockets."""
    with short_folder() as root:
        home = Home(root)
        try:
            yield home
        finally:
            home.permit.close()


class ManualClocks:
    """Wall and boot time that a test moves; boot time starts at the machine's own, as permits speak of it."""

    def __init__(self) -> None:
        self.boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.wall = time.time_ns()

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.boot += int(seconds * 1e9)
        self.wall += int(seconds * 1e9)

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.boot, lambda: self.wall)


class Rig:
    """A desk on a home, under one policy and with a permit."""

    def __init__(self, home: Home, *policies: Policy, venue: MemoryVenue | None = None) -> None:
        self.home = home
        self.time = ManualClocks()
        self.venue = venue or MemoryVenue(100_000 * DOLLAR, MARKS)
        if policies:
            home.publish(*policies)
        home.permit_for()
        self.desk = Desk(self.venue, Authority(home.reader(), PolicyKeeper(home.policies, "paper")), self.time.clocks())
        self.desk.refresh(self.time.boot, force=True)

    def submit(self, *args: Any, **fields: Any) -> Answer:
        return self.desk.submit(order(*args, **fields))

    def advance(self) -> None:
        self.desk.advance(self.time.boot)

    def refresh(self) -> None:
        self.desk.refresh(self.time.boot, force=True)


class Running:
    """A gate service that serves in a thread."""

    def __init__(self, home: Home, service: GateService, venue: MemoryVenue) -> None:
        self.home, self.service, self.venue = home, service, venue

    def client(self, timeout: float = 30.0) -> GateClient:
        return GateClient(self.home.socket, timeout)


@contextmanager
def running(home: Home, *policies: Policy, venue: MemoryVenue | None = None) -> Iterator[Running]:
    """A gate service on ``home``, ended cleanly."""
    if policies:
        home.publish(*policies)
    home.permit_for()
    venue = venue or MemoryVenue(100_000 * DOLLAR, MARKS)
    service = make_service(home, venue)
    stop = threading.Event()
    thread = threading.Thread(target=service.serve, args=(stop,))
    thread.start()
    try:
        yield Running(home, service, venue)
    finally:
        stop.set()
        thread.join(30)


def make_service(home: Home, venue: Any, **fields: Any) -> GateService:
    """A gate service with every path in ``home``."""
    return GateService(
        venue,
        raise_path=home.raise_path,
        permit_path=home.permit_path,
        policy_dir=home.policies,
        socket_path=home.socket,
        environment="paper",
        **fields,
    )


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until ``condition`` holds; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.002)


def raw(home: Home) -> socket.socket:
    """A connection to the gate of ``home``."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(30)
    channel.connect(str(home.socket))
    return channel


def read_lines(channel: socket.socket, count: int) -> list[dict[str, Any]]:
    """So many answers."""
    data = b""
    while data.count(b"\n") < count:
        chunk = channel.recv(65_536)
        assert chunk, "closed"
        data += chunk
    return [json.loads(line) for line in data.splitlines()]
