"""``gt risk emergency``"""

import click

from cli.consent import Options
from cli.landing import emergency as landed
from cli.options import act_at_once, confirmed_by_hand, emergency_words, landing, mutating
from cli.output import OK, finish
from cli.remote import home
from cli.tree import Near, read_command

emergency = Near("emergency", help="Halt everything, see what is halted, resume.", no_args_is_help=True)
emergency.add_command(read_command(("emergency", "status")))


@emergency.command("halt-all")
@mutating
def halt_all(reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Halt every strategy and cancel every working order, at once; only a person lifts it."""
    from cli.fast_screen import halt_all_plan

    plan = halt_all_plan(home()) if dry_run else []
    return _halt("halt-all", plan, emergency_words(("emergency", "halt-all"), reason, yes, as_json))


@emergency.command("halt-trading")
@mutating
def halt_trading(reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Freeze all trading: no order passes, positions are held, strategies run on; only a person lifts it."""
    from cli.fast_screen import account_plan
    from controller.latch.layout import FREEZE

    plan = account_plan(FREEZE) if dry_run else []
    return _halt("halt-trading", plan, emergency_words(("emergency", "halt-trading"), reason, yes, as_json))


@emergency.command("pause-new-orders")
@mutating
def pause_new_orders(reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Let only orders pass that reduce a position; only a person lifts it."""
    from cli.fast_screen import account_plan
    from controller.latch.layout import PAUSE

    plan = account_plan(PAUSE) if dry_run else []
    return _halt("pause-new-orders", plan, emergency_words(("emergency", "pause-new-orders"), reason, yes, as_json))


def _halt(mode: str, plan: list[str], words: list[str]) -> int:
    """Show ``plan`` when there is one, else act on the fast path."""
    if plan:
        document = {"dry_run": True, "scope": "account", "mode": mode, "plan": plan}
        return finish(document, OK, "--json" in words, lambda _: plan)
    return act_at_once(words)


@emergency.command("liquidate-all")
@click.option("--resume", default="", metavar="ID", help="Go on with a liquidation that was interrupted.")
@confirmed_by_hand
def liquidate_all(resume: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Halt everything, then close every position at market. Asks on the terminal; nothing answers for you."""
    from cli.liquidation import EVERYTHING, liquidate

    return liquidate(EVERYTHING, reason, resume, dry_run=dry_run, scripted=yes, as_json=as_json)


@emergency.command()
@click.option("--peak", type=click.Choice(["keep", "rebase"]), help="After a drawdown halt: the high-water mark.")
@landing
def resume(options: Options, peak: str | None) -> int:
    """Lift the account's open halts by a signed commit that names them; strategies stay paused."""
    return landed.resume(options, peak)
