"""Stores for tests: how each kind is opened, and small things to put in."""

from collections.abc import Callable
from pathlib import Path

from controller.adapters.store.memory import MemoryStore
from controller.adapters.store.sql import SqlStore
from controller.ports import Store
from schemas.audit import AuditEntry
from schemas.live import Decision, OrderView, PositionView
from tests.support import policies

NOW = 1_768_818_225_000_000_000


def sqlite(folder: Path) -> SqlStore:
    return SqlStore(folder / "store.db", folder / "audit.head")


def memory(_folder: Path) -> MemoryStore:
    return MemoryStore()


STORES: dict[str, Callable[[Path], Store]] = {"memory": memory, "sqlite": sqlite}


def entry(number: int = 1, event: str = "config.change", **fields: object) -> AuditEntry:
    return AuditEntry.model_validate(
        {"at_ns": NOW + number, "event": event, "actor": "Ada", "channel": "cli", "audit_id": f"aud-{number}", **fields}
    )


def decision(seq: int, at_ns: int = NOW) -> Decision:
    return Decision(
        seq=seq, at_ns=at_ns, market_time="2008-09-15", kind="denied", code="mode", uid=policies.UIDS[0], symbol="AAPL"
    )


def order(number: int, filled: int = 0, average: int = 0, quantity: int = 100) -> OrderView:
    return OrderView(
        order=f"o{number}",
        client_id=f"c{number}",
        uid=policies.UIDS[number % 2],
        symbol="AAPL",
        side="buy",
        type="market",
        quantity=quantity,
        filled=filled,
        price=100_000_000,
        state="filled" if filled == quantity else "working",
        submitted_ns=NOW + number,
        market_time="2008-09-15",
        average=average,
    )


def position(uid: str = policies.UIDS[0], symbol: str = "AAPL", quantity: int = 100) -> PositionView:
    return PositionView(
        uid=uid, symbol=symbol, quantity=quantity, entry=100_000_000, mark=101_000_000, opened_market="2008-09-12"
    )
