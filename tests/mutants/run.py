"""Switch every safety rule off in turn; some test must fail each time: ``python -m tests.mutants.run [NAME…]``.

Exit 1 when a mutant survives. Only the names are printed, one line each, with the test that noticed.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.catalogue import Mutant, mutants

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def killed_by(mutant: Mutant) -> str:
    """The first test that fails with the rule switched off; empty when the mutant survives."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.plugin", "-p", "no:cacheprovider", "-x", "-q"]
    tests = [path for path in mutant.tests if Path(path).exists()]
    done = subprocess.run(
        [*command, "--mutant", mutant.name, "-m", "not process and not hammer", "--hypothesis-seed=0", *tests],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    found = _FAILED.search(done.stdout)
    if done.returncode != 1 or found is None:
        raise SystemExit(f"{mutant.name}: pytest ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return found[1]


def main(names: list[str]) -> int:
    chosen = [mutant for mutant in mutants() if not names or mutant.name in names]
    survivors = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, test in zip(chosen, pool.map(killed_by, chosen), strict=True):
            print(f"{'survived' if not test else 'noticed '}  {mutant.name}  {test}", flush=True)
            if not test:
                survivors.append(mutant.name)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} rules are missed by a test when switched off")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
