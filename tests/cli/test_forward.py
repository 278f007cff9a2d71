"""The ``gt`` on PATH: real executables, links and wrappers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHER = '#!/bin/sh\necho "$0" "$@"\n'


def make(folder: Path, text: str = OTHER) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "gt"
    path.write_text(text)
    path.chmod(0o755)
    return path


def shim(folder: Path, name: str = "gt") -> Path:
    """Our script as the wheel installs it: with this interpreter in its first line."""
    text = (ROOT / "cli" / "bin" / name).read_text()
    made = make(folder, text.replace("#!python", f"#!{sys.executable}", 1))
    return made.rename(folder / name)


def run(script: Path, *words: str, path: tuple[Path, ...]) -> subprocess.CompletedProcess[str]:
    folders = os.pathsep.join([*(str(folder) for folder in path), "/usr/bin", "/bin"])
    env = {**os.environ, "PATH": folders, "PYTHONPATH": str(ROOT)}
    return subprocess.run([str(script), *words], env=env, capture_output=True, text=True, timeout=30, check=False)


def test_gt_when_the_word_is_not_ours_then_the_next_gt_runs_with_all_arguments(tmp_path: Path) -> None:
    own, other = shim(tmp_path / "a"), make(tmp_path / "b")
    ran = run(own, "mayor", "-x", "two words", "--", "", path=(own.parent, other.parent))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{other} mayor -x two words -- \n", "")


def test_gt_when_the_other_ends_then_its_exit_code_and_its_streams_are_ours(tmp_path: Path) -> None:
    own, other = shim(tmp_path / "a"), make(tmp_path / "b", "#!/bin/sh\ncat; echo bad >&2; exit 42\n")
    env = {**os.environ, "PATH": f"{own.parent}:{other.parent}:/bin", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([own, "x"], input="in", env=env, capture_output=True, text=True, timeout=30, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (42, "in", "bad\n")


def test_gt_when_the_word_is_risk_then_ours(tmp_path: Path) -> None:
    own, other = shim(tmp_path / "a"), make(tmp_path / "b")
    ran = run(own, "risk", "statsu", path=(own.parent, other.parent))
    assert (ran.returncode, "Did you mean status" in ran.stderr) == (2, True)


@pytest.mark.parametrize("words", [(), ("--help",), ("Risk",), ("-v", "risk")])
def test_gt_when_risk_is_not_the_first_word_then_passed_on(tmp_path: Path, words: tuple[str, ...]) -> None:
    own, other = shim(tmp_path / "a"), make(tmp_path / "b")
    assert run(own, *words, path=(own.parent, other.parent)).stdout.split() == [str(other), *words]


def test_gt_when_there_is_no_other_then_127_and_a_plain_message(tmp_path: Path) -> None:
    own = shim(tmp_path / "a")
    ran = run(own, "mayor", path=(own.parent,))
    assert (ran.returncode, ran.stdout) == (127, "")
    assert ran.stderr == "gt: no other gt on PATH; this one knows only: gt risk …\n"


def test_gt_when_reached_through_links_then_never_itself(tmp_path: Path) -> None:
    own = shim(tmp_path / "a")
    for name in ("b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "gt").symlink_to(own)
    (tmp_path / "c" / "gt").hardlink_to(own)
    folders = (tmp_path / "b", own.parent, tmp_path / "c")
    assert run(tmp_path / "b" / "gt", "mayor", path=folders).returncode == 127
    other = make(tmp_path / "d")
    assert run(own, "mayor", path=(*folders, other.parent)).stdout == f"{other} mayor\n"


def test_gt_when_two_of_ours_are_on_path_then_each_passes_on_and_neither_loops(tmp_path: Path) -> None:
    first, second, other = shim(tmp_path / "a"), shim(tmp_path / "b"), make(tmp_path / "c")
    assert run(first, "mayor", path=(first.parent, second.parent, other.parent)).stdout == f"{other} mayor\n"
    assert run(first, "mayor", path=(first.parent, second.parent)).returncode == 127


@pytest.mark.parametrize("call", ["exec ", ""])
def test_gt_when_a_wrapper_behind_it_calls_it_again_then_the_one_behind_that_is_next(tmp_path: Path, call: str) -> None:
    own = shim(tmp_path / "a")
    wrapper = make(tmp_path / "b", f'#!/bin/sh\n{call}"{own}" "$@"\nexit $?\n')
    alone = run(own, "mayor", path=(own.parent, wrapper.parent))
    assert (alone.returncode, "leads back here" in alone.stderr) == (127, True)
    other = make(tmp_path / "c")
    assert run(own, "mayor", path=(own.parent, wrapper.parent, other.parent)).stdout == f"{other} mayor\n"


def test_gt_when_a_wrapper_hides_behind_more_processes_then_it_ends_all_the_same(tmp_path: Path) -> None:
    own = shim(tmp_path / "a")
    wrapper = make(tmp_path / "b", f"#!/bin/sh\nsh -c 'sh -c \"{own} mayor; exit \\$?\"; exit $?'\nexit $?\n")
    assert run(own, "mayor", path=(own.parent, wrapper.parent)).returncode == 127


def test_gt_when_the_other_calls_gt_with_other_words_then_passed_on_again(tmp_path: Path) -> None:
    own = shim(tmp_path / "a")
    other = make(tmp_path / "b", '#!/bin/sh\n[ "$1" = outer ] && exec gt inner\necho got "$@"\n')
    assert run(own, "outer", path=(own.parent, other.parent)).stdout == "got inner\n"


def test_gt_when_the_same_words_are_typed_in_a_shell_of_the_other_then_passed_on_again(tmp_path: Path) -> None:
    own = shim(tmp_path / "a")
    text = '#!/bin/sh\n[ -n "$NESTED" ] && { echo inside; exit; }\nNESTED=1 sh -c "gt attach; echo left"\n'
    other = make(tmp_path / "b", text)
    assert run(own, "attach", path=(own.parent, other.parent)).stdout == "inside\nleft\n"


def test_gt_when_the_other_cannot_be_run_then_126_with_the_reason(tmp_path: Path) -> None:
    own, other = shim(tmp_path / "a"), make(tmp_path / "b", "#!/no/such/interpreter\n")
    ran = run(own, "mayor", path=(own.parent, other.parent))
    assert (ran.returncode, ran.stderr) == (126, f"gt: {other} cannot be run: No such file or directory\n")


def test_gt_when_a_folder_or_a_plain_file_is_called_gt_then_passed_over(tmp_path: Path) -> None:
    own, other = shim(tmp_path / "a"), make(tmp_path / "d")
    (tmp_path / "b" / "gt").mkdir(parents=True)
    make(tmp_path / "c").chmod(0o644)
    folders = (own.parent, tmp_path / "b", tmp_path / "c", other.parent)
    assert run(own, "mayor", path=folders).stdout == f"{other} mayor\n"


def test_gt_risk_when_any_word_is_given_then_ours_and_no_other_is_asked(tmp_path: Path) -> None:
    own, other = shim(tmp_path / "a", "gt-risk"), make(tmp_path / "b")
    ran = run(own, "mayor", path=(own.parent, other.parent))
    assert (ran.returncode, ran.stdout, "no command 'mayor'" in ran.stderr) == (2, "", True)
