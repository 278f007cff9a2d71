"""The JSON Schemas that editors use and the models that the controller uses say the same of every document."""

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.core.desired.documents import model_for
from controller.core.desired.yaml_reader import read
from schemas.desired import DOCUMENTS
from schemas.generate import json_schema
from schemas.places import is_relevant
from schemas.scalars import FloatText
from tests.support.desired import files

HALT = """version: 1
id: "11111111111111111111111111111111"
scope:
  kind: strategy
  uid: "ffffffffffffffffffffffffffffffff"
mode: halt-all
opened: 2026-01-19T10:23:45.123456+00:00
actor: kim
channel: cli
reason: ""
"""
CLEARED = """version: 1
id: "11111111111111111111111111111111"
halt_digest: "abababababababababababababababababababababababababababababababab"
by: kim
reason: over
peak: rebase
"""
TEST = """version: 1
id: t-1
name: T
strategy: ml-momentum-v2
status: active
started: 2026-01-19
duration_days: 14
traffic_split: 50/50
success_metric: sharpe
variant_a: {name: A, description: x, parameters: {a: 1, b: x, c: true}}
variant_b: {name: B}
"""
EXAMPLES = {
    **{path: content for path, content in files().items() if is_relevant(path)},
    "halts/h.yaml": HALT.encode(),
    "cleared/h.yaml": CLEARED.encode(),
    "ab_tests/t-1.yaml": TEST.encode(),
}
VALIDATORS = {pattern: jsonschema.Draft202012Validator(json_schema(pattern)) for pattern in DOCUMENTS}
PATTERN = {model: pattern for pattern, model in DOCUMENTS.items()}
DATA = {path: read(path, content).data for path, content in EXAMPLES.items()}
ODD: list[Any] = [
    None, True, False, 0, 1, 2, -1, 10**7, FloatText("0.5"), FloatText("1.5"), FloatText("-0.25"), FloatText("1e400"),
    "", "x", "1", "15%", "0.5", "0.5%", "-3%", "-0.5", "0", "00", "0.0", "$25,000", "$25,00", "-$5", "1.5x", "NaN",
    "true", "2026-01-19", "2026-1-9", "2026-01-19T10:23:45Z", "2026-01-19 10:23:45", "2026-01-19T10:23:45", "AAPL",
    "aapl", "halt-all", "f" * 32, "F" * 32, "f" * 64, "22:00", "24:00", "50/50", "env:X", "https://x", "a\nb",
    "x" * 501,
    [], ["x"], [1], ["AAPL"], ["INFO"], {}, {"x": 1}, {"name": "A"}, {"kind": "account"}, {"kind": "strategy"},
]  # fmt: skip


def as_json(value: Any) -> Any:
    """What an editor's YAML reader makes of the same text: a float where ours keeps the digits."""
    if isinstance(value, FloatText):
        return float(value.text)
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def model_accepts(path: str, data: Any) -> bool:
    model = model_for(path)
    assert model is not None
    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def schema_accepts(path: str, data: Any) -> bool:
    model = model_for(path)
    assert model is not None
    return bool(VALIDATORS[PATTERN[model]].is_valid(as_json(data)))


def pointers(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield from pointers(item, (*at, key))


def replaced(data: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[at[0]] = replaced(data[at[0]], at[1:], value)
    return copy


def without(data: Any, at: tuple[Any, ...]) -> Any:
    parent = data
    for key in at[:-1]:
        parent = parent[key]
    kept = {key: item for key, item in parent.items() if key != at[-1]}
    return replaced(data, at[:-1], kept)


PLACES = [(path, at) for path, data in DATA.items() for at in pointers(data)]


@pytest.mark.parametrize("path", EXAMPLES)
def test_document_when_valid_then_both_accept(path: str) -> None:
    assert schema_accepts(path, DATA[path])
    assert model_accepts(path, DATA[path])


@pytest.mark.parametrize("path", EXAMPLES)
def test_document_when_a_field_is_missing_or_unknown_then_both_say_the_same(path: str) -> None:
    for at in pointers(DATA[path]):
        if at and isinstance(at[-1], str):
            data = without(DATA[path], at)
            assert model_accepts(path, data) == schema_accepts(path, data), at
        if at and isinstance(at[-1], str) and at[-2:-1] != ("parameters",):
            data = replaced(DATA[path], at[:-1], {**without_parent(DATA[path], at), "zzz": 1})
            assert model_accepts(path, data) == schema_accepts(path, data), at


def without_parent(data: Any, at: tuple[Any, ...]) -> Any:
    for key in at[:-1]:
        data = data[key]
    return data


@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_document_when_any_value_is_odd_then_both_say_the_same(place: tuple[str, tuple[Any, ...]], odd: Any) -> None:
    path, at = place
    data = replaced(DATA[path], at, odd)
    assert model_accepts(path, data) == schema_accepts(path, data)
