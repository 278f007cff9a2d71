"""``gt``: ``gt risk …`` is ours, every other word goes on to the next ``gt`` on PATH. sys and os only."""

import os
import sys

NOT_FOUND = 127


def main() -> int:
    """Run ``gt risk …`` here, or become the next ``gt``; 127 with a plain message when there is none."""
    if sys.argv[1:2] == ["risk"]:
        from cli.main import main as risk

        del sys.argv[1]
        return risk()
    other = next_gt(os.path.realpath(sys.argv[0]), os.environ.get("PATH", os.defpath))
    if other is not None:
        os.execv(other, [other, *sys.argv[1:]])
    sys.stderr.write("gt: no other gt on PATH; this one knows only: gt risk …\n")
    return NOT_FOUND


def next_gt(own: str, path: str) -> str | None:
    """The first executable ``gt`` on ``path`` behind ``own`` (its real path), so that two of ours never loop."""
    found = [os.path.join(folder or ".", "gt") for folder in path.split(os.pathsep)]  # noqa: PTH118
    places = [index for index, item in enumerate(found) if os.path.realpath(item) == own]
    later = found[places[-1] + 1 :] if places else found
    return next((item for item in later if os.access(item, os.X_OK) and not os.path.isdir(item)), None)  # noqa: PTH112
