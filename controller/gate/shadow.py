"""Sessions of A/B tests as the runner tells them: kept once each by the venue's book."""

import re
from collections.abc import Sequence

from controller.gate.desk import Desk
from controller.gate.venue import Shadow

Test = tuple[str, str, int]
"""uid, test, epoch."""
FIGURES = Shadow._fields[4:]
MOST = 1_000_000_000_000
"""No figure is larger: returns in parts per billion, counts of signals."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch


def span(desk: Desk, test: Test) -> tuple[str, str]:
    """The first and the last session kept of ``test``; empty before there is one."""
    return desk.venue.book().spans.get(test, ("", ""))


def note(desk: Desk, test: Test, market_time: str, figures: Sequence[int]) -> bool:
    """Keep the session ``market_time`` of ``test``; False for one that is not newer than the last: it counts once.

    Raises ValueError for a test that no policy in force knows, or a session that has not been; VenueUnknown when the
    venue cannot write it.
    """
    uid, name, epoch = test
    known = [policy.strategies[uid].test for policy in desk.authority.policies if uid in policy.strategies]
    if (name, epoch) not in known:
        raise ValueError(f"strategy {uid} is in no test {name}, step {epoch}")
    if not _DATE(market_time) or market_time > desk.venue.book().market_time:
        raise ValueError(f"market_time = {market_time!r} is no session that has been")
    if max(map(abs, figures)) > MOST:
        raise ValueError(f"figures {figures} are larger than any can be")
    if market_time <= span(desk, test)[1]:
        return False
    desk.venue.note_shadow(Shadow(uid, name, epoch, market_time, *figures))
    return True
