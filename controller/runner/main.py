"""The runner's process: connects to the gate, follows its events, comes back when the gate does."""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from controller.gate.client import GateClient, GateUnavailable
from controller.runner.host import Host

FIRST_WAIT = 0.05
LONGEST_WAIT = 2.0


def run(gate_socket: Path, data_dir: str) -> None:
    """Run strategies until SIGTERM or SIGINT, which end the process at once: all that must last is the gate's."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    gate, wait = GateClient(gate_socket), FIRST_WAIT
    host = Host(gate, data_dir, log)
    while True:
        host.resume()
        try:
            for event in gate.events():
                wait = FIRST_WAIT
                host.handle(event or {})
        except GateUnavailable as error:
            log("waiting", error=str(error), seconds=wait)
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def log(event: str, **fields: Any) -> None:
    """One JSON line on standard error."""
    line = {"at_ns": time.time_ns(), "service": "runner", "event": event, **fields}
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
