"""Ports of the loopback address."""

import os
import random
import socket

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST, _EACH, _WORKERS = 20_000, 1_000, 12
"""Below those that Linux gives to connections; every worker of a parallel run has some of its own."""
_FROM = _FIRST + _EACH * (_WORKER % _WORKERS)
_left = random.sample(range(_FROM, _FROM + _EACH), _EACH)


def free_port() -> int:
    """One on which nobody listens, another each time: nobody takes it between this choice and its use."""
    while True:
        port = _left.pop()
        if not listens(port):
            return port


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
