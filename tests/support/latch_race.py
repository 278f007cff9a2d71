"""One halter against one clear, round after round, started at the same moment: ``python -m … FOLDER ROUNDS``.

The child raises; the parent clears the round's old halt. Rounds are counted in shared words of a small file.
"""

import mmap
import os
import sys
import time
from pathlib import Path

from controller.latch.raising import RaiseFile

GO, DONE, WORD = 0, 1, 2


def shared(folder: Path) -> memoryview:
    path = folder / "rounds"
    if not path.exists():
        path.write_bytes(bytes(4096))
    fd = os.open(path, os.O_RDWR)
    view = memoryview(mmap.mmap(fd, 4096)).cast("Q")
    os.close(fd)
    return view


def wait_for(view: memoryview, index: int, value: int, bound: float = 30.0) -> None:
    deadline = time.monotonic() + bound
    while view[index] < value:
        os.sched_yield()
        if time.monotonic() > deadline:
            raise TimeoutError(f"round {value} never came")


def main(folder: Path, rounds: int) -> None:
    view = shared(folder)
    file = RaiseFile.open(str(folder / "raise"), str(folder / "permit"))
    for number in range(1, rounds + 1):
        wait_for(view, GO, number)
        view[WORD] = file.raise_halt(os.urandom(16), "account", 3, 0, number).word
        view[DONE] = number


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
