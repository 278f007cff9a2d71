"""``config edit``, ``reload``, ``diff``, ``verify`` and ``strategy add`` against a held controller."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.signatures import keys
from controller.errors import InvalidDesired, Raced
from schemas.edits import AddStrategy, Applied, Proposal, Request, WriteDocuments
from schemas.plan import Change, Direction
from schemas.status import Judged, Problem, Refusal, RefusalReason
from tests.cli.test_change import proposal
from tests.support.book import COMMIT, HeldConfiguration, HeldControl
from tests.support.cli import ENTRY, Ran, gt_risk, served
from tests.support.folders import short_folder
from tests.support.terminal import on_terminal

RISK = "risk_config.yaml"
FILES = {RISK: "# what\nlimit: 15%\n", "emergency.yaml": "mode: normal\n", "halts/h.yaml": "kept\n"}
RAISE = "sed -i s/15/20/ risk_config.yaml; :"
MISTAKES = tuple(Problem(path=RISK, line=line, column=1, message=f"wrong {line}", fix="right") for line in (1, 2))


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        keys.generate(folder / "keys" / "operator", "op@example.org")
        yield folder


def held() -> HeldConfiguration:
    return HeldConfiguration(files=dict(FILES))


def drafts(home: Path) -> list[Path]:
    return sorted((home / "drafts").iterdir()) if (home / "drafts").exists() else []


def edit(home: Path, *argv: str, editor: str = RAISE) -> Ran:
    return gt_risk(home, "config", "edit", *argv, env={"EDITOR": editor, "VISUAL": ""})


def test_edit_when_saved_then_lands_what_changed_and_leaves_no_draft(home: Path) -> None:
    control = HeldControl(proposal=proposal(), configuration=held())
    with served(control, home):
        ran = edit(home, "--yes", "-r", "ripe")
    assert (ran.code, len(control.landed), drafts(home)) == (0, 1, []), ran
    assert f"✓ Configuration updated: {RISK}" in ran.out
    intent = control.requests[0].intent
    assert isinstance(intent, WriteDocuments)
    assert (intent.base, intent.files) == (COMMIT, {RISK: "# what\nlimit: 20%\n"})


def test_edit_when_no_file_is_named_then_every_document_but_halts_is_opened(home: Path) -> None:
    with served(HeldControl(configuration=held()), home):
        ran = edit(home, editor='printf "%s " ')
    assert ran.out.startswith(f"{RISK} emergency.yaml ")
    with served(HeldControl(configuration=held()), home):
        assert edit(home, "emergency.yaml", editor='printf "%s " ').out.startswith("emergency.yaml ✓")


def test_edit_when_nothing_was_saved_then_exit_0_and_no_draft(home: Path) -> None:
    control = HeldControl(configuration=held())
    with served(control, home):
        ran = edit(home, "--json", editor="echo noise; :")
    assert (ran.code, ran.document, drafts(home), control.requests) == (0, {"ok": True, "changed": []}, [], [])


def test_edit_when_the_draft_is_written_then_others_cannot_read_it(home: Path) -> None:
    with served(HeldControl(configuration=held()), home):
        ran = edit(home, editor='stat -c %a . .. risk_config.yaml; : "$@"')
    assert ran.out.split()[:3] == ["700", "700", "600"]


class Mistaken(HeldControl):
    """Finds two mistakes until the limit is 20."""

    def propose(self, request: Request) -> Proposal:
        assert isinstance(request.intent, WriteDocuments)
        if "20" not in (request.intent.files[RISK] or ""):
            raise InvalidDesired(MISTAKES)
        return super().propose(request)


def test_edit_when_it_has_mistakes_then_all_are_told_and_the_text_is_kept(home: Path) -> None:
    with served(Mistaken(configuration=held()), home):
        ran = edit(home, "--yes", editor="sed -i s/15/99/ risk_config.yaml; :")
    (draft,) = drafts(home)
    assert ran.code == 1
    assert f"{RISK}:1:1: wrong 1 (fix: right)" in ran.err
    assert f"{RISK}:2:1: wrong 2 (fix: right)" in ran.err
    assert f"next: gt risk config edit --from {draft}" in ran.err
    assert (draft / RISK).read_text() == "# what\nlimit: 99%\n"


def test_edit_when_a_kept_draft_is_taken_up_then_goes_on_with_its_text(home: Path) -> None:
    control = Mistaken(proposal=proposal(), configuration=held())
    with served(control, home):
        edit(home, "--yes", editor="sed -i s/15/99/ risk_config.yaml; :")
        ran = edit(home, "--yes", "--from", str(drafts(home)[0]), editor="sed -i s/99/20/ risk_config.yaml; :")
    assert (ran.code, len(control.landed), drafts(home)) == (0, 1, []), ran


def test_edit_when_a_kept_draft_lacks_a_document_then_its_removal_is_still_meant(home: Path) -> None:
    control = HeldControl(proposal=proposal(), configuration=held())
    with served(control, home):
        first = edit(home, editor="rm emergency.yaml; :")
        assert (first.code, len(drafts(home))) == (4, 1)
        ran = edit(home, "--from", str(drafts(home)[0]), "--yes", editor="true")
    intent = control.requests[-1].intent
    assert isinstance(intent, WriteDocuments)
    assert (ran.code, intent.files) == (0, {"emergency.yaml": None})


def test_edit_when_what_was_saved_is_no_text_then_said_and_kept(home: Path) -> None:
    with served(HeldControl(configuration=held()), home):
        ran = edit(home, editor="printf '\\377' > risk_config.yaml; :")
    assert (ran.code, f"next: gt risk config edit --from {drafts(home)[0]}" in ran.err) == (1, True), ran


@pytest.mark.parametrize(("answers", "code", "left"), [("y\ny\n", 0, 0), ("n\n", 4, 1)])
def test_edit_when_it_has_mistakes_then_a_terminal_is_offered_the_editor_again(
    home: Path, answers: str, code: int, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = home / "editor"
    script.write_text('#!/bin/sh\ngrep -q 99 "$1" && sed -i s/99/20/ "$1" || sed -i s/15/99/ "$1"\n')
    script.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(script))
    control = Mistaken(proposal=proposal(), configuration=held())
    with served(control, home):
        ran = on_terminal(home, answers, "config", "edit", RISK)
    assert (ran.code, len(control.landed), len(drafts(home))) == (code, 1 - left, left), ran
    assert "Edit again?" in ran.err


def test_edit_when_the_plan_is_declined_then_the_text_is_kept_and_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", RAISE)
    control = HeldControl(proposal=proposal(), configuration=held())
    with served(control, home):
        ran = on_terminal(home, "n\n", "config", "edit")
    assert (ran.code, control.landed) == (4, [])
    assert f"your text is kept in {drafts(home)[0]}" in ran.err


def test_edit_when_the_plan_is_interrupted_then_exit_130_and_the_text_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", RAISE)
    control = HeldControl(proposal=proposal(), configuration=held())
    with served(control, home):
        ran = on_terminal(home, "", "config", "edit", interrupt_at=b"Continue?")
    assert (ran.code, control.landed) == (130, [])
    assert "interrupted: nothing was changed" in ran.err
    assert (drafts(home)[0] / RISK).read_text() == "# what\nlimit: 20%\n"


class Overtaken(HeldControl):
    def propose(self, request: Request) -> Proposal:
        raise Raced(f"{RISK} has changed since", "gt risk config edit")


def test_edit_when_somebody_changed_the_document_then_refused_and_the_text_is_kept(home: Path) -> None:
    with served(Overtaken(configuration=held()), home):
        ran = edit(home, "--yes")
    assert (ran.code, len(drafts(home))) == (1, 1)
    assert f"{RISK} has changed since" in ran.err


@pytest.mark.parametrize(
    ("editor", "words"), [("false", "ended with 1"), ("no-such-editor-anywhere", "ended with 127")]
)
def test_edit_when_the_editor_fails_then_said_and_nothing_changes(home: Path, editor: str, words: str) -> None:
    with served(HeldControl(configuration=held()), home):
        ran = edit(home, editor=editor)
    assert (ran.code, words in ran.err, drafts(home)) == (1, True, []), ran


def test_edit_when_there_is_no_editor_then_the_next_command(home: Path) -> None:
    with served(HeldControl(configuration=held()), home):
        ran = gt_risk(home, "config", "edit", env={"EDITOR": "", "VISUAL": "", "PATH": str(home)})
    assert (ran.code, "next: export EDITOR=" in ran.err, drafts(home)) == (1, True, [])


def test_edit_when_the_name_is_nearly_right_then_the_right_one_is_named(home: Path) -> None:
    with served(HeldControl(configuration=held()), home):
        ran = edit(home, "risk_confg.yaml")
    assert (ran.code, f"did you mean {RISK}" in ran.err) == (2, True)


def test_edit_when_there_is_no_room_then_said_and_nothing_lands(home: Path) -> None:
    control = HeldControl(proposal=proposal(), configuration=held())
    entry = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8)); {ENTRY}"
    environ = {**os.environ, "GT_RISK_HOME": str(home), "EDITOR": "true"}
    with served(control, home):
        ran = subprocess.run(
            [sys.executable, "-c", entry, "config", "edit"], capture_output=True, text=True, env=environ, timeout=60
        )
    assert (ran.returncode, control.landed, drafts(home)) == (1, [], [])
    assert "File too large" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_edit_when_the_editor_gets_ctrl_c_then_it_is_the_editor_s_own(home: Path) -> None:
    control = HeldControl(proposal=proposal(), configuration=held())
    editor = f"kill -{int(signal.SIGINT)} $PPID; {RAISE}"
    with served(control, home):
        ran = edit(home, "--yes", editor=editor)
    assert (ran.code, len(control.landed)) == (0, 1), ran


def test_reload_when_in_force_then_named_and_exit_0(home: Path) -> None:
    control = HeldControl()
    with served(control, home):
        ran = gt_risk(home, "config", "reload", "-r", "look")
    assert (ran.code, ran.out, control.woken) == (0, f"✓ In force: {COMMIT[:12]}\n", ["look"])


def test_reload_when_held_then_exit_3_with_the_reason_the_digest_and_the_next_command(home: Path) -> None:
    fix = "accept with: git commit --allow-empty -S --trailer 'Plan-Digest: abc'"
    with served(HeldControl(in_force=False, fix=fix), home):
        ran = gt_risk(home, "config", "reload")
        document = gt_risk(home, "config", "reload", "--json").document
    assert (ran.code, f"next: {fix}" in ran.out) == (3, True)
    assert "is not in force: Stalled: the gate does not answer" in ran.out
    assert document["applied"]["fix"] == fix


class Stuck(HeldControl):
    """Is interrupted while it looks."""

    def reload(self, actor: str, reason: str, timeout: float) -> Applied:
        os.kill(int(Path(os.environ["WAITING"]).read_text()), signal.SIGINT)
        return super().reload(actor, reason, timeout)


def test_reload_when_interrupted_then_says_that_the_service_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = home / "pid"
    monkeypatch.setenv("WAITING", str(pid))
    entry = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); {ENTRY}"
    environ = {**os.environ, "GT_RISK_HOME": str(home)}
    with served(Stuck(), home):
        ran = subprocess.run(
            [sys.executable, "-c", entry, "config", "reload", "--json"], env=environ, capture_output=True, timeout=60
        )
    assert (ran.returncode, b'"code": "Interrupted"' in ran.stdout, b"goes on by itself" in ran.stdout) == (
        130,
        True,
        True,
    )


def test_reload_when_the_service_is_down_then_exit_3_with_the_next_command(home: Path) -> None:
    ran = gt_risk(home, "config", "reload")
    assert (ran.code, "next: gt risk service start" in ran.err) == (3, True)


def clone(home: Path, text: bytes) -> None:
    (home / "config").mkdir()
    (home / "config" / RISK).write_bytes(text)


def test_diff_when_asked_then_the_clone_as_it_lies_there_key_by_key_or_as_text(home: Path) -> None:
    change = Change(
        kind="limit", scope="account", key="k", label="a.limit", old="15%", new="20%", direction=Direction.LOOSEN
    )
    configuration = HeldConfiguration(changes=(change,), texts={RISK: ("a: 15\n", "a: 20\n")})
    clone(home, b"a: 20\n")
    with served(HeldControl(configuration=configuration), home):
        keys_ = gt_risk(home, "config", "diff")
        text = gt_risk(home, "config", "diff", "--text")
    assert configuration.asked == [{RISK: "a: 20\n"}] * 2
    assert (keys_.code, keys_.out.split("\n")[0]) == (0, f"In force {COMMIT[:12]} → {home / 'config'}: loosen")
    assert "a.limit  15%   20%  loosen" in keys_.out
    assert text.out.splitlines() == [f"--- a/{RISK}", f"+++ b/{RISK}", "@@ -1 +1 @@", "-a: 15", "+a: 20"]


def test_diff_when_a_document_is_no_text_then_file_and_line(home: Path) -> None:
    clone(home, b"a: 1\nb: \xff\n")
    with served(HeldControl(), home):
        ran = gt_risk(home, "config", "diff")
    assert (ran.code, f"{RISK}:2: this is not UTF-8 text" in ran.err) == (1, True)


def judged(state: str, digit: str, refusal: Refusal | None = None) -> Judged:
    return Judged.model_validate(
        {"commit": digit * 40, "author": "Ada", "subject": "risk: x", "state": state, "refusal": refusal}
    )


def test_verify_when_a_commit_is_refused_then_reason_every_mistake_fix_and_repair(home: Path) -> None:
    refusal = Refusal(
        commit="b" * 40,
        reason=RefusalReason.UNSIGNED,
        message="the commit is not signed",
        fix="sign it",
        problems=MISTAKES,
    )
    configuration = HeldConfiguration(judged=(judged("refused", "b", refusal), judged("waits", "c")))
    with served(HeldControl(configuration=configuration), home):
        brief = gt_risk(home, "config", "verify")
        long = gt_risk(home, "config", "verify", "--explain")
    assert (brief.code, long.code) == (3, 3)
    assert "✗ bbbbbbbbbbbb refused: Unsigned  risk: x (Ada)\n⏳ cccccccccccc waits  risk: x (Ada)\n" in brief.out
    assert "next: gt risk config verify --explain" in brief.out
    for words in ("the commit is not signed", "fix: sign it", f"{RISK}:2:1: wrong 2", "reset --soft", "commit -S"):
        assert words in long.out


def test_verify_when_all_is_verified_then_one_line(home: Path) -> None:
    with served(HeldControl(), home):
        ran = gt_risk(home, "config", "verify")
    assert (ran.code, ran.out) == (0, f"✓ Verified: every commit up to {COMMIT[:12]}\n")


def test_add_when_asked_then_the_template_with_a_fresh_uid(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        for _ in range(2):
            ran = gt_risk(home, "strategy", "add", "my-idea", "--name", "My Idea", "--yes")
    intents = [request.intent for request in control.requests]
    assert all(isinstance(intent, AddStrategy) for intent in intents)
    first, second = (intent for intent in intents if isinstance(intent, AddStrategy))
    assert (first.strategy, first.name, first.uid != second.uid) == ("my-idea", "My Idea", True)
    assert "status: paused" in first.text
    assert "next: gt risk config edit strategies/my-idea.yaml" in ran.out


def test_add_when_from_another_then_its_document_is_the_beginning(home: Path) -> None:
    text = "id: contrarian-swing\n"
    control = HeldControl(
        proposal=proposal(), configuration=HeldConfiguration(files={"strategies/contrarian-swing.yaml": text})
    )
    with served(control, home):
        assert gt_risk(home, "strategy", "add", "b", "--from", "contrarian-swing", "--yes").code == 0
        wrong = gt_risk(home, "strategy", "add", "b", "--from", "contrarian-swin", "--yes")
    intent = control.requests[0].intent
    assert isinstance(intent, AddStrategy)
    assert intent.text == text
    assert (wrong.code, "did you mean contrarian-swing" in wrong.err) == (2, True)


LARGE = "4 of 6 objects (67%) loosen or vanish, over guards.max_changed_pct 50%"


def large() -> Proposal:
    return proposal().model_copy(update={"hold": LARGE})


def test_large_change_when_only_yes_is_said_then_declined_with_the_digest(home: Path) -> None:
    control = HeldControl(proposal=large())
    with served(control, home):
        ran = gt_risk(home, "limits", "set", "position.max_position_pct", "20", "--yes")
    digest = large().plan.digest()
    assert (ran.code, control.landed) == (4, [])
    assert f"Large change: {LARGE}\nDigest: {digest}" in ran.err
    assert ran.err.endswith(f"--force --accept-plan {digest}\n")


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 4)])
def test_large_change_when_yes_is_said_on_a_terminal_then_asks_all_the_same(home: Path, answer: str, code: int) -> None:
    with served(HeldControl(proposal=large()), home):
        assert on_terminal(home, answer, "limits", "set", "position.max_position_pct", "20", "--yes").code == code


def test_large_change_when_its_digest_is_accepted_then_lands_and_no_other_plan_does(home: Path) -> None:
    control = HeldControl(proposal=large())
    words = ("limits", "set", "position.max_position_pct", "20", "--accept-plan")
    with served(control, home):
        other = gt_risk(home, *words, "0" * 64, "--yes", "--json")
        assert (other.code, other.document["error"]["code"], control.landed) == (4, "PlanChanged", [])
        assert gt_risk(home, *words, large().plan.digest()).code == 0


def test_set_when_a_brake_holds_it_then_the_closing_names_the_command_that_accepts(home: Path) -> None:
    fix = f"git commit --allow-empty -S --trailer 'Plan-Digest: {'d' * 64}'"
    with served(HeldControl(proposal=proposal(), in_force=False, fix=fix), home):
        ran = gt_risk(home, "limits", "set", "position.max_position_pct", "20", "--yes")
    assert (ran.code, f"next: {fix}" in ran.out) == (5, True)
