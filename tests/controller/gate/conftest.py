"""What most tests of the gate begin with: a home, a gate that serves it, and a client of that gate."""

from collections.abc import Iterator

import pytest

from controller.gate.client import GateClient
from tests.support.gates import Home, Running, make_policy, running, short_home


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        yield made


@pytest.fixture
def gate(home: Home) -> Iterator[Running]:
    with running(home, make_policy()) as found:
        yield found


@pytest.fixture
def client(gate: Running) -> Iterator[GateClient]:
    with gate.client() as found:
        yield found
