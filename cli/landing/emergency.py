"""``emergency resume``."""

from cli.change import Change, carry_out
from cli.consent import UNCHANGED, Options, interruptible
from cli.output import Document
from cli.remote import ask
from cli.render.status import halt_lines, resume_plan

_WARNING = (
    "This will NOT automatically resume strategies.",
    "You must manually resume each strategy after verification.",
)


def resume(options: Options, peak: str | None = None) -> int:
    """Lift the account's open halts; strategies stay paused."""
    with interruptible(UNCHANGED):
        state = ask("emergency.status")
    halts = [halt for halt in state["halts"] if halt["scope"] == "account"]

    def title(_: Document) -> list[str]:
        review = [f"  {name}" for name in _under_review(state)]
        under = ["", "Review open, not cleared by this:", *review] if review else []
        return [*resume_plan(state, halts), *under]

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
    change = Change(
        intent,
        title,
        done,
        "gt risk emergency resume --yes",
        default=True,
        heading="Resume Actions:",
        mark="✓",
        warning=_WARNING,
    )
    return carry_out(change, options)


def _under_review(state: Document) -> list[str]:
    """Strategies with a halt of their own: each waits for a reviewer's note."""
    return sorted({halt["strategy"] for halt in state["halts"] if halt["strategy"]})
