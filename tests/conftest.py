"""For every test: room for the descriptors that a few thousand tests in one process have open at a time.

A data pack that the environment names is for the tests of the arithmetic alone; no service that a test starts sees it.
"""

import os
import resource

os.environ.setdefault("GT_RISK_TEST_DATA_DIR", os.environ.pop("GT_RISK_DATA_DIR", ""))


def pytest_configure() -> None:
    """As many open files as this machine lets a process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
