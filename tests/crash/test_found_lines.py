"""The halting process, the backfill and the command line die at lines all over them: nothing half done stays."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

import controller.adapters.git.objects
import controller.adapters.git.source
import controller.adapters.git.writer
import controller.halt
import controller.latch.journal
import controller.latch.raising
import controller.reconcile.evidence
from controller.adapters.store.memory import MemoryStore
from controller.core.plan.effective import evidence_text
from controller.halt import CLI, halt
from controller.latch.reader import LatchReader
from controller.reconcile.evidence import Evidence
from schemas.halts import Halt
from tests.support.cli import ENTRY
from tests.support.config_repo import make_site
from tests.support.dying import dies_at
from tests.support.policies import halt as halt_number
from tests.support.rig import Rig, desired, make_rig
from tests.support.service import running_service, until

HALTER = (controller.halt, controller.latch.raising, controller.latch.journal)
BACKFILL = (
    controller.reconcile.evidence,
    controller.adapters.git.source,
    controller.adapters.git.writer,
    controller.adapters.git.objects,
)
EVERY = 3
KILLS = 6
LIMIT = "position.max_positions"


def raise_one(rig: Rig, arm: Callable[[], None]) -> None:
    arm()
    halt(str(rig.home.root), "account", 3, "ada", "drill", CLI, notify=False)


def test_halter_when_killed_at_any_line_then_bound_or_not_begun_and_the_next_halt_works(tmp_path: Path) -> None:
    bound = set()
    for number in count(1, EVERY):
        rig = make_rig(tmp_path / str(number), desired(1))
        died = dies_at(number, HALTER, lambda arm, rig=rig: raise_one(rig, arm))  # type: ignore[misc]  # bound at once
        gate = LatchReader(str(rig.home.raise_file), str(rig.home.permit_file))
        raised = gate.poll(1).mode == 3
        bound.add(raised)
        gate.close()
        rig.restart()
        rig.desk.adopt()
        assert bool(rig.desk.open_halts(None)) >= raised, f"line {number}"
        again = halt(str(rig.home.root), "account", 3, "ada", "drill", CLI, notify=False)
        rig.desk.adopt()
        assert again.raised and again.halt_id in {item.id for item in rig.desk.open_halts(None)}
        assert rig.store.verify_audit().ok
        rig.close()
        if not died:
            break
    assert bound == {False, True} and number > 20


def test_backfill_when_killed_at_any_line_then_the_record_is_whole_or_absent_and_follows(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    seen = set()
    for number in count(1, EVERY):
        item = halt_number(number)

        def publish(arm: Callable[[], None], item: Halt = item) -> None:
            source = site.source()
            evidence = Evidence(source, MemoryStore(), lambda: (item,))
            evidence.load(site.own)
            arm()
            evidence.publish(site.own)
            source.close()

        died = dies_at(number, BACKFILL, publish)
        source, path = site.source(), f"halts/{item.id}.yaml"
        there = source.evidence(site.own)
        seen.add(path in there)
        assert there.get(path, evidence_text(item).encode()) == evidence_text(item).encode()
        publish(lambda: None)
        assert path in source.evidence(site.own)
        source.close()
        if not died:
            break
    assert seen == {False, True} and number > 20
    assert site.git("fsck", "--strict", "--no-dangling", cwd=site.home.bare).returncode == 0


@pytest.mark.process
@pytest.mark.timeout(300)
def test_command_when_killed_in_the_middle_of_a_commit_then_landed_whole_or_not_at_all_and_the_next_one_lands() -> None:
    chosen = random.Random(20260119)
    with running_service() as service:
        before = float(service.read("limits", "get", LIMIT)["limit"]["value"])
        for wanted in range(2, 2 + KILLS):
            argv = [sys.executable, "-c", ENTRY, "limits", "set", LIMIT, str(wanted), "--force", "-r", "less"]
            env = {**os.environ, **service.env, "GT_RISK_HOME": str(service.home)}
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(argv, env=env, stdin=quiet, stdout=quiet, stderr=quiet)
            try:
                process.wait(chosen.uniform(0.02, 0.8))
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            until(lambda: service.gt("config", "verify").code == 0, "nothing on the branch is refused")
            assert float(service.read("limits", "get", LIMIT)["limit"]["value"]) in (before, wanted)
            before = wanted + 50
            service.must("limits", "set", LIMIT, str(wanted + 50), "--force", "-r", "more")
        assert service.read("audit", "verify")["intact"]
