"""Alerts over SIGKILL at any point: every one arrives, and one that may be a repeat says so."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.store.sql import SqlStore
from tests.support.alerts import folder_in_memory
from tests.support.inbox import Inbox, eventually, inbox
from tests.support.stores import entry

RECORDS = 24
KILLS = 3


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "tests.support.alert_sender", str(folder), str(port)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def details(kept: Inbox) -> Counter[str]:
    """How often each record's mail came."""
    return Counter(name.rpartition(" ")[2] for name in kept.subjects if "latch.lost" in name)


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_in_memory() as made:
        yield made


@pytest.mark.process
@pytest.mark.timeout(300)
def test_alerts_when_the_sender_is_killed_at_any_point_then_each_arrives_and_repeats_are_marked(folder: Path) -> None:
    chance = random.Random(7)
    store = SqlStore(folder / "store.db", folder / "audit.head")
    wanted = {f"record-{number}" for number in range(RECORDS)}

    def happen() -> None:
        for name in sorted(wanted):
            store.append_audit(entry(1, "latch.lost", level="critical", details=name))

    with inbox() as kept:
        writer = threading.Thread(target=happen)
        process = start(folder, kept.port)
        try:
            writer.start()
            for number in range(1, KILLS + 1):
                enough = RECORDS * number // (KILLS + 2) + chance.randrange(5)
                eventually(lambda enough=enough: len(details(kept)) >= enough, f"{enough} have come", 120)  # type: ignore[misc]
                end(process)
                process = start(folder, kept.port)
            eventually(lambda: details(kept).keys() == wanted, "all of them have come", 120)
            eventually(lambda: store.alerts.take("email", 1, 1) == [], "nothing waits", 120)
        finally:
            end(process)
            writer.join(60)
        repeats = sum(count - 1 for count in details(kept).values())
        marked = sum(mail["X-Gt-Risk-Duplicate"] == "possible" for mail in kept.mails)
        assert repeats <= marked
        assert repeats <= KILLS
    raised = [item for item in store.alerts.alerts(limit=1_000) if item.rule == "critical_record"]
    assert len(raised) == RECORDS and all(item.count == 1 for item in raised)
    logged = (folder / "alerts.log").read_text()
    assert all(f'{name}"' in logged for name in wanted)
    store.close()
