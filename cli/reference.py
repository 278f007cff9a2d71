"""docs/reference/cli.md and the man pages, made of the command tree: ``python -m cli.reference [--check]``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from cli.examples import EXAMPLES, EXIT_CODES
from cli.tree import SECTIONS, root

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/reference/cli.md"
MAN = "cli/share/man"
_HEAD = """# Commands

Generated from the command tree by `python -m cli.reference`; do not edit. The same is in `gt risk COMMAND --help` and
in the man pages (`man gt-risk`). Each command takes `--json`: standard output is then one JSON document, whatever
happens.
"""
_HOME = "GT_RISK_HOME: the home folder, ~/.gt-risk when unset. NO_COLOR and CLICOLOR_FORCE are honoured."


def commands(group: click.Group, ctx: click.Context) -> Iterator[tuple[click.Context, click.Command]]:
    """Every visible command below ``group`` with a context of its own, groups before their members."""
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if found is None or found.hidden:
            continue
        inner = click.Context(found, info_name=name, parent=ctx)
        yield inner, found
        if isinstance(found, click.Group):
            yield from commands(found, inner)


def page() -> str:
    """The reference page of all commands."""
    ctx = click.Context(root, info_name="gt risk")
    codes = "".join(f"| {code} | {what} |\n" for code, what in EXIT_CODES)
    parts = [f"{_HEAD}\n| exit code | meaning |\n|---|---|\n{codes}"]
    for title, entries in SECTIONS.items():
        names = [name for name, entry in entries.items() if entry.line]
        parts += [f"## {title}\n"] if names else []
        for inner, command in commands(root, ctx):
            if inner.command_path.split()[2] in names:
                parts.append(_section(inner, command))
    return "\n".join(parts)


def _section(ctx: click.Context, command: click.Command) -> str:
    if isinstance(command, click.Group):
        return f"### gt risk {_words(ctx)}\n\n{command.help}\n"
    depth = "####" if " " in _words(ctx) else "###"
    usage = " ".join(command.collect_usage_pieces(ctx))
    lines = [f"{depth} {ctx.command_path} {usage}".rstrip(), "", (command.help or "").strip(), ""]
    records = _options(ctx, command)
    lines += ["| option | |", "|---|---|", *(_row(f"`{name}`", text) for name, text in records), ""] if records else []
    examples = EXAMPLES.get(_words(ctx), ())
    if examples:
        width = max(len(line) for line, _ in examples)
        lines += ["```bash", *(f"{line:<{width}}  # {what}" for line, what in examples), "```", ""]
    return "\n".join(lines)


def man_pages() -> dict[str, str]:
    """A page for the whole and one for each command of the root, by file name."""
    ctx = click.Context(root, info_name="gt risk")
    found = list(commands(root, ctx))
    top = [(inner, command) for inner, command in found if " " not in _words(inner)]
    pages = {"gt-risk.1": _overview(top)}
    for inner, command in top:
        below = [item for item in found if item[0].parent is inner]
        pages[f"gt-risk-{inner.info_name}.1"] = _man(inner, command, below or [(inner, command)])
    return pages


def _overview(top: list[tuple[click.Context, click.Command]]) -> str:
    lines = [*_title("gt-risk", root.help or ""), ".SH SYNOPSIS", ".B gt risk", r"\fICOMMAND\fR [\fIOPTIONS\fR]"]
    lines.append(".SH COMMANDS")
    for inner, command in top:
        lines += [".TP", f".BR gt-risk-{_roff(str(inner.info_name))} (1)", _roff(command.get_short_help_str(200))]
    return "\n".join([*lines, *_codes(), ".SH ENVIRONMENT", _roff(_HOME)]) + "\n"


def _man(ctx: click.Context, command: click.Command, below: list[tuple[click.Context, click.Command]]) -> str:
    lines = [*_title(f"gt-risk-{ctx.info_name}", command.get_short_help_str(200)), ".SH COMMANDS"]
    for inner, member in below:
        usage = " ".join(member.collect_usage_pieces(inner))
        lines += [".SS " + _roff(f"{inner.command_path} {usage}".rstrip()), _roff((member.help or "").strip())]
        for name, text in _options(inner, member):
            lines += [".TP", rf"\fB{_roff(name)}\fR", _roff(text)]
        for line, what in EXAMPLES.get(_words(inner), ()):
            lines += [".PP", ".EX", _roff(line), ".EE", f"    {_roff(what)}"]
    return "\n".join([*lines, *_codes(), ".SH SEE ALSO", ".BR gt-risk (1)"]) + "\n"


def _title(name: str, what: str) -> list[str]:
    return [f'.TH "{name.upper()}" "1" "" "gt-risk" "gt-risk"', ".SH NAME", f"{_roff(name)} \\- {_roff(what)}"]


def _codes() -> list[str]:
    return [".SH EXIT STATUS", *(line for code, what in EXIT_CODES for line in (".TP", f".B {code}", _roff(what)))]


def _roff(text: str) -> str:
    """Text as roff reads it literally."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("\n\n", "\n.PP\n")
    safe = "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in safe)
    return "\n".join(f"\\&{line}" if line[:1] in ("'", ".") and line != ".PP" else line for line in safe.split("\n"))


def _options(ctx: click.Context, command: click.Command) -> list[tuple[str, str]]:
    records = [item.get_help_record(ctx) for item in command.params if isinstance(item, click.Option)]
    return [record for record in records if record is not None]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _words(ctx: click.Context) -> str:
    return ctx.command_path.removeprefix("gt risk ")


def files() -> dict[str, str]:
    """Every generated file's text by its path in the checkout."""
    return {PAGE: page(), **{f"{MAN}/{name}": text for name, text in man_pages().items()}}


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` name those that are stale; the exit code."""
    texts = files()
    if "--check" not in arguments:
        for path, text in texts.items():
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text)
        return 0
    extra = [f"{MAN}/{found.name}" for found in (ROOT / MAN).glob("*") if f"{MAN}/{found.name}" not in texts]
    wrong = [path for path, text in texts.items() if not (ROOT / path).is_file() or (ROOT / path).read_text() != text]
    if wrong or extra:
        sys.stderr.write(f"stale: {', '.join(wrong + extra)}\nrun: python -m cli.reference\n")
    return 1 if wrong or extra else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
