"""``gt``: ``gt risk …`` is ours, every other word goes on to the next ``gt`` on PATH. sys and os only."""

import os
import sys

NOT_RUN, NOT_FOUND = 126, 127
MARK = "GT_RISK_FORWARDED"
MOST = 16
"""Times that the same words may come back here before we say that PATH leads in a circle."""


def main() -> int:
    """Run ``gt risk …`` here, or become the next ``gt``; 127 with a plain message when there is none."""
    if sys.argv[1:2] == ["risk"]:
        from cli.main import main as risk

        del sys.argv[1]
        return risk()
    words = sys.argv[1:]
    own = os.path.realpath(sys.argv[0])
    seen, passed = came_back(os.environ.get(MARK, ""), own, words)
    found = others(own, os.environ.get("PATH", os.defpath))
    if passed >= len(found) or seen >= MOST:
        back = ": the next one leads back here" if found else ""
        sys.stderr.write(f"gt: no other gt on PATH{back}; this one knows only: gt risk …\n")
        return NOT_FOUND
    os.environ[MARK] = f"{seen + 1} {passed + 1} {os.getpid()} {own} {words}"
    try:
        os.execv(found[passed], [found[passed], *words])
    except OSError as error:
        sys.stderr.write(f"gt: {found[passed]} cannot be run: {error.strerror}\n")
        return NOT_RUN


def came_back(mark: str, own: str, words: list[str]) -> tuple[int, int]:
    """How often these words were passed on already, and how many of the others they were passed to in a row.

    A wrapper behind us that calls us again has our process or is its child, and brings the same words; then its
    successor is next. Another call inside the other ``gt`` begins anew, but for a bound.
    """
    seen, _, rest = mark.partition(" ")
    passed, _, rest = rest.partition(" ")
    pid, _, rest = rest.partition(" ")
    if not rest.endswith(f" {words}") or not (seen.isdigit() and passed.isdigit()):
        return 0, 0
    again = rest == f"{own} {words}" and pid in (str(os.getpid()), str(os.getppid()))
    return int(seen), int(passed) if again else 0


def others(own: str, path: str) -> list[str]:
    """Executable ``gt`` files on ``path`` behind the last that is ``own``; all of them when none is."""
    found = [os.path.join(folder or ".", "gt") for folder in path.split(os.pathsep)]  # noqa: PTH118
    places = [index for index, item in enumerate(found) if _same(item, own)]
    later = found[places[-1] + 1 :] if places else found
    return [item for item in later if os.access(item, os.X_OK) and not os.path.isdir(item)]  # noqa: PTH112


def _same(one: str, other: str) -> bool:
    """Whether two names are one file, by link or by hard link."""
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except OSError:
        return False
