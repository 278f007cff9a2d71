"""The tip of a remote as the last fetch left it: asked by a poll of its own, never by whoever only looks."""

from collections.abc import Callable

from controller.adapters.git.source import GitSource
from controller.errors import SourceUnavailable
from controller.ports import Clock

_FIRST_RETRY_SECONDS = 1.0


class PolledTip:
    """Fetches ``source`` every ``poll`` seconds (jittered by a fifth); a failed fetch is tried again sooner, at 1 s,
    2 s, 4 s and so on up to ``poll``.

    ``timeout`` is what one git command may take, ``random`` returns a number in [0, 1). :meth:`fetch` is for one
    thread; :meth:`tip` for any.
    """

    def __init__(
        self, source: GitSource, clock: Clock, poll: float, timeout: float, random: Callable[[], float]
    ) -> None:
        self._source = source
        self._clock = clock
        self._poll = poll
        self._random = random
        self._bound_ns = round((1.2 * poll + 2 * timeout) * 1e9)
        self._fetched_ns: int | None = None
        self._failures = 0
        self._error: SourceUnavailable | None = SourceUnavailable(
            "the remote has not been asked since the start", hint="gt-risk status"
        )
        self._seen = ""

    def fetch(self) -> tuple[bool, float]:
        """Ask the remote; (whether the tip or the remote's health changed, seconds until the next time)."""
        before = (self._seen, self._error is None)
        try:
            self._source.fetch()
            self._seen = self._source.local_tip()
        except SourceUnavailable as error:
            self._error = error
            self._failures += 1
            delay = min(self._poll, _FIRST_RETRY_SECONDS * 2.0 ** min(self._failures - 1, 16))
        else:
            self._error, self._failures, delay = None, 0, self._poll
            self._fetched_ns = self._clock.boot_ns()
        return before != (self._seen, self._error is None), delay * (0.8 + 0.4 * self._random())

    def tip(self) -> str:
        """The tip as last fetched or pushed. Raises SourceUnavailable while the remote does not answer."""
        if self._error is not None:
            raise self._error
        if self._fetched_ns is None or self._clock.boot_ns() - self._fetched_ns > self._bound_ns:
            raise SourceUnavailable("the remote has not answered for too long", hint="gt-risk doctor")
        return self._source.local_tip()
