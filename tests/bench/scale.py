"""A config repo of many documents: an idle reconcile, one file changed, and memory over many reconciles.

``python -m tests.bench.scale measure OBJECTS PASSES`` measures one repo in a process of its own, whose memory is what
counts: real git, verification, loop and store, and the gate is a process beside it. It prints one JSON document.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from controller.adapters.engines.gate import GateEngine
from controller.adapters.git.source import GitSource
from controller.adapters.store.sql import SqlStore
from controller.errors import EngineUnavailable
from controller.gate.service import GateService, stop_on_signals
from controller.home import Home
from controller.host.allocator import giving_back
from controller.reconcile.verifier import Verifier
from schemas.desired import Desired
from tests.bench.figures import Figure, Goal
from tests.support.config_repo import LANDING, make_site
from tests.support.rig import Rig
from tests.support.service import until
from tests.support.venue import MemoryVenue

IDLE, CHANGED, SAMPLES = 20, 20, 20
FEW, MANY = 2_000, 19_900
"""Documents; a tree has at most 20,000 entries."""
EVERY = 50
"""Passes from one change to the next while the memory is watched."""


def scale(passes: int) -> list[Figure]:
    """Both sizes; with ``passes`` reconciles for the memory."""
    few, many = _measured(FEW, passes), _measured(MANY, max(SAMPLES, passes // 20))
    return [
        *_rows(few, f"{FEW:,} objects", Goal(p50=50), Goal(p50=100), Goal(largest=150)),
        *_rows(many, f"{MANY:,} objects", Goal(), Goal(), Goal(largest=250)),
    ]


def _rows(found: Any, name: str, idle: Goal, changed: Goal, memory: Goal) -> list[Figure]:
    pss = found["pss"]
    steps = f"{found['begun']:.0f} MiB after the first pass, {pss[0]:.0f}, {pss[len(pss) // 2]:.0f}, {pss[-1]:.0f}"
    grown = f"{steps} at the beginning, middle and end of {found['passes']:,} more, every {EVERY}th with a change"
    return [
        Figure.of(f"{name}: idle reconcile", "ms CPU", found["idle"], idle),
        Figure.of(f"{name}: one file changed, seen → applied", "ms", found["changed"], changed),
        Figure.of(f"{name}: one file changed, controller alone", "ms CPU", found["changed_cpu"], Goal()),
        Figure.of(f"{name}: memory over reconciles", "MiB", pss, memory, note=grown),
    ]


def _measured(count: int, passes: int) -> Any:
    argv = [sys.executable, "-m", "tests.bench.scale", "measure", str(count), str(passes)]
    return json.loads(subprocess.run(argv, env=giving_back(os.environ), stdout=subprocess.PIPE, check=True).stdout)


def measure(count: str, passes: str) -> None:
    """Measure one repo and print what was found."""
    with tempfile.TemporaryDirectory(prefix="gt") as folder:
        print(json.dumps(_measure(Path(folder), int(count), int(passes))))


def gate(root: str) -> None:
    """The gate of the home ``root`` until SIGTERM, its venue in memory."""
    home = Home(Path(root))
    GateService(
        MemoryVenue(10**12, {"AAPL": 100_000_000}),
        raise_path=home.raise_file,
        permit_path=home.permit_file,
        policy_dir=home.policy,
        socket_path=home.gate_socket,
        environment="paper",
    ).serve(stop_on_signals())


class Many:
    """A controller over a repo of ``count`` strategies, its source and its gate."""

    def __init__(self, folder: Path, count: int) -> None:
        self._site, home = make_site(folder), Home(folder / "other")
        for path in (home.raise_file.parent, home.policy, home.run):
            path.mkdir(parents=True)
        _elsewhere(lambda: self._prepare(count))
        self._source = self._site.source()
        both = Both(self._source, self._site.verifier(self._source))
        store = SqlStore(folder / "store.db", folder / "audit.head")
        self.rig = Rig(home, cast("Any", both), clock=self._site.clock, store=cast("Any", store))
        self.engine = GateEngine(home.gate_socket, 30.0)
        self.rig.engine = cast("Any", self.engine)
        self.rig.wire()

    def change(self, number: int) -> None:
        """Land a commit that changes one file."""
        self._land(self._source, {"strategies/s-0.yaml": _strategy(0, f"Changed {number}")})

    def applied(self) -> Desired:
        """What the controller says is in force."""
        reconciler = self.rig.reconciler
        assert reconciler.last is not None
        assert reconciler.in_force(reconciler.last.live), reconciler.last
        assert reconciler.memory.applied_desired is not None
        return reconciler.memory.applied_desired

    def changed(self, number: int) -> tuple[float, float]:
        """Milliseconds and those of this process's CPU of the pass that applies a change."""
        self.change(number)
        begun, used = time.perf_counter(), time.process_time()
        self.rig.reconciler.reconcile_once()
        took = (time.perf_counter() - begun) * 1e3, (time.process_time() - used) * 1e3
        assert self.applied().strategies["s-0"].name == f"Changed {number}"
        return took

    def close(self) -> None:
        """End what it holds."""
        self.engine.close()
        self.rig.close()
        self._source.close()

    def _prepare(self, count: int) -> None:
        files: dict[str, bytes | None] = {f"strategies/s-{number}.yaml": _strategy(number) for number in range(count)}
        with pytest.MonkeyPatch.context() as patch, closing(self._site.source()) as source:
            # Flushing every object to disk would only make the preparation slow.
            patch.setattr(os, "fdatasync", lambda _: None)
            self._land(source, files)

    def _land(self, source: GitSource, files: dict[str, bytes | None]) -> None:
        payload = source.stage(source.tip(), files, "A Person <a@example.org>", 1_768_818_225, "Change" + LANDING)
        source.land(payload, self._site.key("operator")(payload))


def _elsewhere(act: Callable[[], None]) -> None:
    """Do it in a forked process, whose memory is not what is measured."""
    child = os.fork()
    if not child:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


class Both:
    """Source and verifier as the rig takes them: one object."""

    def __init__(self, source: GitSource, verifier: Verifier) -> None:
        self._parts = (verifier, source)

    def __getattr__(self, name: str) -> Any:
        return next(getattr(part, name) for part in self._parts if hasattr(part, name))


def _strategy(number: int, name: str = "One of many") -> bytes:
    lines = ("version: 1", f'uid: "{number:032x}"', f"id: s-{number}", f"name: {name}", "owner: operator")
    return "\n".join([*lines, "status: paused", "allocation_pct: 1%", "module: value", ""]).encode()


@contextmanager
def _gate_of(many: Many) -> Iterator[None]:
    home = many.rig.home
    argv = [sys.executable, "-m", "tests.bench.scale", "gate", str(home.root)]
    with (home.root / "gate.log").open("wb") as log, subprocess.Popen(argv, stderr=log) as process:
        try:
            until(lambda: _answers(many.engine), "the gate answers")
            yield
        finally:
            process.terminate()


def _answers(engine: GateEngine) -> bool:
    try:
        engine.read()
    except EngineUnavailable:
        return False
    return True


def _measure(folder: Path, count: int, passes: int) -> dict[str, Any]:
    with closing(Many(folder, count)) as many, _gate_of(many):
        gc.collect()
        gc.freeze()  # as the service does: its modules last, and the collector need not look at them again
        reconcile = many.rig.reconciler.reconcile_once
        reconcile()
        assert len(many.applied().strategies) >= count
        begun = _pss_mib()
        idle = [_timed(reconcile) for _ in range(IDLE)]
        changed = [many.changed(number) for number in range(CHANGED)]
        each = passes // SAMPLES
        pss = [_after(many, range(first, first + each)) for first in range(0, each * SAMPLES, each)]
    return {
        "idle": idle,
        "changed": [wall for wall, _ in changed],
        "changed_cpu": [cpu for _, cpu in changed],
        "pss": pss,
        "begun": begun,
        "passes": passes,
    }


def _timed(call: Callable[[], object]) -> float:
    """Milliseconds of this process's CPU."""
    begun = time.process_time()
    call()
    return (time.process_time() - begun) * 1e3


def _after(many: Many, passes: range) -> float:
    """MiB after these passes, every fiftieth of which finds a change."""
    for number in passes:
        if number % EVERY == 0:
            many.change(CHANGED + number)
        many.rig.reconciler.reconcile_once()
    return _pss_mib()


def _pss_mib() -> float:
    """Resident MiB of this process; what it shares with others (the gate has the same libraries) counts in part."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("Pss:"))) / 1024


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"measure": measure, "gate": gate}
    roles[sys.argv[1]](*sys.argv[2:])
