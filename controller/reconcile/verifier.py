"""From the last verified commit to the tip: every commit, in order, judged by the policy of its parents."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controller.core.trust.case import Pinned
from controller.core.trust.history import Barrier, History
from controller.core.trust.keys import Signed
from controller.core.trust.landing import Landing
from controller.core.trust.threshold import Needed
from controller.errors import Refused, SettingsError
from controller.ports import RawCommit, Source
from controller.reconcile.judge import Check, Judge
from schemas.desired import Desired
from schemas.halts import Halt
from schemas.status import Refusal, RefusalReason
from schemas.trust import Trust


@dataclass(frozen=True, slots=True)
class Verified:
    """How far verification came: ``commit`` is verified, ``desired`` its documents, ``commits`` what was verified on
    the way, oldest first; ``refusal`` says why no later one is accepted (None: ``commit`` is the tip).

    ``held``: what of its documents lacks approval; ``acting`` then is the part that has it (None: all of them), and
    ``denied`` says that a denied key did some of it. ``more``: the pass was full, what follows takes another.
    """

    commit: str
    desired: Desired
    commits: tuple[str, ...] = ()
    refusal: Refusal | None = None
    held: tuple[Needed, ...] = ()
    acting: Desired | None = None
    denied: bool = False
    more: bool = False

    def required(self) -> "Verified":
        """Itself. Raises Refused when something was refused, or is too much for one pass."""
        if self.refusal is not None:
            raise Refused(self.refusal)
        if self.more:
            message = f"more commits than one pass takes follow {self.commit[:12]}"
            fix = "gt risk service start, which goes on; to push them, push in smaller steps"
            raise Refused(Refusal(commit=self.commit, reason=RefusalReason.TOO_LARGE, message=message, fix=fix))
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
    ``ledger`` is where it keeps who approved what for the next start; ``renewed`` says once that the pins have changed.
    """

    def __init__(
        self,
        source: Source,
        pins: Pinned,
        check: Check,
        check_key: Callable[[bytes], None] | None = None,
        sectors: Mapping[str, str] | None = None,
        ledger: Path | None = None,
        renewed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._pins = pins
        self._renewed = renewed
        self._judge = Judge(source, pins, check, check_key, sectors or {}, ledger)
        self._trees = self._judge.trees
        self.approvals = self._judge.approvals
        self._lock = threading.RLock()

    def advance(self, last_verified: str, tip: str, now: Now | None = None) -> Verified:
        """Verify every commit after ``last_verified`` (empty: from the pinned introduction) up to ``tip``, or as many
        as one pass takes.

        The verdict on history follows from history alone; ``now`` adds what only a commit that is about to be
        accepted (hook, landing) must also satisfy.
        The furthest commit that may act (all of its history verified, every loosening landed) and the refusal that
        stopped it. Raises Refused when not even the introduction passes or ``last_verified`` cannot be read;
        SourceUnavailable; SettingsError without pins.
        """
        with self._lock:
            if not self._pins.introduction or not self._pins.fingerprints:
                raise SettingsError("no introduction is pinned: nothing is trusted on first use", "gt risk init")
            if self._renewed():
                self._judge.forget()
            reached, refusal, history = last_verified, None, History(last_verified, ())
            try:
                goal = self._goal(last_verified, tip)
                commits = self._commits(last_verified, goal)
                history = History(last_verified, [(commit.id, commit.parents) for commit in commits])
                for commit in self._walk(commits, history, goal, now):
                    reached = commit
            except Refused as error:
                refusal = error.refusal
                if not reached:
                    raise
            found = self._verified(reached, history.ids(history.known(reached)), refusal)
            return replace(found, more=refusal is None and reached != tip)

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
            return self.approvals.preview(self._judge.draft(parent, tree, message, signer), naming=naming)

    def speaks(self, commit: RawCommit) -> bool:
        """Whether the words of a verified commit count. Raises Refused, SourceUnavailable."""
        with self._lock:
            return self._judge.speaks(commit)

    def trusts(self, commit: str) -> tuple[Trust, ...]:
        """Every trust document in the history of a verified ``commit``. Raises Refused, SourceUnavailable."""
        with self._lock:
            return self._trees.trusts(commit)

    def _verified(self, commit: str, commits: tuple[str, ...], refusal: Refusal | None) -> Verified:
        held = self.approvals.held(commit)
        acting = self.approvals.authorised(commit) if held else None
        return Verified(commit, self.desired(commit), commits, refusal, held, acting, self.approvals.denied(commit))

    def _walk(self, commits: Sequence[RawCommit], history: History, tip: str, now: Now | None) -> Iterator[str]:
        """Where verification may stop, oldest first. Raises Refused."""
        barrier, landing, line = self._barrier(history), Landing(history), history.line(tip)
        known = {commit.id: verdict for commit in commits if (verdict := self._judge.known(commit)) is not None}
        signatures = {
            commit.id: self._judge.signature(commit) for commit in reversed(commits) if commit.id not in known
        }
        for commit in commits:
            verdict = known.get(commit.id) or self._judge.verify(commit, signatures[commit.id])
            if barrier is not None:
                self._pass_barrier(barrier, commit)
            if now is not None:
                self._judge.accept(commit, now.open_halts)
            self.approvals.take(commit, verdict.cases)
            unlanded = landing.take(commit.id, verdict)
            if unlanded is not None:
                raise Refused(unlanded)
            if commit.id in line and landing.refusal(commit.id) is None:
                yield commit.id
        unlanded = landing.refusal(tip)
        if unlanded is not None:
            raise Refused(unlanded)

    def _goal(self, since: str, tip: str) -> str:
        """How far this pass goes. Raises Refused when ``tip`` does not descend from ``since``."""
        if since and not self._source.is_ancestor(since, tip):
            raise _rewritten(since, tip)
        return self._source.step(since or None, tip)

    def _commits(self, since: str, tip: str) -> Sequence[RawCommit]:
        """The commits to judge, parents first, each parent among them or known to ``since``. Raises Refused."""
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


def _rewritten(since: str, tip: str) -> Refused:
    message = f"{tip[:12]} does not descend from the last verified commit {since[:12]}: history was rewritten"
    fix = f"put the branch back to {since}; to undo a commit, git revert -S it"
    return Refused(Refusal(commit=tip, reason=RefusalReason.NOT_DESCENDANT, message=message, fix=fix))
