"""``gt risk emergency``"""

import click

from cli.change import Change, carry_out
from cli.options import Options, emergency_words, landing, mutating
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
    if dry_run:
        from cli.fast_screen import halt_all_plan

        plan = list(halt_all_plan(home()))
        return finish(
            {"dry_run": True, "scope": "account", "mode": "halt-all", "plan": plan}, OK, as_json, lambda _: plan
        )
    from cli.fast import fast_path

    return fast_path(emergency_words(("emergency", "halt-all"), reason, yes, as_json)) or OK


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
        return ["Resume from Emergency Mode?", "", *current, "", "Clears:", *shown]

    def done(_: Document) -> list[str]:
        after = ask("emergency.status")
        still = [line for halt in after["halts"] for line in halt_lines(halt)]
        ready = ["✓ Trading enabled", "✓ Normal operations resumed"] if after["mode"] == "normal" else []
        return [
            *(f"✓ Halt cleared: {halt['id'][:12]}" for halt in halts),
            "✓ Emergency mode lifted" if ready else f"⚠️  The trading mode is still {after['mode']}",
            *ready,
            *(["⚠️  Still open:", *still] if still else []),
            "ℹ️  Strategies remain paused - resume individually with:",
            "    gt risk strategy resume <strategy-id>",
        ]

    intent = {"kind": "resume", "halts": [halt["id"] for halt in halts], "peak": peak}
    change = Change(intent, title, done, "gt risk emergency resume --yes", default=True)
    return carry_out(change, options)
