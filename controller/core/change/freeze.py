"""Freeze windows: while one is open nothing that people changed loosens. Pure; deny wins.

They are about what people do, so they go by the wall clock, in the zone that each names.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from controller.core.change.sessions import session, zone
from controller.core.plan.guards import Hold
from schemas.change import FreezeWindow
from schemas.trust import Role

TRAILER = "Freeze-Override"
_SECOND = timedelta(seconds=1)
_SOON = 0.01
_JOINED = 1_000
"""So many openings that follow each other without a gap are looked at for the end of a window."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A window that is open; ``until`` is when it closes, None when it opens again before it ever does."""

    window: FreezeWindow
    until: datetime | None

    def __str__(self) -> str:
        """``us-session until 2026-01-20 16:00 EST``."""
        return f"{self.window.name} {_until(self.until)}"


def open_windows(windows: Iterable[FreezeWindow], now: datetime) -> tuple[Frozen, ...]:
    """The windows that are open at ``now`` (aware), by name; of equal ones one."""
    found = {window.name: state for window in windows if (state := _state(window, now)) is not None}
    return tuple(found[name] for name in sorted(found))


def hold(windows: Iterable[FreezeWindow], now: datetime, overrides: Collection[Role]) -> Hold | None:
    """Why loosening waits at ``now``, and until when; None while nothing is frozen.

    ``overrides``: the roles of whoever has overridden it with a reason.
    """
    frozen = [item for item in open_windows(windows, now) if not set(item.window.override) & set(overrides)]
    if not frozen:
        return None
    ends = [item.until for item in frozen]
    until = None if None in ends else max(end for end in ends if end is not None)
    names = ", ".join(map(str, frozen))
    return Hold(
        "Frozen",
        f"freeze window {names}; tightening passes",
        _way_out(frozen),
        until_ns=0 if until is None else int(until.timestamp()) * 1_000_000_000,
    )


def seconds_to(held: Hold | None, now_ns: int, most: float) -> float:
    """Seconds until ``held`` ends by itself, so that the loop looks then; 0 when not within ``most`` seconds."""
    if held is None or not held.until_ns:
        return 0.0
    left = (held.until_ns - now_ns) / 1e9
    return max(_SOON, left) if left < most else 0.0


def _way_out(frozen: Collection[Frozen]) -> str:
    shared = set.intersection(*(set(item.window.override) for item in frozen))
    if not shared:
        return "it comes into force by itself then: gt-risk status"
    roles = " or ".join(sorted(role.value for role in shared))
    return (
        f"or override, as {roles}: git commit --allow-empty -S -m 'Override the freeze' --trailer '{TRAILER}: REASON'"
    )


def _state(window: FreezeWindow, now: datetime) -> Frozen | None:
    if window.calendar is not None:
        here = now.astimezone(zone())
        hours = session(here.date())
        return Frozen(window, hours[1]) if hours is not None and hours[0] <= here < hours[1] else None
    if window.cron is None or window.minutes is None:
        return None
    return _by_cron(window, window.cron, timedelta(minutes=window.minutes), now)


def _by_cron(window: FreezeWindow, cron: str, length: timedelta, now: datetime) -> Frozen | None:
    """Lengths are elapsed time, so a window is as long on the day that clocks change as on any other."""
    zone = ZoneInfo(window.zone)
    opened = next(CronSim(cron, (now.replace(microsecond=0) + _SECOND).astimezone(zone), reverse=True), None)
    if opened is None or now >= (end := opened.astimezone(UTC) + length):
        return None
    later = CronSim(cron, opened)
    for _ in range(_JOINED):
        again = next(later, None)
        if again is None or again.astimezone(UTC) > end:
            return Frozen(window, end.astimezone(zone))
        end = again.astimezone(UTC) + length
    return Frozen(window, None)


def _until(end: datetime | None) -> str:
    return "with no end" if end is None else f"until {end:%Y-%m-%d %H:%M %Z}"
