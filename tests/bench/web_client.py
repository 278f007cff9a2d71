"""Everybody who uses a dashboard at once: ``python -m tests.bench.web_client ADDRESS USERS STREAMS SECONDS``.

USERS people with a second of thought between two requests, four of five for the API, one for a page; STREAMS clients
of ``/api/stream`` and as many of ``/ws``, each from an address of its own. Prints one JSON document, then keeps the
streams open until the other side ends them, and prints when each of them did (Unix nanoseconds).
"""

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field

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


@dataclass
class Seen:
    """Milliseconds of answers by kind, errors, and when each event came to whom."""

    took: dict[str, list[float]] = field(default_factory=lambda: {"api": [], "page": []})
    errors: list[str] = field(default_factory=list)
    arrivals: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    ended: list[int] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """What came; ``skew``: how much later than the first one each client had an event, milliseconds."""
        skew = [(at - min(times)) / 1e6 for times in self.arrivals.values() if len(times) > 1 for at in times]
        return {**self.took, "errors": self.errors, "skew": skew, "events": len(self.arrivals)}


def source(number: int) -> tuple[str, int]:
    """A loopback address of its own for one client."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}", 0


async def user(address: str, number: int, until: float, seen: Seen) -> None:
    """Ask, think, ask again on the same connection."""
    host, _, port = address.rpartition(":")
    choose = random.Random(number)
    await asyncio.sleep(choose.random() * THINK_SECONDS)
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=source(number))
    while time.monotonic() < until:
        kind = "page" if choose.randrange(10) < _PAGES_OF_TEN else "api"
        path = choose.choice(PAGES if kind == "page" else API)
        began = time.monotonic_ns()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        status = await answered(reader)
        seen.took[kind].append((time.monotonic_ns() - began) / 1e6)
        if status != 200:
            seen.errors.append(f"{path}: {status}")
        await asyncio.sleep(THINK_SECONDS)
    writer.close()


async def answered(reader: asyncio.StreamReader) -> int:
    """The status of one answer, read whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    sizes = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
    await reader.readexactly(int(sizes[0]))
    return int(head[0].split()[1])


async def stream(address: str, number: int, seen: Seen) -> None:
    """Read ``/api/stream`` to its end."""
    reader, writer = await _opened(address, number, "/api/stream", {})
    while (line := await reader.readline()) not in (b"", b"0\r\n"):
        if line.startswith(b"id: "):
            seen.arrivals[line[4:].strip().decode()].append(time.monotonic_ns())
    writer.close()
    seen.ended.append(time.time_ns())


async def socket(address: str, number: int, seen: Seen) -> None:
    """Read ``/ws`` to its end."""
    reader, writer = await _opened(address, number, "/ws", HANDSHAKE)
    while len(head := await reader.read(2)) == 2 and head[0] & 0x0F != 8:
        size = head[1] if head[1] < 126 else int.from_bytes(await reader.readexactly(2 if head[1] == 126 else 8), "big")
        text = await reader.readexactly(size)
        if head[0] & 0x0F == 1:
            seen.arrivals[json.loads(text)["id"]].append(time.monotonic_ns())
    writer.close()
    seen.ended.append(time.time_ns())


async def _opened(
    address: str, number: int, path: str, headers: dict[str, str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=source(number))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{lines}\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def main(address: str, users: int, streams: int, seconds: float) -> None:
    """All of them at once; see the module."""
    seen, until = Seen(), time.monotonic() + seconds
    told = [stream(address, users + number, seen) for number in range(streams)]
    told += [socket(address, users + streams + number, seen) for number in range(streams)]
    streaming = [asyncio.create_task(item) for item in told]
    await asyncio.gather(*(user(address, number, until, seen) for number in range(users)))
    print(json.dumps(seen.document()), flush=True)
    await asyncio.gather(*streaming, return_exceptions=True)
    print(json.dumps(seen.ended), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
