import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.errors import EngineUnavailable, InvalidDesired, Raced, Refused
from controller.rpc.client import RpcError, ServiceDown, call
from controller.rpc.methods import error_data
from controller.rpc.server import MAX_LINE
from schemas.overview import Overview
from schemas.status import Problem, Refusal, RefusalReason
from tests.support.book import HeldControl, halt, overview
from tests.support.cli import served
from tests.support.folders import short_folder


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def sock(home: Path) -> str:
    return str(home / "run" / "controller.sock")


def raw(home: Path, *lines: bytes) -> list[Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(sock(home))
        with connection.makefile("rwb") as stream:
            found = []
            for line in lines:
                stream.write(line)
                stream.flush()
                answer = stream.readline()
                found.append(json.loads(answer) if answer else None)
            return found


def test_call_when_served_then_the_document_comes_back(home: Path) -> None:
    with served(HeldControl(), home):
        assert call(sock(home), "status")["book"] == "greenplace"
        assert stat.S_IMODE(Path(sock(home)).stat().st_mode) == 0o600


def test_call_when_nobody_listens_then_service_down_names_the_start(home: Path) -> None:
    with pytest.raises(ServiceDown) as caught:
        call(sock(home), "status")
    assert (caught.value.exit, caught.value.hint) == (3, "gt risk service start")


def test_call_when_the_argument_is_wrong_then_hint_and_exit_come_along(home: Path) -> None:
    with served(HeldControl(), home), pytest.raises(RpcError, match="did you mean ml-momentum-v2") as caught:
        call(sock(home), "strategy.show", {"id": "ml-momentum"})
    assert (caught.value.exit, caught.value.hint) == (2, "gt risk strategy list")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json\n", -32700),
        (b"[1]\n", -32600),
        (b'{"jsonrpc":"2.0","id":7,"method":"no.such"}\n', -32601),
        (b'{"jsonrpc":"2.0","id":7,"method":"land","params":{"payload":"%%","signature":""}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":7,"method":"limits.get","params":{}}\n', -32602),
    ],
)
def test_request_when_malformed_then_answered_with_the_standard_code_and_served_on(
    home: Path, line: bytes, code: int
) -> None:
    with served(HeldControl(), home):
        first, second = raw(home, line, b'{"jsonrpc":"2.0","id":8,"method":"ping"}\n')
    assert first["error"]["code"] == code
    assert (second["id"], second["result"]["ready"]) == (8, True)


def test_request_when_longer_than_the_bound_then_the_client_is_dropped(home: Path) -> None:
    with served(HeldControl(), home):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(sock(home))
            try:
                connection.sendall(b"x" * (MAX_LINE + 2))
                answer = connection.recv(1)
            except (BrokenPipeError, ConnectionResetError):
                answer = b""
        assert answer == b""
        assert call(sock(home), "ping")["ready"] is True


def test_client_when_it_never_reads_then_others_are_served(home: Path) -> None:
    with served(HeldControl(), home), socket.socket(socket.AF_UNIX) as lazy:
        lazy.connect(sock(home))
        lazy.sendall(b'{"jsonrpc":"2.0","id":1,"method":"config.show"}\n' * 200)
        assert call(sock(home), "ping", timeout=30.0)["ready"] is True


class Broken(HeldControl):
    """A Control that raises what it is told to."""

    error: Exception

    def overview(self) -> Overview:
        raise self.error


def test_request_when_it_fails_inside_then_noted_as_that_and_a_wrong_request_is_not(home: Path) -> None:
    control, noted = Broken(), list[bool]()
    with served(control, home) as server:
        server.noted = noted.append
        raw(home, b'{"jsonrpc":"2.0","id":7,"method":"no.such"}\n')
        for control.error in (EngineUnavailable("silent"), RuntimeError("a defect"), Raced("moved")):
            with pytest.raises(RpcError):
                call(sock(home), "status")
    assert noted == [False, True, True, False]


def test_adopt_when_a_halt_binds_then_says_that_it_is_seen_and_not_yet_stored(home: Path) -> None:
    with served(HeldControl(overview("halt-all", (halt(),))), home):
        assert call(sock(home), "halts.adopt") == {"seen": ["d" * 32], "stored": []}


def test_stop_when_called_then_the_socket_is_gone_and_again_is_harmless(home: Path) -> None:
    with served(HeldControl(), home) as server:
        server.stop()
        assert not Path(sock(home)).exists()


@pytest.mark.parametrize(
    ("error", "code", "exit"),
    [
        (Raced("moved"), "Raced", 1),
        (EngineUnavailable("silent"), "EngineUnavailable", 3),
        (Refused(Refusal(commit="a" * 40, reason=RefusalReason.UNSIGNED, message="no")), "Unsigned", 1),
        (InvalidDesired((Problem(path="x.yaml", line=1, column=2, message="bad"),)), "InvalidDesired", 1),
    ],
)
def test_error_when_sent_then_says_what_the_caller_can_do(error: Any, code: str, exit: int) -> None:
    data = error_data(error)
    assert (data["code"], data["exit"]) == (code, exit)
