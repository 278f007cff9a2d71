"""``learning phase advance``."""

from cli.change import Change, carry_out
from cli.consent import UNCHANGED, Options, interruptible
from cli.output import USAGE, Document, Failure
from cli.remote import ask
from cli.render.learning import advance_title, advance_warning, title
from cli.render.text import market_day

_SHOW = "gt risk learning phase show"
_AGAIN = "gt risk learning phase advance --force"


def advance(options: Options) -> int:
    """Enter the next phase on the market's day; against warnings only with a reason, or after a question."""
    with interruptible(UNCHANGED):
        seen = ask("learning.phase")
    where, following, warnings = seen["phase"], seen["next"], seen["warnings"]
    if where is None or following is None:
        last = "there is no next phase" if where else "no verified desired state yet"
        raise Failure(last, _SHOW)
    if warnings and options.yes and not options.reason:
        raise Failure(f"{len(warnings)} things speak against it: say why", f'{_AGAIN} --reason "TEXT"', USAGE, "Usage")
    day = market_day(seen)
    intent = {"kind": "advance-phase", "number": following["number"], "started": day, "despite": warnings}

    def done(_: Document) -> list[str]:
        return [f"✓ Entered {title(following)} on {day}", "✓ Config written to: risk_config.yaml"]

    change = Change(
        intent,
        lambda _: advance_title(seen),
        done,
        f'{_AGAIN} --reason "TEXT"' if warnings else _AGAIN,
        _SHOW,
        warning=tuple(advance_warning(seen)),
        question="Force advance?" if warnings else "Advance?",
        cancelled="Phase advance cancelled",
    )
    return carry_out(change, options)
