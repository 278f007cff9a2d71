"""The Store port in memory: for tests, and for a controller that must not touch the disk."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from controller.adapters.store import chain, merge, retention
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.trial_memory import MemoryTrials
from controller.errors import StoreUnavailable
from schemas.audit import AuditEntry, AuditRecord, ChainReport, chain_hash
from schemas.halts import Halt
from schemas.live import Decision, FillView, LiveState, OrderView, PositionView
from schemas.plan import Plan
from schemas.status import Revision

_HINT = "gt risk doctor"


class MemoryAudit:
    """The audit half of the store: a list and its head."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[AuditRecord] = []
        self._unavailable = ""

    def fail(self, reason: str) -> None:
        """Every call raises StoreUnavailable(``reason``) from now on; empty heals."""
        self._unavailable = reason

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._lock:
            if self._unavailable:
                raise StoreUnavailable(self._unavailable, hint=_HINT)
            yield

    def append_audit(self, entry: AuditEntry) -> AuditRecord:
        """Append to the chain."""
        with self._use():
            seq = len(self._records) + 1
            previous = self._records[-1].hash if self._records else chain.EMPTY.hash
            record = AuditRecord(seq=seq, entry=entry, previous=previous, hash=chain_hash(seq, previous, entry))
            self._records.append(record)
            return record

    def audit(
        self, *, event: str = "", actor: str = "", level: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[AuditRecord]:
        """Newest first; ``event`` is a prefix."""
        with self._use():
            found = [
                record
                for record in reversed(self._records)
                if record.entry.event.startswith(event)
                and actor in ("", record.entry.actor)
                and level in ("", record.entry.level)
                and record.entry.at_ns >= since_ns
            ]
            return found[:limit]

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """Records behind ``seq``, oldest first."""
        with self._use():
            return [record for record in self._records if record.seq > seq][:limit]

    def verify_audit(self) -> ChainReport:
        """Recompute the whole chain."""
        with self._use():
            links = [chain.Link(r.seq, r.previous, r.hash, r.entry.model_dump(mode="json")) for r in self._records]
            head = chain.Head(links[-1].seq, links[-1].hash) if links else chain.EMPTY
            return chain.verify_chain(links, head)

    def open_intents(self) -> Sequence[AuditRecord]:
        """Intents without an outcome, oldest first."""
        with self._use():
            closed = {record.entry.intent for record in self._records if record.entry.kind == "outcome"}
            return [r for r in self._records if r.entry.kind == "intent" and r.seq not in closed]

    def audited(self, audit_ids: Collection[str]) -> frozenset[str]:
        """Those of ``audit_ids`` that some record carries."""
        with self._use():
            return frozenset(audit_ids) & {record.entry.audit_id for record in self._records}


class MemoryStore(MemoryAudit):
    """Everything in dictionaries; one lock, so threads may share it. ``fail`` makes it unavailable."""

    def __init__(self) -> None:
        super().__init__()
        self._revision = Revision()
        self._plans: dict[str, tuple[Plan, int, str]] = {}
        self._halts: dict[str, Halt] = {}
        self._releases: dict[str, tuple[int, str]] = {}
        self._peaks: dict[str, int] = {}
        self._rows: dict[tuple[str, int], dict[tuple[int, str], retention.Sample]] = {}
        self._decisions: dict[tuple[int, int], Decision] = {}
        self._positions: tuple[PositionView, ...] = ()
        self._orders: dict[str, OrderView] = {}
        self._fills: dict[tuple[str, int], FillView] = {}
        self.alerts = MemoryAlerts()
        self.tests = MemoryTrials(self._use)

    def revision(self) -> Revision:
        """The last saved revision."""
        with self._use():
            return self._revision

    def save_revision(self, revision: Revision) -> None:
        """Replace it."""
        with self._use():
            self._revision = revision

    def save_plan(self, plan: Plan, at_ns: int, outcome: str) -> None:
        """Keep a plan under its digest."""
        with self._use():
            self._plans[plan.digest()] = (plan, at_ns, outcome)

    def plan(self, digest: str) -> Plan | None:
        """The plan kept under ``digest``."""
        with self._use():
            found = self._plans.get(digest)
            return found[0] if found else None

    def halts(self, *, only_open: bool = True) -> Sequence[Halt]:
        """Halts known to the store, oldest first."""
        with self._use():
            found = [halt for halt in self._halts.values() if not only_open or halt.id not in self._releases]
            return sorted(found, key=lambda halt: (halt.opened_ns, halt.id))

    def save_halt(self, halt: Halt) -> None:
        """Insert, or update the facts and the reason."""
        with self._use():
            known = self._halts.get(halt.id)
            self._halts[halt.id] = merge.halts(known, halt) if known else halt

    def release_halt(self, halt_id: str, at_ns: int, commit: str) -> None:
        """Mark released; the first release stays."""
        with self._use():
            self._releases.setdefault(halt_id, (at_ns, commit))

    def released(self) -> frozenset[str]:
        """Ids of all released halts."""
        with self._use():
            return frozenset(self._releases)

    def peaks(self) -> Mapping[str, int]:
        """High-water mark by scope."""
        with self._use():
            return dict(self._peaks)

    def save_peaks(self, peaks: Mapping[str, int]) -> None:
        """Upsert."""
        with self._use():
            self._peaks.update(peaks)

    def add_samples(self, series: str, at_ns: int, market_time: str, values: Mapping[str, int]) -> None:
        """Append one row per key."""
        retention.check_series(series)
        with self._use():
            rows = self._rows.setdefault((series, retention.RAW.number), {})
            for key, value in values.items():
                rows[at_ns, key] = retention.Sample(at_ns, key, market_time, value, value, value)

    def samples(self, series: str, key: str, since_ns: int, until_ns: int) -> Sequence[tuple[int, int]]:
        """(at_ns, value) oldest first, both ends included."""
        retention.check_series(series)
        with self._use():
            return sorted(
                (row.at_ns, row.value)
                for (name, _), rows in self._rows.items()
                for row in rows.values()
                if name == series and row.key == key and since_ns <= row.at_ns <= until_ns
            )

    def retain(self, now_ns: int) -> None:
        """Age one batch of each series."""
        with self._use():
            for series in retention.SERIES:
                for level, into in retention.AGING:
                    self._age(series, level, into, now_ns)
            kept = {
                place: item for place, item in self._decisions.items() if place[0] >= now_ns - retention.DECISIONS_KEPT
            }
            self._decisions = kept

    def _age(self, series: str, level: retention.Level, into: retention.Level, now_ns: int) -> None:
        rows = self._rows.setdefault((series, level.number), {})
        before = retention.cutoff(level, into, now_ns)
        aged = sorted(row for row in rows.values() if row.at_ns < before)
        target = self._rows.setdefault((series, into.number), {})
        for row in retention.roll(aged, into):
            known = target.get((row.at_ns, row.key))
            target[row.at_ns, row.key] = retention.roll([known, row], into)[0] if known else row
        for row in aged:
            del rows[row.at_ns, row.key]

    def save_book(self, live: LiveState) -> None:
        """Keep the book as read."""
        with self._use():
            self._positions = live.positions
            self._orders.update((order.order, order) for order in live.orders)

    def positions(self) -> Sequence[PositionView]:
        """Positions of the last book kept."""
        with self._use():
            return sorted(self._positions, key=lambda position: (position.uid, position.symbol))

    def orders(self, uid: str = "", limit: int = 50) -> Sequence[OrderView]:
        """Orders, newest first."""
        with self._use():
            found = [order for order in self._orders.values() if uid in ("", order.uid)]
            return sorted(found, key=lambda order: (order.submitted_ns, order.order), reverse=True)[:limit]

    def add_fills(self, book: str, fills: Iterable[FillView]) -> None:
        """Keep fills."""
        with self._use():
            for fill in fills:
                self._fills.setdefault((book, fill.seq), fill)

    def fills(self, book: str, uid: str = "", limit: int = 50, test: str = "") -> Sequence[FillView]:
        """Fills, newest first."""
        with self._use():
            own = [fill for (of, _), fill in self._fills.items() if of == book]
            found = [fill for fill in own if uid in ("", fill.uid) and test in ("", fill.test)]
            return sorted(found, key=lambda fill: fill.seq, reverse=True)[:limit]

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """Keep gate decisions."""
        with self._use():
            for decision in decisions:
                self._decisions.setdefault((decision.at_ns, decision.seq), decision)

    def decisions(self, limit: int = 50) -> Sequence[Decision]:
        """Newest first."""
        with self._use():
            return [self._decisions[place] for place in sorted(self._decisions, reverse=True)][:limit]

    def decided(self, since_ns: int) -> Mapping[str, int]:
        """Decisions about a limit by kind."""
        with self._use():
            found = (item for item in self._decisions.values() if item.at_ns >= since_ns and item.limit)
            return Counter(item.kind for item in found)

    def close(self) -> None:
        """Nothing to release."""
