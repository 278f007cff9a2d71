"""``gt risk limits``"""

from collections.abc import Callable

import click

from cli.change import Change, carry_out
from cli.names import LIMIT
from cli.options import Options, json_option, landing
from cli.output import USAGE, Document, Failure, emit
from cli.remote import ask
from cli.render.config import limit as render_limit
from cli.render.text import safe
from cli.tree import Near, read_command

_WRITTEN = ("✓ Config written to: risk_config.yaml", "✓ Change logged to audit trail")
limits = Near("limits", help="View and change risk limits.", no_args_is_help=True)
limits.add_command(read_command(("limits", "list")))


@limits.command()
@click.argument("name", type=LIMIT)
@json_option
def get(name: str, as_json: bool) -> int:
    """Show one limit: its value, what it means and its default."""
    return emit(ask("limits.get", {"name": name}), as_json, render_limit)


@limits.command("set", context_settings={"ignore_unknown_options": True})  # a negative value is no option
@click.argument("name", type=LIMIT)
@click.argument("value")
@landing
def set_(name: str, value: str, options: Options) -> int:
    """Change a limit by a signed commit and wait until it is in force."""

    def title(proposal: Document) -> list[str]:
        return _title(proposal, name)

    def done(result: Document) -> list[str]:
        _, new = _values(result, name)
        return [f"✓ Limit updated: {name} = {new}", *_WRITTEN]

    again = f"gt risk limits set {name} {value} --force"
    intent = {"kind": "set-limit", "name": name, "value": value}
    change = Change(intent, title, done, again, "gt risk limits list", table=_others(name))
    return carry_out(change, options)


@limits.command()
@click.argument("names", nargs=-1, type=LIMIT, metavar="[LIMIT]...")
@click.option("--all", "everything", is_flag=True, help="Every limit.")
@landing
def reset(names: tuple[str, ...], everything: bool, options: Options) -> int:
    """Set limits back to their defaults by one signed commit."""
    if everything == bool(names):
        raise Failure("name limits, or say --all", "gt risk limits reset --all --dry-run", USAGE, "Usage")
    words = " ".join(names) or "--all"
    change = Change(
        {"kind": "reset-limits", "names": names},
        _reset_title,
        lambda result: [*(f"✓ Limit reset: {item['label']} = {item['new']}" for item in _changes(result)), *_WRITTEN],
        f"gt risk limits reset {words} --force",
        "gt risk limits list",
    )
    return carry_out(change, options)


def _reset_title(proposal: Document) -> list[str]:
    count = len(_changes(proposal))
    mark = "⚠️  WARNING: This will" if proposal["plan"]["direction"] == "loosen" else "This will"
    return [f"{mark} set {count} limit{'s' if count != 1 else ''} back to the default"]


def _title(proposal: Document, name: str) -> list[str]:
    """What changes, from what to what, which way, and what the live book uses now."""
    old, new = _values(proposal, name)
    kind = proposal["limit_kind"]
    mark = "⚠️  WARNING: This will" if proposal["plan"]["direction"] == "loosen" else "This will"
    found = next((item for item in _changes(proposal) if item["label"] == name), None)
    lines = [f"{mark} change a {kind} limit", f"Current:  {old}", f"New:      {new}"]
    if found is not None:
        lines.append(f"Direction: {found['direction']}")
        lines += [f"Current utilisation: {safe(found['utilisation'])}"] if found["utilisation"] else []
        lines += [f"⚠️  The live book {safe(found['breach'])}"] if found["breach"] else []
    return lines


def _others(name: str) -> Callable[[Document], bool]:
    """Changes that the title does not tell already."""
    return lambda item: bool(item["label"] != name)


def _changes(proposal: Document) -> list[Document]:
    found: list[Document] = proposal["plan"]["changes"]
    return found


def _values(proposal: Document, name: str) -> tuple[str, str]:
    for item in _changes(proposal):
        if item["label"] == name:
            return item["old"], item["new"]
    return "?", "?"
