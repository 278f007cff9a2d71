"""The command tree: groups are imported only when they are named, and a wrong name is told the nearest ones."""

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from cli import reads
from cli.options import json_option

GROUPS: dict[str, tuple[str, str]] = {
    "limits": ("cli.limits", "View and change risk limits."),
    "config": ("cli.config", "Show, check and compare the configuration."),
    "strategy": ("cli.strategy", "Control strategies."),
    "portfolio": ("cli.portfolio", "Look at the portfolio."),
    "emergency": ("cli.emergency", "Halt everything, see what is halted, resume."),
    "audit": ("cli.audit", "Read and check the audit trail."),
    "service": ("cli.service", "Start, stop and watch the service."),
}
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("cli.init", "Make the home folder, keys and configuration repository."),
    "doctor": ("cli.doctor", "Check this installation and say what to do."),
    "hook": ("cli.hook", ""),
}


class Near(click.Group):
    """A group that suggests the nearest command for a wrong one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with "did you mean"."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=2, cutoff=0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


class Tree(Near):
    """The root: knows its groups by name and help line, imports them on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Every visible command, in the order of the spec."""
        return ["status", *GROUPS, *(name for name, (_, line) in COMMANDS.items() if line)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import and return one command."""
        if name == "status":
            return read_command(("status",))
        module, _ = {**GROUPS, **COMMANDS}.get(name, ("", ""))
        return None if not module else _attribute(module, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Help lines without importing the groups."""
        lines = {"status": reads.READS[("status",)].help}
        lines |= {name: line for name, (_, line) in {**GROUPS, **COMMANDS}.items() if line}
        with formatter.section("Commands"):
            formatter.write_dl(list(lines.items()))


def _attribute(module: str, name: str) -> click.Command:
    command: click.Command = getattr(import_module(module), name)
    return command


def read_command(words: tuple[str, ...]) -> click.Command:
    """The click command of one entry of :data:`cli.reads.READS`."""
    read = reads.READS[words]

    def callback(as_json: bool) -> int:
        return reads.run(read, as_json)

    return click.Command(words[-1], callback=callback, params=json_params(callback), help=read.help)


def json_params(callback: Callable[..., Any]) -> list[click.Parameter]:
    """The ``--json`` option as a parameter list."""
    return list(getattr(json_option(callback), "__click_params__", []))


root = Tree(
    "risk",
    help="Risk management: what git says should be true, what is, and a halt that only a person lifts.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
