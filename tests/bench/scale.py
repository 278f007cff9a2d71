"""A config repo of many documents: an idle reconcile, one file changed, and memory over many reconciles.

``python -m tests.bench.scale OBJECTS PASSES`` measures one repo in a process of its own, whose memory is what counts:
real git, verification and loop, the store and the engine in memory. It prints one JSON document.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from controller.adapters.engines.memory import MemoryEngine
from controller.adapters.git.source import GitSource
from controller.home import Home
from controller.reconcile.verifier import Verifier
from schemas.desired import Desired
from tests.bench.figures import Figure, Goal
from tests.bench.processes import rss_mib
from tests.support.config_repo import LANDING, Site, make_site
from tests.support.rig import Rig

IDLE, CHANGED, SAMPLES = 20, 5, 20
FEW, MANY = 2_000, 19_900
"""Documents; a tree has at most 20,000 entries."""


def scale(passes: int) -> list[Figure]:
    """Both sizes; with ``passes`` reconciles for the memory."""
    few, many = _measured(FEW, passes), _measured(MANY, max(1, passes // 20))
    return [
        *_rows(few, f"{FEW:,} objects", Goal(p50=50), Goal(p50=100), Goal(largest=150)),
        *_rows(many, f"{MANY:,} objects", Goal(), Goal(), Goal(largest=250)),
    ]


def _rows(found: Any, name: str, idle: Goal, changed: Goal, memory: Goal) -> list[Figure]:
    grown = f"{found['begun']:.0f} MiB after the first pass, {found['rss'][-1]:.0f} after {found['passes']:,} more"
    return [
        Figure.of(f"{name}: idle reconcile", "ms CPU", found["idle"], idle),
        Figure.of(f"{name}: one file changed", "ms", found["changed"], changed),
        Figure.of(f"{name}: memory over reconciles", "MiB", found["rss"], memory, note=grown),
    ]


def _measured(count: int, passes: int) -> Any:
    argv = [sys.executable, "-m", "tests.bench.scale", str(count), str(passes)]
    return json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)


def main(count: int, passes: int) -> None:
    """Measure one repo and print what was found."""
    with tempfile.TemporaryDirectory(prefix="gt") as folder, pytest.MonkeyPatch.context() as patch:
        # Flushing every object to disk would only make the preparation slow.
        patch.setattr(os, "fdatasync", lambda _: None)
        print(json.dumps(_measure(Path(folder), count, passes)))


def _measure(folder: Path, count: int, passes: int) -> dict[str, Any]:
    site, home = make_site(folder), Home(folder / "other")
    for path in (home.raise_file.parent, home.policy, home.run):
        path.mkdir(parents=True)
    with closing(site.source()) as source:
        _land(site, source, {f"strategies/s-{number}.yaml": _strategy(number) for number in range(count)})
        rig = Rig(home, cast("Any", Both(source, site.verifier(source))), clock=site.clock)
        rig.engine = MemoryEngine(site.clock, policies=home.policy)
        rig.wire()
        gc.collect()
        gc.freeze()  # as the service does: its modules last, and the collector need not look at them again
        rig.reconciler.reconcile_once()
        assert len(_applied(rig).strategies) >= count
        begun = rss_mib(os.getpid())
        idle = [_timed(rig, time.process_time) for _ in range(IDLE)]
        changed = []
        for number in range(CHANGED):
            _land(site, source, {"strategies/s-0.yaml": _strategy(0, f"Changed {number}")})
            changed.append(_timed(rig, time.perf_counter))
            assert _applied(rig).strategies["s-0"].name == f"Changed {number}"
        rss = [_after(rig, passes // SAMPLES) for _ in range(SAMPLES)]
        rig.close()
    return {"idle": idle, "changed": changed, "rss": rss, "begun": begun, "passes": passes}


class Both:
    """Source and verifier as the rig takes them: one object."""

    def __init__(self, source: GitSource, verifier: Verifier) -> None:
        self._parts = (verifier, source)

    def __getattr__(self, name: str) -> Any:
        return next(getattr(part, name) for part in self._parts if hasattr(part, name))


def _land(site: Site, source: GitSource, files: dict[str, bytes | None]) -> None:
    payload = source.stage(source.tip(), files, "A Person <a@example.org>", 1_768_818_225, "Change" + LANDING)
    source.land(payload, site.key("operator")(payload))


def _strategy(number: int, name: str = "One of many") -> bytes:
    lines = ("version: 1", f'uid: "{number:032x}"', f"id: s-{number}", f"name: {name}", "owner: operator")
    return "\n".join([*lines, "status: paused", "allocation_pct: 1%", "module: value", ""]).encode()


def _applied(rig: Rig) -> Desired:
    found = rig.reconciler.memory.applied_desired
    assert found is not None
    return found


def _timed(rig: Rig, clock: Callable[[], float]) -> float:
    """Milliseconds of one pass."""
    begun = clock()
    rig.reconciler.reconcile_once()
    return (clock() - begun) * 1e3


def _after(rig: Rig, passes: int) -> float:
    """Resident MiB after so many passes."""
    for _ in range(passes):
        rig.reconciler.reconcile_once()
    return rss_mib(os.getpid())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
