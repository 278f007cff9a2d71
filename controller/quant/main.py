"""The process: questions on standard input, one line of JSON for each on standard output, until the input ends."""

import os
import signal
import sys
from typing import assert_never

from controller.core.experiments.question import Trying
from controller.core.risk.answer import answer
from controller.core.risk.question import Closes, Question
from controller.quant.wire import Planned, decode
from schemas.scalars import Model


def run() -> int:
    """Answer until whoever asks is gone; after everything else that wants the processor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    known: dict[str, Closes] = {}
    while (question := decode(sys.stdin.buffer, known)) is not None:
        sys.stdout.buffer.write(_answer(question).model_dump_json().encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _answer(question: Question | Trying | Planned) -> Model:
    match question:
        case Question():
            return answer(question)
        case Trying() | Planned():
            from controller.core.experiments import answer as tests  # SciPy takes seconds and is for tests alone

            return tests.answer(question) if isinstance(question, Trying) else tests.outlook(question.plan)
        case _:
            assert_never(question)
