"""Homes as ``init`` makes them, with a store in use, without a service."""

from collections.abc import Iterator
from contextlib import contextmanager

from controller.adapters.store.sql import SqlStore
from controller.home import Home
from controller.host.provision import Wish, initialise
from tests.support.folders import short_folder
from tests.support.stores import NOW, entry


@contextmanager
def made_home(records: int = 3) -> Iterator[Home]:
    """A home with ``records`` audit records, a peak and some samples in its store."""
    with short_folder() as folder:
        home = Home(folder / "h")
        initialise(home, Wish(name="Op", email="op@example.org"))
        store = opened(home)
        for number in range(records):
            store.append_audit(entry(number))
        store.save_peaks({"account": 100})
        store.add_samples("equity", NOW, "2012-03-01", {"account": 1, "cash": 1})
        store.close()
        yield home


def opened(home: Home) -> SqlStore:
    """The store of ``home``; the caller closes it."""
    return SqlStore(home.store, home.audit_head)
