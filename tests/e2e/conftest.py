"""What most stories begin with. A module whose tests begin elsewhere has a fixture of that name."""

from collections.abc import Iterator

import pytest

from tests.support.service import Service, running_service


@pytest.fixture
def service() -> Iterator[Service]:
    """A service of the test's own."""
    with running_service() as started:
        yield started
