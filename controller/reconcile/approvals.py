"""Who has approved what, commit by commit: the ledgers of a history, the trust in force, the part with authority."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from controller.core.trust.authorised import authorised
from controller.core.trust.authority import owners_of
from controller.core.trust.case import Case, Pinned, undenied
from controller.core.trust.commits import PLAN, TARGET, target_text, trailers
from controller.core.trust.ledger import EMPTY, TRUST_KEY, Entry, Leaves, Ledger, Step, fold, held, with_trust
from controller.core.trust.merge import every_leaf
from controller.core.trust.threshold import Needed, approval_digest
from controller.ports import RawCommit, Source
from controller.reconcile.newest import Newest
from controller.reconcile.trees import Trees
from schemas.desired import Desired
from schemas.policy import digest_of
from schemas.trust import Trust

_KEPT = 20_000
Examine = Callable[[RawCommit], Sequence[Case]]


class Approvals:
    """The ledgers of ``source``. ``examine`` gives the cases of a commit that is verified, with its changes.

    ``file`` keeps the newest ledger, so that a start need not fold all of history. It follows from history: a lost or
    foreign one costs time and nothing else. ``sectors`` as for ``compile_policy``.
    """

    def __init__(
        self,
        source: Source,
        pins: Pinned,
        trees: Trees,
        examine: Examine,
        sectors: Mapping[str, str],
        file: Path | None = None,
    ) -> None:
        self._source = source
        self._pins = pins
        self._trees = trees
        self._examine = examine
        self._sectors = sectors
        self._file = file
        self._target = target_text(pins.repo, pins.environment, pins.branch)
        self._ledgers: dict[str, Ledger] = {}
        self._leaves = Newest[Leaves](len)
        self._remembered = ""
        self._clear = self._kept()
        """From where to where in history nothing waits anywhere; empty for nowhere."""

    def forget(self) -> None:
        """The pins have changed: who counts follows from history anew."""
        self._ledgers.clear()
        self._remembered = ""
        self._clear = self._kept()

    def after(self, commit: str) -> Ledger:
        """The ledger after a verified commit. Raises Refused, SourceUnavailable."""
        if commit not in self._ledgers and self._is_clear(commit):
            self._ledgers[commit] = EMPTY
        if commit not in self._ledgers:
            for item in self._source.history(self._nearest(commit), commit):
                if item.id not in self._ledgers:
                    self.take(item, self._examine(item))
        return self._ledgers[commit]

    def trust(self, commit: str) -> Trust:
        """The trust in force after a verified commit: that of its tree, or the last one that was approved."""
        entry = self.after(commit).get(TRUST_KEY)
        return self._trees.desired(entry.approved if entry else commit).trust

    def take(self, commit: RawCommit, cases: Sequence[Case]) -> None:
        """Fold ``commit``, parents first."""
        parents = tuple((parent, self.after(parent)) for parent in commit.parents)
        if commit.id in self._pins.repairs:
            parents = tuple((parent, _without_trust(ledger)) for parent, ledger in parents)
            cases = [replace(case, changes=()) for case in cases]
        if len(self._ledgers) >= _KEPT:
            self._ledgers = dict(parents)
        self._ledgers[commit.id] = ledger = fold(self._step(cases, parents), self._leaves_of) if parents else EMPTY
        if ledger:
            self._clear = "", ""

    def preview(self, case: Case, *, naming: bool) -> tuple[str, tuple[Needed, ...]]:
        """Of a commit that is not made yet, as it would be judged (its id may be that of a tree): the digest of the
        plan that its landing signature names (nothing unless ``naming``), and what would still wait after it."""
        step = self._step([case], tuple((parent, self.after(parent)) for parent in case.parents))
        digest = approval_digest(self._target, self._left(step)) if naming else ""
        return digest, self._left(replace(step, digests=frozenset({digest})))

    def held(self, commit: str) -> tuple[Needed, ...]:
        """What of a verified commit is not in force for want of approval."""
        return self._waiting(commit, self.after(commit), undenied(self.trust(commit), self._pins.denied_keys))

    def digest(self, commit: str) -> str:
        """The digest that a landing signature on top of ``commit`` names to approve what waits; empty for nothing."""
        return approval_digest(self._target, [item for item in self.held(commit) if not item.satisfied])

    def denied(self, commit: str) -> bool:
        """Whether something waits after ``commit`` because a denied key did it."""
        return any(entry.denied for entry in self.after(commit).values())

    def authorised(self, commit: str) -> Desired:
        """The part of a verified commit's documents that has authority."""
        desired, ledger = self._trees.desired(commit), self.after(commit)
        return authorised(desired, ledger, self._trees.desired, self._leaves_of, self._flat) if ledger else desired

    def remember(self, commit: str) -> None:
        """Keep the ledger after ``commit`` for the next start; a home that cannot be written goes without."""
        ledger = self.after(commit)
        if not ledger:
            self._clear = self._clear[0] or commit, commit
        if self._file is None or commit == self._remembered:
            return
        self._remembered = commit
        entries = [{**asdict(entry), "key": key, "signers": sorted(entry.signers)} for key, entry in ledger.items()]
        document = {"root": self._root(), "commit": commit, "clear": self._clear, "entries": entries}
        draft = self._file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(document))
            draft.replace(self._file)

    def _kept(self) -> tuple[str, str]:
        """Load what was kept under the same pins; what cannot be read was not kept."""
        nothing = self._pins.introduction, self._pins.introduction
        try:
            kept: dict[str, Any] = json.loads(self._file.read_text()) if self._file is not None else {}
            if kept.get("root") != self._root():
                return nothing
            self._ledgers[kept["commit"]] = {tuple(item.pop("key")): _entry(item) for item in kept["entries"]}
            first, last = kept["clear"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return nothing
        return str(first), str(last)

    def _root(self) -> str:
        pins = self._pins
        keys = [sorted(pins.fingerprints), sorted(pins.denied_keys), sorted(pins.repairs), sorted(pins.repair_keys)]
        return digest_of([self._target, pins.introduction, *keys])

    def _is_clear(self, commit: str) -> bool:
        first, last = self._clear
        known = bool(first) and self._source.is_ancestor(commit, last)
        return known and self._source.is_ancestor(first, commit)

    def _nearest(self, commit: str) -> str | None:
        """Where folding can begin: the newest commit with a known ledger, if ``commit`` descends from it."""
        newest = next(reversed(self._ledgers), None)
        return newest if newest is not None and self._source.is_ancestor(newest, commit) else None

    def _step(self, cases: Sequence[Case], parents: tuple[tuple[str, Ledger], ...]) -> Step:
        case, signers = cases[0], [case.standing[1] if case.standing else None for case in cases]
        denied = case.signer is not None and case.signer.fingerprint in self._pins.denied_keys
        landing = trailers(case.message, TARGET) == (self._target,)
        return Step(
            commit=case.commit,
            parents=parents,
            changes=case.changes,
            signer=None if denied or None in signers else signers[0],
            trusts=tuple(undenied(item.parent.trust, self._pins.denied_keys) for item in cases if item.parent),
            target=self._target,
            digests=frozenset(trailers(case.message, PLAN)) if landing else None,
            denied=denied,
            owners=owners_of(case.parent),
        )

    def _left(self, step: Step) -> tuple[Needed, ...]:
        waiting = self._waiting(step.commit, fold(step, self._leaves_of), step.trusts[0])
        return tuple(item for item in waiting if not item.satisfied)

    def _waiting(self, commit: str, ledger: Ledger, trust: Trust) -> tuple[Needed, ...]:
        return held(commit, ledger, trust, owners_of(self._trees.desired(commit)), self._leaves_of) if ledger else ()

    def _leaves_of(self, commit: str) -> Leaves:
        found = self._leaves.get(commit)
        if found is None:
            found = self._flat(self._trees.desired(commit))
            self._leaves.put(commit, found)
        return found

    def _flat(self, desired: Desired) -> Leaves:
        return with_trust(every_leaf(desired, self._sectors), desired.trust)


def _without_trust(ledger: Ledger) -> Ledger:
    """A repair of trust is approved by its two keys; what else waits goes on waiting."""
    return {key: entry for key, entry in ledger.items() if key != TRUST_KEY}


def _entry(fields: Mapping[str, Any]) -> Entry:
    return Entry(**{**fields, "signers": frozenset(fields["signers"])})
