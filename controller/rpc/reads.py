"""Methods that only look: figures of risk and performance, and details that few ask for."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from controller.core.plan.intents import strategy_named
from controller.errors import Temporary
from controller.marketdata.instruments import load_instruments
from controller.ports import Control
from controller.views import audit, config, portfolio, risk, status, strategies
from schemas.overview import Overview

Params = Mapping[str, Any]
Document = dict[str, Any]
PAGE = 2_000


def methods(control: Control) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    reads = Reads(control)
    return {
        "audit.page": reads.page,
        "portfolio.exposure": lambda _: reads.headed(lambda seen: risk.exposure(seen, _buckets())),
        "portfolio.risk": lambda _: reads.headed(risk.risk),
        "portfolio.status": lambda _: reads.headed(_summary),
        "status.detail": lambda _: reads.headed(_detail),
        "strategy.metrics": reads.metrics,
    }


class Reads:
    """Answers from a :class:`controller.ports.Control`."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def headed(self, view: Callable[[Overview], Document]) -> Document:
        """The view of the newest picture under its header."""
        overview = self._control.overview()
        return {**status.header(overview), **view(overview)}

    def metrics(self, params: Params) -> Document:
        """``strategy metrics``."""
        overview = self._control.overview()
        if overview.desired is None:
            raise Temporary("no verified desired state yet", hint="gt risk status")
        strategy = strategy_named(str(params["id"]), overview.desired)
        return {**status.header(overview), "strategy": strategies.metrics(overview, strategy, time.time_ns())}

    def page(self, params: Params) -> Document:
        """At most ``limit`` records of the chain from behind record ``after`` on."""
        limit = min(PAGE, int(params.get("limit", PAGE)))
        records, names = self._control.audit_after(int(params.get("after", 0)), limit), self._names()
        return {"events": [audit.event(record, names) for record in records]}

    def _names(self) -> dict[str, str]:
        desired = self._control.overview().desired
        return {item.uid: item.id for item in desired.strategies.values()} if desired else {}


def _summary(overview: Overview) -> Document:
    """``portfolio status`` with the book's figures and its newest sessions."""
    curve = risk.performance(overview, "account")["equity_curve"]
    return {**portfolio.summary(overview), "risk": risk.book(overview), "equity_curve": curve}


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
