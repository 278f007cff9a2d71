"""The process: questions on standard input, one line of JSON for each on standard output, until the input ends."""

import os
import signal
import sys

from controller.core.risk.answer import answer
from controller.core.risk.question import Closes
from controller.quant.wire import decode


def run() -> int:
    """Answer until whoever asks is gone; after everything else that wants the processor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    known: dict[str, Closes] = {}
    while (question := decode(sys.stdin.buffer, known)) is not None:
        sys.stdout.buffer.write(answer(question).model_dump_json().encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0
