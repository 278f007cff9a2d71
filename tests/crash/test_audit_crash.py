"""Processes that append audit records, killed at random: what was acknowledged is there and the chain holds."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stores import entry, sqlite

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


def _start(folder: Path, name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.support.audit_writer", str(folder), name]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _kill_after(process: "subprocess.Popen[str]", acknowledged: int) -> dict[int, str]:
    """Read that many acknowledgements, kill -9, and return every acknowledged (seq, hash)."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(acknowledged)]
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    pairs = (line.split() for line in lines if line.endswith("\n"))
    return {int(seq): digest for seq, digest in pairs}


@pytest.mark.parametrize("seed", range(2))
def test_append_audit_when_processes_are_killed_then_every_acknowledged_record_is_there(
    tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    acknowledged: dict[int, str] = {}
    for _ in range(2):
        writers = [_start(tmp_path, f"writer {number}") for number in range(3)]
        for writer in writers:
            acknowledged |= _kill_after(writer, draw.randint(1, 60))
        store = sqlite(tmp_path)
        report = store.verify_audit()
        kept = {record.seq: record.hash for record in store.audit(limit=1_000_000)}
        store.append_audit(entry(1, actor="after the crash"))
        assert store.verify_audit().ok
        store.close()
        assert (report.ok, report.problem) == (True, "")
        assert acknowledged.items() <= kept.items()
    assert len({*acknowledged}) == len(acknowledged) > 6
