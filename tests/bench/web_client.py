"""Everybody who uses a dashboard at once, as two processes that a JSON document on standard input tells what to do.

``python -m tests.bench.web_client users``: ``address``, ``seconds`` and a key for each person. Each asks, thinks for a
second, asks again, four times of five the API, else a page; prints what it took.

``python -m tests.bench.web_client streams``: ``address`` and a key for each client, half of them of ``/api/stream``,
half of ``/ws``; prints, when the other side has ended them all, how much later than the first each had an event. They
are a process of their own: what a hundred clients read at one instant would make people's answers late here.
"""

import asyncio
import json
import random
import re
import sys
import time
from array import array
from collections.abc import Sequence

from tests.support.websocket import HANDSHAKE

THINK_SECONDS = 1.0
API = (
    "/api/status",
    "/api/portfolio/status",
    "/api/portfolio/positions",
    "/api/portfolio/risk",
    "/api/strategies",
    "/api/strategies/ml-momentum-v2",
    "/api/alerts",
    "/api/limits",
    "/api/audit/log?limit=20",
)
PAGES = ("/", "/portfolio/positions", "/risk", "/strategies", "/alerts")
_PAGES_OF_TEN = 2
_EVENT = re.compile(rb'"id": "([^"]+)", "type": "portfolio_update"')
"""The last event of its second, as both kinds of streams write it."""


class Users:
    """``took``: milliseconds of answers by kind."""

    def __init__(self, address: str, seconds: float) -> None:
        self.address, self.until = address, time.monotonic() + seconds
        self.took: dict[str, list[float]] = {"api": [], "page": []}
        self.errors: list[str] = []

    async def user(self, number: int, key: str) -> None:
        """Ask, think, ask again on the same connection."""
        choose = random.Random(number)
        await asyncio.sleep(choose.random() * THINK_SECONDS)
        reader, writer = await _connected(self.address, number)
        while time.monotonic() < self.until:
            kind = "page" if choose.randrange(10) < _PAGES_OF_TEN else "api"
            path = choose.choice(PAGES if kind == "page" else API)
            began = time.monotonic_ns()
            writer.write(_request(self.address, path, key))
            status = await _answered(reader)
            self.took[kind].append((time.monotonic_ns() - began) / 1e6)
            if status != 200:
                self.errors.append(f"{path}: {status}")
            await asyncio.sleep(THINK_SECONDS)
        writer.close()


class Streams:
    """``late``: by how many milliseconds each client had each event behind the first who had it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.first: dict[bytes, int] = {}
        self.late = array("d")
        self.ended = 0

    async def stream(self, number: int, key: str) -> None:
        """Read to the end."""
        path, headers = ("/ws", HANDSHAKE) if number % 2 else ("/api/stream", {})
        reader, writer = await _connected(self.address, number)
        writer.write(_request(self.address, path, key, headers))
        while found := await reader.read(65_536):
            now = time.monotonic_ns()
            for id in _EVENT.findall(found):
                self.late.append((now - self.first.setdefault(id, now)) / 1e6)
        self.ended += 1
        writer.close()


async def _connected(address: str, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """From a loopback address of its own."""
    host, _, port = address.rpartition(":")
    source = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
    return await asyncio.open_connection(host, int(port), local_addr=source)


def _request(address: str, path: str, key: str, headers: dict[str, str] | None = None) -> bytes:
    sent = {"Host": address, "Authorization": f"Bearer {key}", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


async def _answered(reader: asyncio.StreamReader) -> int:
    """The status of one answer, read whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    sizes = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
    await reader.readexactly(int(sizes[0]))
    return int(head[0].split()[1])


async def users(address: str, seconds: float, keys: Sequence[str]) -> dict[str, object]:
    """All people at once."""
    seen = Users(address, seconds)
    await asyncio.gather(*(seen.user(number, key) for number, key in enumerate(keys)))
    return {**seen.took, "errors": seen.errors}


async def streams(address: str, keys: Sequence[str]) -> dict[str, object]:
    """All streams at once, to their end."""
    seen = Streams(address)
    await asyncio.gather(*(seen.stream(number, key) for number, key in enumerate(keys)), return_exceptions=True)
    return {"late": list(seen.late), "events": len(seen.first), "ended": seen.ended}


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(json.dumps(asyncio.run(users(**told) if sys.argv[1] == "users" else streams(**told))))
