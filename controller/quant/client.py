"""The client: starts the process, asks it, kills it when it hangs, starts another when it is needed again."""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from controller.core.experiments.question import Trying
from controller.core.risk.question import Question
from controller.errors import FiguresUnavailable
from controller.quant.wire import Planned, Stamp, encode, encode_test, stamp
from schemas.risk import Analysis
from schemas.scalars import Model
from schemas.trials import Outlook, Report

ANSWER_SECONDS = 20.0
"""For the first answer too, which waits for NumPy; one over 5,000 instruments takes a quarter of a second."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
COMMAND = (sys.executable, "-P", "-m", "controller", "quant")
_CHUNK = 1 << 16
Answer = TypeVar("Answer", bound=Model)


@dataclass(slots=True)
class QuantProcess:
    """One process at a time, which answers one question at a time, whoever asks.

    ``log`` takes what it writes on standard error. After a failure the next start waits, longer each time. ``seconds``
    bound one answer.
    """

    log: Path
    command: Sequence[str] = COMMAND
    seconds: float = ANSWER_SECONDS
    now: Callable[[], float] = time.monotonic
    _process: subprocess.Popen[bytes] | None = None
    _known: dict[str, Stamp] = field(default_factory=dict)
    _wait: float = FIRST_WAIT
    _not_before: float = 0.0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def compute(self, question: Question) -> Analysis:
        """The figures. Raises FiguresUnavailable, which says why there are none."""
        with self._turn:
            found = self._ask(lambda: b"".join(encode(question, self._known)), Analysis)
            self._known = {symbol: stamp(closes) for symbol, closes in question.closes.items()}
        return found

    def look(self, question: Trying) -> Report:
        """A look at an A/B test. Raises FiguresUnavailable."""
        with self._turn:
            return self._ask(lambda: encode_test(question), Report)

    def outlook(self, plan: Mapping[str, Any]) -> Outlook:
        """What an A/B test with this plan can see. Raises FiguresUnavailable."""
        with self._turn:
            return self._ask(lambda: encode_test(Planned(plan)), Outlook)

    def _ask(self, request: Callable[[], bytes], kind: type[Answer]) -> Answer:
        """``request`` is made when the process runs: what it knows is known only then."""
        try:
            process = self._running()
            found = kind.model_validate_json(self._exchange(process, request()))
        except (OSError, ValidationError, FiguresUnavailable) as error:
            raise FiguresUnavailable(self._failed(error)) from error
        self._wait = FIRST_WAIT
        return found

    def close(self) -> None:
        """End the process; idempotent."""
        process, self._process, self._known = self._process, None, {}
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            left = self._not_before - self.now()
            if left > 0:
                raise FiguresUnavailable(f"its process starts again in {left:.0f} s")
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        """One thread of arithmetic, so that it never takes more than one processor from the gate."""
        environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environ, bufsize=0
            )
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        return process

    def _failed(self, error: Exception) -> str:
        if self._process is None:
            return str(error)
        self.close()
        self._not_before = self.now() + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        reason = error if isinstance(error, FiguresUnavailable) else f"its process failed: {error}"
        return f"{reason}; see: {self.log}"

    def _exchange(self, process: subprocess.Popen[bytes], request: bytes) -> bytes:
        """Write ``request`` and read one line, both within the bound."""
        if process.stdin is None or process.stdout is None:
            raise FiguresUnavailable("its process has no pipes")
        write, read = process.stdin.fileno(), process.stdout.fileno()
        deadline = self.now() + self.seconds
        poll = select.poll()
        poll.register(read, select.POLLIN)
        poll.register(write, select.POLLOUT)
        rest, answer = memoryview(request), b""
        while not answer.endswith(b"\n"):
            left = deadline - self.now()
            if left <= 0:
                raise FiguresUnavailable(f"its process did not answer within {self.seconds:.0f} s and was ended")
            ready = poll.poll(left * 1_000)
            if any(number == write for number, _ in ready):
                rest = rest[os.write(write, rest[:_CHUNK]) :]
                if not rest:
                    poll.unregister(write)
            if any(number == read for number, _ in ready):
                part = os.read(read, _CHUNK)
                if not part:
                    raise FiguresUnavailable("its process ended")
                answer += part
        return answer
