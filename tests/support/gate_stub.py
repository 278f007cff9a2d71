"""A stand-in for the gate around a real latch reader: a thread, or ``python -m tests.support.gate_stub HOME``."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, UnixStreamServer
from typing import Any

import pytest

from controller import halt
from controller.latch import barrier, journal
from controller.latch.layout import word_hex
from controller.latch.raising import RaiseFile, create_pair
from controller.latch.reader import LatchReader
from tests.support.folders import short_folder
from tests.support.opened import until_the_end

UID, OTHER = "ab" * 16, "cd" * 16
POLICY = {
    "version": 7,
    "policies": [
        {
            "strategies": {
                UID: {"uid": UID, "id": "ml-momentum-v2", "status": "active"},
                OTHER: {"uid": OTHER, "id": "contrarian-swing", "status": "active"},
            }
        }
    ],
}
STATE = {
    "gate": {"statuses": {UID: "active", OTHER: "active"}},
    "account": {"long_exposure": 86_110_000_000, "short_exposure": 0},
    "positions": [{"uid": UID, "symbol": "AAPL"}, {"uid": OTHER, "symbol": "AAPL"}, {"uid": OTHER, "symbol": "XOM"}],
    "orders": [
        {"uid": UID, "state": "pending"},
        {"uid": UID, "state": "working"},
        {"uid": OTHER, "state": "unknown"},
        {"uid": OTHER, "state": "filled"},
    ],
}


@contextmanager
def home_folder() -> Iterator[Path]:
    """A home with a latch pair, a journal and a policy, short enough for Unix sockets."""
    with short_folder() as home:
        for name in ("latch", "run", "policy"):
            (home / name).mkdir()
        create_pair(f"{home}/latch/raise", f"{home}/latch/permit", b"b" * 16)
        journal.create(f"{home}/journal")
        (home / "policy" / "7.json").write_text(json.dumps(POLICY))
        yield home


def boot_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


ALL_HALTED = """\
✓ ml-momentum-v2: HALTED (2 orders cancelled)
✓ contrarian-swing: HALTED (1 order cancelled)

✓ All strategies halted
✓ 3 orders cancelled
✓ 2 positions remain open
✓ Emergency halt logged
✓ Taken over by the service

To resume: gt risk emergency resume
"""
"""What a halt of everything ends with, where a service takes it over."""
PATIENCE = 30.0
PATIENT = (
    "import controller.halt as h, controller.latch.barrier as b; "
    f"b.BOUND = h._SERVICE_BOUND = h._JOURNAL_BOUND = h._MSYNC_BOUND = {PATIENCE}; "
)
"""The same for a halt in a process of its own."""


@contextmanager
def patience() -> Iterator[None]:
    """Halts that wait for who is only slow: a busy processor or disk is not what a test asks about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(barrier, "BOUND", PATIENCE)
        for name in ("_SERVICE_BOUND", "_JOURNAL_BOUND", "_MSYNC_BOUND"):
            patch.setattr(halt, name, PATIENCE)
        yield


class GateStub:
    """Answers like a gate and remembers what it was asked."""

    def __init__(self, home: Path, socket: str = "gate.sock") -> None:
        self.asked: list[dict[str, Any]] = []
        self._latch = until_the_end(LatchReader(f"{home}/latch/raise", f"{home}/latch/permit"))
        stub = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(json.dumps(stub.answer(json.loads(line))).encode() + b"\n")

        self._server = UnixStreamServer(f"{home}/run/{socket}", Handler)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        match request["op"]:
            case "barrier":
                return {"ok": True, "words": [word_hex(word) for word in self._latch.reread(boot_ns()).words]}
            case "cancel":
                return {"ok": True, "cancelled": {UID: 2, OTHER: 1} if request["scope"] == "account" else {UID: 2}}
            case "state":
                return {"ok": True, **STATE}
        return {"ok": True}

    def serve(self) -> None:
        self._server.serve_forever(0.01)

    @contextmanager
    def running(self) -> Iterator["GateStub"]:
        thread = threading.Thread(target=self.serve)
        thread.start()
        try:
            with patience():
                yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class ServiceStub(GateStub):
    """Answers on the controller's socket; ``blind``: as a controller does that reads another latch."""

    def __init__(self, home: Path, *, refuse: bool = False, blind: bool = False) -> None:
        super().__init__(home, "controller.sock")
        self._home = home
        self._refuse = refuse
        self._blind = blind

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        body: dict[str, Any] = (
            {"error": {"message": "no"}} if self._refuse else {"result": {"seen": self._seen(), "stored": []}}
        )
        return {"jsonrpc": "2.0", "id": request["id"], **body}

    def _seen(self) -> list[str]:
        latch = RaiseFile.open(f"{self._home}/latch/raise")
        try:
            return [] if self._blind else [slot.halt_id for slot in latch.slots()]
        finally:
            latch.close()


if __name__ == "__main__":
    GateStub(Path(sys.argv[1])).serve()
