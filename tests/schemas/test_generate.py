import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from schemas.desired import DOCUMENTS
from schemas.generate import DIALECT, NAMES, files, json_schema, main, stale
from schemas.limits import LIMITS
from tests.support.desired import ROOT


def test_generated_files_when_committed_then_are_fresh() -> None:
    assert stale(ROOT, files()) == []


@pytest.mark.parametrize("pattern", DOCUMENTS)
def test_json_schema_when_generated_then_is_valid_and_names_no_host(pattern: str) -> None:
    schema = json_schema(pattern)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"] == f"urn:gt-risk:schema:1:{NAMES[pattern]}"
    assert schema["title"] == pattern
    assert json.dumps(schema).count("//") == json.dumps(DIALECT).count("//")


def test_json_schema_when_limit_then_describes_it() -> None:
    text = json.dumps(json_schema("risk_config.yaml"))
    assert all(limit.doc in text and f"Default {limit.default}" in text for limit in LIMITS)


def fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("$defs", {}).values()]


@pytest.mark.parametrize("pattern", DOCUMENTS)
def test_json_schema_when_object_then_is_closed(pattern: str) -> None:
    assert all(
        item.get("additionalProperties") is False for item in fields(json_schema(pattern)) if "properties" in item
    )


def test_main_when_written_then_check_passes_and_a_change_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "schemas/json/trust.json").write_text("{}")
    (tmp_path / "docs/reference/limits.md").unlink()
    (tmp_path / "schemas/json/other.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().err
    assert "docs/reference/limits.md, schemas/json/other.json, schemas/json/trust.json" in said
    assert "python -m schemas.generate" in said


def test_main_when_an_argument_is_unknown_then_says_usage(tmp_path: Path) -> None:
    assert main(["--nope"], tmp_path) == 2


def test_limits_page_when_generated_then_has_a_row_for_each_limit() -> None:
    page = files()["docs/reference/limits.md"]
    assert [page.count(f"| `{limit.name}` |") for limit in LIMITS] == [1] * len(LIMITS)
