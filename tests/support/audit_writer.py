"""A process that appends audit records and acknowledges each on its standard output: ``python -m … folder name``."""

import sys
from pathlib import Path

from tests.support.stores import entry, sqlite


def main(folder: Path, name: str) -> None:
    store = sqlite(folder)
    for number in range(1, 1_000_000):
        record = store.append_audit(entry(number, actor=name))
        print(record.seq, record.hash, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
