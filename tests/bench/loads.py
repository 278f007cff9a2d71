"""The service over minutes: its memory, and 1,000 orders a minute through gate, engine and store."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from controller.gate.client import GateClient
from controller.home import Home
from tests.bench.figures import Figure, Goal
from tests.bench.processes import SCRIPT, environment, gate_socket, processes_of, ready_service, rss_mib
from tests.support.cli import gt_risk
from tests.support.folders import short_folder
from tests.support.service import Service, until

MEMORY = {"controller": Goal(largest=120), "gate": Goal(largest=40), "all processes": Goal(largest=260)}
LATE = Goal(largest=1_000)
PER_MINUTE = 1_000
STRATEGY = "disclosure-follower"
RAISED = {
    "max_per_minute": "3000",
    "duplicate_seconds": "0",
    "min_position_dollars": "$1",
    "max_strategies_active": "4",
    "max_positions": "100",
    "max_position_pct": "40%",
    "position_reduction": "400%",
    "strategy_halt_pct": "60%",
    "account_emergency_pct": "60%",
}
"""So wide that the rate passes and that no halt ends the load; everything is still checked."""
_SAMPLE_MS = 1_000.0
_LAST_SAMPLES = 10


def memory(seconds: int) -> list[Figure]:
    """RSS of the demo (``service start --foreground``, prices at their usual pace) after ``seconds``."""
    with demo() as service:
        time.sleep(seconds)
        taken: dict[str, list[float]] = {name: [] for name in MEMORY}
        names: Counter[str] = Counter()
        for _ in range(_LAST_SAMPLES):
            found = processes_of(service.home)
            sizes = {pid: rss_mib(pid) for pid in found}
            taken["all processes"].append(sum(sizes.values()))
            for pid, name in found.items():
                if name in taken:
                    taken[name].append(sizes[pid])
            names = Counter(found.values())
            time.sleep(1)
    what = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
    note = f"VmRSS, pages shared between processes counted in each; {what}"
    return [
        Figure.of(f"memory after {seconds} s: {name}", "MiB", samples, MEMORY[name], note=note * (name not in names))
        for name, samples in taken.items()
    ]


@contextmanager
def demo() -> Iterator[Service]:
    """What ``make demo`` runs: init, and the service with its foreground."""
    with short_folder() as home:
        assert gt_risk(home, "init", "--name", "op", "--email", "op@example.org").code == 0
        command = [SCRIPT, "service", "start", "--foreground"]
        process = subprocess.Popen(command, env=environment(home), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            service = Service(home)
            until(lambda: gate_socket(service).exists() and service.gt("status").code == 0, "the demo is well")
            yield service
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def orders(seconds: int) -> list[Figure]:
    """1,000 orders a minute for ``seconds`` beside the strategies' own; how late the store's samples came."""
    with ready_service() as service:
        uid = _raise_limits(service)
        since = time.time_ns()
        client = subprocess.run(
            [sys.executable, "-m", "tests.bench.load_client", str(gate_socket(service)), uid, str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        until_ns = time.time_ns()
        sent, accepted, behind, refused = client.stdout.rstrip("\n").split("\t")
        until(lambda: _kept(service, uid) >= int(accepted), "the store has every order")
        late = lateness(service, since, until_ns)
        kept = _kept(service, uid)
    rate = int(accepted) * 60 / seconds
    note = f"{sent} sent, {accepted} accepted, {kept} in the store, client at most {behind} ms behind"
    note += f"; refused: {refused}" if refused else ""
    name = f"orders through gate, engine, store for {seconds} s"
    return [
        Figure.of(f"{name}: accepted", "/min", [rate], Goal(least=PER_MINUTE), note=note),
        Figure.of(f"{name}: sample late by", "ms", late, LATE),
    ]


def _raise_limits(service: Service) -> str:
    """One signed commit that lets the rate pass and gives the load a strategy; that strategy's uid."""
    path = service.clone / "risk_config.yaml"
    lines = [_raised(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    service.edit("strategies/ml-momentum-v2.yaml", "allocation_pct: 40%", "allocation_pct: 20%")
    service.edit(f"strategies/{STRATEGY}.yaml", "status: paused", "status: active")
    done = service.git("commit", "-q", "-a", "-S", "-m", "risk: room for the load")
    assert done.returncode == 0, done
    document = (service.clone / f"strategies/{STRATEGY}.yaml").read_text()
    uid = next(line.split('"')[1] for line in document.splitlines() if line.startswith("uid:"))
    with GateClient(gate_socket(service)) as client:
        until(lambda: _status(client, uid) == "active", "the load's strategy is active")
    return uid


def _raised(line: str) -> str:
    name = line.strip().partition(":")[0]
    return f"{line.partition(name)[0]}{name}: {RAISED[name]}" if name in RAISED else line


def _status(client: GateClient, uid: str) -> Any:
    return client.request("adopt")["gate"]["statuses"].get(uid)


@contextmanager
def _store(service: Service) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{Home(service.home).store}?mode=ro", uri=True, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def _kept(service: Service, uid: str) -> int:
    with _store(service) as store:
        return int(store.execute("select count(*) from orders where uid = ?", (uid,)).fetchone()[0])


def lateness(service: Service, since: int, until_ns: int) -> list[float]:
    """By how much each sample of the account's equity came later than a second after the one before, milliseconds."""
    query = "select at_ns from samples where series = 'equity' and key = 'account' and at_ns between ? and ? order by 1"
    with _store(service) as store:
        times = [row[0] for row in store.execute(query, (since, until_ns))]
    return [max(0.0, (later - earlier) / 1e6 - _SAMPLE_MS) for earlier, later in pairwise([since, *times, until_ns])]
