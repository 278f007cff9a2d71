"""``python -m controller controller|gate|runner``: one process of the service. Light: each imports its own."""

import os
import sys


def main(arguments: list[str]) -> int:
    """Run the named process until it is told to stop; its exit code."""
    from controller import app

    runs = {"controller": app.run_controller, "gate": app.run_gate, "runner": app.run_runner}
    if len(arguments) != 1 or arguments[0] not in runs:
        sys.stderr.write(f"usage: python -m controller {'|'.join(runs)}\n")
        return 2
    from controller.settings import home_from

    return runs[arguments[0]](home_from(os.environ))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
