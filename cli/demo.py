"""What ``make demo`` has beyond a service in the foreground: an A/B test at work, begun as a person begins one."""

import sys
import time
from contextlib import redirect_stdout

from cli.dispatch import INTERRUPTED, run
from cli.output import OK, notice
from cli.remote import ask

_SECONDS = 10.0
_STEP = 0.25
_CREATE = (
    "ab-test", "create", "--strategy", "ml-momentum-v2", "--name", "Shorter memory",
    "--hypothesis", "What was strong for three months stays so as what was for six",
    "--variant-a", "Six months (as it is)", "--variant-b", "Three months", "--param-b", "lookback=63",
    "--paired", "--n-max", "500", "--duration", "900d", "--yes", "-r", "a test to look at",
)  # fmt: skip
"""Paired: both variants are played beside the book, which goes on as if there were no test."""


def demo_test() -> str:
    """The id of a test of the book, begun by a signed commit unless there is one; empty when it cannot be begun, which
    is told. Raises KeyboardInterrupt."""
    deadline = time.monotonic() + _SECONDS
    seen = ask("abtest.list")
    while seen["market_time"] is None and time.monotonic() < deadline:
        time.sleep(_STEP)
        seen = ask("abtest.list")
    if not seen["tests"]:
        with redirect_stdout(sys.stderr):
            code = run([*_CREATE])
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code != OK:
            notice("⚠️  No A/B test to look at; the rest goes on\n  next: gt risk ab-test create --help")
        seen = ask("abtest.list")
    return str(seen["tests"][0]["id"]) if seen["tests"] else ""
