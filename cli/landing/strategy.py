"""``strategy pause``, ``resume`` and ``add``."""

import os
from collections.abc import Callable

from cli.change import Change, carry_out
from cli.consent import UNCHANGED, Options, interruptible
from cli.output import Document, Failure
from cli.remote import ask
from cli.render.text import market_day

_HEADING = "This will:"


def pause(options: Options, id: str) -> int:
    """Pause one strategy."""

    def done(result: Document) -> list[str]:
        cancelled = sum(result["applied"]["cancelled"].values())
        orders = f"✓ {cancelled} pending order{'' if cancelled == 1 else 's'} cancelled"
        return [f"✓ Strategy paused: {id}", orders, _open_positions(id)]

    change = Change(
        {"kind": "set-status", "strategy": id, "status": "paused"},
        lambda _: [f"Pausing strategy: {id}"],
        done,
        f"gt risk strategy pause {id} --yes",
        "gt risk strategy list",
        ask=False,
        default=True,
        table=_others(id),
        heading=_HEADING,
        mark="✓",
    )
    return carry_out(change, options)


def _others(id: str) -> Callable[[Document], bool]:
    """Changes that the title does not tell already."""
    return lambda item: bool(item["label"] != f"{id}.status")


def _open_positions(id: str) -> str:
    count = ask("strategy.show", {"id": id})["strategy"]["positions"]
    return f"✓ {'n/a' if count is None else count} position{' remains' if count == 1 else 's remain'} open"


def resume(options: Options, id: str, peak: str | None = None, reviewer: str = "", note: str = "") -> int:
    """Make one strategy active again and clear its own halts."""
    with interruptible(UNCHANGED):
        halts = ask("strategy.show", {"id": id})["strategy"]["halts"]
    intent = {"kind": "set-status", "strategy": id, "status": "active", "halts": halts, "peak": peak}
    intent |= {"reviewer": reviewer, "note": note}
    change = Change(
        intent,
        lambda _: [f"Resuming strategy: {id}"],
        lambda _: [f"✓ Strategy resumed: {id}", *(f"✓ Halt reviewed and cleared: {halt[:12]}" for halt in halts)],
        f"gt risk strategy resume {id} --yes",
        "gt risk strategy list",
        table=_others(id),
        heading=_HEADING,
        mark="✓",
    )
    return carry_out(change, options)


def add(options: Options, id: str, name: str = "", source: str | None = None) -> int:
    """Write a new strategy from the template, or from a copy of ``source``."""
    intent = {"kind": "add-strategy", "strategy": id, "uid": os.urandom(16).hex(), "name": name, "text": _begin(source)}
    intent["added"] = market_day(ask("strategy.list"))
    change = Change(
        intent,
        lambda _: [f"Adding strategy: {id}"],
        lambda _: [
            f"✓ Strategy added: {id} (paused)",
            f"  next: gt risk config edit strategies/{id}.yaml, then gt risk strategy resume {id}",
        ],
        f"gt risk strategy add {id} --yes",
        "gt risk strategy list",
    )
    return carry_out(change, options)


def _begin(source: str | None) -> str:
    """The text that a new strategy begins with."""
    if source is None:
        from controller.host.template import template_root

        return (template_root() / "templates" / "strategy.template.yaml").read_text()
    with interruptible(UNCHANGED):
        files: dict[str, str] = ask("config.documents")["files"]
    path = f"strategies/{source}.yaml"
    if path not in files:
        ask("strategy.show", {"id": source})
        raise Failure(f"{path} is not in the tip", "gt risk strategy list")
    return files[path]
