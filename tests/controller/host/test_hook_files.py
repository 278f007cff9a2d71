"""Hooks of an older release are renewed; a person's own and a person's edits stay and are named."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.git.hook_files import State, look
from controller.adapters.git.scripts import bare_hooks
from controller.home import Home
from controller.host.repositories import findings
from controller.host.versions import migrate, outstanding
from controller.settings import load
from tests.support.homes import made_home

FIRST = (
    '#!/bin/sh\n# Written by gt risk init.\nexec /old/python -I -m controller.adapters.git.hooks {home} {name} "$@"\n'
)


@pytest.fixture
def home() -> Iterator[Home]:
    with made_home() as place:
        yield place


def hooks(home: Home) -> dict[str, Path]:
    folders = (home.bare / "hooks", home.clone / ".git" / "hooks")
    return {path.name: path for folder in folders for path in folder.iterdir()}


def states(home: Home) -> dict[str, State]:
    pins = load({"GT_RISK_HOME": str(home.root)}).pins
    return {path.name: state for path, state in look(home, pins)}


def told(home: Home) -> str:
    return "; ".join(f"{item.message} ({item.hint})" for item in findings(home))


def test_hooks_of_a_new_home_then_current_and_nothing_is_outstanding(home: Home) -> None:
    assert set(states(home)) == set(hooks(home)) == {"pre-receive", "prepare-commit-msg", "post-commit", "post-rewrite"}
    assert set(states(home).values()) == {State.CURRENT}
    assert outstanding(home) == []


def test_hooks_of_the_first_release_when_migrated_then_all_are_renewed_and_a_commit_lands(home: Home) -> None:
    written = {name: path.read_text() for name, path in hooks(home).items()}
    for name, path in hooks(home).items():
        path.write_text(FIRST.format(home=home.root, name=name))
    assert set(states(home).values()) == {State.OLD}
    assert "pre-receive is an older release's: pushes may be refused (gt risk db migrate)" in told(home)
    assert len(migrate(home, "op")) == len(written) + 1
    assert {name: path.read_text() for name, path in hooks(home).items()} == written
    assert {path.stat().st_mode & 0o777 for path in hooks(home).values()} == {0o700}
    subprocess.run(["git", "-C", home.clone, "commit", "-qS", "--allow-empty", "-m", "x"], check=True)
    tips = [
        subprocess.run(["git", "-C", place, "rev-parse", "main"], check=True, capture_output=True).stdout
        for place in (home.clone, home.bare)
    ]
    assert tips[0] == tips[1]


def test_hook_of_a_later_release_with_other_words_then_old(home: Home) -> None:
    other = hooks(home)["post-rewrite"].read_text()
    hooks(home)["post-commit"].write_text(other)
    assert states(home)["post-commit"] is State.OLD


@pytest.mark.parametrize("line", ["echo mine\n", "exit 0\n"])
def test_hook_with_a_line_of_the_owners_when_migrated_then_stays_and_is_named(home: Home, line: str) -> None:
    edited = hooks(home)["post-commit"]
    text = edited.read_text() + line
    edited.write_text(text)
    hooks(home)["pre-receive"].write_text(FIRST.format(home=home.root, name="pre-receive"))
    assert len(outstanding(home)) == 1
    migrate(home, "op")
    assert edited.read_text() == text
    assert f"post-commit is your own: nobody renews it (to have ours: mv {edited} {edited}.own, then gt risk init)" in (
        told(home)
    )


def test_hook_that_another_interpreter_runs_then_current_until_that_is_gone(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "an other" / "python"
    other.parent.mkdir()
    other.symlink_to(sys.executable)
    hooks(home)["pre-receive"].write_text(bare_hooks(home, str(other))["pre-receive"])
    assert states(home)["pre-receive"] is State.CURRENT
    other.unlink()
    assert states(home)["pre-receive"] is State.OLD
