"""How often and how long the permit had run out lately, also over restarts (safety section 5).

Standard library only: boot notes what it finds before it takes the lease, which ends the evidence.
"""

from pathlib import Path

from controller.reconcile.publisher import write_durably

NAME = "permit-expiries"
WINDOW_NS = 600_000_000_000
MAX = 3


class Expiries:
    """The expiries of the last ten minutes, each by the ``until`` that had run out, so that none counts twice.

    ``path`` keeps a line for each: ``until``, the wall time of its end (Unix nanoseconds), and whether a permit has
    ``followed`` or is still ``due``; None: only this process counts. Within the process time is CLOCK_BOOTTIME, so
    moving the wall clock forgets nothing. ``due``: the ``until`` that no permit has followed yet, 0 for none.
    """

    def __init__(self, path: Path | None, boot_ns: int, wall_ns: int) -> None:
        self._path = path
        self.due = 0
        self._ends = self._load(boot_ns, wall_ns)

    def excessive(self, until: int, boot_ns: int) -> str:
        """Why a halt is due before the permit that ended at ``until`` is renewed; empty when none is."""
        if boot_ns - until > WINDOW_NS:
            return f"the permit had run out for {(boot_ns - until) // 10**9} s"
        count = len(self._recent(boot_ns).keys() | {until})
        return f"the permit ran out {count} times in 10 minutes" if count >= MAX else ""

    def note(self, until: int, boot_ns: int, wall_ns: int, *, followed: bool) -> None:
        """The permit had run out at ``until``, durable when it returns. Raises OSError."""
        self._ends = {**self._recent(boot_ns), until: until}
        self.due = 0 if followed else until
        if self._path is not None:
            states = {self.due: "due"}
            lines = (
                f"{key} {wall_ns - (boot_ns - end)} {states.get(key, 'followed')}\n" for key, end in self._ends.items()
            )
            write_durably(self._path, "".join(lines))

    def _recent(self, boot_ns: int) -> dict[int, int]:
        return {key: end for key, end in self._ends.items() if boot_ns - end < WINDOW_NS}

    def _load(self, boot_ns: int, wall_ns: int) -> dict[int, int]:
        """What is kept, as boot times; a moment in the future (of a clock that was set back) counts as now."""
        try:
            lines = self._path.read_text().splitlines() if self._path is not None else []
        except FileNotFoundError:
            return {}
        ends = {}
        for line in lines:
            until, moment, state = (*line.split(), "", "", "")[:3]
            if until.isdigit() and moment.isdigit():
                ends[int(until)] = boot_ns - max(0, wall_ns - int(moment))
                self.due = min(int(until), boot_ns) if state == "due" else self.due
        return ends
