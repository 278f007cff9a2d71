import os
import subprocess
import sys
from pathlib import Path

from cli.forward import next_gt

OURS = "import sys; from cli.forward import main; raise SystemExit(main())"


def make(folder: Path, text: str = "#!/bin/sh\necho other $*\n") -> Path:
    folder.mkdir()
    path = folder / "gt"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_next_when_ours_stands_first_then_the_one_behind_it(tmp_path: Path) -> None:
    own, other = make(tmp_path / "a"), make(tmp_path / "b")
    path = os.pathsep.join([str(own.parent), str(other.parent)])
    assert next_gt(str(own), path) == str(other)


def test_next_when_two_of_ours_are_on_the_path_then_never_a_loop(tmp_path: Path) -> None:
    first, second = make(tmp_path / "a"), make(tmp_path / "b")
    path = os.pathsep.join([str(first.parent), str(second.parent)])
    assert next_gt(str(second), path) is None


def test_next_when_reached_through_a_link_then_not_itself(tmp_path: Path) -> None:
    own = make(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "gt").symlink_to(own)
    assert next_gt(os.path.realpath(own), os.pathsep.join([str(tmp_path / "b"), str(own.parent)])) is None


def test_gt_when_the_word_is_not_ours_then_the_next_gt_runs_with_all_arguments(tmp_path: Path) -> None:
    other = make(tmp_path / "b")
    env = {**os.environ, "PATH": f"{other.parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run([sys.executable, "-c", OURS, "mayor", "-x", "y"], env=env, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "other mayor -x y\n")


def test_gt_when_there_is_no_other_then_127_and_a_plain_message(tmp_path: Path) -> None:
    env = {**os.environ, "PATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", OURS, "mayor"], env=env, capture_output=True, text=True)
    assert ran.returncode == 127
    assert "no other gt on PATH" in ran.stderr


def test_gt_when_the_word_is_risk_then_ours(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", OURS, "risk", "statsu"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "Did you mean status" in ran.stderr
