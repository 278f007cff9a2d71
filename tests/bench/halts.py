"""The halt as a whole process, with everything up and with everything but the gate down.

Acknowledged is the instant that the halting process itself reads (``time.monotonic_ns``, CLOCK_MONOTONIC) once every
gate has answered its barrier; it says so in its ``--json`` document. The start is stamped here before the fork.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controller.home import Home
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile
from tests.bench.figures import Figure, Goal
from tests.bench.processes import SCRIPT, bare_ms, environment, ready_service, run
from tests.support.service import Service

ACKNOWLEDGED = Goal(ratio50=2.5, ratio99=7)
ENDED = Goal(ratio50=3.3)
NO_NETWORK = ("unshare", "--map-root-user", "--net")
Samples = dict[str, list[float]]
_ROOT = Path(__file__).parents[2]


def halts(rounds: int) -> list[Figure]:
    """Controller, gate and runner up; each halt is lifted by ``emergency resume`` before the next."""
    with ready_service() as service:
        taken = sample(service.home, rounds, environment(service.home), lambda: _resume(service))
    return _figures("halt", taken, "")


def halts_alone(rounds: int) -> list[Figure]:
    """Only the gate lives; no git on PATH, the repo moved away, no network where the machine lets us take it."""
    with ready_service() as service:
        for word in ("controller", "runner"):
            service.kill(word)
        home = Home(service.home)
        for folder in (home.bare, home.clone):
            folder.rename(folder.with_name(f"{folder.name}.away"))
        without, note = _network()
        command = [*without, sys.executable, "-m", "tests.bench.halts", str(service.home), str(rounds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=_ROOT)
        taken: Samples = json.loads(done.stdout)
    return _figures("halt, controller, git, network down", taken, note)


def _network() -> tuple[tuple[str, ...], str]:
    """What to put before a command so that it has no network, and a word on it."""
    if shutil.which(NO_NETWORK[0]) is not None:
        done = subprocess.run([*NO_NETWORK, "true"], stderr=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            return NO_NETWORK, "in an empty network namespace; controller and runner killed, no git on PATH, no repo"
    return (), "this machine gives no empty network namespace: the network was up (only Unix sockets are opened)"


def _figures(name: str, taken: Samples, note: str) -> list[Figure]:
    bare = taken["bare"]
    return [
        Figure.of(f"{name}: start → acknowledged", "ms", taken["acknowledged"], ACKNOWLEDGED, bare, note),
        Figure.of(f"{name}: process exit", "ms", taken["ended"], ENDED, bare),
    ]


def sample(home: Path, rounds: int, env: Mapping[str, str], between: Callable[[], object]) -> Samples:
    """``rounds`` halts, each beside a bare start, milliseconds; ``between`` is not measured."""
    taken: Samples = {"bare": [], "acknowledged": [], "ended": []}
    for _ in range(rounds):
        taken["bare"].append(bare_ms())
        ran = run((SCRIPT, "emergency", "halt-all", "--json"), env)
        document: dict[str, Any] = json.loads(ran.out)
        assert document["in_force"], document
        assert document["durable"], document
        taken["acknowledged"].append((document["acknowledged_ns"] - ran.started) / 1e6)
        taken["ended"].append(ran.ms)
        between()
    return taken


def _resume(service: Service) -> None:
    done = run((SCRIPT, "emergency", "resume", "--yes", "--json"), environment(service.home))
    assert json.loads(done.out)["ok"], done


def _clear(home: Home, permit: PermitFile) -> None:
    file = RaiseFile.open(str(home.raise_file))
    for body in file.slots():
        permit.release(body.slot, body.word)
    file.close()


def main(root: str, rounds: str) -> None:
    """The samples on standard output, from a process that may have no network."""
    home = Home(Path(root))
    empty = tempfile.mkdtemp(prefix="gt")
    permit = PermitFile(str(home.permit_file))
    permit.acquire()
    try:
        taken = sample(home.root, int(rounds), environment(home.root, PATH=empty), lambda: _clear(home, permit))
    finally:
        permit.close()
        Path(empty).rmdir()
    print(json.dumps(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
