"""Figures of the gate: ``python -m tests.bench.bench_gate [--json]``. Exit 1 when a goal of the issue is missed.

Inside: every check and the reservation on a book of 50 positions. Socket: the same through a gate in its own process
on the in-memory venue, one order after the other so that nothing queues; beside it a plain socket echo in the same run,
which tells how busy the machine is. Acknowledged: raise to barrier while four clients submit.
"""

import argparse
import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from controller.gate.book import Reservation
from controller.gate.check import check_all
from controller.gate.client import GateClient, GateUnavailable
from controller.gate.orders import OrderRequest
from controller.gate.policy import Policy
from controller.gate.venue import VenueOrder
from controller.gate.verdicts import Allow
from controller.latch.barrier import barrier
from tests.support.books import NOW, ask, make_book, work
from tests.support.gates import ANN, BEA, DOLLAR, Home, compiled, eventually, make_policy, order, short_home

GOALS = {
    "inside_us": (5, 15),
    "inside_two_policies_us": (10, 30),
    "socket_us": (100, 300),
    "acknowledged_ms": (1, 10),
}
RSS_GOAL_MIB = 40
_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    found: dict[str, tuple[float, float]] = {
        "inside_us": inside((compiled(make_policy()),)),
        "inside_two_policies_us": inside((compiled(make_policy()), compiled(make_policy()))),
    }
    with short_home() as home:
        echoed = echo(home.root / "echo.sock")
        found["socket_us"], found["acknowledged_ms"], rss = outside(home)
    missed = [name for name, goal in GOALS.items() if found[name][0] > goal[0] or found[name][1] > goal[1]]
    missed += ["rss_mib"] if rss > RSS_GOAL_MIB else []
    if as_json:
        figures: dict[str, object] = {name: {"p50": p50, "p99": p99} for name, (p50, p99) in found.items()}
        figures["echo_us"] = {"p50": echoed[0], "p99": echoed[1]}
        print(json.dumps({"ok": not missed, **figures, "rss_mib": rss, "missed": missed}))
    else:
        for name, (p50, p99) in found.items():
            print(f"{name:24} p50 {p50:8.2f}  p99 {p99:8.2f}  goal {GOALS[name][0]} / {GOALS[name][1]}")
        ratio = found["socket_us"][0] / echoed[0]
        print(
            f"{'echo_us':24} p50 {echoed[0]:8.2f}  p99 {echoed[1]:8.2f}  the gate's socket takes {ratio:.1f} x its p50"
        )
        print(f"{'rss_mib':24} {rss:12.1f}  goal {RSS_GOAL_MIB}")
    return 1 if missed else 0


def inside(policies: tuple[Policy, ...], rounds: int = 20_000) -> tuple[float, float]:
    """Microseconds for check and reservation, p50 and p99."""
    symbols = [f"S{number:02}" for number in range(50)]
    marks = {symbol: 100 * DOLLAR for symbol in symbols}
    book = make_book({(ANN if number % 2 else BEA, symbol): 5 for number, symbol in enumerate(symbols)}, marks=marks)
    book.watch_sectors([(policy.sectors_id, policy.sectors) for policy in policies[:1]])
    for number, symbol in enumerate(symbols[:20]):
        work(book, f"w{number}", symbol, "buy", 1)
    times = []
    gc.disable()
    for number in range(rounds):
        request = ask(symbols[number % 50], quantity=1 + number % 3)
        started = time.perf_counter_ns()
        verdict = check_all(policies, book, request, NOW)
        assert isinstance(verdict, Allow)
        book.reserve(_reservation(request, verdict))
        times.append(time.perf_counter_ns() - started)
        book.release("o")
    gc.enable()
    return _percentiles(times, 1e3)


def _reservation(request: OrderRequest, verdict: Allow) -> Reservation:
    placed = VenueOrder("o", request.client_id, request.uid, request.symbol, request.side, verdict.quantity)
    return Reservation(placed, verdict.price)


_ECHO = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
channel, _ = listener.accept()
while data := channel.recv(65536):
    channel.send(data)
"""


def echo(path: Path, rounds: int = 3_000) -> tuple[float, float]:
    """Microseconds for a round trip of 150 bytes to a process that only sends them back, p50 and p99."""
    times = []
    with (
        subprocess.Popen([sys.executable, "-I", "-S", "-c", _ECHO, str(path)]),
        socket.socket(socket.AF_UNIX) as channel,
    ):
        eventually(lambda: channel.connect_ex(str(path)) == 0)
        for _ in range(rounds):
            started = time.perf_counter_ns()
            channel.sendall(b"x" * 150)
            channel.recv(65_536)
            times.append(time.perf_counter_ns() - started)
        channel.shutdown(socket.SHUT_RDWR)
    return _percentiles(times, 1e3)


def outside(home: Home) -> tuple[tuple[float, float], tuple[float, float], float]:
    """(submit through the socket in µs, raise to acknowledgement under load in ms, RSS of the gate in MiB).

    The RSS is that before the load: the venue of these tests keeps every order for ever.
    """
    home.publish(make_policy({"account.margin_multiplier": 4_000_000}))
    home.permit_for(29)
    command = [sys.executable, "-m", "tests.support.gate_process", "gate", str(home.root), str(home.root / "a"), "0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=_ROOT) as process:
        eventually(lambda: _up(home))
        try:
            through, rss = _submits(home), _rss(process.pid)
            return through, _halts(home), rss
        finally:
            process.terminate()


def _submits(home: Home, rounds: int = 3_000) -> tuple[float, float]:
    times = []
    with GateClient(home.socket) as client:
        for number in range(rounds):
            if number % 200 == 0:
                home.permit_for(29)
                client.request("cancel", scope="account")
            request = order("AAPL", quantity=1)
            started = time.perf_counter_ns()
            assert client.submit(request)["ok"]
            times.append(time.perf_counter_ns() - started)
    return _percentiles(times, 1e3)


def _halts(home: Home, rounds: int = 200) -> tuple[float, float]:
    ended = threading.Event()
    loads = [_load(home) for _ in range(4)]
    times = []
    try:
        for _ in range(rounds):
            home.permit_for(29)
            started = time.perf_counter_ns()
            raised = home.halt()
            reply = barrier([str(home.socket)], raised.word)[0]
            times.append(time.perf_counter_ns() - started)
            assert reply.confirmed, reply.problem
            home.release(raised)
            ended.wait(0.005)
    finally:
        for process in loads:
            process.terminate()
            process.communicate()
    return _percentiles(times, 1e6)


def _load(home: Home) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.support.gate_process", "submit", str(home.root), ANN]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT)


def _up(home: Home) -> bool:
    try:
        with GateClient(home.socket) as client:
            return bool(client.request("barrier")["ok"])
    except GateUnavailable:
        return False


def _rss(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _percentiles(times: list[int], unit: float) -> tuple[float, float]:
    ordered = sorted(times)
    at: Callable[[float], float] = lambda share: ordered[int(share * (len(ordered) - 1))] / unit  # noqa: E731
    return at(0.5), at(0.99)


if __name__ == "__main__":
    raise SystemExit(main())
