"""Methods that end positions: a liquidation (docs/protocols.md), ``portfolio close`` and ``portfolio stop``."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from controller.core.plan.edits import BadArgument
from controller.errors import Temporary
from controller.home import Home
from controller.ports import Control
from controller.reconcile.exits import Exit, Exits
from controller.reconcile.liquidation import Liquidations
from controller.reconcile.liquidation_steps import Prepared
from controller.settings import Settings
from controller.views import portfolio, status
from controller.views.figures import dollars, instant
from schemas.liquidation import Flattened, LiquidationScope, LiquidationState
from schemas.overview import Overview
from schemas.scalars import MICROS

Params = Mapping[str, Any]
Document = dict[str, Any]
MAX_WAIT = 30.0


def methods(
    control: Control, settings: Settings, liquidations: Liquidations, exits: Exits
) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    return {
        "liquidation.preview": lambda _: preview(control.overview(), settings),
        "liquidation.prepare": lambda params: _prepare(control, settings, liquidations, params),
        "liquidation.start": lambda params: _state(
            control, liquidations.start(str(params["text"]), str(params["signature"]).encode())
        ),
        "liquidation.state": lambda params: _state(control, liquidations.state(str(params["id"]))),
        "portfolio.close": lambda params: _close(control, settings, exits, params),
        "portfolio.stop": lambda params: _stop(control, settings, exits, params),
    }


def preview(overview: Overview, settings: Settings) -> Document:
    """What a liquidation would end, and what it is likely to cost: fees, and slippage from none to twice its mean."""
    live = overview.live
    if live is None or overview.live_error:
        raise Temporary(f"the engine does not answer: {overview.live_error}", hint="gt risk service status")
    held = [item for item in live.positions if item.quantity]
    worst = settings.paper.fee_bps + 2 * settings.paper.slippage_bps
    return {
        **status.header(overview),
        "positions": len({item.symbol for item in held}),
        "orders": portfolio.working(live),
        "value": dollars(sum(portfolio.exposure(item) for item in held)),
        "unrealized": dollars(sum(item.quantity * (item.mark - item.entry) for item in held)),
        "impact_pct": [-settings.paper.fee_bps / 100, -worst / 100],
    }


def _prepare(control: Control, settings: Settings, liquidations: Liquidations, params: Params) -> Document:
    actor, reason = str(params.get("actor") or settings.operator_name), str(params.get("reason", ""))
    if "resume" in params:
        prepared = liquidations.prepare_again(str(params["resume"]), actor, reason)
    else:
        prepared = liquidations.prepare(LiquidationScope(str(params["scope"])), actor, reason)
    return _prepared(control, settings, prepared)


def _prepared(control: Control, settings: Settings, prepared: Prepared) -> Document:
    names = _names(control.overview())
    return {
        "id": prepared.request.id,
        "scope": prepared.request.scope.value,
        "text": prepared.request.text(),
        "positions": [_position(item, names) for item in prepared.positions],
        "cancelled": sum(prepared.cancelled.values()),
        "expires": instant(prepared.request.expires_ns),
        "goes_on": prepared.goes_on,
        "halt": prepared.halt or None,
        "signing_key": settings.signing_key or str(Home(settings.home).keys / "operator"),
    }


def _state(control: Control, state: LiquidationState) -> Document:
    names = _names(control.overview())
    return {
        "id": state.id,
        "scope": state.scope.value,
        "stage": state.stage,
        "by": state.by or None,
        "results": [_position(item, names) for item in state.positions],
        "residual": [_position(item, names) for item in state.positions if item.left],
        "cash": dollars(state.cash) if state.cash is not None else None,
        "problem": state.problem,
        "resumable": state.resumable,
    }


def _position(item: Flattened, names: Mapping[str, str]) -> Document:
    return {
        "strategy": names.get(item.uid, item.uid),
        "uid": item.uid,
        "symbol": item.symbol,
        "quantity": item.quantity,
        "left": item.left,
        "price": dollars(item.price) if item.price else None,
        "working": item.working,
        "problem": item.problem,
    }


def _close(control: Control, settings: Settings, exits: Exits, params: Params) -> Document:
    actor = str(params.get("actor") or settings.operator_name)
    wait = min(MAX_WAIT, float(params.get("wait", 0.0)))
    return _exits(control, exits.close(str(params["symbol"]), actor, str(params.get("reason", "")), wait))


def _stop(control: Control, settings: Settings, exits: Exits, params: Params) -> Document:
    actor, symbol = str(params.get("actor") or settings.operator_name), str(params["symbol"])
    price = _micros(str(params["price"]))
    return _exits(control, exits.stop(symbol, price, actor, str(params.get("reason", ""))))


def _micros(text: str) -> int:
    try:
        micros = Decimal(text.removeprefix("$").replace(",", "")) * MICROS
    except InvalidOperation:
        micros = Decimal(0)
    if not micros.is_finite() or micros <= 0 or micros != micros.to_integral_value():
        raise BadArgument(f"{text!r} is not a price", "gt risk portfolio stop --help")
    return int(micros)


def _exits(control: Control, found: Sequence[Exit]) -> Document:
    names = _names(control.overview())
    return {"orders": [_exit(item, names) for item in found]}


def _exit(item: Exit, names: Mapping[str, str]) -> Document:
    seen, order = item.seen, item.order
    return {
        "strategy": names.get(order.uid, order.uid),
        "symbol": order.symbol,
        "side": order.side,
        "quantity": order.quantity,
        "type": order.type,
        "stop": dollars(order.stop) if order.stop else None,
        "order": item.answer.order or None,
        "state": seen.state if seen is not None else "working" if item.answer.ok else "denied",
        "filled": seen.filled if seen is not None else 0,
        "price": dollars(seen.average) if seen is not None and seen.average else None,
        "code": item.answer.code,
        "message": item.answer.message,
    }


def _names(overview: Overview) -> dict[str, str]:
    return {item.uid: item.id for item in overview.desired.strategies.values()} if overview.desired else {}
