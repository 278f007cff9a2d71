"""The lane of the alerts: looks at facts, decides, keeps what was decided. It sends nothing itself.

Facts are durable before they get here (the audit log, the gate's decisions, open halts), and the cursor moves in the
transaction of the alerts that they raise: whatever stops the lane at whatever point, no fact is judged half or missed.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from controller.alert_ports import AlertStore, Channel
from controller.core.alerts.digest import SHOWN, digest
from controller.core.alerts.events import of_decisions, of_records
from controller.core.alerts.found import Findings, Found
from controller.core.alerts.judge import MINUTE_NS, decide
from controller.core.alerts.machine import cleared
from controller.core.alerts.pictures import Surroundings, lasting, look
from controller.core.alerts.quiet import zone_of
from controller.core.alerts.rules import Rulebook
from controller.errors import GtRiskError, StoreUnavailable
from controller.ports import Clock
from schemas.alerting import Alert, Cursor, Step
from schemas.alerts import Alerts
from schemas.audit import AuditRecord
from schemas.live import Decision
from schemas.overview import Overview

BATCH = 500
DECISIONS = 1_000
LOOK_NS = 1_000_000_000
DIGEST_NS = 5_000_000_000
FORGET_NS = 3_600_000_000_000
_log = logging.getLogger(__name__)


class Facts(Protocol):
    """What the store knows that may raise an alert."""

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """The chain behind record ``seq``, oldest first."""
        ...

    def decisions(self, limit: int = 50) -> Sequence[Decision]:
        """Newest first."""
        ...


class Sending(Protocol):
    """Whoever sends what was decided."""

    def use(self, channels: Mapping[str, Channel], zone: tzinfo) -> None:
        """By these channels."""
        ...

    def wake(self) -> None:
        """There is something."""
        ...


@dataclass(slots=True)
class Lane:
    """One book's alerts. ``spare`` keeps them while ``alerts`` is lost; ``picture`` raises GtRiskError or gives None
    when there is none; ``around`` tells what is beside it, but the store, which the lane knows best."""

    facts: Facts
    alerts: AlertStore
    spare: AlertStore
    clock: Clock
    picture: Callable[[], Overview | None]
    around: Callable[[], Surroundings]
    channels: Callable[[Alerts], Mapping[str, Channel]]
    sending: Sending
    changed: Callable[[], None] = lambda: None
    config: Alerts = field(default_factory=Alerts)
    _used: Alerts | None = None
    _events: list[Found] = field(default_factory=list)
    _since: Mapping[str, int] = field(default_factory=dict)
    _standing: tuple[Alert, ...] = ()
    _told: frozenset[str] = frozenset()
    _lost: str = ""
    _due: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """What a process before this one had begun to send waits again. Raises StoreUnavailable."""
        self.alerts.release()

    def say(self, found: Found) -> None:
        """An event that is no audit record: it is judged with the next look. From any thread."""
        self._events.append(found)

    def tick(self) -> bool:
        """One look; whether there are more facts at once."""
        picture = self._picture()
        self._configure(picture)
        try:
            return self._look(picture, self.alerts)
        except StoreUnavailable as error:
            if not self._lost:
                _log.error("alerts: %s; they are kept in memory meanwhile", error)
                self._move_out()
            self._lost = error.message
            self._look(picture, self.spare)
            return False

    def _picture(self) -> Overview | None:
        try:
            return self.picture()
        except GtRiskError as error:
            _log.debug("no picture: %s", error)
            return None

    def _configure(self, picture: Overview | None) -> None:
        if picture is not None and picture.desired is not None:
            self.config = picture.desired.alerts.alerts
        if self.config is not self._used:
            same = self._used is not None and self._used == self.config
            self._used = self.config
            if not same:
                self.sending.use(self.channels(self.config), self._zone())

    def _zone(self) -> tzinfo:
        return zone_of(self.config.quiet_hours.timezone)

    def _look(self, picture: Overview | None, store: AlertStore) -> bool:
        said = tuple(self._events)
        cursor, events, more = None, said, False
        if store is self.alerts:
            cursor, found, more = self._new_facts(picture)
            events += found
            self._move_back()
        standing = self._find(picture)
        told = frozenset(item.fingerprint for item in standing.found)
        if events or cursor or told != self._told or self._is_due("look", LOOK_NS):
            self._judge(store, Findings((*events, *standing.found), standing.judged), cursor)
            self._told = told
            del self._events[: len(said)]
        if self._is_due("digest", DIGEST_NS):
            self._digest(store)
        if store is self.alerts and self._is_due("forget", FORGET_NS):
            store.forget(self.clock.wall_ns())
        return more

    def _find(self, picture: Overview | None) -> Findings:
        around = self.around()
        lost = Surroundings(self._lost, around.free_mib, around.place, around.failed, around.requests, around.failing)
        findings, self._since = lasting(look(picture, lost), self._since, self.clock.boot_ns())
        return findings

    def _new_facts(self, picture: Overview | None) -> tuple[Cursor | None, tuple[Found, ...], bool]:
        """Where the cursor goes (None: nowhere), what it passes, and whether there is more."""
        cursor = self.alerts.cursor()
        records = self.facts.audit_after(cursor.record, BATCH)
        decisions = self._new_decisions(cursor)
        moved = {"record": records[-1].seq} if records else {}
        if decisions:
            moved |= {"decision_ns": decisions[-1].at_ns, "decision": decisions[-1].seq}
        desired = picture.desired if picture is not None else None
        names = {item.uid: item.id for item in desired.strategies.values()} if desired else {}
        found = (*of_records(records), *of_decisions(decisions, names))
        return cursor.model_copy(update=moved) if moved else None, found, len(records) == BATCH

    def _new_decisions(self, cursor: Cursor) -> list[Decision]:
        """Those behind the cursor, oldest first; the gate itself keeps no more than the newest thousand."""
        for limit in (1, DECISIONS):
            known = (cursor.decision_ns, cursor.decision)
            new = [item for item in self.facts.decisions(limit) if (item.at_ns, item.seq) > known]
            if len(new) < limit:
                break
        return new[::-1]

    def _judge(self, store: AlertStore, findings: Findings, cursor: Cursor | None) -> None:
        now_ns = self.clock.wall_ns()
        cooldown = self.config.rate_limiting.duplicate_cooldown_minutes * MINUTE_NS
        seen = store.seen({item.fingerprint for item in findings.found}, now_ns, cooldown)
        steps = decide(Rulebook(self.config), self._zone(), now_ns, findings, seen)
        if steps or cursor:
            store.keep(steps, cursor or store.cursor(), now_ns)
        if steps:
            self.sending.wake()
            self.changed()
        moved = {step.alert.fingerprint: step.alert for step in steps}
        known = {item.fingerprint: item for item in seen.alerts} | moved
        self._standing = tuple(item for item in known.values() if item.standing and not item.resolved_ns)

    def _digest(self, store: AlertStore) -> None:
        now_ns = self.clock.wall_ns()
        held = store.held(now_ns, SHOWN)
        if held:
            store.digested([digest(item, now_ns, self._zone()) for item in held], now_ns)
            self.sending.wake()

    def _move_out(self) -> None:
        """What stands is known in the spare too, so that nobody hears of it a second time."""
        known = {item.fingerprint for item in self.spare.alerts(state="open", limit=BATCH)}
        steps = [
            Step(alert=item.model_copy(update={"id": 0})) for item in self._standing if item.fingerprint not in known
        ]
        self.spare.keep(steps, Cursor(), self.clock.wall_ns())

    def _move_back(self) -> None:
        """The store answers again: the loss is over, and what was raised meanwhile is kept where it belongs."""
        if not self._lost:
            return
        now_ns = self.clock.wall_ns()
        seen = self.spare.seen([], now_ns, 0)
        over = decide(Rulebook(self.config), self._zone(), now_ns, Findings((), frozenset({"database_lost"})), seen)
        self.spare.keep(over, Cursor(), now_ns)
        raised = self.spare.alerts(limit=BATCH)
        known = {item.fingerprint for item in self.alerts.seen({item.fingerprint for item in raised}, now_ns, 0).alerts}
        new = [item for item in raised if item.fingerprint not in known or item.rule == "database_lost"]
        self.alerts.keep(
            [Step(alert=item.model_copy(update={"id": 0})) for item in reversed(new)], self.alerts.cursor(), now_ns
        )
        left = [Step(alert=cleared(item, now_ns)) for item in self.spare.alerts(limit=BATCH) if not item.resolved_ns]
        self.spare.keep(left, Cursor(), now_ns)
        _log.info("alerts: the store answers again")
        self._lost = ""

    def _is_due(self, name: str, every_ns: int) -> bool:
        now = self.clock.boot_ns()
        if now < self._due.get(name, 0):
            return False
        self._due[name] = now + every_ns
        return True
