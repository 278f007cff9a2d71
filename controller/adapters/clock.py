"""The Clock port: the system's clocks, and one that a test moves by hand."""

import time


class SystemClock:
    """The clocks of this machine."""

    def wall_ns(self) -> int:
        """Unix time in nanoseconds; may jump."""
        return time.time_ns()

    def boot_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds; never jumps, counts suspend."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class ManualClock:
    """A clock that stands still until it is moved. Starts at 2026-01-19 10:23:45 UTC, one hour after boot."""

    def __init__(self, wall_ns: int = 1_768_818_225_000_000_000, boot_ns: int = 3_600_000_000_000) -> None:
        self._wall_ns = wall_ns
        self._boot_ns = boot_ns

    def wall_ns(self) -> int:
        """Unix time in nanoseconds."""
        return self._wall_ns

    def boot_ns(self) -> int:
        """Nanoseconds since the pretended boot."""
        return self._boot_ns

    def advance(self, seconds: float) -> None:
        """Let time pass: both clocks move by ``seconds`` (at least 0)."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use jump_wall for a changed wall clock")
        self._wall_ns += round(seconds * 1e9)
        self._boot_ns += round(seconds * 1e9)

    def jump_wall(self, seconds: float) -> None:
        """Change the wall clock alone, as a person or NTP does; ``seconds`` may be negative."""
        self._wall_ns += round(seconds * 1e9)
