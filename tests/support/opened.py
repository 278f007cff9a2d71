"""What helpers open for a test is closed when that test ends: a suite in one process would run out of descriptors."""

from contextlib import ExitStack
from typing import Protocol, TypeVar


class Closing(Protocol):
    """Has descriptors until it is closed; closing twice does no harm."""

    def close(self) -> None: ...


Item = TypeVar("Item", bound=Closing)
_OPENED = ExitStack()


def until_the_end(item: Item) -> Item:
    """``item``, closed after the test that runs now; not for what a module's fixture shares."""
    _OPENED.callback(item.close)
    return item


def close_all() -> None:
    """Close what the test has left open, newest first."""
    _OPENED.close()
