"""What only the socket can do to the gate engine: restarts, silence, nonsense."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from controller.adapters.engines.gate import GateEngine
from controller.engine_ports import Order
from controller.errors import EngineUnavailable
from tests.support.folders import short_folder
from tests.support.gates import ANN, make_policy, running, short_home


@contextmanager
def answering(*replies: bytes) -> Iterator[Path]:
    """A peer that gives each connection one of ``replies`` to its first line, then nothing more until the end."""
    done = threading.Event()
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        listener.listen()

        def serve() -> None:
            kept = []
            for reply in replies:
                connection, _ = listener.accept()
                connection.recv(65_536)
                connection.sendall(reply)
                kept.append(connection)
            done.wait(30)
            for connection in kept:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield folder / "s"
        finally:
            done.set()
            thread.join(30)


def test_read_when_the_gate_was_restarted_then_the_kept_connection_is_replaced() -> None:
    with short_home() as home:
        engine = GateEngine(home.socket)
        with running(home, make_policy()):
            before = engine.read()
        with running(home):
            assert engine.read().gate.policy_version == before.gate.policy_version
        with pytest.raises(EngineUnavailable, match="does not answer state"):
            engine.read()
        engine.close()


def test_read_when_the_gate_is_silent_then_unavailable_after_one_timeout() -> None:
    with answering(b"") as path, pytest.raises(EngineUnavailable, match="timed out") as caught:
        GateEngine(path, timeout=0.05).read()
    assert caught.value.hint == "gt risk service status"


@pytest.mark.parametrize("reply", [b"[]\n", b"{\n", b'{"ok":true}\n', b'{"ok":true,"gate":{"pid":"x"}}\n'])
def test_read_when_the_answer_is_nonsense_then_unavailable(reply: bytes) -> None:
    with answering(reply) as path, closing(GateEngine(path)) as engine, pytest.raises(EngineUnavailable):
        engine.read()


def test_ask_when_the_gate_refuses_then_its_reason_is_told() -> None:
    with answering(b'{"ok":false,"error":"scope nonsense"}\n') as path:
        engine = GateEngine(path)
        with pytest.raises(EngineUnavailable, match="refuses cancel: scope nonsense"):
            engine.cancel("nonsense")
        engine.close()


def test_submit_when_the_gate_has_no_verdict_then_unavailable_rather_than_a_denial() -> None:
    with answering(b'{"ok":false,"error":"no order"}\n') as path:
        engine = GateEngine(path)
        with pytest.raises(EngineUnavailable, match="refuses submit"):
            engine.submit(Order(ANN, "AAPL", "buy", 1, "c1"))
        engine.close()
