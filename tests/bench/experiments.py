"""An A/B test of 200 trades: ``ab-test status`` as a process, and each look of the whole analysis while it grows."""

import tempfile
import time
from pathlib import Path

from controller.core.experiments.question import Seen, Trying, plan_of
from controller.quant.client import QuantProcess
from schemas.trials import Look, Side
from tests.bench.figures import Figure, Goal
from tests.bench.processes import bare_ms, gt, ready_service
from tests.support.past_trades import put_trades
from tests.support.service import Service, until
from tests.support.trials import ab_test, session

TRADES = 200
FIRST = 32
STATUS = Goal(ratio50=10)
LOOK = Goal(largest=1_000)


def tests(rounds: int) -> list[Figure]:
    """So many processes, and at most so many looks."""
    bare, times = [], []
    with ready_service() as service:
        name = _traded(service)
        for _ in range(rounds):
            bare.append(bare_ms())
            times.append(gt(service, "ab-test", "status", name).ms)
    title = f"ab-test status of {TRADES} trades, process"
    return [Figure.of(title, "ms", times, STATUS, bare), _looks(rounds)]


def _traded(service: Service) -> str:
    """The id of a test that has counted its trades."""
    create = ("ab-test", "create", "--strategy", "contrarian-swing", "--name", "Bench", "--param-b", "gain_pct=10")
    service.must(*create, "--n-max", str(TRADES), "--duration", "900d", "--yes")
    name = str(service.read("ab-test", "list")["tests"][0]["id"])
    put_trades(service, name, {"A": _returns(TRADES // 2, 1), "B": _returns(TRADES // 2, 2)})
    until(lambda: service.read("ab-test", "status", name)["test"]["n"] == TRADES, "all trades are counted")
    return name


def _looks(rounds: int) -> Figure:
    """Every look from the first on, asked of the controller's worker as the controller asks it."""
    plan = plan_of(ab_test("s", n_max=TRADES))
    sides: tuple[Side, Side] = ("a", "b")
    values = _returns(TRADES, 1)
    seen = [Seen(session(at), 0, sides[at % 2], round(value * 1e9)) for at, value in enumerate(values)]
    samples, looks = [], list[Look]()
    with tempfile.TemporaryDirectory() as folder:
        quant = QuantProcess(Path(folder) / "quant.log")
        quant.outlook(plan)
        for n in range(FIRST, TRADES + 1, max(2, (TRADES - FIRST) // rounds)):
            question = Trying(plan, "running", False, seen[:n], [(n // 2, n // 2, 0.5)], looks)
            began = time.perf_counter()
            looks = list(quant.look(question).looks)
            samples.append((time.perf_counter() - began) * 1e3)
        quant.close()
    note = f"a test that grows from {FIRST} to {TRADES} trades, {len(looks)} looks; the largest is the last"
    return Figure.of(f"whole analysis of up to {TRADES} trades", "ms", samples, LOOK, note=note)


def _returns(count: int, seed: int) -> list[float]:
    """Up to 1 % either way, the same in every run."""
    return [((number * 7_919 + seed * 104_729) % 2_001 - 1_000) / 1e5 for number in range(count)]
