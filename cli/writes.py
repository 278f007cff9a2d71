"""The commands that land a commit, for the short way that needs no click: importing it costs two bare starts.

click declares the same commands for help, completion and every line that is not understood here; a test holds the
two together.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from cli.consent import options_of

_FLAGS = {"--json": "as_json", "--dry-run": "dry_run", **dict.fromkeys(("--yes", "-y", "--force", "-f"), "yes")}
_VALUES = {
    "--reason": "reason",
    "-r": "reason",
    "--accept-plan": "accept_plan",
    "--not-before": "not_before",
    "--override-freeze": "override_freeze",
}


class Write(NamedTuple):
    """``module:function`` below ``cli.landing``, the least and the most arguments, its own options that take a value
    (option → parameter), and which of them it needs."""

    where: str
    least: int = 0
    most: int = 0
    values: Mapping[str, str] = {}
    needs: frozenset[str] = frozenset()


WRITES: dict[tuple[str, str], Write] = {
    ("limits", "set"): Write("limits:set_limit", 2, 2),
    ("limits", "reset"): Write("limits:reset", 1, 100),
    ("strategy", "pause"): Write("strategy:pause", 1, 1),
    ("strategy", "resume"): Write("strategy:resume", 1, 1, {"--reviewer": "reviewer", "--note": "note"}),
    ("strategy", "add"): Write("strategy:add", 1, 1, {"--name": "name", "--from": "source"}),
    ("config", "approve"): Write("config:approve", 0, 1),
    ("config", "edit"): Write("config:edit", 0, 1),
    ("config", "rollback"): Write("config:rollback", 0, 0, {"--commit": "ref"}, frozenset({"ref"})),
    ("emergency", "resume"): Write("emergency:resume"),
}


def short_way(argv: list[str]) -> Callable[[], int] | None:
    """The command that ``argv`` names, ready to run; None for a line that click must look at."""
    write = WRITES.get((argv[0], argv[1])) if len(argv) > 1 else None
    found = None if write is None else _read(argv[2:], write.values)
    if write is None or found is None:
        return None
    arguments, common, own = found
    if not write.least <= len(arguments) <= write.most or not write.needs <= own.keys():
        return None
    module, _, name = write.where.partition(":")
    function = getattr(import_module(f"cli.landing.{module}"), name)
    return partial(function, options_of(**common), *arguments, **own)


def _read(words: list[str], values: Mapping[str, str]) -> tuple[list[str], dict[str, Any], dict[str, str]] | None:
    """Arguments, common options and own ones; None where a word is none of these."""
    arguments: list[str] = []
    common: dict[str, Any] = {**dict.fromkeys(_VALUES.values(), ""), **dict.fromkeys(_FLAGS.values(), False)}
    own: dict[str, str] = {}
    left = iter(words)
    for word in left:
        if word in _FLAGS:
            common[_FLAGS[word]] = True
        elif word in _VALUES or word in values:
            value = next(left, "-")
            if value.startswith("-"):
                return None
            (common if word in _VALUES else own)[_VALUES.get(word) or values[word]] = value
        elif word[:1] in ("-", ""):
            return None
        else:
            arguments.append(word)
    return arguments, common, own
