"""``gt risk emergency``"""

import click

from cli.change import Change, carry_out
from cli.options import Options, act_at_once, emergency_words, landing, mutating
from cli.output import OK, Document, finish
from cli.remote import ask, home
from cli.render.status import emergency as render_emergency
from cli.render.status import halt_lines
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


def _under_review(state: Document) -> list[str]:
    """Strategies with a halt of their own: each waits for a reviewer's note."""
    return sorted({halt["strategy"] for halt in state["halts"] if halt["strategy"]})


def _halt(mode: str, plan: list[str], words: list[str]) -> int:
    """Show ``plan`` when there is one, else act on the fast path."""
    if plan:
        document = {"dry_run": True, "scope": "account", "mode": mode, "plan": plan}
        return finish(document, OK, "--json" in words, lambda _: plan)
    return act_at_once(words)


@emergency.command("liquidate-all")
@click.option("--resume", default="", metavar="ID", help="Go on with a liquidation that was interrupted.")
@mutating
def liquidate_all(resume: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Halt everything, then close every position at market. Asks on the terminal; nothing answers for you."""
    from cli.liquidation import EVERYTHING, liquidate

    return liquidate(EVERYTHING, reason, resume, dry_run=dry_run, scripted=yes, as_json=as_json)


@emergency.command()
@click.option("--peak", type=click.Choice(["keep", "rebase"]), help="After a drawdown halt: the high-water mark.")
@landing
def resume(peak: str | None, options: Options) -> int:
    """Lift the account's open halts by a signed commit that names them; strategies stay paused."""
    state = ask("emergency.status")
    halts = [halt for halt in state["halts"] if halt["scope"] == "account"]

    def title(_: Document) -> list[str]:
        shown = [line for halt in halts for line in halt_lines(halt)] or ["  no account halt is open"]
        current = render_emergency(state)[2:9]
        review = [f"  {name}" for name in _under_review(state)]
        under = ["", "Review open, not cleared by this:", *review] if review else []
        return ["Resume from Emergency Mode?", "", *current, "", "Clears:", *shown, *under]

    def done(_: Document) -> list[str]:
        after = ask("emergency.status")
        still = [line for halt in after["halts"] for line in halt_lines(halt)]
        ready = ["✓ Trading enabled", "✓ Normal operations resumed"] if after["mode"] == "normal" else []
        return [
            *(f"✓ Halt cleared: {halt['id'][:12]}" for halt in halts),
            "✓ Emergency mode lifted" if ready else f"⚠️  The trading mode is still {after['mode']}",
            *ready,
            *(["⚠️  Still open:", *still] if still else []),
            *(f"⚠️  Review open: {name} (resume it with --note TEXT)" for name in _under_review(after)),
            "ℹ️  Strategies remain paused - resume individually with:",
            "    gt risk strategy resume <strategy-id>",
        ]

    intent = {"kind": "resume", "halts": [halt["id"] for halt in halts], "peak": peak}
    change = Change(intent, title, done, "gt risk emergency resume --yes", default=True)
    return carry_out(change, options)
