"""Options that mean the same in every command, as click declares them."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from cli.consent import options_of
from cli.output import USAGE, Failure

F = TypeVar("F", bound=Callable[..., Any])
_LANDING = (
    ("--override-freeze", "REASON", "Loosen in an open freeze window, if your role may; says why."),
    ("--not-before", "TIME", "Loosen at that time only, as 2026-02-01T09:00:00+00:00; tighten at once."),
    (
        "--accept-plan",
        "DIGEST",
        "Carry out the plan with this digest (see --dry-run --json) and no other, without asking.",
    ),
)


def json_option(function: F) -> F:
    """``--json``: one JSON document on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def mutating(function: F) -> F:
    """``--reason/-r``, ``--dry-run``, ``--yes/-y`` (also ``--force/-f``) and ``--json``."""
    return _mutating(function)


def confirmed_by_hand(function: F) -> F:
    """:func:`mutating` for what a typed phrase alone confirms: ``--yes`` is refused in words, not shown."""
    return _mutating(function, hidden=True)


def _mutating(function: F, *, hidden: bool = False) -> F:
    for option in (
        click.option("--reason", "-r", default="", metavar="TEXT", help="Why; goes into commit and audit log."),
        click.option("--dry-run", is_flag=True, help="Print the plan and change nothing."),
        click.option("--yes", "-y", "--force", "-f", "yes", is_flag=True, hidden=hidden, help="Do not ask."),
        json_option,
    ):
        function = option(function)
    return function


def landing(function: Callable[..., int]) -> Callable[..., int]:
    """:func:`mutating` and what else commands that land a commit take, as one argument, ``options``."""

    @functools.wraps(function)
    def call(
        reason: str,
        dry_run: bool,
        yes: bool,
        as_json: bool,
        accept_plan: str,
        not_before: str,
        override_freeze: str,
        **others: Any,
    ) -> int:
        found = options_of(reason, dry_run, yes, as_json, accept_plan, not_before, override_freeze)
        return function(options=found, **others)

    call = mutating(call)
    for name, metavar, words in _LANDING:
        call = click.option(name, default="", metavar=metavar, help=words)(call)
    return call


def emergency_words(words: Sequence[str], reason: str, yes: bool, as_json: bool) -> list[str]:
    """The line of an emergency verb as :func:`cli.fast.fast_path` reads it."""
    found = [*words, *(["--reason", reason] if reason else [])]
    return [*found, *(["--yes"] if yes else []), *(["--json"] if as_json else [])]


def act_at_once(words: Sequence[str]) -> int:
    """Run the line of an emergency verb on the fast path; its exit code.

    Raises Failure for a line that it does not understand: a halt that did nothing must never look like one that did.
    """
    from cli.fast import fast_path

    code = fast_path(list(words))
    if code is None:
        message = f"nothing was halted: {' '.join(map(repr, words))} cannot be understood"
        raise Failure(message, f"gt risk {' '.join(words[:2])} --help", USAGE, "Usage")
    return code
