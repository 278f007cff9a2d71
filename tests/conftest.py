"""For every test: room for the descriptors that a few thousand tests in one process have open at a time.

A data pack that the environment names is for the tests of the arithmetic alone; no service that a test starts sees it.
No property has a deadline: how long an example takes says how busy the machine is. Examples are random, but the same in
every run where ``GT_RISK_TEST_REPEATABLE`` is set, as CI does: new ones are looked for on people's machines. Ctrl-C
reaches every process that a test starts, also where the suite runs in the background of a shell, which ignores it. What
a test writes in its own process is not flushed to disk: none of them cuts the power, and a busy disk takes its time.
"""

import os
import resource
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support import opened

settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="GT_RISK_TEST_REPEATABLE" in os.environ,
)
settings.load_profile("any machine")
os.environ.setdefault("GT_RISK_TEST_DATA_DIR", os.environ.pop("GT_RISK_DATA_DIR", ""))


@pytest.fixture(autouse=True, scope="session")
def _unflushed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "fdatasync"):
            patch.setattr(os, name, lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    opened.close_all()


def pytest_configure() -> None:
    """As many open files as this machine lets a process have, and Ctrl-C that no parent has switched off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
