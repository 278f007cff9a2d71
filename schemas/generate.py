"""Write what is generated from the models and the table of limits; ``--check`` only says what is stale.

Run as ``python -m schemas.generate [--check]`` from the top of the checkout.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.desired import DOCUMENTS
from schemas.documents import COMMANDS
from schemas.documents.parts import Failed
from schemas.limits import LIMITS, Leaf, Limit, Unit
from schemas.scalars import Model

_REF = "#/$defs/{model}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = {
    "risk_config.yaml": "risk_config",
    "risk_alerts.yaml": "risk_alerts",
    "emergency.yaml": "emergency",
    "trust.yaml": "trust",
    "strategies/*.yaml": "strategy",
    "halts/*.yaml": "halt",
    "cleared/*.yaml": "cleared",
    "ab_tests/*.yaml": "ab_test",
}
_UNITS = {
    Unit.MONEY: "dollars",
    Unit.PERCENT: "percent",
    Unit.RATIO: "ratio",
    Unit.COUNT: "count",
    Unit.SECONDS: "seconds",
}
_LOOSER = {Leaf.CEILING: "higher", Leaf.FLOOR: "lower", Leaf.OPAQUE: "any change"}
_HEAD = """# Limits

Generated from the table in `schemas/limits.py` by `python -m schemas.generate`; do not edit.

`gt risk limits list` shows the values in force, `gt risk limits set NAME VALUE` changes one. A limit that is missing
denies. A change in the direction named under *looser* is a loosening and asks for the right to loosen; every other
change of a limit tightens.
"""


def json_schema(pattern: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document at ``pattern``; its ``$id`` names no host."""
    model = DOCUMENTS[pattern]
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": DIALECT, "$id": f"urn:gt-risk:schema:1:{NAMES[pattern]}", **schema, "title": pattern}


def document_schema(words: str) -> dict[str, Any]:
    """The JSON Schema of what ``gt-risk WORDS --json`` prints: a document, or the error of a command that failed."""
    models: tuple[type[Model], ...] = (*COMMANDS[words], Failed)
    _, parts = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    return {
        "$schema": DIALECT,
        "$id": f"urn:gt-risk:schema:1:cli:{words.replace(' ', ':')}",
        "title": f"gt-risk {words} --json",
        "anyOf": [{"$ref": _REF.format(model=model.__name__)} for model in models],
        **parts,
    }


def limits_page() -> str:
    """The reference page of all limits."""
    hard = [limit for limit in LIMITS if limit.hard]
    soft = [limit for limit in LIMITS if not limit.hard]
    return (
        f"{_HEAD}\n## Hard limits\n\nAn order that would cross one is denied.\n\n{_table(hard)}"
        f"\n## Soft limits\n\nThey warn, scale an entry down, or halt on drawdown.\n\n{_table(soft)}"
    )


def _table(limits: list[Limit]) -> str:
    rows = [
        f"| `{limit.name}` | {limit.default} | {_UNITS[limit.unit]}{f' of {limit.base}' if limit.base else ''} "
        f"| {_LOOSER[limit.leaf]} | {_range(limit)} | {limit.doc} |\n"
        for limit in limits
    ]
    return "| limit | default | unit | looser | allowed | meaning |\n|---|---|---|---|---|---|\n" + "".join(rows)


def _range(limit: Limit) -> str:
    below = f", at most `{limit.below}`" if limit.below else ""
    return f"{limit.text(limit.low)} to {limit.text(limit.high)}{below}"


def files() -> dict[str, str]:
    """Every generated file's text by its path in the checkout."""
    schemas = {f"schemas/json/{NAMES[pattern]}.json": _text(json_schema(pattern)) for pattern in DOCUMENTS}
    documents = {f"schemas/json/cli/{_file(words)}.json": _text(document_schema(words)) for words in COMMANDS}
    return {**schemas, **documents, "docs/reference/limits.md": limits_page()}


def _file(words: str) -> str:
    return words.replace(" -v", "-verbose").replace(" ", "-")


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stale(root: Path, texts: Mapping[str, str]) -> list[str]:
    """Paths whose file is missing or differs, and schema files that nothing generates."""
    wrong = [path for path, text in texts.items() if not (root / path).is_file() or (root / path).read_text() != text]
    extra = [found.relative_to(root).as_posix() for found in (root / "schemas/json").rglob("*.json")]
    return sorted(wrong + [path for path in extra if path not in texts])


def main(arguments: list[str], root: Path) -> int:
    """Write the files, or with ``--check`` return 1 and name those that are stale."""
    texts = files()
    if arguments == ["--check"]:
        found = stale(root, texts)
        if found:
            sys.stderr.write(f"stale: {', '.join(found)}\nrun: python -m schemas.generate\n")
        return 1 if found else 0
    if arguments:
        sys.stderr.write("usage: python -m schemas.generate [--check]\n")
        return 2
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
