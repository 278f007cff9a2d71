"""Options that mean the same in every command, and the one prompt rule."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from cli.output import declined, notice

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """``--json``: one JSON document on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def mutating(function: F) -> F:
    """``--reason/-r``, ``--dry-run``, ``--yes/-y`` (also ``--force/-f``) and ``--json``."""
    for option in (
        click.option("--reason", "-r", default="", metavar="TEXT", help="Why; goes into commit and audit log."),
        click.option("--dry-run", is_flag=True, help="Print the plan and change nothing."),
        click.option("--yes", "-y", "--force", "-f", "yes", is_flag=True, help="Do not ask."),
        json_option,
    ):
        function = option(function)
    return function


def confirm(question: str, plan: Sequence[str], *, yes: bool, again: str, default: bool = False) -> None:
    """The one prompt rule: a terminal is shown ``plan`` and asked; anything else is refused (exit 4) without ``yes``.

    ``plan`` and question go to standard error, so that standard output stays one document. ``again`` is the next
    command that the refusal names.
    """
    if yes:
        return
    for line in plan:
        notice(line)
    if not sys.stdin.isatty():
        declined("not confirmed: there is no terminal to ask", again)
    if not click.confirm(question, default=default, err=True):
        declined("cancelled: nothing was changed", again)


def emergency_words(words: Sequence[str], reason: str, yes: bool, as_json: bool) -> list[str]:
    """The line of an emergency verb as :func:`cli.fast.fast_path` reads it."""
    found = [*words, *(["--reason", reason] if reason else [])]
    return [*found, *(["--yes"] if yes else []), *(["--json"] if as_json else [])]
