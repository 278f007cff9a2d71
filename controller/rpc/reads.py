"""Methods that only look: figures of risk and performance, and details that few ask for."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from controller.core.plan.intents import strategy_named
from controller.errors import Temporary
from controller.marketdata.instruments import load_instruments
from controller.ports import Control
from controller.views import config, portfolio, risk, status, strategies
from schemas.overview import Overview

Params = Mapping[str, Any]
Document = dict[str, Any]


def methods(control: Control) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""

    def headed(view: Callable[[Overview], Document]) -> Callable[[Params], Document]:
        def method(_: Params) -> Document:
            overview = control.overview()
            return {**status.header(overview), **view(overview)}

        return method

    def metrics(params: Params) -> Document:
        overview = control.overview()
        if overview.desired is None:
            raise Temporary("no verified desired state yet", hint="gt risk status")
        strategy = strategy_named(str(params["id"]), overview.desired)
        return {**status.header(overview), "strategy": strategies.metrics(overview, strategy, time.time_ns())}

    return {
        "status.detail": headed(_detail),
        "portfolio.status": headed(lambda seen: {**portfolio.summary(seen), "risk": risk.book(seen)}),
        "portfolio.exposure": headed(lambda seen: risk.exposure(seen, _buckets())),
        "portfolio.risk": headed(risk.risk),
        "strategy.metrics": metrics,
    }


def _detail(overview: Overview) -> Document:
    """``status`` with every limit and its use, every strategy's figures and what the gate enforces."""
    now = time.time_ns()
    return {
        **status.status(overview, now),
        "limits": config.limits(overview)["limits"],
        "strategies": strategies.listing(overview, now)["strategies"],
        "gate": overview.live.gate.model_dump(mode="json") if overview.live else None,
    }


@cache
def _buckets() -> Mapping[str, str]:
    return {symbol: item.cap_bucket for symbol, item in load_instruments().items()}
