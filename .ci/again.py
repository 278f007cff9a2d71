"""Runs what failed in `make test` once more, alone, and names aloud what passes then.

Failures in more than three files are no accident: they are not tried again.
"""

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 3


def again() -> int:
    """The exit code of the second run; 1 where there is nothing that may have one."""
    failed = list(json.loads(FAILED.read_text())) if FAILED.exists() else []
    files = {test.partition("::")[0] for test in failed}
    if not 0 < len(files) <= MOST:
        sys.stderr.write(f"tests failed in {len(files)} files: not tried again (1 to {MOST} would be)\n")
        return 1
    sys.stderr.write("\n  ".join(["failed once, tried again alone:", *failed]) + "\n")
    code = subprocess.run([sys.executable, "-m", "pytest", *failed], check=False).returncode
    for test in failed if code == 0 else ():
        sys.stderr.write(f"FLAKY, a defect of the test or of what it tests: {test}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(again())
