"""The short way of lines that land a commit: what click would make of the same line, and nothing else."""

import functools
from typing import Any, cast

import click
import pytest

from cli.consent import Options
from cli.tree import root
from cli.writes import WRITES, short_way

OPTIONS = (
    {"reason", "dry_run", "yes", "as_json", "accept_plan", "not_before", "override_freeze"},
    {"peak", "everything", "folder"},
)
"""What every such command has, and what click alone reads."""
LINES = (
    "limits set position.max_position_pct 20 --force -r ripe",
    "limits set position.max_position_pct 20% --dry-run --json",
    "limits reset order.max_dollars",
    "limits reset order.max_dollars order.max_per_minute -y",
    "strategy pause ml-momentum-v2 -f",
    "strategy resume ml-momentum-v2 --note sane --reviewer Kim",
    "strategy add new-one --from ml-momentum-v2 --name New",
    "config edit",
    "config edit risk_config.yaml --yes",
    "config rollback --commit abc123 --accept-plan 0123",
    "limits set position.max_position_pct 20 --not-before 2026-02-01T09:00:00+00:00 --override-freeze earnings",
    "emergency resume --yes",
)
OTHERS = (
    "",
    "limits",
    "limits list",
    "limits set",
    "limits set position.max_position_pct",
    "limits set position.max_position_pct 20 30",
    "limits set position.max_position_pct -5",
    "limits set position.max_position_pct 20 -r",
    "limits set position.max_position_pct 20 --reason=ripe",
    "limits set position.max_position_pct 20 -r --force",
    "limits set --help",
    "limits reset --all",
    "strategy resume ml-momentum-v2 --peak keep",
    "strategy pause one two",
    "config rollback",
    "config rollback abc123",
    "config edit --from folder",
    "emergency resume now",
)


def declared(words: tuple[str, ...]) -> click.Command:
    """The click command of those words."""
    group = root.get_command(click.Context(root), words[0])
    assert isinstance(group, click.Group)
    found = group.get_command(click.Context(group), words[1])
    assert found is not None
    return found


def by_click(line: str) -> tuple[Options, dict[str, Any]]:
    """The options and the own parameters that click reads from ``line``, what was not given left out."""
    words = line.split()
    params = declared(tuple(words[:2])).make_context(words[1], words[2:]).params
    options = Options(
        params["reason"],
        params["dry_run"],
        params["yes"],
        params["as_json"],
        params["accept_plan"],
        params["not_before"],
        params["override_freeze"],
    )
    return options, {name: value for name, value in params.items() if name not in OPTIONS[0] and value}


@pytest.mark.parametrize("line", LINES)
def test_line_when_plain_then_read_as_click_reads_it(line: str) -> None:
    ready = cast("functools.partial[int]", short_way(line.split()))
    options, own = by_click(line)
    assert ready.args[0] == options
    named = [value for name, value in own.items() if name not in ready.keywords]
    assert ready.args[1:] == (tuple(named[0]) if named and isinstance(named[0], tuple) else tuple(named))
    assert ready.keywords.items() <= own.items()


@pytest.mark.parametrize("line", OTHERS)
def test_line_when_anything_is_unusual_then_left_to_click(line: str) -> None:
    assert short_way(line.split()) is None


@pytest.mark.parametrize("words", list(WRITES))
def test_command_when_short_then_click_declares_the_same_arguments_and_options(words: tuple[str, str]) -> None:
    write, params = WRITES[words], declared(words).params
    assert {param.name for param in params if isinstance(param, click.Option)} == OPTIONS[0].union(
        write.values.values(), OPTIONS[1] & {str(param.name) for param in params}
    )
    by_flag = {flag: param.name for param in params for flag in param.opts}
    assert {flag: by_flag[flag] for flag in write.values} == dict(write.values)
    assert {param.name for param in params if isinstance(param, click.Option) and param.required} == write.needs
    arguments = [param for param in params if isinstance(param, click.Argument)]
    assert write.most == (100 if any(param.nargs < 0 for param in arguments) else len(arguments))
    assert write.least <= write.most
