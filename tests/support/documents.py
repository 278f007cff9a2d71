"""Whether a ``--json`` document is what its generated schema says, closed to fields that it does not name."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types

from schemas.documents import COMMANDS
from schemas.generate import document_schema


@cache
def _validator(words: str) -> Any:
    return jsonschema.Draft202012Validator(document_schema(words))


def command_of(argv: Sequence[str]) -> str:
    """The words of ``argv`` that name a command with a schema, empty when it has none."""
    plain = "status -v" if list(argv[:1]) == ["status"] and {"-v", "--verbose"} & set(argv) else ""
    return plain or next((words for count in (3, 2, 1) if (words := " ".join(argv[:count])) in COMMANDS), "")


def assert_described(argv: Sequence[str], document: Any) -> None:
    """The document of ``argv`` fits the schema of its command, if that has one."""
    words = command_of(argv)
    if words:
        found = [_deepest(error) for error in _validator(words).iter_errors(document)]
        assert not found, f"{words}: {'; '.join(found)}\n{json.dumps(document)[:2_000]}"


def _deepest(error: Any) -> str:
    """Where and why: of the alternatives, that which came furthest."""
    while error.context:
        error = max(error.context, key=lambda item: (len(item.absolute_path), item.validator != "additionalProperties"))
    return f"{error.json_path}: {error.message[:300]}"
