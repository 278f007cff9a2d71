"""What a halt may say: nothing is in force, durable or confirmed that was not."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, UnixStreamServer
from typing import Any

import pytest

from controller.halt import CLI, halt
from controller.latch.barrier import barrier
from controller.latch.journal import Journal
from controller.latch.layout import HALT, word_hex
from tests.support.gate_stub import GateStub, home_folder


@pytest.fixture
def home() -> Iterator[Path]:
    with home_folder() as folder:
        yield folder


@contextmanager
def answering(home: Path, reply: dict[str, Any]) -> Iterator[str]:
    """A gate that gives the same answer to everything; its socket."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            for _ in self.rfile:
                self.wfile.write(json.dumps(reply).encode() + b"\n")

    with UnixStreamServer(f"{home}/run/gate.sock", Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{home}/run/gate.sock"
        finally:
            server.shutdown()
            thread.join()


def test_barrier_when_refused_with_the_word_then_not_confirmed(home: Path) -> None:
    with answering(home, {"ok": False, "error": "stopping", "words": [word_hex(9)]}) as path:
        (reply,) = barrier([path], 9)
    assert (reply.confirmed, reply.answered) == (False, True)
    assert "refused" in reply.problem


def test_halt_when_the_gate_answers_but_refuses_then_raised_and_not_in_force(home: Path) -> None:
    with answering(home, {"ok": False, "error": "stopping"}):
        outcome = halt(str(home), "account", HALT, "ann", "why", CLI)
    assert (outcome.raised, outcome.in_force, outcome.exit_code) == (True, False, 5)
    assert outcome.acknowledged_ns == 0


def test_halt_when_the_journal_cannot_be_synced_then_in_force_and_not_durable(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Journal) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Journal, "sync", broken)
    with GateStub(home).running():
        outcome = halt(str(home), "account", HALT, "ann", "why", CLI)
    assert (outcome.in_force, outcome.durable, outcome.exit_code) == (True, False, 5)
    assert any("journal" in problem for problem in outcome.problems)
