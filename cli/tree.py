"""The command tree: groups are imported only when they are named, and a wrong name is told the nearest ones."""

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import click

from cli import reads
from cli.examples import EXAMPLES, EXIT_CODES
from cli.options import json_option


class Entry(NamedTuple):
    """Where a command or group of the root lives, and its help line; without a line it is not shown."""

    module: str
    line: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Look": {
        "status": Entry("cli.status", reads.READS[("status",)].help),
        "portfolio": Entry("cli.portfolio", "Look at the portfolio."),
        "learning": Entry("cli.learning", "Follow and advance the learning phases."),
        "alerts": Entry("cli.alerts", "See alerts, acknowledge and silence them, try channels."),
        "audit": Entry("cli.audit", "Read and check the audit trail."),
        "dashboard": Entry("cli.dashboard", "Pages and API of this installation, and who may use them."),
    },
    "Change, by signed commits": {
        "limits": Entry("cli.limits", "View and change risk limits."),
        "strategy": Entry("cli.strategy", "Control strategies."),
        "ab-test": Entry("cli.ab_test", "A/B tests: begin, look at, end and roll out."),
        "config": Entry("cli.config", "Show, check and compare the configuration."),
        "trust": Entry("cli.trust", "Who may do what: signers, keys, roles and rules."),
    },
    "Emergency": {
        "emergency": Entry("cli.emergency", "Halt everything, see what is halted, resume."),
    },
    "Operate": {
        "init": Entry("cli.init", "Make the home folder, keys and configuration repository."),
        "service": Entry("cli.service", "Start, stop and watch the service."),
        "db": Entry("cli.db", "Check, back up and restore the store."),
        "health": Entry("cli.health", "Check every component; figures for Prometheus."),
        "watchdog": Entry("cli.watchdog", "Alert people when the service is down."),
        "doctor": Entry("cli.doctor", "Check this installation and say what to do."),
        "completion": Entry("cli.completion", "Print the completion script of a shell."),
    },
}
ENTRIES: dict[str, Entry] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class Explained(click.Command):
    """A command whose help ends with examples and the exit codes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples of this command, then what the exit codes mean."""
        examples = EXAMPLES.get(ctx.command_path.removeprefix("gt risk "), ())
        if examples:
            with formatter.section("Examples"):
                for line, what in examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
                    formatter.write(f"{'':{formatter.current_indent + 4}}{what}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), what) for code, what in EXIT_CODES])


class Near(click.Group):
    """A group that suggests the nearest command for a wrong one."""

    command_class = Explained

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
        """Every visible command, section by section."""
        return [name for name, entry in ENTRIES.items() if entry.line]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import and return one command."""
        entry = ENTRIES.get(name)
        if entry is None:
            return None
        return _attribute(entry.module, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Help lines by section, without importing the groups."""
        for title, entries in SECTIONS.items():
            lines = [(name, entry.line) for name, entry in entries.items() if entry.line]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


def _attribute(module: str, name: str) -> click.Command:
    command: click.Command = getattr(import_module(module), name.replace("-", "_"))
    return command


def read_command(words: tuple[str, ...]) -> click.Command:
    """The click command of one entry of :data:`cli.reads.READS`."""
    read = reads.READS[words]

    def callback(as_json: bool) -> int:
        return reads.run(read, as_json)

    return Explained(words[-1], callback=callback, params=json_params(callback), help=read.help)


def json_params(callback: Callable[..., Any]) -> list[click.Parameter]:
    """The ``--json`` option as a parameter list."""
    return list(getattr(json_option(callback), "__click_params__", []))


root = Tree(
    "risk",
    help="Risk management: what git says should be true, what is, and a halt that only a person lifts.",
    epilog="In an emergency: gt risk emergency halt-all. Every command has examples: gt risk COMMAND --help.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
