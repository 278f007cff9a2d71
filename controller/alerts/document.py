"""The table of rules in docs/alerts.md, made of the rules: ``python -m controller.alerts.document [--check]``."""

import sys
from pathlib import Path

from controller.core.alerts.rules import RULES, Rule

PATH = Path(__file__).parents[2] / "docs" / "alerts.md"
BEGIN, END = "<!-- rules: made by python -m controller.alerts.document -->", "<!-- end of rules -->"


def render(page: str) -> str:
    """The page with its table as the rules have it."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    rows = [
        f"| `{name}` | {rule.level} | {rule.source} | {_channels(rule)} | {rule.when} |" for name, rule in RULES.items()
    ]
    table = ["| rule | level | source | channels | raised when |", "|---|---|---|---|---|", *rows]
    return "\n".join([head + BEGIN, "", *table, "", END + tail])


def _channels(rule: Rule) -> str:
    return ", ".join(rule.channels)


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is up to date; the exit code."""
    page = PATH.read_text()
    if "--check" not in arguments:
        PATH.write_text(render(page))
        return 0
    if page == render(page):
        return 0
    sys.stderr.write(f"{PATH} is stale: run python -m controller.alerts.document\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
