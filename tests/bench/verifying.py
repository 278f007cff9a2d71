"""How many commits a second one core verifies: signature, trust and paths; and with a limit changed by every one."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench.figures import Figure, Goal
from tests.support.config_repo import Site, make_site, replaced

ROUNDS = 3
Files = Mapping[str, bytes | None]


def verification(count: int) -> list[Figure]:
    """Rates over ``count`` commits on one line, each read from git by a fresh verifier; ten times as many at once."""
    return [
        _row("verified: signature, trust, paths", count, lambda number: {"README.md": b"%d\n" % number}, 1_500),
        _row("verified: each changes a limit", count, _limit, 400),
        _bootstrap(10 * count),
    ]


def _bootstrap(count: int) -> Figure:
    with tempfile.TemporaryDirectory(prefix="gt") as folder, pytest.MonkeyPatch.context() as patch:
        # Flushing every object to disk would only make the preparation slow.
        patch.setattr(os, "fdatasync", lambda _: None)
        site = make_site(Path(folder))
        tip = _history(site, count, lambda number: {"README.md": b"%d\n" % number})
        seconds = _seconds(site, tip)
    return Figure.of(f"bootstrap of {count:,} commits", "s", [seconds], Goal(largest=25 * count / 10_000))


def _limit(number: int) -> Files:
    return replaced("risk_config.yaml", "max_position_pct: 15%", f"max_position_pct: {10 + number % 15}.{number % 97}%")


def _row(name: str, count: int, files: Callable[[int], Files], least: float) -> Figure:
    with tempfile.TemporaryDirectory(prefix="gt") as folder:
        site = make_site(Path(folder))
        tip = _history(site, count, files)
        rates = [count / _seconds(site, tip) for _ in range(ROUNDS)]
    return Figure.of(name, "/s", rates, Goal(least=least))


def _history(site: Site, count: int, files: Callable[[int], Files]) -> str:
    with closing(site.source()) as source:
        tip = source.tip()
        for number in range(count):
            tip = site.commit(source, files(number), parent=tip)
    return tip


def _seconds(site: Site, tip: str) -> float:
    with closing(site.source()) as source:
        verifier = site.verifier(source)
        began = time.perf_counter()
        found = verifier.advance(site.pins.introduction, tip)
        while found.more:
            found = verifier.advance(found.commit, tip)
        taken = time.perf_counter() - began
    assert found.refusal is None and found.commit == tip, found
    return taken
