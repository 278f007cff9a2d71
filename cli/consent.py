"""Options of what lands a commit, the one prompt rule, and what Ctrl-C leaves. Light: no click before it asks."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from cli.output import declined, notice

UNCHANGED = "nothing was changed"
CANCELLED = f"cancelled: {UNCHANGED}"


class Options(NamedTuple):
    """The options of every command that lands a commit.

    ``reason`` is one line; ``plan`` the digest of the one plan that was agreed to; ``not_before`` and
    ``override_freeze`` as :class:`schemas.edits.Request` has them.
    """

    reason: str
    dry_run: bool
    yes: bool
    as_json: bool
    plan: str = ""
    not_before: str = ""
    override_freeze: str = ""


def options_of(
    reason: str, dry_run: bool, yes: bool, as_json: bool, accept_plan: str, not_before: str, override_freeze: str
) -> Options:
    """The options as they were written on the line."""
    why, despite = (" ".join(text.split()) for text in (reason, override_freeze))
    return Options(why, dry_run, yes, as_json, accept_plan, not_before, despite)


@contextmanager
def interruptible(meanwhile: str) -> Iterator[None]:
    """Ctrl-C in the block ends the command saying ``meanwhile``: what has and what has not happened by then."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(*(stop.args or (meanwhile,))) from None


def confirm(
    question: str,
    plan: Sequence[str],
    *,
    yes: bool,
    again: str,
    default: bool = False,
    cancelled: str = CANCELLED,
) -> None:
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
    if not asked(question, default=default):
        declined(cancelled, again)
    notice("")


def asked(question: str, *, default: bool = False) -> bool:
    """The answer of the terminal. Ctrl-C and the end of input raise KeyboardInterrupt."""
    import click

    try:
        return click.confirm(question, default=default, err=True)
    except click.Abort:
        raise KeyboardInterrupt(UNCHANGED) from None
