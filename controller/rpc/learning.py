"""Methods about the learning phases."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.ports import Control
from controller.views import learning, learning_metrics

Params = Mapping[str, Any]
Document = dict[str, Any]


def methods(control: Control) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    return {
        "learning.status": lambda _: learning.status(control.overview()),
        "learning.phase": lambda _: learning.phase(control.overview()),
        "learning.history": lambda _: learning.history(control.overview(), control.phases()),
        "learning.metrics": lambda _: learning_metrics.metrics(control.overview(), control.learned()),
    }
