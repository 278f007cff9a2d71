"""Whether the gate's loop stays awake for a moment after an answer (pure; nanoseconds of any steady clock)."""

LINGER_NS = 200_000


class Linger:
    """Orders come in rows, and to be woken takes a process longer than to check one: so look a while, then sleep.

    Where the client needs the very core on which the loop looks, that is in its way: its request then comes right
    after the loop has fallen asleep. From there on the loop sleeps at once, until no request has come for a while.
    """

    __slots__ = ("_asleep_since", "_helps", "_until")

    def __init__(self) -> None:
        self._helps = True
        self._until = 0
        self._asleep_since = 0

    def called(self, now: int) -> None:
        """Requests have come."""
        if not self._until:
            self._helps = now - self._asleep_since >= LINGER_NS

    def answered(self, now: int) -> None:
        """Those that had come are answered."""
        self._until = now + LINGER_NS if self._helps else now

    def awake(self, now: int) -> bool:
        """Whether to look again at once; if not, the loop sleeps from ``now`` on."""
        if now < self._until:
            return True
        if self._until:
            self._asleep_since, self._until = now, 0
        return False
