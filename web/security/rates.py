"""How often somebody may ask: a bucket of tokens for each class of endpoints and each asker."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address

from web.hooks.rates import Bucket
from web.registry import Rate

RATES: Mapping[Rate, tuple[float, float]] = {
    Rate.PAGE: (300, 100),
    Rate.READ: (1_000, 300),
    Rate.STREAM: (100, 20),
    Rate.CONTROL: (30, 2),
    Rate.HALT: (30, 2),
    Rate.LOGIN: (10, 0.2),
    Rate.PROBE: (100, 20),
}
"""At once, and again each second. An asker's halts drain nobody else's, and nothing else drains them."""
NAME_RATE = (20, 0.05)
"""Logins by one name from wherever: a guesser gets 4,320 a day, against at least 12 characters."""
MOST_ASKERS = 8_192
_NET = 64


class Rates:
    """Safe for threads; ``clock`` in seconds, never backwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    def take(self, rate: Rate, asker: str) -> bool:
        """Take one of ``asker``'s; False when none is left."""
        return self._bucket(rate.value, asker, RATES[rate]).take()

    def take_login(self, name: str) -> bool:
        """Take one of the logins by ``name``."""
        return self._bucket("name", name, NAME_RATE).take()

    def _bucket(self, kind: str, asker: str, size: tuple[float, float]) -> Bucket:
        with self._lock:
            bucket = self._buckets.pop((kind, asker), None) or Bucket(*size, self._clock)
            self._buckets[kind, asker] = bucket
            if len(self._buckets) > MOST_ASKERS:
                self._buckets.popitem(last=False)
            return bucket


def neighbourhood(address: str) -> str:
    """The asker that an address stands for: itself, of IPv6 its network, which one machine may have for itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> (128 - _NET) << (128 - _NET)))
