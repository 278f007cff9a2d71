"""What people, machines and file systems do wrong: every command says it, with the next command, and loses nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.signatures import keys
from controller.errors import InvalidDesired, Refused
from schemas.edits import Proposal, Request, SetLimit
from schemas.status import Problem, Refusal, RefusalReason
from tests.cli.test_change import LIMIT, proposal
from tests.cli.test_json_contract import ARGUMENTS, LEAVES
from tests.support.agents import ssh_agent
from tests.support.book import HeldConfiguration, HeldControl
from tests.support.cli import ENTRY, Ran, gt_risk, served
from tests.support.folders import short_folder
from tests.support.planning import Planning
from tests.support.terminal import on_controlling_terminal

SET = ("limits", "set", LIMIT, "20")
LOCAL = {"init", "service", "doctor", "hook", "db", "completion", "man"}
HALTS = {
    ("emergency", "halt-all"),
    ("emergency", "halt-trading"),
    ("emergency", "pause-new-orders"),
    ("strategy", "halt"),
}
READS = [words for words, _ in LEAVES if words[0] not in LOCAL and words != ("dashboard", "start")]
ALSO = [
    ("doctor",),
    ("service", "status"),
    ("service", "stop"),
    ("completion", "bash"),
    ("--help",),
    ("limits", "--help"),
]
PLAIN = [sys.executable, "-c", ENTRY]


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        keys.generate(folder / "keys" / "operator", "op@example.org")
        yield folder


def control() -> HeldControl:
    return HeldControl(proposal=proposal(), configuration=HeldConfiguration(files={"risk_config.yaml": "a: 1\n"}))


def ended(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran
    for word in words:
        assert word in ran.err, ran
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
@pytest.mark.parametrize("words", [*READS, *ALSO], ids=" ".join)
def test_any_command_when_its_reader_has_gone_then_ends_quietly(words: tuple[str, ...], both: bool, home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    argv = [*PLAIN, *words, *ARGUMENTS.get(" ".join(words), []), "--json"]
    environ = {**os.environ, "GT_RISK_HOME": str(home), "EDITOR": "true"}
    with served(control(), home):
        ran = subprocess.run(
            argv,
            stdout=writer,
            stderr=writer if both else subprocess.PIPE,
            env=environ,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
    os.close(writer)
    assert ran.returncode in (0, 141) or words in HALTS, ran
    assert b"Error" not in (ran.stderr or b""), ran


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("words", [("status",), SET, ("limits", "list"), ("nothing",)], ids=" ".join)
def test_command_when_the_terminal_cannot_show_a_sign_then_shown_without_it(
    words: tuple[str, ...], encoding: str, home: Path
) -> None:
    environ = {**os.environ, "GT_RISK_HOME": str(home), "PYTHONIOENCODING": encoding}
    with served(control(), home):
        ran = subprocess.run([*PLAIN, *words], capture_output=True, env=environ, stdin=subprocess.DEVNULL, timeout=60)
    assert ran.returncode in (0, 2, 4), ran
    assert b"UnicodeEncodeError" not in ran.stderr


def test_status_when_the_locale_is_c_then_as_everywhere(home: Path) -> None:
    with served(control(), home):
        assert gt_risk(home, "limits", "list", env={"LC_ALL": "C", "LANG": "C"}) == gt_risk(home, "limits", "list")


@pytest.mark.parametrize("words", [("--help",), ("limits", "set", "--help"), ("status",)], ids=" ".join)
def test_command_when_the_terminal_is_too_narrow_then_still_whole(words: tuple[str, ...], home: Path) -> None:
    with served(control(), home):
        ran = gt_risk(home, *words, env={"COLUMNS": "5", "LINES": "2"})
    assert (ran.code, bool(ran.out), ran.err) == (0, True, ""), ran


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (("config", "plan", "HEAD"), "git is not installed"),
        (("config", "rollback", "--commit", "HEAD"), "git is not installed"),
        (("config", "history"), "git is not installed"),
        (("init",), "git"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, tuple) else "",
)
def test_command_when_git_is_missing_then_said_with_the_next_command(
    words: tuple[str, ...], say: str, home: Path
) -> None:
    (home / "config").mkdir()
    (home / "config.git").mkdir()
    nowhere = home / "empty"
    nowhere.mkdir()
    with served(control(), home):
        ran = gt_risk(home, *words, env={"PATH": str(nowhere)})
    ended(ran, 1, say, "next: install git")


def test_init_when_git_is_too_old_then_refused_before_anything_is_made(home: Path) -> None:
    tools = home / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
    (tools / "git").chmod(0o755)
    keygen = shutil.which("ssh-keygen")
    assert keygen is not None
    (tools / "ssh-keygen").symlink_to(keygen)
    ran = gt_risk(home / "h", "init", env={"PATH": str(tools)})
    ended(ran, 1, "2.34", "2.30.2", "next: install git")
    assert not (home / "h").exists()


def test_change_when_the_signing_key_is_missing_then_said_and_nothing_lands(home: Path) -> None:
    held = control()
    (home / "keys" / "operator").unlink()
    with served(held, home):
        ended(gt_risk(home, *SET, "--yes"), 1, "signing key", "does not exist", "next: ", "gt risk init")
    assert held.landed == []


class Unknown(HeldControl):
    def land(self, payload: bytes, signature: bytes) -> str:
        refusal = Refusal(
            commit="b" * 40,
            reason=RefusalReason.UNKNOWN_KEY,
            message="key SHA256:x is not in trust.yaml",
            fix="sign with a listed key",
        )
        raise Refused(refusal)


def test_change_when_the_key_is_not_listed_then_the_refusal_and_its_fix(home: Path) -> None:
    with served(Unknown(proposal=proposal()), home):
        ended(gt_risk(home, *SET, "--yes"), 1, "UnknownKey: key SHA256:x", "next: sign with a listed key")


def encrypted(home: Path) -> None:
    key = home / "keys" / "operator"
    key.chmod(0o600)
    argv = ["ssh-keygen", "-q", "-p", "-f", str(key), "-P", "", "-N", "secret"]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)


def test_change_when_the_key_has_a_passphrase_and_nobody_can_be_asked_then_said(home: Path) -> None:
    encrypted(home)
    held = control()
    environ = {**os.environ, "GT_RISK_HOME": str(home), "SSH_AUTH_SOCK": ""}
    with served(held, home):
        done = subprocess.run(
            [*PLAIN, *SET, "--yes"], capture_output=True, text=True, env=environ, timeout=60, start_new_session=True
        )
    ended(Ran(done.returncode, done.stdout, done.stderr), 1, "has a passphrase", "next: ssh-add ")
    assert held.landed == []


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        (["y\n", "secret\n"], 0, "Limit updated"),
        (["y\n", "wrong\n"], 1, "incorrect passphrase"),
        (["y\n", "\x03"], 130, "interrupted: nothing was changed"),
        (["\x03"], 130, "interrupted: nothing was changed"),
        (["n\n"], 4, "cancelled: nothing was changed"),
        (["\x04"], 130, "interrupted: nothing was changed"),
    ],
    ids=["right", "wrong", "Ctrl-C at it", "Ctrl-C before it", "declined", "end of input"],
)
def test_change_when_the_key_has_a_passphrase_then_the_terminal_is_asked(
    home: Path, answers: list[str], code: int, words: str
) -> None:
    encrypted(home)
    held = control()
    prompts = [b"[y/N]: ", b"passphrase"]
    with served(held, home):
        ran = on_controlling_terminal(home, list(zip(prompts, answers, strict=False)), *SET)
    assert (ran.code, words in ran.out, len(held.landed)) == (code, True, int(code == 0)), ran


def test_change_when_the_agent_lacks_the_key_or_is_locked_then_said(home: Path) -> None:
    encrypted(home)
    held = control()
    agent = str(home / "agent")
    with ssh_agent(Path(agent)), served(held, home):
        environ = {**os.environ, "GT_RISK_HOME": str(home), "SSH_AUTH_SOCK": agent}
        command = [*PLAIN, *SET, "--yes"]
        done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, start_new_session=True)
    ran = Ran(done.returncode, done.stdout, done.stderr)
    ended(ran, 1, "the ssh-agent is locked or does not hold the key", "ssh-add -X unlocks")


def bound_by_modes(argv: list[str], home: Path) -> Ran:
    """Run as one for whom file modes count: root without its power over them, anybody else as they are."""
    environ = {**os.environ, "GT_RISK_HOME": str(home), "EDITOR": "true"}
    drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*drop, *PLAIN, *argv], capture_output=True, text=True, env=environ, timeout=60, stdin=subprocess.DEVNULL
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("words", [("status",), SET, ("config", "validate"), ("config", "edit")], ids=" ".join)
def test_command_when_the_home_belongs_to_another_then_said_with_the_place(words: tuple[str, ...], home: Path) -> None:
    (home / "settings.toml").touch()
    home.chmod(0o000)
    try:
        ran = bound_by_modes(list(words), home)
    finally:
        home.chmod(0o700)
    ended(ran, 1, "Permission denied", str(home), "next: ")


def test_command_when_the_socket_may_not_be_used_then_said_and_no_service_is_called_down(home: Path) -> None:
    with served(control(), home):
        (home / "run" / "controller.sock").chmod(0o000)
        ran = bound_by_modes(["status"], home)
    ended(ran, 1, "controller.sock: Permission denied", "next: ls -ld")


def test_edit_when_the_home_cannot_be_written_then_said(home: Path) -> None:
    held = control()
    with served(held, home):
        home.chmod(0o500)
        ran = bound_by_modes(["config", "edit", "--yes"], home)
        home.chmod(0o700)
    ended(ran, 1, "Permission denied", "drafts", "next: ls -ld")
    assert held.landed == []


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["limits", "get", "position.max_pos"], "did you mean position.max_positions"),
        (["strategy", "show", "ml-momentum"], "did you mean ml-momentum-v2"),
        (["limits", "reset"], "name limits, or say --all"),
        (["limits", "reset", "--all", LIMIT], "name limits, or say --all"),
        (["config", "rollback"], "--commit"),
        (["config", "plan", "no-such-commit"], "no commit 'no-such-commit'"),
        (["config", "validate", "/no/such/folder"], "/no/such/folder"),
        (["config", "edit", "--from", "/no/such/folder"], "/no/such/folder"),
        (["strategy", "add"], "ID"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else "",
)
def test_command_when_what_is_named_is_not_there_then_exit_2_and_the_next_command(
    argv: list[str], words: str, home: Path
) -> None:
    with served(HeldControl(), home):
        ended(gt_risk(home, *argv), 2, words, "next: gt risk")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([*SET, "--reason", "x" * 501], "reason should have at most 500 characters"),
        (["limits", "set", LIMIT, "1\n2", "--yes"], "value must be one line: '1\\n2'"),
        (["strategy", "add", "x", "--name", "a\nb", "--yes"], "name must be one line"),
    ],
    ids=["too long", "two lines", "a name of two lines"],
)
def test_change_when_its_words_fit_no_document_then_said_in_one_line(argv: list[str], words: str, home: Path) -> None:
    held = control()
    with served(held, home):
        ran = gt_risk(home, *argv)
    ended(ran, 2, words, "next: ")
    assert (ran.err.count("\n"), held.requests) == (2, [])


def test_reason_when_it_has_several_lines_then_they_become_one(home: Path) -> None:
    held = control()
    with served(held, home):
        assert gt_risk(home, *SET, "--yes", "-r", " two\nlines ").code == 0
    assert held.requests[0].reason == "two lines"


def test_set_when_the_value_is_negative_then_it_is_a_value_and_no_option(home: Path) -> None:
    held = control()
    with served(held, home):
        gt_risk(home, "limits", "set", LIMIT, "-5", "--yes")
        wrong = gt_risk(home, "limits", "set", LIMIT, "5", "--yess")
    intent = held.requests[0].intent
    assert isinstance(intent, SetLimit)
    assert (intent.value, wrong.code, len(held.requests)) == ("-5", 2, 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (LIMIT, "$20", "'$20' is not a percentage: write it like 15%"),
        (LIMIT, "0.2", "0.2 is ambiguous: write 0.2% for 0.2 percent, or 20.0% for the fraction"),
        (LIMIT, "400", "400% is out of range: "),
        (LIMIT, "twenty", "'twenty' is not a percentage"),
        ("position.max_position_dollars", "20%", "'20%' is not an amount of money: write it like $25,000"),
        ("account.margin_multiplier", "2%", "'2%' is not a ratio: write it like 1.5"),
        ("order.max_per_minute", "10x", "'10x' is not a count: write it like 20"),
        ("order.max_per_minute", "1.5", "'1.5' is not a whole number: write it like 1"),
        ("order.max_price_age", "5m", "'5m' is not a number of seconds: write it like 60"),
        ("position.max_pos", "3", "no limit 'position.max_pos'; did you mean position.max_positions"),
    ],
)
def test_set_when_the_value_has_a_wrong_unit_or_range_then_value_fix_and_the_next_command(
    name: str, value: str, words: str, home: Path
) -> None:
    held = Planning()
    with served(held, home):
        ended(gt_risk(home, "limits", "set", name, value, "--yes"), 2, words, "next: gt risk limits ")
    assert held.landed == []


class Crossed(HeldControl):
    def propose(self, request: Request) -> Proposal:
        problem = Problem(
            path="risk_config.yaml", line=66, column=5, message="60% is above 50%", fix="write at most 50%"
        )
        raise InvalidDesired((problem,))


def test_set_when_it_crosses_another_limit_then_file_line_fix_and_where_both_stand(home: Path) -> None:
    with served(Crossed(), home):
        ended(
            gt_risk(home, *SET, "--yes"),
            1,
            "risk_config.yaml:66:5: 60% is above 50% (fix: write",
            "next: gt risk limits list",
        )


@pytest.mark.parametrize("words", [("strategy", "halt", ""), ("strategy", "halt", "", "--yes")], ids=len)
def test_halt_when_nothing_is_named_then_never_looks_like_a_halt(words: tuple[str, ...], home: Path) -> None:
    ended(gt_risk(home, *words), 2, "nothing was halted")


def test_edit_when_the_folder_is_no_draft_then_exit_2(home: Path) -> None:
    with served(control(), home):
        ended(
            gt_risk(home, "config", "edit", "--from", str(home / "keys")), 2, "is no draft", "next: gt risk config edit"
        )
