"""Methods about limits that few ask for: they read history."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.ports import Control
from controller.views import config, status

Params = Mapping[str, Any]
Document = dict[str, Any]


def methods(control: Control) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""

    def detail(_: Params) -> Document:
        overview = control.overview()
        return {**status.header(overview), **config.limits_detail(overview, control.origins(), control.signed())}

    return {"limits.detail": detail}
