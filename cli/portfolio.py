"""``gt risk portfolio``"""

import click

from cli.consent import Options, confirm, interruptible
from cli.liquidation import PORTFOLIO, liquidate
from cli.options import confirmed_by_hand, mutating
from cli.output import ERROR, OK, PARTLY, Document, finish
from cli.remote import call_service
from cli.render.liquidation import exits
from cli.tree import Near, read_command

WAIT_SECONDS = 5.0
portfolio = Near("portfolio", help="Look at the portfolio, reduce it, end it.", no_args_is_help=True)
portfolio.add_command(read_command(("portfolio", "status")))
portfolio.add_command(read_command(("portfolio", "positions")))
portfolio.add_command(read_command(("portfolio", "exposure")))
portfolio.add_command(read_command(("portfolio", "risk")))


@portfolio.command("liquidate")
@click.option("--resume", default="", metavar="ID", help="Go on with a liquidation that was interrupted.")
@confirmed_by_hand
def liquidate_all(resume: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Pause new orders, then close every position at market. Asks on the terminal; nothing answers for you."""
    return liquidate(PORTFOLIO, reason, resume, dry_run=dry_run, scripted=yes, as_json=as_json)


@portfolio.command()
@click.argument("symbol")
@mutating
def close(symbol: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Close what is held in SYMBOL at market. Only ever reduces; a trading halt refuses it all the same."""
    symbol = symbol.upper()
    plan = [f"Closing {symbol} at market:", "", *_held(symbol), ""]
    request = {"symbol": symbol, "reason": reason, "wait": WAIT_SECONDS}
    again = f"gt risk portfolio close {symbol} --yes"
    return _send("portfolio.close", request, plan, again, Options(reason, dry_run, yes, as_json))


@portfolio.command()
@click.argument("symbol")
@click.argument("price")
@mutating
def stop(symbol: str, price: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Sell what is held in SYMBOL (buy back a short) once its price reaches PRICE. A second stop moves the first."""
    symbol = symbol.upper()
    plan = [f"Stop for {symbol} at {price}:", "", *_held(symbol), ""]
    request = {"symbol": symbol, "price": price, "reason": reason}
    again = f"gt risk portfolio stop {symbol} {price} --yes"
    return _send("portfolio.stop", request, plan, again, Options(reason, dry_run, yes, as_json))


def _held(symbol: str) -> list[str]:
    positions = call_service("portfolio.positions")["positions"]
    held = [item for item in positions or [] if item["symbol"] == symbol]
    return [f"  {item['strategy']}: {item['quantity']:+,} {symbol}" for item in held] or ["  nothing is held"]


def _send(method: str, request: Document, plan: list[str], again: str, options: Options) -> int:
    """0 when the gate let every order pass, 5 when it refused some, 1 when it refused all."""
    if options.dry_run:
        return finish({"dry_run": True, "plan": plan}, OK, options.as_json, lambda _: plan)
    confirm("Continue?", plan, yes=options.yes, again=again)
    with interruptible("whether it was ordered tells: gt risk audit log --type position"):
        document = call_service(method, request, 2 * WAIT_SECONDS)
    denied = [item for item in document["orders"] if item["state"] == "denied"]
    if denied:
        message = f"{denied[0]['code']}: {denied[0]['message']}"
        document["error"] = {"message": message, "hint": "gt risk emergency status", "code": denied[0]["code"]}
    code = OK if not denied else ERROR if len(denied) == len(document["orders"]) else PARTLY
    return finish(document, code, options.as_json, exits)
