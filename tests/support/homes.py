"""Homes without a service: as ``init`` makes them with a store in use, or with the latch alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.adapters.store.sql import SqlStore
from controller.home import Home
from controller.host.provision import Wish, initialise
from controller.latch.journal import create
from controller.latch.raising import create_pair
from controller.reconcile.boot import book16
from tests.support.folders import short_folder
from tests.support.stores import NOW, entry

BOOK = "0" * 32


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


def latched_home(root: Path) -> Home:
    """The folders of a home, its latch pair and its journal, as far as a boot needs them."""
    home = Home(root)
    for folder in (home.raise_file.parent, home.policy, home.run):
        folder.mkdir()
    create_pair(str(home.raise_file), str(home.permit_file), book16(BOOK))
    create(str(home.journal), 16)
    return home


def opened(home: Home) -> SqlStore:
    """The store of ``home``; the caller closes it."""
    return SqlStore(home.store, home.audit_head)
