"""Runs what failed in `make test` once more, alone, and names aloud what passes then; more than three is a failure as it is."""

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 3


def main() -> int:
    failed = list(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests failed: not tried again (1 to {MOST} would be)", file=sys.stderr)
        return 1
    print("failed once, tried again alone:", *failed, sep="\n  ", file=sys.stderr)
    again = subprocess.run([".venv/bin/python", "-m", "pytest", *failed], check=False).returncode
    for test in failed if again == 0 else ():
        print(f"FLAKY, a defect of the test or of what it tests: {test}", file=sys.stderr)
    return again


if __name__ == "__main__":
    raise SystemExit(main())
