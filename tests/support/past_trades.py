"""Trades that a real service's test has made, without waiting for them: put into its store while it is down."""

from collections.abc import Mapping, Sequence

from controller.adapters.store.sql import SqlStore
from controller.home import Home
from schemas.live import Arm
from tests.support.service import Service, until
from tests.support.trials import trips

_FAR = 1_000_000
"""Numbers of fills that no gate of a test reaches."""


def put_trades(service: Service, test: str, returns: Mapping[Arm, Sequence[float]]) -> None:
    """Stop ``service``, give each arm of ``test`` a closed trade a return, and start it again."""
    until(lambda: service.read("ab-test", "status", test)["test"]["looked"] is not None, "the test is seen")
    service.must("service", "stop")
    home = Home(service.home)
    store = SqlStore(home.store, home.audit_head)
    book = store.tests.trials()[test].book
    for place, (arm, values) in enumerate(returns.items(), start=1):
        store.add_fills(book, trips(arm, values, first=place * _FAR, test=test))
    store.close()
    service.start()
