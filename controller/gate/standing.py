"""What latch, permit and sticky halts allow at this moment, merged: always the stricter of any two."""

from collections.abc import Iterable, Mapping

from controller.gate.policy import MODES, STATUSES, Policy

PAUSE, FREEZE, HALT = 1, 2, 3
PAUSED, HALTED = 1, 2


class Standing:
    """Ranks from outside the policy: ``mode`` 0..3, ``statuses`` uid → 0..2 (only those above 0).

    ``frozen`` is the code of what stops everything, ``reduce_only`` why only reducing orders pass; empty: nothing does.
    """

    __slots__ = ("frozen", "mode", "reason", "reduce_only", "statuses")

    def __init__(
        self,
        mode: int = 0,
        statuses: Mapping[str, int] | None = None,
        frozen: str = "",
        reduce_only: str = "",
        reason: str = "",
    ) -> None:
        self.mode = mode
        self.statuses = dict(statuses or {})
        self.frozen = frozen
        self.reduce_only = reduce_only
        self.reason = reason

    def mode_under(self, policies: Iterable[Policy]) -> int:
        """The account's effective mode with everything in it, computed restrictions too."""
        mode = max([self.mode, *(policy.mode for policy in policies)])
        if self.frozen:
            mode = max(mode, FREEZE)
        return max(mode, PAUSE) if self.reduce_only else mode

    def halt_mode(self, policies: Iterable[Policy]) -> int:
        """The account's mode by people's and drawdown's will: without permit and policy trouble."""
        return max([self.mode, *(policy.mode for policy in policies)])

    def status_under(self, uid: str, policies: Iterable[Policy]) -> int:
        """One strategy's effective status; ``halted`` under halt-all, and for a uid that a policy does not know."""
        ranks = [self.statuses.get(uid, 0)]
        for policy in policies:
            known = policy.strategies.get(uid)
            ranks.append(HALTED if known is None or policy.mode == HALT else known.status)
        return HALTED if self.mode == HALT else max(ranks)


CLEAR = Standing()


def mode_name(rank: int) -> str:
    """``normal`` to ``halt-all``."""
    return MODES[min(max(rank, 0), 3)]


def status_name(rank: int) -> str:
    """``active``, ``paused``, ``halted``."""
    return STATUSES[min(max(rank, 0), 2)]


def status_of_mode(mode: int) -> int:
    """The status that a latch mode means for one strategy: 1 pauses it, anything stricter halts it."""
    return PAUSED if mode == PAUSE else HALTED
