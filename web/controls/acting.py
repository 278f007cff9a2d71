"""The acts that are neither halt nor change: exits, acknowledgements, a reload, and asking for a liquidation."""

from dataclasses import replace
from typing import cast

from web.controls.act import Act, Asked, Desk, Document, Entry, Preview
from web.controls.halting import HALT, halted
from web.controls.models import Answer, GivenStop
from web.problems import Problem
from web.registry import Rate, Role

CLOSE_SECONDS = 2.0
_LIQUIDATE = "gt risk emergency liquidate-all"


def _liquidate(desk: Desk, asked: Asked, _: Preview) -> Answer:
    """Everything but the orders: a ticket takes a request signed with a person's key, which no web tier holds."""
    given = asked.given.model_copy(update={"reason": f"liquidation asked for: {asked.given.reason}".rstrip(": ")[:500]})
    stopped = halted(desk, replace(asked, given=given), "account", HALT, _LIQUIDATE)
    lines = (*stopped.lines, "Nothing is sold yet: a person with the right signs for it on a terminal")
    return stopped.model_copy(update={"state": "asked", "title": "Halted; sign to sell", "lines": lines})


def _look_liquidate(desk: Desk, _: Asked) -> Preview:
    seen = desk.feed.request("liquidation.preview", {})
    lines = ("Halt all strategies and cancel all orders, at once", f"Then, on a terminal: {_LIQUIDATE}")
    shown = {"Positions": seen["positions"], "Value": f"${seen['value']:,.2f}"}
    return Preview("Liquidate everything", (*lines, "It sells ALL POSITIONS and returns to 100 % cash"), facts=shown)


def _close(desk: Desk, asked: Asked, _: Preview) -> Answer:
    request = _about(asked, symbol=asked.target, wait=CLOSE_SECONDS)
    return _orders(f"Close {asked.target}", desk.feed.request("portfolio.close", request))


def _look_close(desk: Desk, asked: Asked) -> Preview:
    held = _held(desk, asked)
    return Preview(
        f"Close {asked.target}",
        tuple(
            f"{'Sell' if item['quantity'] > 0 else 'Buy'} {abs(item['quantity'])} at market ({item['strategy']})"
            for item in held
        ),
    )


def _stop(desk: Desk, asked: Asked, _: Preview) -> Answer:
    request = _about(asked, symbol=asked.target, price=cast(GivenStop, asked.given).price)
    return _orders(f"Stop under {asked.target}", desk.feed.request("portfolio.stop", request))


def _look_stop(desk: Desk, asked: Asked) -> Preview:
    held = _held(desk, asked)
    lines = [f"A stop order for {abs(item['quantity'])} ({item['strategy']})" for item in held]
    return Preview(f"Adjust the stop of {asked.target}", (*lines, "An earlier stop of a person moves to the new price"))


def _held(desk: Desk, asked: Asked) -> list[Document]:
    found = desk.feed.request("portfolio.positions", {})["positions"]
    held = [item for item in found if item["symbol"] == asked.target]
    if not held:
        raise Problem(404, "nothing-held", f"nothing is held in {asked.target}", "gt risk portfolio positions")
    return held


def _orders(title: str, made: Document) -> Answer:
    denied = [item for item in made["orders"] if item["state"] == "denied"]
    lines = [
        f"{item['side']} {item['quantity']} {item['symbol']}: {item['state']} {item['message']}".strip()
        for item in made["orders"]
    ]
    return Answer(
        ok=not denied,
        state="partly" if denied else "done",
        title=title,
        lines=tuple(lines),
        detail={"orders": made["orders"]},
    )


def _acknowledge(desk: Desk, asked: Asked, _: Preview) -> Answer:
    made = desk.feed.request("alerts.ack", _about(asked, ids=[_number(asked)], note=asked.given.reason))
    lines = tuple(f"Alert {item['id']}: {item['state']}" for item in made["alerts"])
    return Answer(state="done", title="Acknowledged", lines=lines, detail=made)


def _look_acknowledge(desk: Desk, asked: Asked) -> Preview:
    alert = desk.feed.request("alerts.show", {"id": _number(asked)})["alert"]
    return Preview(f"Acknowledge alert {asked.target}", (alert["message"], "It stops escalating; what caused it stays"))


def _number(asked: Asked) -> int:
    if not asked.target.isdecimal():
        raise Problem(404, "not-found", f"{asked.target} is no number of an alert", "gt risk alerts list")
    return int(asked.target)


def _reload(desk: Desk, asked: Asked, _: Preview) -> Answer:
    made = desk.feed.request("config.reload", _about(asked, timeout=CLOSE_SECONDS))
    applied = made["applied"]
    force = bool(applied["in_force"])
    line = (
        f"In force: {applied['commit'][:12]}" if force else f"{applied['commit'][:12]} is not: {applied['condition']}"
    )
    return Answer(
        ok=force,
        state="done" if force else "partly",
        title="Looked",
        lines=(line,),
        next=applied["fix"],
        detail=made,
    )


def _look_reload(_: Desk, __: Asked) -> Preview:
    return Preview("Reload the configuration", ("Look at git now, and apply what it has when it verifies",))


def _about(asked: Asked, **more: object) -> Document:
    return {"actor": asked.actor, "reason": asked.given.reason, "channel": "api", **more}


ACTS = (
    Act(
        "liquidate",
        "/emergency/liquidate",
        "Liquidate All",
        "Halt everything now, and say how a person signs for the liquidation",
        _look_liquidate,
        _liquidate,
        role=Role.LIQUIDATOR,
        rate=Rate.HALT,
        phrase="LIQUIDATE EVERYTHING",
    ),
    Act(
        "close-position",
        "/portfolio/positions/<symbol>/close",
        "Close position",
        "Close every strategy's position in one symbol, at market, through the gate",
        _look_close,
        _close,
    ),
    Act(
        "stop-position",
        "/portfolio/positions/<symbol>/stop",
        "Adjust stop-loss",
        "Put or move the stop under a position",
        _look_stop,
        _stop,
        body=GivenStop,
        entries=(Entry("price", "Stop price in dollars"),),
    ),
    Act(
        "ack-alert",
        "/alerts/<id>/ack",
        "Acknowledge",
        "Say that an alert was seen",
        _look_acknowledge,
        _acknowledge,
        role=Role.EMERGENCY,
        at_once=True,
    ),
    Act(
        "reload-config",
        "/config/reload",
        "Reload",
        "Look at git now",
        _look_reload,
        _reload,
        at_once=True,
    ),
)
