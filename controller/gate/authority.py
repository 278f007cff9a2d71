"""What binds the gate at this moment: latch, permit, policy and sticky halts, read again before every order."""

from collections.abc import Callable
from typing import Protocol

from controller.gate.policy import Policy, PolicyKeeper
from controller.gate.standing import Standing, status_of_mode
from controller.gate.verdicts import Code
from controller.latch.layout import ACCOUNT, scope24, uid_of
from controller.latch.reader import LatchState

Raiser = Callable[[str, int, str], int]
"""Raise a latch slot for (scope, mode, reason); returns its word. Raises OSError or LatchError when it cannot."""


class Latch(Protocol):
    """What the gate needs of :class:`controller.latch.reader.LatchReader`."""

    def poll(self, boot_ns: int) -> LatchState:
        """The state now; the identical object while nothing has changed."""
        ...

    def reread(self, boot_ns: int) -> LatchState:
        """As :meth:`poll`, files checked anew."""
        ...


class Authority:
    """Keeps ``standing`` and ``policies`` current. ``seen`` is the latch state that they follow.

    ``sticky`` (scope → mode) holds halts that came over the socket until the latch carries them.
    """

    def __init__(self, latch: Latch, keeper: PolicyKeeper) -> None:
        self._latch = latch
        self.keeper = keeper
        self.sticky: dict[str, int] = {}
        self.uids: set[str] = set()
        self.seen: LatchState | None = None
        self.standing = Standing(frozen=Code.NO_POLICY, reason="nothing read yet")
        self.policies: tuple[Policy, ...] = ()

    def unchanged(self, boot_ns: int) -> bool:
        """Whether the latch still says what ``standing`` follows: asked right before an order is sent."""
        return self._latch.poll(boot_ns) is self.seen

    def refresh(self, boot_ns: int, *, force: bool = False) -> bool:
        """Read the latch (``force``: files and policy anew) and follow it; True when anything changed."""
        state = self._latch.reread(boot_ns) if force else self._latch.poll(boot_ns)
        if state is self.seen and not force:
            return False
        changed = state is not self.seen
        self.seen = state
        named = (state.policy_version, state.policy_digest24, state.fence)
        if not state.anomaly and not self.keeper.in_force(*named):
            changed |= self.keeper.adopt(*named)
        snapshot = self.keeper.snapshot
        self.policies = snapshot.policies if snapshot is not None else ()
        self.settle()
        return changed

    def settle(self) -> None:
        """Merge latch, permit, policy and sticky halts into ``standing``."""
        state = self.seen
        if state is None:
            return
        mode, statuses = self._halts(state)
        frozen, reason = self._frozen(state)
        self.standing = Standing(mode, statuses, frozen, self._restriction(state), reason)

    def _frozen(self, state: LatchState) -> tuple[str, str]:
        if state.anomaly:
            return Code.LATCH_ANOMALY, state.anomaly
        if not self.policies:
            return Code.NO_POLICY, f"no policy was ever adopted: {self.keeper.problem}"
        return "", ""

    def _restriction(self, state: LatchState) -> str:
        if state.permit != "ok":
            return f"the controller's permit is not valid ({state.permit})"
        return f"the named policy is not adopted ({self.keeper.problem})" if self.keeper.problem else ""

    def _halts(self, state: LatchState) -> tuple[int, dict[str, int]]:
        mode = max(state.mode, self.sticky.get(ACCOUNT, 0))
        statuses = {uid_of(scope): status_of_mode(level) for scope, level in self.sticky.items() if scope != ACCOUNT}
        if state.strategy_modes:
            for uid in self.uids.union(*(policy.strategies for policy in self.policies)):
                level = state.strategy_modes.get(scope24(uid), 0)
                if level:
                    statuses[uid] = max(statuses.get(uid, 0), status_of_mode(level))
        return mode, statuses
