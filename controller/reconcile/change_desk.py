"""What a change that is ready must still wait for: freeze windows, unless one who may has overridden them."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from controller.core.change import freeze
from controller.core.plan.guards import Hold
from controller.core.policy.direction import compare_desired
from controller.core.trust.case import find
from controller.core.trust.commits import trailers
from controller.core.trust.keys import SignatureError, Signed
from controller.ports import Clock, RawCommit, Source
from controller.reconcile.goal import Goal, Memory
from controller.reconcile.observation import Verifies
from schemas.desired import Desired
from schemas.plan import Direction
from schemas.trust import Role


class ChangeDesk:
    """Judges goals against what ``memory`` holds as applied.

    ``check`` verifies a signature over a payload and raises SignatureError; ``denied`` are fingerprints that count for
    nothing.
    """

    def __init__(
        self,
        source: Source,
        verifier: Verifies,
        check: Callable[[bytes, bytes], Signed],
        clock: Clock,
        memory: Memory,
        denied: Collection[str] = (),
    ) -> None:
        self._source = source
        self._verifier = verifier
        self._check = check
        self._clock = clock
        self._memory = memory
        self._denied = denied

    def hold(self, goal: Goal) -> Hold | None:
        """Why the loosening part of ``goal`` waits now. What lifts by itself (a band, a stale source) never does.

        The windows of what is applied and of what is wanted both count: taking a window away waits for its end.
        """
        before = self._memory.applied_desired
        if before is None or not (goal.releases or self._loosens(before, goal.desired)):
            return None
        windows = (*before.risk.change.freeze, *goal.desired.risk.change.freeze)
        now = datetime.fromtimestamp(self._clock.wall_ns() // 1_000_000_000, UTC)
        if not freeze.open_windows(windows, now):
            return None
        return freeze.hold(windows, now, self._overrides(before, goal.desired))

    def _overrides(self, before: Desired, after: Desired) -> frozenset[Role]:
        """The roles of whoever has overridden the freeze for all that ``after`` loosens."""
        found: set[Role] = set()
        for commit in self._commits(before.commit, after.commit):
            if trailers(commit.message, freeze.TRAILER) and not self._loosens(self._verifier.desired(commit.id), after):
                found |= self._roles(commit)
        return frozenset(found)

    def _commits(self, applied: str, wanted: str) -> Sequence[RawCommit]:
        return self._source.commits(applied, wanted) if applied != wanted else ()

    def _roles(self, commit: RawCommit) -> frozenset[Role]:
        """What the signer of a verified commit was when it was made."""
        try:
            signed = self._check(commit.payload, commit.signature or b"")
        except SignatureError:
            return frozenset()
        if signed.fingerprint in self._denied:
            return frozenset()
        trusts = [self._verifier.desired(parent).trust for parent in commit.parents]
        signers = [find(trust, signed.key) for trust in trusts]
        return frozenset.intersection(*(frozenset(signer.roles if signer else ()) for signer in signers))

    def _loosens(self, before: Desired, after: Desired) -> bool:
        return any(change.direction is Direction.LOOSEN for change in compare_desired(before, after))
