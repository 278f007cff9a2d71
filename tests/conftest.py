"""For every test: room for the descriptors that a few thousand tests in one process have open at a time."""

import resource


def pytest_configure() -> None:
    """As many open files as this machine lets a process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
