"""Completion in each shell: what the script gives for a line, asked of the real shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.completion import SHELLS, script

BIN = Path(sys.executable).parent
BASH_ASK = """{script}
COMP_WORDS=({line}); COMP_CWORD=$(({count} - 1)); _gt_risk; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH_ASK = """compdef() {{ : }}
compadd() {{ print -rl -- "${{@[-1]}}" }}
_describe() {{ print -rl -- "${{plain[@]%%:*}}" }}
{script}
words=({line}); CURRENT={count}; _gt_risk
"""
FISH_ASK = "{script}\ncomplete -C '{text}'\n"


def ask(shell: str, words: list[str]) -> list[str]:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this machine: its completion is not tried")
    quoted = " ".join(f"'{word}'" for word in words)
    template = {"bash": BASH_ASK, "zsh": ZSH_ASK, "fish": FISH_ASK}[shell]
    lines = template.format(script=script(shell), line=quoted, count=len(words), text=" ".join(words))
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    found = subprocess.run([program, *quiet, "-c", lines], capture_output=True, text=True, env=environ, timeout=60)
    assert not found.stderr, found.stderr
    return [line.split("\t")[0].strip() for line in found.stdout.splitlines()]


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_complete_when_a_group_is_begun_then_its_name(shell: str) -> None:
    assert "limits" in ask(shell, ["gt-risk", "lim"])


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_complete_when_called_as_gt_risk_then_the_same(shell: str) -> None:
    assert "halt-all" in ask(shell, ["gt", "risk", "emergency", "halt"])


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_complete_when_gt_alone_then_risk(shell: str) -> None:
    assert "risk" in ask(shell, ["gt", "r"])


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_complete_when_an_option_is_begun_then_its_name(shell: str) -> None:
    assert "--dry-run" in ask(shell, ["gt-risk", "limits", "set", "--dr"])


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_complete_when_a_limit_is_begun_then_its_whole_name(shell: str) -> None:
    assert "position.max_position_pct" in ask(shell, ["gt", "risk", "limits", "set", "position.max_position_p"])
