"""The process of the figures: the same answers as here, ended when it hangs, started again, gone with its owner."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from controller.core.experiments import answer as tests
from controller.core.experiments.question import Seen, Trying, plan_of
from controller.core.risk.answer import answer
from controller.core.risk.question import Held, Question, Record
from controller.errors import FiguresUnavailable
from controller.quant.client import COMMAND, FIRST_WAIT, QuantProcess
from controller.quant.wire import encode, stamp
from tests.support.returns import closes, wave
from tests.support.trials import ab_test

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]
DATES = [f"2024-{1 + number // 28:02d}-{1 + number % 28:02d}" for number in range(253)]
ROWS = {name: closes(DATES, wave(253, seed)) for seed, name in enumerate(("AMD", "JPM", "SPX"), 1)}
HANGS = (sys.executable, "-c", "import time; time.sleep(600)")
ENDS = (sys.executable, "-c", "pass")
LIES = (sys.executable, "-c", "import sys; sys.stdin.readline(); print('[]', flush=True); sys.stdin.read()")


def question(*held: str) -> Question:
    values = dict.fromkeys(held, 40_000_000)
    records = {"account": Record(ROWS["AMD"], [0.1, -0.2], [(DATES[3], 5)], DATES[1])}
    return Question(
        Held(DATES[-1], 100_000_000, values), "SPX", {name: ROWS[name] for name in (*held, "SPX")}, DATES, records
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuantProcess]:
    made = QuantProcess(tmp_path_factory.mktemp("quant") / "quant.log", seconds=200)
    yield made
    made.close()


def test_compute_then_the_figures_are_those_of_the_same_functions_here(shared: QuantProcess) -> None:
    for held in (("AMD", "JPM"), ("AMD",), ("JPM", "AMD"), ()):
        assert shared.compute(question(*held)) == answer(question(*held))


def test_look_then_the_answer_is_that_of_the_same_functions_here(shared: QuantProcess) -> None:
    observed = [
        Seen(f"2008-01-{1 + n:02d}", 0, "a" if n % 2 else "b", n * n * 7_919 % 41 * 1_000_000) for n in range(28)
    ]
    asked = Trying(plan_of(ab_test("s")), "collecting", False, observed * 2, [(28, 28, 0.5)], ())
    found = shared.look(asked)
    assert found == tests.answer(asked)
    assert shared.look(asked._replace(looks=found.looks)) == found
    assert shared.outlook(asked.plan) == tests.outlook(asked.plan)
    assert shared.compute(question("AMD")) == answer(question("AMD"))


def test_encode_when_histories_are_known_then_only_new_ones_follow() -> None:
    known = {"AMD": stamp(ROWS["AMD"]), "JPM": stamp(ROWS["JPM"][:-1])}
    lines = list(encode(question("AMD", "JPM"), known))
    assert [line[:6] for line in lines[1:]] == [b'["JPM"', b'["SPX"']


class Owner:
    """A process whose clock the test moves."""

    def __init__(self, log: Path, command: tuple[str, ...], seconds: float = 0.2) -> None:
        self.at = 0.0
        self.quant = QuantProcess(log, command, seconds, lambda: self.at)

    def failure(self) -> str:
        with pytest.raises(FiguresUnavailable) as caught:
            self.quant.compute(question("AMD"))
        return caught.value.message


def test_compute_when_the_process_hangs_then_it_is_ended_and_said(tmp_path: Path) -> None:
    quant = QuantProcess(tmp_path / "quant.log", HANGS, 0.3, count(0.0, 0.1).__next__)
    with pytest.raises(FiguresUnavailable, match="did not answer within 0 s and was ended"):
        quant.compute(question("AMD"))
    with pytest.raises(FiguresUnavailable, match="starts again in"):
        quant.compute(question("AMD"))


@pytest.mark.parametrize(
    ("command", "words"), [(ENDS, "process"), (LIES, "process failed"), (("/nowhere",), "nowhere")]
)
def test_compute_when_the_process_cannot_work_then_said_and_tried_again_later(
    tmp_path: Path, command: tuple[str, ...], words: str
) -> None:
    owner = Owner(tmp_path / "quant.log", command, 30)
    assert words in owner.failure()
    if command == ("/nowhere",):
        return
    assert "starts again in 1 s" in owner.failure()
    owner.at += FIRST_WAIT
    assert words in owner.failure()
    assert "starts again in 2 s" in owner.failure()


def test_process_when_its_owner_is_gone_then_it_ends() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = process.communicate(b"".join(encode(question("AMD"), {})), timeout=200)
    assert process.returncode == 0 and out.count(b"\n") == 1


def test_controller_s_modules_then_none_of_them_loads_numpy() -> None:
    code = "import sys, controller.service, controller.rpc.server; print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=200)
    assert found.stdout == "[]\n"
