import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.signatures import keys
from controller.core.plan.edits import NothingToDo
from controller.errors import Raced
from schemas.edits import Proposal, Request, SetStatus
from schemas.plan import Change, Direction, Plan
from tests.support.book import COMMIT, HeldControl
from tests.support.cli import ENTRY, gt_risk, served
from tests.support.folders import short_folder
from tests.support.terminal import on_terminal

LIMIT = "position.max_position_pct"


def proposal(new: str = "20%", missing: tuple[str, ...] = ()) -> Proposal:
    change = Change(
        kind="limit",
        scope="account",
        key=LIMIT,
        label=LIMIT,
        old="15%",
        new=new,
        direction=Direction.LOOSEN,
        utilisation="14.8%",
    )
    return Proposal(
        parent=COMMIT,
        payload="dHJlZSAw",
        subject=f"risk: set {LIMIT} to {new}",
        audit_id="aud-1",
        plan=Plan(base=COMMIT, target=COMMIT, changes=(change,)),
        notes=("Allow larger individual positions", "Take effect immediately"),
        missing=missing,
    )


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        keys.generate(folder / "keys" / "operator", "op@example.org")
        yield folder


def test_set_when_forced_then_signs_lands_and_says_what_is_in_force(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        ran = gt_risk(home, "limits", "set", LIMIT, "20", "--force", "-r", "ripe")
    assert ran.code == 0, ran
    assert f"✓ Limit updated: {LIMIT} = 20%" in ran.out
    assert "✓ Config written to: risk_config.yaml" in ran.out
    assert control.landed[0].startswith(b"tree 0-----BEGIN SSH SIGNATURE-----")
    assert (control.requests[0].reason, control.requests[0].author) == ("ripe", "Op <op@example.org>")


def test_set_when_there_is_no_terminal_then_declined_with_the_plan(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        ran = gt_risk(home, "limits", "set", LIMIT, "20")
    assert (ran.code, control.landed) == (4, [])
    assert "Current:  15%" in ran.err
    assert f"next: gt risk limits set {LIMIT} 20 --force" in ran.err


@pytest.mark.parametrize(("answer", "code"), [("n\n", 4), ("\n", 4), ("y\n", 0)])
def test_set_when_a_terminal_answers_then_only_yes_acts(home: Path, answer: str, code: int) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        ran = on_terminal(home, answer, "limits", "set", LIMIT, "20")
    assert (ran.code, len(control.landed)) == (code, int(code == 0)), ran
    assert "⚠️  WARNING: This will change a hard limit" in ran.err


def test_set_when_dry_run_then_prints_the_plan_and_changes_nothing(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        ran = gt_risk(home, "limits", "set", LIMIT, "20", "--dry-run")
    assert (ran.code, control.landed) == (0, [])
    assert "Current:  15%\nNew:      20%\nDirection: loosen\nCurrent utilisation: 14.8%\n" in ran.out
    assert "  - Allow larger individual positions" in ran.out


def test_set_when_not_in_force_in_time_then_exit_5_with_the_condition(home: Path) -> None:
    with served(HeldControl(proposal=proposal(), in_force=False), home):
        ran = gt_risk(home, "limits", "set", LIMIT, "20", "--yes")
        document = gt_risk(home, "limits", "set", LIMIT, "20", "--yes", "--json")
    assert ran.code == 5
    assert "Stalled: the gate does not answer" in ran.out
    assert document.document["ok"] is False


def test_set_when_another_must_sign_then_exit_3_and_named(home: Path) -> None:
    with served(HeldControl(proposal=proposal(missing=("a risk-officer must also sign",))), home):
        ran = gt_risk(home, "limits", "set", LIMIT, "20", "--yes")
    assert ran.code == 3
    assert "a risk-officer must also sign" in ran.out


class Racing(HeldControl):
    def land(self, payload: bytes, signature: bytes) -> str:
        if not self.landed:
            self.landed.append(b"")
            raise Raced("somebody landed first")
        return super().land(payload, signature)


def test_set_when_the_push_is_raced_then_planned_again_on_the_newer_tip(home: Path) -> None:
    control = Racing(proposal=proposal())
    with served(control, home):
        ran = gt_risk(home, "limits", "set", LIMIT, "20", "--force")
    assert (ran.code, len(control.requests)) == (0, 2), ran


class Same(HeldControl):
    def propose(self, request: Request) -> Proposal:
        raise NothingToDo(f"{LIMIT} is 15% already", f"gt risk limits get {LIMIT}")


def test_set_when_it_holds_already_then_exit_0(home: Path) -> None:
    with served(Same(), home):
        ran = gt_risk(home, "limits", "set", LIMIT, "15", "--json")
    assert (ran.code, ran.document["ok"]) == (0, True)


def test_pause_when_there_is_no_terminal_then_acts_at_once(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        ran = gt_risk(home, "strategy", "pause", "ml-momentum-v2")
    assert ran.code == 0, ran
    assert "✓ 2 pending orders cancelled" in ran.out
    assert "✓ 2 positions remain open" in ran.out
    assert isinstance(control.requests[0].intent, SetStatus)


def test_resume_when_there_is_no_terminal_then_declined(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        assert gt_risk(home, "emergency", "resume").code == 4
        assert gt_risk(home, "strategy", "resume", "ml-momentum-v2").code == 4
    assert control.landed == []


def test_output_when_the_reader_has_gone_then_ends_quietly(home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environ = {**os.environ, "GT_RISK_HOME": str(home)}
    with served(HeldControl(), home):
        ran = subprocess.run(
            [sys.executable, "-c", ENTRY, "limits", "list"],
            stdout=writer,
            stderr=subprocess.PIPE,
            env=environ,
            timeout=60,
        )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, b"")
