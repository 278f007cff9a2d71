"""From the last verified commit to the tip: every commit, in order, judged by the policy of its parents."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controller.core.desired.transition import Move, validate_merge, validate_transition
from controller.core.plan.effective import halt_of
from controller.core.trust.case import Case, Pinned
from controller.core.trust.history import Barrier, History
from controller.core.trust.keys import SignatureError, Signed
from controller.core.trust.landing import Landing, Verdict
from controller.core.trust.rules import (
    CHANGE_RULES,
    INTRODUCTION_RULES,
    INTRODUCTION_TREE_RULES,
    SIGNER_RULES,
    Rule,
    judge,
)
from controller.core.trust.threshold import Needed
from controller.errors import Refused, SettingsError
from controller.ports import RawCommit, Source
from controller.reconcile.approvals import Approvals
from controller.reconcile.own_changes import OwnChanges
from controller.reconcile.trees import Trees
from schemas.desired import Desired
from schemas.halts import Halt
from schemas.status import Refusal, RefusalReason
from schemas.trust import Trust

_KEPT = 64
Signature = tuple[Signed | None, str]


@dataclass(frozen=True, slots=True)
class Verified:
    """How far verification came: ``commit`` is verified, ``desired`` its documents, ``commits`` what was verified on
    the way, oldest first; ``refusal`` says why no later one is accepted (None: ``commit`` is the tip).

    ``held``: what of its documents lacks approval; ``acting`` then is the part that has it (None: all of them), and
    ``denied`` says that a denied key did some of it.
    """

    commit: str
    desired: Desired
    commits: tuple[str, ...] = ()
    refusal: Refusal | None = None
    held: tuple[Needed, ...] = ()
    acting: Desired | None = None
    denied: bool = False

    def required(self) -> "Verified":
        """Itself. Raises Refused when something was refused."""
        if self.refusal is not None:
            raise Refused(self.refusal)
        return self


@dataclass(frozen=True, slots=True)
class Now:
    """What holds at this moment and no commit says: for judging a commit that is not accepted yet, never history.

    A verdict on an accepted commit must not change when a halt lands after it: the embedded repo takes no rewind.
    """

    open_halts: Sequence[Halt] = ()


class Verifier:
    """Verifies the history of ``source`` against ``pins``. Safe for several threads, one at a time.

    ``check`` verifies a signature over a payload and ``check_key`` a key alone; both raise SignatureError.
    ``approvals`` knows who approved what; ``ledger`` is where it keeps that for the next start.
    """

    def __init__(
        self,
        source: Source,
        pins: Pinned,
        check: Callable[[bytes, bytes], Signed],
        check_key: Callable[[bytes], None] | None = None,
        sectors: Mapping[str, str] | None = None,
        ledger: Path | None = None,
    ) -> None:
        self._source = source
        self._pins = pins
        self._check = check
        self._check_key = check_key
        self._trees = Trees(source)
        self._changes = OwnChanges(source, self._trees, sectors)
        self.approvals = Approvals(source, pins, self._trees, self._examined, sectors or {}, ledger)
        self._judged: OrderedDict[str, Verdict] = OrderedDict()
        self._lock = threading.RLock()

    def advance(self, last_verified: str, tip: str, now: Now | None = None) -> Verified:
        """Verify every commit after ``last_verified`` (empty: from the pinned introduction) up to ``tip``.

        The verdict on history follows from history alone; ``now`` adds what only a commit that is about to be
        accepted (hook, landing) must also satisfy.
        The furthest commit that may act (all of its history verified, every loosening landed) and the refusal that
        stopped it. Raises Refused when not even the introduction passes or ``last_verified`` cannot be read;
        SourceUnavailable; SettingsError without pins.
        """
        with self._lock:
            if not self._pins.introduction or not self._pins.fingerprints:
                raise SettingsError("no introduction is pinned: nothing is trusted on first use", "gt risk init")
            reached: tuple[str, tuple[str, ...]] = (last_verified, ())
            refusal: Refusal | None = None
            try:
                for step in self._walk(last_verified, tip, now):
                    reached = step
            except Refused as error:
                refusal = error.refusal
                if not reached[0]:
                    raise
            commit, commits = reached
            return self._verified(commit, commits, refusal)

    def desired(self, commit: str) -> Desired:
        """The documents of a commit or staged tree. Raises Refused(SchemaInvalid | BadObject | TooLarge)."""
        with self._lock:
            return self._trees.desired(commit)

    def acting(self, commit: str) -> Desired:
        """The part of a verified commit's documents that has the approval that it takes. Raises as :meth:`desired`."""
        with self._lock:
            return self.approvals.authorised(commit)

    def remember(self, commit: str) -> None:
        """Keep who approved what up to a commit of the branch, for the next start."""
        with self._lock:
            self.approvals.remember(commit)

    def held(self, commit: str) -> tuple[Needed, ...]:
        """What of a verified commit waits for approval. Raises Refused, SourceUnavailable."""
        with self._lock:
            return self.approvals.held(commit)

    def preview(
        self, parent: str, tree: str, message: str, signer: Signed | None, *, naming: bool
    ) -> tuple[str, tuple[Needed, ...]]:
        """Of a commit on ``parent`` that is not made yet: the digest that approves what would wait, for its trailer
        (empty unless ``naming``), and what waits all the same when ``signer`` signs it.

        Raises Refused for a change of trust that no signature saves.
        """
        with self._lock:
            before, child = self._standing(parent), self._trees.desired(tree)
            case = Case(
                commit=tree,
                parents=(parent,),
                payload=b"",
                message=message,
                has_signature=True,
                signer=signer,
                problem="",
                pins=self._pins,
                parent=before,
                child=child,
                changes=self._changes.between(self.desired(parent), child),
            )
            _require(INTRODUCTION_TREE_RULES, [case])
            return self.approvals.preview(case, naming=naming)

    def trusts(self, commit: str) -> tuple[Trust, ...]:
        """Every trust document in the history of a verified ``commit``. Raises Refused, SourceUnavailable."""
        with self._lock:
            return self._trees.trusts(commit)

    def _verified(self, commit: str, commits: tuple[str, ...], refusal: Refusal | None) -> Verified:
        held = self.approvals.held(commit)
        acting = self.approvals.authorised(commit) if held else None
        return Verified(commit, self.desired(commit), commits, refusal, held, acting, self.approvals.denied(commit))

    def _walk(self, since: str, tip: str, now: Now | None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Where verification may stop, oldest first, each with what is verified by then. Raises Refused."""
        commits = self._commits(since, tip)
        history = History(since, [(commit.id, commit.parents) for commit in commits])
        barrier, landing, line = self._barrier(history), Landing(history), history.line(tip)
        known = {commit.id: self._judged[commit.id] for commit in commits if commit.id in self._judged}
        signatures = {commit.id: self._signature(commit) for commit in reversed(commits) if commit.id not in known}
        for commit in commits:
            verdict = known.get(commit.id) or self._verify(commit, signatures[commit.id])
            if barrier is not None:
                self._pass_barrier(barrier, commit)
            self._accept(commit, now)
            self.approvals.take(commit, verdict.cases)
            unlanded = landing.take(commit.id, verdict)
            if unlanded is not None:
                raise Refused(unlanded)
            if commit.id in line and landing.refusal(commit.id) is None:
                yield commit.id, history.ids(history.known(commit.id))
        unlanded = landing.refusal(tip)
        if unlanded is not None:
            raise Refused(unlanded)

    def _commits(self, since: str, tip: str) -> Sequence[RawCommit]:
        """The commits to judge, parents first, each parent among them or known to ``since``. Raises Refused."""
        if since and not self._source.is_ancestor(since, tip):
            raise _rewritten(since, tip)
        commits = self._source.commits(since or None, tip)
        known = {since}
        for commit in commits:
            for parent in set(commit.parents) - known:
                if not since or not self._source.is_ancestor(parent, since):
                    raise _rewritten(since, tip)
            known |= {commit.id, *commit.parents}
        return commits

    def _barrier(self, history: History) -> Barrier | None:
        """The barrier of trust changes; on one line none is needed."""
        if history.linear:
            return None
        missing = {
            fork: frozenset(
                commit.id for commit in self._source.commits(fork, history.since) if self._trees.touches_trust(commit)
            )
            for fork in history.forks
        }
        return Barrier(history, missing)

    def _pass_barrier(self, barrier: Barrier, commit: RawCommit) -> None:
        beside = barrier.concurrent(commit.id, self._trees.touches_trust(commit))
        if beside:
            message = f"{commit.id[:12]} and {beside[:12]} were made side by side and one of them changes trust.yaml"
            fix = "git rebase -S onto the tip, which signs again by the trust that holds there; then push"
            reason = RefusalReason.CONCURRENT_WITH_TRUST_CHANGE
            raise Refused(Refusal(commit=commit.id, reason=reason, message=message, fix=fix))

    def _signature(self, commit: RawCommit) -> Signature:
        if commit.signature is None:
            return None, ""
        try:
            return self._check(commit.payload, commit.signature), ""
        except SignatureError as error:
            return None, str(error)

    def _accept(self, commit: RawCommit, now: Now | None) -> None:
        """The rules that look at what is open now. Raises Refused."""
        if now is not None and commit.parents:
            child = self.desired(commit.id)
            raise_first(_transition([Move(self.desired(parent), child, now.open_halts) for parent in commit.parents]))

    def _verify(self, commit: RawCommit, signature: Signature) -> Verdict:
        """One commit by the policy of its parents: the same verdict whenever it is asked for. Raises Refused."""
        cases = self._cases(commit, signature)
        _require(SIGNER_RULES if commit.parents else INTRODUCTION_RULES, cases)
        child = self._trees.desired(commit.id, commit.tree)
        full = self._with_changes(commit, child, cases)
        refusal = _judge(CHANGE_RULES if commit.parents else INTRODUCTION_TREE_RULES, full)
        problems = _transition(self._moves(commit, child))
        unlanded = refusal if refusal is not None and refusal.reason is RefusalReason.NOT_LANDED else None
        if problems or unlanded is None:
            raise_first([*([refusal] if refusal else []), *problems])
        verdict = Verdict(tuple(full), unlanded)
        self._judged[commit.id] = verdict
        while len(self._judged) > _KEPT:
            self._judged.popitem(last=False)
        return verdict

    def _examined(self, commit: RawCommit) -> list[Case]:
        """A commit that was verified before, as it stood before its judge."""
        cases = self._cases(commit, self._signature(commit))
        return self._with_changes(commit, self._trees.desired(commit.id, commit.tree), cases)

    def _with_changes(self, commit: RawCommit, child: Desired, cases: Sequence[Case]) -> list[Case]:
        paths = self._changes.paths(commit) if commit.parents else frozenset[str]()
        changes = self._changes.of(commit, child) if commit.parents else ()
        return [replace(case, child=child, changes=changes, paths=paths) for case in cases]

    def _cases(self, commit: RawCommit, signature: Signature) -> list[Case]:
        """The commit before the trust of each of its parents."""
        case = Case(
            commit=commit.id,
            parents=commit.parents,
            payload=commit.payload,
            message=commit.message,
            has_signature=commit.signature is not None,
            signer=signature[0],
            problem=signature[1],
            pins=self._pins,
            check_key=self._check_key,
        )
        if not 1 <= len(commit.parents) <= 2:
            return [case]
        parents = [self._standing(parent) for parent in commit.parents]
        judges = parents[:1] if parents[0].trust == parents[-1].trust else parents
        return [replace(case, parent=parent) for parent in judges]

    def _standing(self, commit: str) -> Desired:
        """The documents of ``commit`` with the trust that is in force after it."""
        desired, trust = self.desired(commit), self.approvals.trust(commit)
        return desired if trust == desired.trust else desired.model_copy(update={"trust": trust})

    def _moves(self, commit: RawCommit, child: Desired) -> list[Move]:
        parents = [self.desired(parent) for parent in commit.parents]
        return [Move(parent, child, _open_in(parent), self._trees.retired(parent, child)) for parent in parents]


def _transition(moves: Sequence[Move]) -> tuple[Refusal, ...]:
    """What no signature permits, whichever the number of parents."""
    if len(moves) == 2:
        return validate_merge((moves[0], moves[1]))
    return tuple(
        refusal for move in moves for refusal in validate_transition(move.old, move.new, move.open_halts, move.retired)
    )


def _open_in(tree: Desired) -> tuple[Halt, ...]:
    """The halts that a tree itself records and does not clear."""
    return tuple(halt_of(document) for key, document in sorted(tree.halts.items()) if key not in tree.cleared)


def _judge(rules: Sequence[Rule], cases: Sequence[Case]) -> Refusal | None:
    """The refusal by the first of the cases of one commit that is refused."""
    return next((refusal for case in cases if (refusal := judge(rules, case)) is not None), None)


def _require(rules: Sequence[Rule], cases: Sequence[Case]) -> None:
    refusal = _judge(rules, cases)
    if refusal is not None:
        raise Refused(refusal)


def raise_first(refusals: Sequence[Refusal]) -> None:
    """Raise the first, with what all of them say."""
    if refusals:
        message = "; ".join(dict.fromkeys(refusal.message for refusal in refusals))
        raise Refused(refusals[0].model_copy(update={"message": message}))


def _rewritten(since: str, tip: str) -> Refused:
    message = f"{tip[:12]} does not descend from the last verified commit {since[:12]}: history was rewritten"
    fix = f"put the branch back to {since}; to undo a commit, git revert -S it"
    return Refused(Refusal(commit=tip, reason=RefusalReason.NOT_DESCENDANT, message=message, fix=fix))
