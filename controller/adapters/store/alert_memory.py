"""Alerts and their outbox in memory: the twin for tests, and what a controller uses while its store is lost."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from controller.adapters.store import alert_rows as rows
from controller.adapters.store.outbox_memory import Item, MemoryOutbox, worst_first
from controller.core.alerts.judge import Seen
from controller.core.alerts.machine import acknowledged
from controller.core.alerts.rules import PUSH
from schemas.alerting import (
    Alert,
    AlertState,
    Cursor,
    Load,
    Parcel,
    Silence,
    Step,
)


class MemoryAlerts(MemoryOutbox):
    """:class:`controller.alert_ports.AlertStore` in dictionaries. ``fail`` makes it unavailable. ``most``: resolved
    alerts and finished deliveries that are kept."""

    def __init__(self, most: int = 10_000) -> None:
        super().__init__()
        self._most = most
        self._newest: dict[str, int] = {}
        self._changes: dict[int, int] = {}
        self._silences: dict[int, Silence] = {}
        self._cursor = Cursor()
        self._number = self._change = 0

    def cursor(self) -> Cursor:
        """How far the facts were judged."""
        with self._use():
            return self._cursor

    def seen(self, fingerprints: Collection[str], now_ns: int, cooldown_ns: int) -> Seen:
        """Alerts by fingerprint and those that are due, silences, loads and failing channels."""
        with self._use():
            found = {self._newest[name] for name in fingerprints if name in self._newest}
            found |= {item.id for item in self._alerts.values() if item.standing and not item.resolved_ns}
            due = [item for item in self._alerts.values() if rows.is_due(item, now_ns, cooldown_ns)]
            found |= {item.id for item in sorted(due, key=worst_first)[: rows.MOST_DUE]}
            alerts = tuple(self._alerts[id] for id in sorted(found))
            failing = frozenset(item.channel for item in self._health.values() if item.failures)
            return Seen(alerts, tuple(self.silences(now_ns)), self._load(now_ns), failing)

    def _load(self, now_ns: int) -> dict[str, Load]:
        loads: dict[str, Load] = {}
        for item in self._items.values():
            parcel = item.parcel
            if parcel.channel in PUSH and item.state in ("waiting", "sent", "lost"):
                near = abs(now_ns - parcel.made_ns) < rows.HOUR
                known = loads.get(parcel.channel, Load())
                again = item.critical and parcel.kind in rows.AGAIN
                loads[parcel.channel] = Load(sent=known.sent + near, critical=known.critical + (near and again))
        return loads

    def keep(self, steps: Sequence[Step], cursor: Cursor, now_ns: int) -> None:
        """Everything under one lock."""
        with self._use():
            for step in steps:
                alert = self._put(step.alert)
                for send in step.sends:
                    parcel = Parcel(id=0, channel=send.channel, kind=send.kind, made_ns=now_ns, note=send.note)
                    state = "held" if send.held else "waiting"
                    critical = alert.level == "CRITICAL" and send.kind != "resolved"
                    self.add(Item(parcel, alert.id, send.due_ns, state, critical))
            self._cursor = cursor
            self._trim()

    def _put(self, alert: Alert) -> Alert:
        self._number += not alert.id
        self._change += 1
        kept = alert if alert.id else alert.model_copy(update={"id": self._number})
        self._alerts[kept.id] = kept
        self._newest[kept.fingerprint] = kept.id
        self._changes[kept.id] = self._change
        return kept

    def _trim(self) -> None:
        """The oldest of what is finished go first; nothing that is open or waits."""
        over = [item.id for item in self._alerts.values() if item.resolved_ns]
        for id in over[: max(0, len(over) - self._most)]:
            gone = self._alerts.pop(id)
            del self._changes[id]
            if self._newest[gone.fingerprint] == id:
                del self._newest[gone.fingerprint]
        done = [number for number, item in self._items.items() if item.state not in ("waiting", "held")]
        for number in done[: max(0, len(done) - self._most)]:
            del self._items[number]

    def alerts(
        self, *, level: str = "", source: str = "", state: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[Alert]:
        """Newest first."""
        with self._use():
            found = [
                item
                for item in self._alerts.values()
                if level in ("", item.level)
                and source in ("", item.source)
                and state in ("", item.state)
                and item.first_ns >= since_ns
            ]
            return sorted(found, key=lambda item: -item.id)[:limit]

    def counts(self, since_ns: int) -> Mapping[tuple[str, AlertState], int]:
        """By level and state."""
        with self._use():
            return Counter(
                (item.level, AlertState.ACKED if item.acked_ns else item.state)
                for item in self._alerts.values()
                if item.first_ns >= since_ns
            )

    def alert(self, id: int) -> Alert | None:
        """One alert."""
        with self._use():
            return self._alerts.get(id)

    def changed(self, after: int, limit: int) -> Sequence[tuple[int, Alert]]:
        """What changed since."""
        with self._use():
            found = sorted((change, id) for id, change in self._changes.items() if change > after)[:limit]
            return [(change, self._alerts[id]) for change, id in found]

    def newest_change(self) -> int:
        """Number of the newest change."""
        with self._use():
            return self._change

    def acknowledge(self, id: int, now_ns: int, actor: str, note: str) -> Alert:
        """A person has seen it."""
        with self._use():
            return self._put(acknowledged(self._alerts[id], now_ns, actor, note))

    def silences(self, now_ns: int) -> Sequence[Silence]:
        """Those in force."""
        with self._use():
            found = [item for item in self._silences.values() if item.until_ns > now_ns]
            return sorted(found, key=lambda item: (item.until_ns, item.id))

    def add_silence(self, silence: Silence) -> Silence:
        """Keep it."""
        with self._use():
            kept = silence.model_copy(update={"id": len(self._silences) + 1})
            self._silences[kept.id] = kept
            return kept

    def end_silence(self, id: int, now_ns: int) -> bool:
        """End it."""
        with self._use():
            known = self._silences.get(id)
            if known is None or known.until_ns <= now_ns:
                return False
            self._silences[id] = known.model_copy(update={"until_ns": now_ns})
            return True

    def forget(self, now_ns: int) -> None:
        """Old ones go."""
        with self._use():
            for item in list(self._alerts.values()):
                if 0 < item.resolved_ns <= now_ns - rows.KEPT:
                    del self._alerts[item.id], self._changes[item.id]
                    if self._newest[item.fingerprint] == item.id:
                        del self._newest[item.fingerprint]
            self._items = {
                number: item
                for number, item in self._items.items()
                if item.alert in self._alerts or (item.alert == 0 and item.parcel.made_ns >= now_ns - rows.KEPT)
            }
