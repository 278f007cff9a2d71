"""The reference, the man pages and the examples: complete, fresh, and true."""

import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from cli import reference
from cli.examples import EXAMPLES
from cli.tree import root

CTX = click.Context(root, info_name="gt risk")
LEAVES = {
    inner.command_path.removeprefix("gt risk "): command
    for inner, command in reference.commands(root, CTX)
    if not isinstance(command, click.Group)
}


@pytest.mark.parametrize("path", LEAVES)
def test_command_when_it_exists_then_has_an_example(path: str) -> None:
    assert EXAMPLES.get(path)


@pytest.mark.parametrize("path", EXAMPLES)
def test_example_when_listed_then_its_command_exists_and_takes_the_line(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("allowed_signers", "my-test.yaml"):
        (tmp_path / name).touch()
    command = LEAVES[path]
    for line, what in EXAMPLES[path]:
        words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"'))
        words = words[: words.index("|")] if "|" in words else words
        assert words[: 2 + len(path.split())] == ["gt", "risk", *path.split()]
        command.make_context(path, words[2 + len(path.split()) :], parent=CTX)
        assert what


def test_reference_when_built_then_is_what_the_checkout_holds() -> None:
    stale = [path for path, text in reference.files().items() if (reference.ROOT / path).read_text() != text]
    assert not stale


def test_check_when_a_page_differs_then_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    (tmp_path / reference.PAGE).write_text("old")
    (tmp_path / reference.MAN / "gt-risk-gone.1").write_text("old")
    assert reference.main(["--check"]) == 1
    assert "cli.md" in (said := capsys.readouterr().err)
    assert "gt-risk-gone.1" in said


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff on this machine: man pages are not set")
@pytest.mark.parametrize("name", reference.man_pages())
def test_man_page_when_set_by_groff_then_no_complaint(name: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"],
        input=reference.man_pages()[name],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "gt risk" in done.stdout
