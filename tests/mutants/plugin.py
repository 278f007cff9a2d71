"""Pytest plugin that switches one safety rule off before any test module is imported: ``--mutant NAME``.

Loaded by :mod:`tests.mutants.run` only (``-p tests.mutants.plugin``); the product has no such switch.
"""

import pytest

from tests.mutants.catalogue import find


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutant", required=True, help="name of a mutant in tests/mutants/catalogue.py")


def pytest_configure(config: pytest.Config) -> None:
    find(str(config.getoption("--mutant"))).apply()
