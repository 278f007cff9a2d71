"""Entry point of ``gt-risk``. What may be an emergency goes first, before anything else is imported."""

import os
import sys

_PIPE_CLOSED = 141
_EMERGENCIES = (
    ["emergency", "halt-all"],
    ["emergency", "halt-trading"],
    ["emergency", "pause-new-orders"],
    ["strategy", "halt"],
)


def main() -> int:
    """Run one command; the exit code follows design section 9."""
    os.umask(0o077)
    argv = sys.argv[1:]
    if argv[:2] in _EMERGENCIES:
        from cli.fast import fast_path

        try:
            code = fast_path(argv)
        except BrokenPipeError:  # nobody reads what was done; it is done all the same
            os._exit(_PIPE_CLOSED)
        if code is not None:
            return code
    from cli.dispatch import run

    return run(argv)
