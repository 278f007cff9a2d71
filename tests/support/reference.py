"""Reference values of the arithmetic: ``stats_cases.json`` of the data pack; without it their tests are skipped."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

DATA = os.environ.get("GT_RISK_TEST_DATA_DIR", "")


class Reference:
    """Cases by id, and their inputs by name."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._cases = {case["id"]: case for case in found["cases"]}
        self._inputs = found["inputs"]

    def array(self, name: str) -> NDArray[np.float64]:
        """One input."""
        return np.array(self._inputs[name], dtype=np.float64)

    def params(self, id: str) -> Any:
        """The parameters of a case."""
        return self._cases[id]["params"]

    def inputs(self, id: str) -> Any:
        """The inputs of a case as they stand there."""
        return self._cases[id]["input"]

    def check(self, id: str, **found: Any) -> None:
        """Each figure against what is expected, within its own tolerance."""
        case = self._cases[id]
        for name, value in found.items():
            tolerance = case["tolerance"].get(name) or case["tolerance"]["*"]
            wanted = case["expected"][name]
            assert value == pytest.approx(wanted, rel=tolerance.get("rel", 0), abs=tolerance.get("abs", 0)), (id, name)


def load() -> Reference:
    """Skips the test without the data pack."""
    if not DATA:
        pytest.skip("GT_RISK_DATA_DIR is not set: the reference values of the arithmetic are not tried")
    return Reference(json.loads((Path(DATA) / "stats_cases.json").read_text()))
