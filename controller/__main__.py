"""``python -m controller controller|gate|runner|hooks|dashboard|quant``: one process of the service.

Light: each imports its own. ``gate VERSION``: started beside its controller, see :func:`controller.app.run_gate`.
"""

import os
import sys
from collections.abc import Callable


def main(arguments: list[str]) -> int:
    """Run the named process until it is told to stop; its exit code."""
    from controller import app

    runs: dict[str, Callable[..., int]] = {
        "controller": app.run_controller,
        "gate": app.run_gate,
        "runner": app.run_runner,
        "hooks": app.run_hooks,
        "dashboard": app.run_dashboard,
        "quant": app.run_quant,
    }
    name, *rest = arguments or [""]
    if name not in runs or len(rest) > (name == "gate"):
        sys.stderr.write(f"usage: python -m controller {'|'.join(runs)}\n")
        return 2
    from controller.settings import home_from

    os.umask(0o077)
    return runs[name](home_from(os.environ), *map(int, rest))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
