"""``health``: every component by the controller's own picture; store and channels are asked."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from controller.alerts.desk import AlertDesk
from controller.errors import GtRiskError
from controller.ports import Control
from controller.views.health import ChannelState, health

Params = Mapping[str, Any]
Document = dict[str, Any]


def methods(
    control: Control, desk: AlertDesk, measured: Callable[[], Iterable[Document]] = tuple
) -> dict[str, Callable[[Params], Document]]:
    """The methods by name; ``measured``: samples of what only a running controller measures."""

    def found(_: Params) -> Document:
        document = _health(control, desk)
        return {**document, "metrics": [*document["metrics"], *measured()]}

    return {"health": found}


def _health(control: Control, desk: AlertDesk) -> Document:
    problem, channels = "", list[ChannelState]()
    try:
        control.audit(event="", actor="", level="", since_ns=0, limit=1)
        channels = _channels(desk)
    except GtRiskError as error:
        problem = error.message
    return health(control.overview(), problem, channels, time.time_ns())


def _channels(desk: AlertDesk) -> list[ChannelState]:
    """Every channel that is enabled, whether it ever sent or not."""
    known = {item.channel: item for item in desk.alerts.health()}
    enabled = [name for name, given in desk.config().channels if given.enabled]
    return [ChannelState(name, known.get(name)) for name in enabled]
