"""Every figure of the service against its goal: ``python -m tests.bench [--quick] [--only NAME] [--json] [--strict]``.

A miss is printed as a miss. Exit code 0; 1 when a bench could not run, and with ``--strict`` when a goal is missed.
"""

import argparse
import compileall
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import (
    alerting,
    bench_web,
    breaches,
    commands,
    crashes,
    experiments,
    gates,
    halts,
    loads,
    peeking,
    peers,
    reads,
    risk,
    saves,
    scale,
    sources,
    starts,
    verifying,
    writes,
)
from tests.bench.figures import Figure, table

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench: its rows, how many rounds (or seconds) it takes, and how many with ``--quick``.

    One that is only run when ``asked`` for by name needs what a machine may not have.
    """

    name: str
    rows: Callable[[int], list[Figure]]
    full: int
    quick: int
    asked: bool = False


BENCHES = (
    Bench("status", commands.status, 100, 5),
    Bench("reads", reads.reads, 40, 2),
    Bench("watch", reads.watch, 60, 6),
    Bench("halt", halts.halts, 100, 5),
    Bench("halt-alone", halts.halts_alone, 100, 5),
    Bench("limits", commands.limits, 100, 5),
    Bench("writes", writes.writes, 100, 3),
    Bench("commit", commands.commits, 100, 5),
    Bench("gate", gates.gate, 0, 0),
    Bench("restart", starts.restarts, 20, 2),
    Bench("no-git", starts.without_git, 20, 2),
    Bench("memory", loads.memory, 185, 5),
    Bench("orders", loads.orders, 300, 30),
    Bench("risk", risk.risk, 100, 3),
    Bench("alerts", alerting.alerts, 100, 3),
    Bench("storm", alerting.storm, 60, 3),
    Bench("breaches", breaches.breaches, 100, 2),
    Bench("tests", experiments.tests, 84, 3),
    Bench("peeking", peeking.peeking, 2_000, 50),
    Bench("verify", verifying.verification, 1_000, 50),
    Bench("web", bench_web.web, 40, 5),
    Bench("scale", scale.scale, 10_000, 20),
    Bench("backup", saves.backup, 1_024, 64),
    Bench("webhook", sources.webhook, 100, 3),
    Bench("burst", sources.burst, 100, 2),
    Bench("crashes", crashes.plans, 10_000, 20),
    Bench("peers", peers.peers, 5, 1, asked=True),
)


def main() -> int:
    """Measure, print, judge."""
    asked = _arguments()
    chosen = asked.only or [bench.name for bench in BENCHES if not bench.asked]
    compiled()
    before, began = os.getloadavg()[0], time.monotonic()
    figures: list[Figure] = []
    failed: list[str] = []
    for bench in BENCHES:
        if bench.name not in chosen:
            continue
        print(f"{bench.name} …", file=sys.stderr, flush=True)
        try:
            figures += bench.rows(bench.quick if asked.quick else bench.full)
        except Exception:  # noqa: BLE001  # the edge: one bench that breaks must not hide the others' figures
            traceback.print_exc()
            failed.append(bench.name)
    machine = _machine(before, time.monotonic() - began, quick=asked.quick)
    missed = [figure.name for figure in figures if figure.misses]
    if asked.json:
        rows = [figure.document() for figure in figures]
        print(json.dumps({"ok": not failed, **machine, "figures": rows, "missed": missed, "failed": failed}))
    else:
        print("\n".join([*table(figures), "", *_closing(machine, figures, failed)]))
    return 1 if failed or (asked.strict and missed) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few samples, about a minute; proves nothing")
    parser.add_argument("--only", action="append", choices=[bench.name for bench in BENCHES], metavar="NAME")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    return parser.parse_args()


def compiled() -> None:
    """Byte code for everything that is measured, so that no start pays for an edit."""
    for package in ("schemas", "controller", "cli", "tests/support", "tests/bench"):
        compileall.compile_dir(_ROOT / package, quiet=1)


def _machine(before: float, seconds: float, *, quick: bool) -> dict[str, Any]:
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": quick,
        "seconds": round(seconds),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(before, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }


def _closing(machine: dict[str, Any], figures: list[Figure], failed: list[str]) -> list[str]:
    missed = sum(1 for figure in figures if figure.misses)
    met = sum(1 for figure in figures if figure.verdict == "met")
    lines = [
        f"{machine['at']}, {machine['cores']} cores, Python {machine['python']}, load {machine['load_before']} before,"
        f" {machine['load_after']} after, {machine['seconds']} s",
        f"{met} met, {missed} missed" + (f", could not run: {', '.join(failed)}" if failed else ""),
    ]
    return [*lines, "--quick: too few samples to judge by"] if machine["quick"] else lines


if __name__ == "__main__":
    raise SystemExit(main())
