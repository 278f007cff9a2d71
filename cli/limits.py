"""``gt risk limits``"""

import click

from cli.change import Change, Options, carry_out
from cli.options import json_option, mutating
from cli.output import Document, emit
from cli.remote import ask
from cli.render_config import limit as render_limit
from cli.tree import Near, read_command

limits = Near("limits", help="View and change risk limits.", no_args_is_help=True)
limits.add_command(read_command(("limits", "list")))


@limits.command()
@click.argument("name")
@json_option
def get(name: str, as_json: bool) -> int:
    """Show one limit: its value, what it means and its default."""
    return emit(ask("limits.get", {"name": name}), as_json, render_limit)


@limits.command("set")
@click.argument("name")
@click.argument("value")
@mutating
def set_(name: str, value: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Change a limit by a signed commit and wait until it is in force."""

    def title(proposal: Document) -> list[str]:
        old, new = _values(proposal, name)
        soft = any(item["label"] == name and item["path"] and "soft" in item["key"] for item in _changes(proposal))
        kind = "soft" if soft else "hard"
        mark = "⚠️  WARNING: This will" if proposal["plan"]["direction"] == "loosen" else "This will"
        return [f"{mark} change a {kind} limit", f"Current:  {old}", f"New:      {new}"]

    def done(result: Document) -> list[str]:
        _, new = _values(result, name)
        return [
            f"✓ Limit updated: {name} = {new}",
            "✓ Config written to: risk_config.yaml",
            "✓ Change logged to audit trail",
        ]

    again = f"gt risk limits set {name} {value} --force"
    change = Change({"kind": "set-limit", "name": name, "value": value}, title, done, again)
    return carry_out(change, Options(reason, dry_run, yes, as_json))


def _changes(proposal: Document) -> list[Document]:
    found: list[Document] = proposal["plan"]["changes"]
    return found


def _values(proposal: Document, name: str) -> tuple[str, str]:
    for item in _changes(proposal):
        if item["label"] == name:
            return item["old"], item["new"]
    return "?", "?"
