"""A service on a file system of its own, which can be filled to the last byte or made read-only."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.service import Service, running_service, until


@contextmanager
def small_disk() -> Iterator[Service]:
    """A running service whose home lies on 48 megabytes; the test is skipped, loudly, where nobody may mount."""
    folder = Path(tempfile.mkdtemp(prefix="gt"))
    if os.geteuid() or not mounted("-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)):
        folder.rmdir()
        pytest.skip("NOT TESTED: this machine lets nobody mount a small disk")
    try:
        with running_service(place=folder / "h") as started:
            yield started
    finally:
        umount = ["umount", str(folder)]
        until(lambda: not subprocess.run(umount, capture_output=True, check=False).returncode, "nobody is on it")
        folder.rmdir()


def mounted(*arguments: str) -> bool:
    """Whether ``mount`` did it."""
    return not subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode


def fill(folder: Path) -> Path:
    """Leave no byte free; the file that takes it all."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    return filler
