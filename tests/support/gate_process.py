"""Processes around a gate: ``python -m tests.support.gate_process gate|submit|halt …`` (see the functions)."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer

from controller.gate.client import GateClient, GateUnavailable
from controller.gate.service import GateService, stop_on_signals
from controller.latch.barrier import barrier
from controller.latch.layout import word_hex
from controller.latch.raising import RaiseFile
from controller.latch.reader import LatchReader
from tests.support.venue import MemoryVenue

DOLLAR = 1_000_000
ANN, BEA = "a" * 32, "b" * 32


def gate(root: str, record: str, delay: str) -> None:
    """A gate service on ``root`` whose venue writes every acceptance to ``record`` after ``delay`` seconds of work.

    Beside it answers ``early.sock``: a barrier that reads the latch at once instead of between two orders.
    """
    home = Path(root)
    venue = MemoryVenue(10**6 * DOLLAR, {"AAPL": 100 * DOLLAR}, record=Path(record), delay=float(delay))
    service = GateService(
        venue,
        raise_path=home / "raise",
        permit_path=home / "permit",
        policy_dir=home / "policy",
        socket_path=home / "gate.sock",
        environment="paper",
    )
    _answer_early(home)
    service.serve(stop_on_signals())


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


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"gate": gate, "submit": submit, "halt": halt}
    roles[sys.argv[1]](*sys.argv[2:])
