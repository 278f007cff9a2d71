"""What was read or judged last, kept within bounds whatever the size of the trees."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from schemas.desired import Desired

T = TypeVar("T")
MOST, LEAST = 64, 3
"""Items: a commit and both of its parents in any case."""
TOGETHER = 40_000
"""What all items weigh together while they are more than the least."""


class Newest(Generic[T]):
    """Items by id, those that were asked for last; ``weigh`` counts the objects that one holds."""

    def __init__(self, weigh: Callable[[T], int]) -> None:
        self._weigh = weigh
        self._items: OrderedDict[str, tuple[int, T]] = OrderedDict()
        self._together = 0

    def get(self, key: str) -> T | None:
        """The item, None when it is not kept."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[1]

    def put(self, key: str, item: T) -> None:
        """Keep an item, in place of one with the same id; the oldest go."""
        weight, before = self._weigh(item), self._items.pop(key, None)
        self._items[key] = weight, item
        self._together += weight - (before[0] if before else 0)
        while len(self._items) > MOST or (len(self._items) > LEAST and self._together > TOGETHER):
            self._together -= self._items.popitem(last=False)[1][0]

    def clear(self) -> None:
        """Keep nothing."""
        self._items.clear()
        self._together = 0


def objects_in(desired: Desired) -> int:
    """How many documents a tree has."""
    return 4 + len(desired.strategies) + len(desired.halts) + len(desired.cleared) + len(desired.ab_tests)
