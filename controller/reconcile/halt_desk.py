"""The halt desk: what is open, adoption of orphans, re-raising what vanished, and release (safety section 3).

It reads every place that knows halts and takes the union; a place that cannot be read takes nothing away.
"""

import logging
import threading
from collections.abc import Iterable

from controller.audit import fold_journal
from controller.core.plan.effective import gather, open_halts
from controller.errors import StoreUnavailable, Temporary
from controller.halt import CONTROLLER, MONITOR, halt
from controller.home import Home
from controller.latch.journal import JournalHalt
from controller.latch.journal_record import RELEASED, Entry
from controller.latch.layout import HALT, OVERFLOW, LatchError, SlotBody, is_valid
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile
from controller.latch.reader import passed
from controller.ports import Clock, Source, Store
from controller.reconcile.boot import synthetic_id
from controller.reconcile.evidence import Evidence
from controller.reconcile.halt_records import MODES, SOURCES, from_documents, micros, rounded
from controller.reconcile.journal_view import JournalView
from controller.reconcile.troubles import Troubles
from schemas.desired import Desired
from schemas.halts import ACCOUNT, Adoption, Halt, HaltSource

ALARM_SLOTS = 32
_NOT_STORED = "halts are in force but not in the store yet"
_NOT_READ = "halts of the store cannot be read"
_NO_LATCH = "the latch cannot be read"
_log = logging.getLogger(__name__)


class HaltDesk:
    """Safe for several threads: each public method holds the desk's lock, none for longer than a few milliseconds
    of file reading and one store write."""

    def __init__(
        self, home: Home, permit: PermitFile, store: Store, source: Source, clock: Clock, actor: str = "controller"
    ) -> None:
        self._home = home
        self._permit = permit
        self._store = store
        self._clock = clock
        self._actor = actor
        self._lock = threading.RLock()
        self._uids: set[str] = set()
        self._seen: dict[int, SlotBody] = {}
        self._stored: dict[str, str] = {}
        self._told: set[str] = set()
        self._entries: list[Entry] | None = None
        self._folded: frozenset[tuple[int, str, int, int]] = frozenset()
        self._troubles = Troubles(_log)
        self._journal = JournalView(home)
        self.evidence = Evidence(source, store, self._recorded)

    def words(self) -> tuple[int, ...]:
        """Words that bind in the latch now, sorted."""
        return tuple(sorted(slot.word for slot in self._slots() if slot.open))

    def open_halts(self, desired: Desired | None) -> tuple[Halt, ...]:
        """OPEN: raise ∪ journal ∪ store ∪ evidence ∪ tree less what ``desired`` clears or a release has ended."""
        with self._lock:
            known, released = self._known(desired)
            return open_halts(known, desired.cleared if desired else {}, released, from_documents(desired))

    def standing(self, desired: Desired) -> tuple[tuple[Halt, ...], tuple[Halt, ...]]:
        """From one look: OPEN, and the halts that ``desired`` clears by their digest and whose release the store does
        not have. Raises StoreUnavailable."""
        with self._lock:
            complete = self._store.released()
            known, released = self._known(desired)
            binding = {self._id_of(slot) for slot in self._slots() if slot.open}
            found = [
                item.merged
                for halt_id, item in gather(known, from_documents(desired)).items()
                if (halt_id in binding or halt_id not in complete)
                and (halt_id in released or item.cleared_by(desired.cleared.get(halt_id)))
            ]
            ended = tuple(sorted(found, key=lambda item: (item.slot == OVERFLOW, item.opened_ns, item.id)))
            return open_halts(known, desired.cleared, released, from_documents(desired)), ended

    def raise_halt(self, scope: str, reason: str) -> Halt:
        """A halt of the drawdown monitor; in the latch when this returns. Raises Temporary when nothing holds it."""
        return self._raise(scope, reason, MONITOR, HALT)

    def raise_own(self, reason: str) -> Halt:
        """An account halt of the controller itself (permit ran out too often)."""
        return self._raise(ACCOUNT, reason, CONTROLLER, HALT)

    def release(self, halt_id: str, commit: str) -> None:
        """Transition 7 for one cleared halt: ``released[i] = word``, journal, store; each part idempotent.

        Raises Temporary while the overflow word stands among other open halts, StoreUnavailable, LatchError, OSError.
        """
        with self._lock:
            slots = [slot for slot in self._slots() if slot.open]
            for slot in slots:
                if self._id_of(slot) == halt_id:
                    self._release_slot(slot, slots)
            now = self._clock.wall_ns()
            entries = self._journal.entries()
            if not any(entry.kind == RELEASED and entry.halt_id == halt_id for entry in entries):
                self._journal.append(Entry(RELEASED, halt_id, now, actor=self._actor, text=commit))
            self._store.release_halt(halt_id, now, commit)
            self._fold_journal()

    def adoption(self) -> Adoption:
        """What binds in the latch at this moment and what of it :meth:`adopt` has stored; waits for no lock."""
        seen = tuple(self._id_of(slot) for slot in self._slots() if slot.open)
        return Adoption(seen=seen, stored=tuple(key for key in seen if key in self._stored))

    def adopt(self) -> tuple[Halt, ...]:
        """The emergency lane's tick: re-raise what vanished, take orphans and reasons that came later into store and
        audit; those new to the desk.

        A store that is down is tried again at the next tick; the halt binds all the same.
        """
        with self._lock:
            self._reraise_vanished()
            if not self._seen:
                return ()
            by_id = self._journal.halts()
            found = [self._halt_of_slot(slot, by_id) for slot in self._seen.values()]
            try:
                self._keep([item for item in found if self._stored.get(item.id) != item.reason])
            except StoreUnavailable as error:
                self._troubles.tell(_NOT_STORED, str(error))
            else:
                self._troubles.tell(_NOT_STORED, "")
            new = tuple(item for item in found if item.id not in self._told)
            self._told.update(item.id for item in new)
            return new

    def _keep(self, found: Iterable[Halt]) -> None:
        """Into the store, then into the audit; only what is in both counts as stored."""
        for item in found:
            self._store.save_halt(item.model_copy(update={"adopted": True}))
        self._fold_journal()
        self._stored |= {item.id: item.reason for item in found}

    def reraise_open(self, desired: Desired | None) -> None:
        """Raise every open halt that the raise file does not hold (boot step 5, latch pair replaced)."""
        with self._lock:
            held = {self._id_of(slot) for slot in self._slots() if slot.open}
            for item in self.open_halts(desired):
                if item.id not in held:
                    self._raise_again(item)

    def fold_journal(self) -> None:
        """Bring the journal and its rescue files into the audit log. Raises StoreUnavailable."""
        with self._lock:
            self._fold_journal()

    def journal_damage(self) -> tuple[str, ...]:
        """What in the journal and its rescue files is no record now."""
        with self._lock:
            return self._journal.damage()

    def _recorded(self) -> list[Halt]:
        with self._lock:
            return self._known(None)[0]

    def _known(self, desired: Desired | None) -> tuple[list[Halt], frozenset[str]]:
        """(records of all but the tree, released ids); the latch first, so that its word and slot are kept."""
        if desired is not None:
            self._uids |= {item.uid for item in desired.strategies.values()}
        by_id = self._journal.halts()
        records = [self._halt_of_slot(slot, by_id) for slot in self._slots() if slot.open]
        records += self._journal.records()
        released = {item.halt_id for item in by_id.values() if item.released}
        try:
            records += [rounded(item).model_copy(update={"word": 0, "slot": -1}) for item in self._store.halts()]
            released |= self._store.released()
            self._troubles.tell(_NOT_READ, "")
        except StoreUnavailable as error:
            self._troubles.tell(_NOT_READ, str(error))
        records += self.evidence.known.values()
        return records, frozenset(released)

    def _slots(self) -> list[SlotBody]:
        try:
            latch = RaiseFile.open(str(self._home.raise_file), str(self._home.permit_file))
        except LatchError as error:
            self._troubles.tell(_NO_LATCH, str(error), logging.CRITICAL)
            return list(self._seen.values())
        self._troubles.tell(_NO_LATCH, "")
        try:
            return latch.slots()
        finally:
            latch.close()

    def _id_of(self, slot: SlotBody) -> str:
        return slot.halt_id or synthetic_id("slot-unreadable", f"{slot.slot} {slot.word:016x}")

    def _halt_of_slot(self, slot: SlotBody, by_id: dict[str, JournalHalt]) -> Halt:
        known = by_id.get(self._id_of(slot))
        return Halt(
            id=self._id_of(slot),
            scope=known.scope if known else self._scope_of(slot),
            mode=MODES[slot.mode],
            opened_ns=micros(known.opened_ns if known else slot.wall_ns),
            actor=known.actor if known else (f"pid {slot.pid}, uid {slot.os_uid}" if slot.ok else "unknown"),
            source=SOURCES[slot.source] if slot.ok and slot.source < len(SOURCES) else HaltSource.SYNTHETIC,
            reason=known.reason if known else "",
            word=slot.word,
            slot=slot.slot,
            durable=known is not None,
            adopted=self._id_of(slot) in self._stored,
            evidenced=self._id_of(slot) in self.evidence.known,
        )

    def _scope_of(self, slot: SlotBody) -> str:
        """The strategy that a slot names by hash; an unknown one keeps its hash; a malformed word: the account."""
        if slot.is_of("") or not is_valid(slot.word):
            return ACCOUNT
        uid = next((uid for uid in self._uids if slot.is_of(uid)), "")
        return f"strategy:{uid or f'{slot.scope24:016x}{slot.scope8:016x}'}"

    def _release_slot(self, slot: SlotBody, among: Iterable[SlotBody]) -> None:
        if slot.slot == OVERFLOW:
            if any(other.slot != OVERFLOW for other in among):
                raise Temporary("the overflow word is released only after all other halts", 0.0)
            self._permit.release_overflow(slot.word)
        else:
            self._permit.release(slot.slot, slot.word)
        self._seen.pop(slot.slot, None)

    def _reraise_vanished(self) -> None:
        now = {slot.slot: slot for slot in self._slots()}
        for number, before in list(self._seen.items()):
            after = now.get(number)
            gone = after is None or (
                after.word != before.word and not passed(before.word, self._permit.released(number))
            )
            if gone and not passed(before.word, self._permit.released(number)):
                _log.critical("open word %016x of slot %d vanished; raising it again", before.word, number)
                self._raise_again(self._halt_of_slot(before, self._journal.halts()))
        slots = self._slots()
        self._seen = {slot.slot: slot for slot in slots if slot.open}
        alarm = f"{ALARM_SLOTS} or more of 64" if len(self._seen) >= ALARM_SLOTS else ""
        self._troubles.tell("halt slots in use", alarm, logging.CRITICAL)

    def _raise(self, scope: str, reason: str, source: int, mode: int) -> Halt:
        outcome = halt(str(self._home.root), scope, mode, self._actor, reason, source, notify=False)
        if not outcome.confirmed:
            raise Temporary(f"halt of {scope} is not confirmed: {'; '.join(outcome.problems)}", 0.1)
        for problem in outcome.problems:
            _log.error("halt %s: %s", outcome.halt_id, problem)
        self.adopt()
        return Halt(
            id=outcome.halt_id,
            scope=scope,
            mode=MODES[mode],
            opened_ns=micros(outcome.opened_ns),
            actor=self._actor,
            source=SOURCES[source],
            reason=reason,
            word=outcome.word,
            slot=outcome.slot,
            durable=outcome.durable,
        )

    def _raise_again(self, item: Halt) -> None:
        latch = RaiseFile.open(str(self._home.raise_file), str(self._home.permit_file))
        try:
            source = SOURCES.index(item.source)
            latch.raise_halt(bytes.fromhex(item.id), item.scope, max(item.mode.rank, 1), source, item.opened_ns)
        finally:
            latch.close()

    def _fold_journal(self) -> None:
        entries = self._journal.entries()
        if entries is not self._entries:
            new = {entry.key: entry for entry in entries if entry.key not in self._folded}
            fold_journal(self._store, new.values())
            self._entries, self._folded = entries, self._folded.union(new)
