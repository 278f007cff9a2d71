"""``gt risk emergency``"""

import click

from cli.change import Change, Options, carry_out
from cli.options import mutating
from cli.output import Document
from cli.remote import ask
from cli.render_status import emergency as render_emergency
from cli.render_status import halt_lines
from cli.tree import Near, read_command

emergency = Near("emergency", help="Halt everything, see what is halted, resume.", no_args_is_help=True)
emergency.add_command(read_command(("emergency", "status")))


@emergency.command()
@click.option("--peak", type=click.Choice(["keep", "rebase"]), help="After a drawdown halt: the high-water mark.")
@mutating
def resume(peak: str | None, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
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
    return carry_out(change, Options(reason, dry_run, yes, as_json))
