"""The gate beside two peers in the same run; only with ``--only peers``, as it installs them in a folder of its own.

PyFortis: its ``evaluate`` with ten limits, on the same book and orders of the same sizes. NautilusTrader: what its
RiskEngine adds to ``Strategy.submit_order``, from two stacks in turns of which one passes it by. Where they cannot be
installed the bench fails and says so: no figure stands for them.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.bench import bench_gate
from tests.bench.figures import Figure, Goal
from tests.support.gates import compiled, make_policy, short_home

PACKAGES = ("pyfortis==0.0.2", "nautilus_trader==1.221.0")
ORDERS = 2_000
_HERE = Path(__file__).parent
_CHECKED = (
    "prices, sizes, notional, free cash and rate, in Cython; a gate's decision is every check and the reservation"
)


class Turn(NamedTuple):
    """Medians of one turn, µs: the gate, PyFortis, and a submit of NautilusTrader with its RiskEngine and without."""

    inside: float
    evaluate: float
    checked: float
    bypassed: float

    @property
    def share(self) -> float:
        """What the RiskEngine adds."""
        return self.checked - self.bypassed


def peers(count: int) -> list[Figure]:
    """So many turns. Raises RuntimeError when the peers cannot be installed."""
    with TemporaryDirectory() as folder:
        python = _installed(Path(folder))
        turns = [_turn(python) for _ in range(count)]
    with short_home() as home:
        socket, _, _ = bench_gate.outside(home)
    inside = [turn.inside for turn in turns]
    adds = f"{socket[0] - median(inside):.0f} µs of its p50 are the socket's"
    return [
        Figure.of("gate inside, medians of turns", "µs", inside, Goal()),
        Figure("gate through its socket, same run", "µs", *socket, 3_000, note=adds),
        Figure.of("PyFortis evaluate, ten limits", "µs", [turn.evaluate for turn in turns], Goal()),
        Figure.of(
            "PyFortis evaluate / gate inside", "×", [turn.evaluate / turn.inside for turn in turns], Goal(least=40)
        ),
        Figure.of("NautilusTrader submit_order", "µs", [turn.checked for turn in turns], Goal()),
        Figure.of("what its RiskEngine adds", "µs", [turn.share for turn in turns], Goal(), note=_CHECKED),
        Figure.of("what it adds / gate inside", "×", [turn.share / turn.inside for turn in turns], Goal(least=1)),
    ]


def _installed(folder: Path) -> str:
    """The interpreter of a new environment that has both."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin/python")
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], stdout=sys.stderr, check=False)
    if done.returncode:
        raise RuntimeError(f"NOT COMPARED with any peer: {' and '.join(PACKAGES)} cannot be installed here")
    return python


def _turn(python: str) -> Turn:
    inside, _ = bench_gate.inside((compiled(make_policy()),))
    (evaluate,) = _medians(python, "peer_pyfortis.py")
    checked, bypassed = _medians(python, "peer_nautilus.py")
    return Turn(inside, evaluate, checked, bypassed)


def _medians(python: str, script: str) -> list[float]:
    """Microseconds, from each list of nanoseconds that the script prints."""
    done = subprocess.run([python, "-I", str(_HERE / script), str(ORDERS)], stdout=subprocess.PIPE, check=True)
    return [median(samples) / 1e3 for samples in json.loads(done.stdout)]
