"""The halt and every way in which parts of it can fail."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.halt import CLI, HaltOutcome, add_reason, halt
from controller.latch import journal
from controller.latch.layout import HALT, SIZE
from controller.latch.raising import RaiseFile
from controller.latch.reader import LatchReader
from tests.support.gate_stub import OTHER, UID, GateStub, ServiceStub, boot_ns, home_folder, patience


@pytest.fixture
def home() -> Iterator[Path]:
    with home_folder() as folder:
        yield folder


@pytest.fixture
def gate(home: Path) -> Iterator[GateStub]:
    with GateStub(home).running() as stub:
        yield stub


def act(home: Path, scope: str = "account", mode: int = HALT, reason: str = "why") -> HaltOutcome:
    return halt(str(home), scope, mode, "ann", reason, CLI)


def latch_mode(home: Path) -> int:
    return LatchReader(f"{home}/latch/raise", f"{home}/latch/permit").poll(boot_ns()).mode


def recorded(home: Path) -> dict[str, journal.JournalHalt]:
    return journal.fold(journal.read_home(str(home))[0])


def test_halt_when_all_is_well_then_in_force_durable_cancelled_taken_over(home: Path, gate: GateStub) -> None:
    with ServiceStub(home).running() as service:
        outcome = act(home)
    assert (outcome.in_force, outcome.durable, outcome.taken_over, outcome.exit_code) == (True, True, True, 0)
    assert outcome.cancelled == {UID: 2, OTHER: 1}
    assert (outcome.problems, outcome.notices) == ([], [])
    assert outcome.acknowledged_ns <= time.monotonic_ns()
    assert latch_mode(home) == 3
    assert [request["op"] for request in gate.asked] == ["barrier", "cancel"]
    assert [request["method"] for request in service.asked] == ["halts.adopt"]
    kept = recorded(home)[outcome.halt_id]
    assert (kept.reason, kept.actor, kept.scope, kept.mode, kept.word) == ("why", "ann", "account", 3, outcome.word)


def test_halt_when_told_then_nothing_later_has_begun(home: Path, gate: GateStub) -> None:
    seen = []

    def told(outcome: HaltOutcome) -> None:
        seen.append((outcome.in_force, [item["op"] for item in gate.asked], recorded(home)))

    halt(str(home), "account", HALT, "ann", "", CLI, told=told)
    assert seen == [(True, ["barrier"], {})]


def test_halt_when_only_pausing_then_no_working_order_is_cancelled(home: Path, gate: GateStub) -> None:
    outcome = act(home, mode=1)
    assert (outcome.in_force, outcome.cancelled) == (True, None)
    assert [request["op"] for request in gate.asked] == ["barrier"]


@pytest.mark.parametrize(("scope", "mode"), [("all", 3), ("strategy:", 3), ("account", 0), ("account", 4)])
def test_halt_when_scope_or_mode_is_unknown_then_nothing_happens(home: Path, scope: str, mode: int) -> None:
    with pytest.raises(ValueError, match="no"):
        act(home, scope, mode)
    assert (latch_mode(home), recorded(home)) == (0, {})


def test_halt_when_service_is_down_then_a_notice_and_nothing_less(home: Path, gate: GateStub) -> None:
    outcome = act(home)
    assert (outcome.exit_code, outcome.taken_over, outcome.problems) == (0, False, [])
    assert outcome.notices == ["the service is not running: it adopts this halt when it starts"]


def test_halt_when_service_refuses_then_a_notice_says_so(home: Path, gate: GateStub) -> None:
    with ServiceStub(home, refuse=True).running():
        outcome = act(home)
    assert (outcome.exit_code, outcome.taken_over) == (0, False)
    assert "refusing" in outcome.notices[0]


def test_halt_when_the_service_reads_another_latch_then_not_taken_over(home: Path, gate: GateStub) -> None:
    with ServiceStub(home, blind=True).running():
        outcome = act(home)
    assert (outcome.exit_code, outcome.taken_over) == (0, False)
    assert outcome.notices == ["the service is reading another latch: it adopts this halt when it starts"]


def test_halt_when_gate_is_dead_then_raised_and_durable_but_not_in_force(home: Path) -> None:
    outcome = act(home)
    assert (outcome.in_force, outcome.raised, outcome.durable, outcome.exit_code) == (False, True, True, 5)
    assert outcome.problems == [f"{home}/run/gate.sock: not running"]
    assert (outcome.cancelled, latch_mode(home)) == (None, 3)


@pytest.mark.process
def test_halt_when_gate_is_stopped_then_named_silent_within_its_bound(home: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "tests.support.gate_stub", str(home)])
    try:
        deadline = time.monotonic() + 30
        while not (home / "run" / "gate.sock").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        outcome = act(home)
        assert time.monotonic() - started < 20.0
        assert (outcome.in_force, outcome.raised, outcome.durable, outcome.exit_code) == (False, True, True, 5)
        assert outcome.problems == [f"{home}/run/gate.sock: silent"]
        process.send_signal(signal.SIGCONT)
        with patience():
            assert act(home).in_force
    finally:
        process.kill()
        process.wait()


def test_halt_when_service_hangs_then_done_within_its_bound(
    home: Path, gate: GateStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.halt._SERVICE_BOUND", 0.5)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(f"{home}/run/controller.sock")
        hanging.listen(1)
        started = time.monotonic()
        outcome = act(home)
        assert time.monotonic() - started < 20.0
    assert (outcome.exit_code, outcome.notices) == (0, ["the service is silent: it adopts this halt when it starts"])


def test_halt_when_raise_is_missing_then_made_anew_holding_the_halt(home: Path, gate: GateStub) -> None:
    assert act(home, mode=1).in_force
    (home / "latch" / "raise").unlink()
    outcome = act(home)
    assert (outcome.in_force, outcome.raised, outcome.durable, outcome.exit_code) == (True, True, True, 5)
    assert outcome.problems == ["latch/raise was missing: made anew, with this halt in it"]
    assert latch_mode(home) == 3


def test_halt_when_raise_is_a_copy_then_halted_in_the_gates_memory(home: Path, gate: GateStub) -> None:
    path = home / "latch" / "raise"
    restored = path.with_name("restored")
    restored.write_bytes(path.read_bytes())
    restored.replace(path)
    outcome = act(home)
    assert (outcome.in_force, outcome.raised, outcome.durable, outcome.exit_code) == (True, False, True, 5)
    assert [request["op"] for request in gate.asked] == ["halt", "cancel"]
    assert gate.asked[0] == {"op": "halt", "scope": "account", "mode": 3, "reason": "why"}


def test_halt_when_the_gate_reads_another_latch_then_halted_in_its_memory(home: Path) -> None:
    with home_folder() as other:
        stub = GateStub(other)
        (home / "run" / "gate.sock").symlink_to(other / "run" / "gate.sock")
        with stub.running():
            outcome = act(home)
    assert (outcome.in_force, outcome.raised, outcome.exit_code) == (True, True, 5)
    assert "reads another latch; halted in its memory alone" in outcome.problems[0]


def test_halt_when_nothing_can_take_it_then_not_confirmed(home: Path) -> None:
    (home / "latch" / "raise").write_bytes(bytes(SIZE))
    outcome = act(home)
    assert (outcome.confirmed, outcome.in_force, outcome.exit_code) == (False, False, 1)


def test_halt_when_there_is_no_home_then_not_confirmed_and_nothing_is_made(tmp_path: Path) -> None:
    outcome = act(tmp_path / "nowhere")
    assert (outcome.confirmed, outcome.durable, outcome.exit_code) == (False, False, 1)
    assert list(tmp_path.iterdir()) == []


def test_halt_when_the_folder_is_read_only_then_the_latch_still_takes_it(home: Path, gate: GateStub) -> None:
    (home / "latch").chmod(0o500)
    try:
        outcome = act(home)
    finally:
        (home / "latch").chmod(0o700)
    assert (outcome.in_force, outcome.exit_code) == (True, 0)


def test_halt_when_raise_cannot_be_opened_then_halted_in_the_gates_memory(home: Path, gate: GateStub) -> None:
    (home / "latch" / "raise").unlink()
    (home / "latch" / "raise").mkdir()
    outcome = act(home)
    assert (outcome.in_force, outcome.raised, outcome.exit_code) == (True, False, 5)


FULL_DISK = """
import resource, sys
from controller.halt import halt
from controller.latch import journal
from controller.latch.journal_record import HALT, Entry
home = sys.argv[1]
book = journal.Journal(home + "/journal")
for number in range(int(sys.argv[2])):
    book.write(Entry(HALT, f"{number:032x}", 1, scope="account", mode=3))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
outcome = halt(home, "account", 3, "ann", "why", 0)
print(outcome.in_force, outcome.durable, outcome.exit_code, outcome.problems)
"""


@pytest.mark.process
def test_halt_when_the_journal_is_full_and_so_is_the_disk_then_in_force_not_durable(home: Path, gate: GateStub) -> None:
    full = str(journal.RECORDS - 1)
    done = subprocess.run([sys.executable, "-c", FULL_DISK, home, full], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True False 5 ['journal: File too large"), done.stdout
    assert latch_mode(home) == 3


def test_halt_when_journal_is_missing_then_durable_elsewhere_and_its_loss_stays_to_be_seen(
    home: Path, gate: GateStub
) -> None:
    (home / "journal").unlink()
    outcome = act(home)
    assert (outcome.exit_code, outcome.durable, list(recorded(home))) == (5, True, [outcome.halt_id])
    assert not (home / "journal").exists()


def test_halt_when_every_slot_is_taken_then_overflow_is_acknowledged(home: Path, gate: GateStub) -> None:
    file = RaiseFile.open(f"{home}/latch/raise")
    for _ in range(64):
        file.raise_halt(os.urandom(16), f"strategy:{UID}", 1, 0, 1)
    outcome = act(home, f"strategy:{UID}")
    assert (outcome.in_force, outcome.slot, latch_mode(home)) == (True, 64, 3)


def test_halt_when_called_inside_the_controller_then_it_is_not_asked(home: Path, gate: GateStub) -> None:
    with ServiceStub(home).running() as service:
        outcome = halt(str(home), "account", HALT, "monitor", "drawdown", 2, notify=False)
    assert (service.asked, outcome.exit_code, outcome.notices) == ([], 0, [])


def test_halt_when_repeated_then_no_file_stays_open(home: Path, gate: GateStub) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    act(home)
    before = open_files()
    for _ in range(20):
        act(home)
    assert open_files() <= before + 1


def test_add_reason_when_in_force_then_kept_with_the_halt(home: Path, gate: GateStub) -> None:
    outcome = act(home, reason="")
    assert add_reason(str(home), outcome.halt_id, "ann", "spread blew out") == ""
    assert recorded(home)[outcome.halt_id].reason == "spread blew out"


def test_add_reason_when_the_journal_is_gone_with_its_folder_then_says_so(tmp_path: Path) -> None:
    outcome = HaltOutcome("account", 3, "ann", "", CLI)
    assert "No such file" in add_reason(f"{tmp_path}/nowhere", outcome.halt_id, "ann", "x")


HEAVY = {"typing", "dataclasses", "enum", "json", "re", "subprocess", "pathlib", "collections", "socket", "threading"}


@pytest.mark.process
def test_halt_when_imported_then_nothing_heavy_comes_with_it() -> None:
    code = "import sys, controller.halt, cli.fast; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert set(done.stdout.split()) & HEAVY == set()
