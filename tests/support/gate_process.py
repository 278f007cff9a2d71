"""Processes around a gate: ``python -m tests.support.gate_process gate|submit|halt|litter …`` (see the functions)."""

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer

from controller.gate.client import GateClient, GateUnavailable
from controller.gate.handlers import OPERATIONS, handle
from controller.gate.service import GateService, stop_on_signals
from controller.latch.barrier import barrier
from controller.latch.layout import word_hex
from controller.latch.raising import RaiseFile
from controller.latch.reader import LatchReader
from tests.support.venue import MemoryVenue

DOLLAR = 1_000_000
ANN, BEA = "a" * 32, "b" * 32
CASH, MARKS = 10**6 * DOLLAR, {"AAPL": 100 * DOLLAR}


def gate(root: str, record: str, delay: str) -> None:
    """A gate service on ``root`` whose venue writes every acceptance to ``record`` after ``delay`` seconds of work.

    Beside it answers ``early.sock``: a barrier that reads the latch at once instead of between two orders.
    """
    home = Path(root)
    service = _service(home, MemoryVenue(CASH, MARKS, record=Path(record), delay=float(delay)))
    _answer_early(home)
    service.serve(stop_on_signals())


def _service(home: Path, venue: MemoryVenue) -> GateService:
    return GateService(
        venue,
        raise_path=home / "raise",
        permit_path=home / "permit",
        policy_dir=home / "policy",
        socket_path=home / "gate.sock",
        environment="paper",
    )


def _answer_early(home: Path) -> None:
    class Early(StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            reader = LatchReader(str(home / "raise"), str(home / "permit"))
            words = [word_hex(word) for word in reader.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME)).words]
            reader.close()
            self.wfile.write(json.dumps({"ok": True, "words": words}).encode() + b"\n")

    server = ThreadingUnixStreamServer(str(home / "early.sock"), Early)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def submit(root: str, uid: str) -> None:
    """Send buys through the public client as fast as they are answered, until stdin ends or the gate goes."""
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    number = 0
    with GateClient(Path(root) / "gate.sock", 30.0) as client:
        while not ended.is_set():
            number += 1
            order = {"uid": uid, "symbol": "AAPL", "side": "buy", "quantity": 1, "client_id": f"{os.getpid()}-{number}"}
            try:
                client.submit(order)
            except GateUnavailable:
                ended.wait(0.01)


def halt(root: str, how: str) -> None:
    """One halt for each line on stdin (its scope and mode): raise, barrier, and only then say when that was.

    ``how``: ``barrier``; to show the hammer's teeth ``none`` (no barrier) or ``early``. Prints slot, word and
    CLOCK_MONOTONIC nanoseconds of the acknowledgement, 0 when there was none.
    """
    home = Path(root)
    socket = str(home / ("early.sock" if how == "early" else "gate.sock"))
    for line in sys.stdin:
        scope, mode = line.split()
        file = RaiseFile.open(str(home / "raise"), str(home / "permit"))
        raised = file.raise_halt(os.urandom(16), scope, int(mode), 0, time.time_ns())
        confirmed = how == "none" or barrier([socket], raised.word)[0].confirmed
        at = time.clock_gettime_ns(time.CLOCK_MONOTONIC) if confirmed else 0
        file.close()
        print(raised.slot, raised.word, at, flush=True)


def litter(root: str) -> None:
    """Answer requests of every kind, good and bad, amid bars, fills and a halt; print how many objects that left which
    only the collector could free."""
    home = Path(root)
    venue = MemoryVenue(CASH, MARKS)
    service = _service(home, venue)
    sentinel = service.sentinel
    sentinel.begin()
    gc.collect()
    gc.disable()
    for number in range(20):
        order = {"uid": ANN, "symbol": "AAPL", "side": "buy", "quantity": number, "client_id": f"c{number}"}
        reply = handle(sentinel, {"op": "submit", "order": order})
        if reply["ok"]:
            venue.fill(reply["order"], repeat=True)
        venue.answers = ["", "reject", "lost", "unknown"][number % 4 :]
        venue.bar("2008-06-03", AAPL=101 * DOLLAR)
        sentinel.step()
        for op in OPERATIONS:
            handle(sentinel, {"op": op, "id": number})
    handle(sentinel, {"op": "halt", "scope": "account", "mode": 3, "reason": "drill"})
    handle(sentinel, {"op": "barrier"})
    sentinel.step()
    print(gc.collect())
    service.close()


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"gate": gate, "submit": submit, "halt": halt, "litter": litter}
    roles[sys.argv[1]](*sys.argv[2:])
