"""Folders of a test that pytest's own would not do for."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_folder(within: Path | None = None) -> Iterator[Path]:
    """A folder whose path is short enough for Unix sockets, in ``within`` where given.

    Gone at the end, as far as a process that is still on its way out lets it be: such a one removes and
    creates files of its own, and none of that is what a test asks about.
    """
    folder = Path(tempfile.mkdtemp(prefix="gt", dir=within))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def entries(folder: Path) -> Iterator[Path]:
    """Everything below ``folder``, while others make and remove there what they like."""
    for root, folders, files in os.walk(folder):
        yield from (Path(root) / name for name in (*folders, *files))
