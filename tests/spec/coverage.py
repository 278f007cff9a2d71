"""docs/reference/coverage.md, made of :mod:`tests.spec.items`: ``python -m tests.spec.coverage [--check]``.

A proof names a test, ``path::function``. A test that is not there makes the table wrong, so a test cannot be renamed or
removed without a look at what it proved.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.spec.items import ISSUES, SECTIONS, Proof

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "coverage.md"
_HEAD = """# What of the specification is there

Generated from `tests/spec/items.py` by `python -m tests.spec.coverage`; do not edit. Each command, flag, file, page and
endpoint of the specification, with the test that proves it or the issue that brings it.
"""


def render() -> str:
    """The whole page. Raises LookupError naming a proof whose test is not there."""
    proofs = [proof for items in SECTIONS.values() for proof in items.values()]
    there = sum(1 for proof in proofs if proved(proof))
    parts = [f"{_HEAD}\n{there} of {len(proofs)} are there.\n"]
    for title, items in SECTIONS.items():
        rows = [f"| {item.replace('|', chr(92) + '|')} | {_cell(proof)} |" for item, proof in items.items()]
        parts.append("\n".join([f"## {title}\n", "| item | proved by |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def missing(sections: Mapping[str, Mapping[str, Proof]] = SECTIONS) -> list[str]:
    """The proofs whose test is not in the checkout."""
    proofs = {str(proof) for items in sections.values() for proof in items.values() if proved(proof)}
    return sorted(proof for proof in proofs if proof.partition("::")[2] not in tests_in(proof.partition("::")[0]))


def proved(proof: Proof) -> bool:
    """Whether it names a test."""
    return isinstance(proof, str) and "::" in proof


@cache
def tests_in(path: str) -> frozenset[str]:
    """Names of the test functions of a file, empty when there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    return frozenset(_functions(ast.parse(file.read_text())))


def _functions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def _cell(proof: Proof) -> str:
    if isinstance(proof, int):
        return f"later: issue {proof}, {ISSUES[proof]}"
    if not proved(proof):
        return proof
    path, _, name = proof.partition("::")
    return f"[`{name}`](../../{path})"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is up to date; the exit code."""
    gone = missing()
    if gone:
        sys.stderr.write("no such test:\n" + "".join(f"  {proof}\n" for proof in gone))
        return 1
    if "--check" not in arguments:
        PAGE.write_text(render())
        return 0
    if PAGE.is_file() and PAGE.read_text() == render():
        return 0
    sys.stderr.write(f"{PAGE.name} is stale: run python -m tests.spec.coverage\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
