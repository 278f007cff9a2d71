"""What many tests of the controller begin with. A module whose tests begin elsewhere has a fixture of that name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from tests.support.config_repo import Site, make_site
from tests.support.rig import Rig, desired, started_rig


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A provisioned home that the operator and the bot sign."""
    return make_site(tmp_path)


@pytest.fixture
def source(site: Site) -> Iterator[GitSource]:
    """The embedded source of ``site``."""
    made = site.source()
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A reconciler over twins, after its first pass."""
    with started_rig(tmp_path, desired(1)) as made:
        yield made
