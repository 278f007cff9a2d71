"""All figures of risk and return at once, in a process as the controller's worker is: one thread of arithmetic.

From closes as arrays and a curve to the finished documents: every volatility, every tail by every method, the backtest,
beta, the largest of all correlations, and the account's ratios.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from controller.core.risk.question import Held, Question, Record
from controller.quant.client import QuantProcess
from tests.bench.figures import Figure, Goal

SESSIONS = 253
SIZES = ((50, Goal(p50=5, p99=5)), (5_000, Goal(p50=250, p99=250)))


def risk(rounds: int) -> list[Figure]:
    """Both sizes, their memory, and the way there and back for a small book."""
    figures = []
    for instruments, goal in SIZES:
        found = _measured(instruments, rounds if instruments < 1_000 else max(3, rounds // 10))
        name = f"risk figures of {instruments:,} × 252"
        figures.append(Figure.of(name, "ms", found["ms"], goal))
        figures.append(Figure.of(f"{name}: peak memory", "MiB", [*found["mib"]], Goal(largest=250)))
    return [*figures, _through_the_process(rounds)]


def _measured(instruments: int, rounds: int) -> dict[str, list[float]]:
    argv = [sys.executable, "-m", "tests.bench.risk", str(instruments), str(rounds)]
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, env=environ)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _through_the_process(rounds: int) -> Figure:
    """A question over 50 instruments whose histories the process has, as every five seconds."""
    question = _question(50)
    with tempfile.TemporaryDirectory() as folder:
        quant = QuantProcess(Path(folder) / "quant.log")
        quant.compute(question)
        samples = []
        for _ in range(rounds):
            began = time.perf_counter()
            quant.compute(question)
            samples.append((time.perf_counter() - began) * 1e3)
        quant.close()
    return Figure.of("risk figures of 50 × 252, asked of the process", "ms", samples, Goal())


def _question(instruments: int) -> Question:
    dates = [f"{2020 + number // 336}-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}" for number in range(SESSIONS)]
    closes = {f"N{number:05d}": _walk(dates, number) for number in range(instruments)}
    values = dict.fromkeys(closes, 1_000_000)
    record = Record(_walk(dates, 7), [0.01, -0.02] * 50, [(date, 5_000_000) for date in dates])
    return Question(
        Held(dates[-1], 100_000_000, values), "SPX", {**closes, "SPX": _walk(dates, 99)}, dates, {"account": record}
    )


def _walk(dates: list[str], seed: int) -> list[tuple[str, int]]:
    """Closes that move by up to 1 % a session, the same in every run."""
    price, found = 100_000_000, []
    for number, date in enumerate(dates):
        price += price * ((number * 7_919 + seed * 104_729) % 2_001 - 1_000) // 100_000
        found.append((date, price))
    return found


def main(instruments: int, rounds: int) -> None:
    """Milliseconds of each round and the peak of this process in MiB, as JSON."""
    import numpy as np

    from controller.core.risk.book import Past, measured
    from controller.core.risk.performance import performance

    random = np.random.default_rng(1)
    asked = _question(1)
    moves = random.standard_normal((instruments, SESSIONS)) * 0.02 + random.standard_normal(SESSIONS) * 0.01
    prices = 100 * np.exp(np.cumsum(moves, axis=1))
    names = [f"N{number:05d}" for number in range(instruments)]
    past = Past(asked.calendar, names, random.standard_normal(instruments) * 1e9, prices)
    held, samples = Held(asked.calendar[-1], 10**12, {}), []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        found = measured(held, past, asked.closes["SPX"], "SPX")
        ratios = performance(asked.records["account"], asked.calendar)
        samples.append((time.perf_counter() - began) * 1e3)
        assert found.beta is not None and found.backtest is not None and ratios.sharpe is not None
    print(json.dumps({"ms": samples[1:], "mib": [_peak()]}))


def _peak() -> float:
    """MiB; not of getrusage, which counts what the parent held before the exec."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
