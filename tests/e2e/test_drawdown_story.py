"""Two fresh homes over the same prices: with the template's limit a drawdown halts a strategy; raised first, by a
signed commit, it does not."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.engine_record import books
from tests.support.service import Service, initialised, until

BAR = {"GT_RISK_PAPER__BAR_SECONDS": "0.1"}
"""Ten sessions a second."""
SESSIONS = 250
"""The halt comes about session 30 to 120 at any speed that the strategies can follow."""
LIMIT = "drawdown.strategy_halt_pct"

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@contextmanager
def made(*first: tuple[str, ...]) -> Iterator[Service]:
    """A home on which the commands of ``first`` are run before anything trades; then started."""
    with initialised(env=BAR) as service:
        for argv in first:
            assert service.gt(*argv).code in (0, 3)
        service.start()
        yield service


def drawdown_halts(service: Service) -> list[str]:
    found = service.gt("emergency", "status", "--json").document["halts"]
    return [item["scope"] for item in found if item["source"] == "monitor"]


def sessions(service: Service, since: int) -> int:
    return books(service.home).book.session - since


def test_drawdown_limit_when_raised_by_a_signed_commit_first_then_the_halt_does_not_come() -> None:
    raise_it = ("limits", "set", LIMIT, "60%", "--yes", "-r", "wait and see")
    with made() as template, made(raise_it) as raised:
        begun = [books(service.home).book.session for service in (template, raised)]
        assert raised.read("limits", "get", LIMIT)["limit"]["text"] == "60%"
        until(lambda: bool(drawdown_halts(template)) or sessions(template, begun[0]) > SESSIONS, "the halt", 120.0)
        assert {scope.partition(":")[0] for scope in drawdown_halts(template)} == {"strategy"}
        reached = sessions(template, begun[0])
        until(lambda: sessions(raised, begun[1]) > reached + 30, "the other market has come as far", 120.0)
        assert drawdown_halts(raised) == []
        for service in (template, raised):
            assert service.read("audit", "verify")["intact"] is True
