"""Scheduled changes: what a commit loosens waits until the time of its trailer ``Not-Before``. Pure.

Direction and authority are judged when the commit is made, by its values: the supremum of what will ever be in force of
it. A tightening never waits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.core.plan.guards import Hold
from controller.core.trust.commits import trailers
from schemas.plan import Change, Direction

TRAILER = "Not-Before"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Due:
    """When a key may loosen: ``at_ns`` (Unix time), None for never, as ``commit`` says."""

    commit: str
    at_ns: int | None
    text: str


def due_of(commit: str, message: str) -> Due | None:
    """What the trailer of one commit says, None without one; a time that cannot be read never comes."""
    found = trailers(message, TRAILER)
    if not found:
        return None
    try:
        moments = [datetime.fromisoformat(text) for text in found]
    except ValueError:
        moments = []
    if not moments or any(moment.tzinfo is None for moment in moments):
        return Due(commit, None, found[0])
    last = max(moments)
    return Due(commit, round(last.timestamp()) * 1_000_000_000, f"{last:%Y-%m-%d %H:%M %Z}")


def schedule(commits: Iterable[tuple[Due | None, Iterable[Change]]]) -> dict[Key, Due]:
    """When each key may loosen, from what each commit changes itself, oldest first: the last to loosen a key decides.

    Who only tightens it meanwhile has no say in when: that would let a part of it through sooner.
    """
    found: dict[Key, Due] = {}
    for due, changes in commits:
        for change in (item for item in changes if item.direction is Direction.LOOSEN):
            key = change.scope, change.key
            found.pop(key, None)
            if due is not None:
                found[key] = due
    return found


def waiting(planned: Mapping[Key, Due], now_ns: int) -> dict[Key, Due]:
    """The keys whose time has not come."""
    return {key: due for key, due in planned.items() if due.at_ns is None or now_ns < due.at_ns}


def hold(late: Mapping[Key, Due], labels: Mapping[Key, str]) -> Hold | None:
    """Why the keys ``late`` wait, and until when the first of them does; None for none. ``labels`` for people."""
    if not late:
        return None
    times = [due.at_ns for due in late.values() if due.at_ns is not None]
    first = sorted(late.items(), key=lambda item: (item[1].at_ns or 0, item[0]))
    texts = [f"{labels.get(key, key[1])} {_when(due)}" for key, due in first[:3]]
    return Hold(
        "Scheduled",
        f"{', '.join(texts)}; tightening passes",
        "it comes into force by itself then: gt-risk status" if times else "land it again with a time that can be read",
        until_ns=min(times, default=0),
    )


def _when(due: Due) -> str:
    if due.at_ns is None:
        return f"waits for ever: {TRAILER} of {due.commit[:12]} is {due.text!r}, write 2026-02-01T09:00:00+00:00"
    return f"waits until {due.text} ({due.commit[:12]})"
