"""Entry point of ``gt-risk``. What may be an emergency goes first, before anything else is imported."""

import sys

_EMERGENCIES = (
    ["emergency", "halt-all"],
    ["emergency", "halt-trading"],
    ["emergency", "pause-new-orders"],
    ["strategy", "halt"],
)


def main() -> int:
    """Run one command; the exit code follows design section 9."""
    argv = sys.argv[1:]
    if argv[:2] in _EMERGENCIES:
        from cli.fast import fast_path

        code = fast_path(argv)
        if code is not None:
            return code
    from cli.dispatch import run

    return run(argv)
