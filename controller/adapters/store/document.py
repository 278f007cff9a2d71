"""docs/database/schema.md, made of the tables: ``python -m controller.adapters.store.document [--check]``."""

import sys
from pathlib import Path

from sqlalchemy import Column, Table

from controller.adapters.store.tables import metadata

PATH = Path(__file__).parents[3] / "docs" / "database" / "schema.md"
_INTRODUCTION = """# Database schema

Made from `controller/adapters/store/tables.py` by `python -m controller.adapters.store.document`; do not edit.
Times are Unix nanoseconds, money is in micro-dollars, quantities are whole shares. Migrations are in
`controller/adapters/store/migrations/` and run when the store is opened.
"""


def render() -> str:
    """The whole page."""
    sections = [_section(metadata.tables[name]) for name in sorted(metadata.tables)]
    return "\n".join([_INTRODUCTION, _picture(), *sections])


def _picture() -> str:
    """The tables and what refers to what, as a Mermaid entity-relationship diagram."""
    lines = ["```mermaid", "erDiagram"]
    for name in sorted(metadata.tables):
        columns = metadata.tables[name].columns
        lines += [
            f"    {name} {{",
            *(f"        {_word(column)} {column.name}{_mark(column)}" for column in columns),
            "    }",
        ]
        lines += [
            f'    {key.column.table.name} ||--o{{ {name} : "{column.name}"'
            for column in columns
            for key in column.foreign_keys
        ]
    return "\n".join([*lines, "```\n"])


def _word(column: "Column[object]") -> str:
    return str(column.type).partition("(")[0].lower()


def _mark(column: "Column[object]") -> str:
    keys = ["PK"] * column.primary_key + ["FK"] * bool(column.foreign_keys)
    return f" {','.join(keys)}" if keys else ""


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is up to date; the exit code."""
    if "--check" not in arguments:
        PATH.parent.mkdir(parents=True, exist_ok=True)
        PATH.write_text(render())
        return 0
    if PATH.exists() and PATH.read_text() == render():
        return 0
    sys.stderr.write(f"{PATH} is stale: run python -m controller.adapters.store.document\n")
    return 1


def _section(table: Table) -> str:
    lines = [f"## {table.name}\n", f"{table.comment}\n", "| column | type | key | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{column.name}` | {column.type} | {_key(column)} | {_cell(column.comment or '')} |"
        for column in table.columns
    ]
    return "\n".join(lines) + "\n"


def _key(column: "Column[object]") -> str:
    references = [f"→ `{key.target_fullname}`" for key in column.foreign_keys]
    return " ".join(["primary"] * column.primary_key + references)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
