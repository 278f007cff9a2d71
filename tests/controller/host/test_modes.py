"""Permissions of a home that is in use meanwhile."""

from pathlib import Path

from controller.home import Home
from controller.host.modes import close, too_wide


def written(path: Path) -> None:
    path.touch()
    path.chmod(0o644)


def test_too_wide_when_a_file_vanishes_meanwhile_then_the_rest_is_looked_at(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o755)
    for name in ("one", "two"):
        written(tmp_path / name)
    found = too_wide(home)
    assert next(found).path == tmp_path
    (tmp_path / "one").unlink()
    assert [item.path.name for item in found] == ["two"]


def test_close_then_nothing_is_too_wide(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o755)
    written(tmp_path / "one")
    assert [item.wanted for item in close(home, dry_run=False)] == [0o700, 0o600]
    assert list(too_wide(home)) == []
