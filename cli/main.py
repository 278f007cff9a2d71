"""Entry point of ``gt-risk``."""


def main() -> int:
    """Run one command; the exit code follows design section 9."""
    return 0
