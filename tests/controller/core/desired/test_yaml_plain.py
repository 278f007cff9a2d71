"""What is read without places is what the strict reader reads, and never more than it accepts."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from controller.core.desired import yaml_reader
from controller.core.desired.yaml_plain import plain_data
from controller.core.desired.yaml_reader import MAX_DEPTH, MAX_NODES, read
from tests.support.desired import files, template

DOUBTFUL = {
    "anchor": "a: &x 1\n",
    "anchor on a key": "&x a: 1\n",
    "anchor on a mapping": "a: &x {b: 1}\n",
    "anchor on a list": "a: &x [1]\n",
    "alias": "a: &x 1\nb: *x\n",
    "alias as a key": "a: &x y\n*x : 1\n",
    "tag": "a: !!str 1\n",
    "tag on a key": "!!str a: 1\n",
    "tag on a mapping": "a: !!map {b: 1}\n",
    "tag on the root": "!!map\na: 1\n",
    "merge key": "a: {b: 1}\n<<: {c: 1}\n",
    "directive": "%YAML 1.1\n---\na: 1\n",
    "tag directive": "%TAG ! tag:example.com,2000:\n---\na: 1\n",
    "second document": "a: 1\n---\nb: 1\n",
    "document behind the end": "a: 1\n...\nb\n",
    "repeated key": "a: 1\nb: 2\na: 3\n",
    "repeated key, once quoted": 'a: 1\n"a": 2\n',
    "key that is a number": "1: a\n",
    "key that is a boolean": "true: a\n",
    "key that is empty": ": a\n",
    "key that is a list": "[a]: 1\n",
    "key that is a mapping": "{a: 1}: 1\n",
    "explicit key": "? a\n: 1\n",
    "old boolean": "a: yes\n",
    "old boolean as a key": "on: 1\n",
    "octal": "a: 0o7\n",
    "leading zero": "a: 07\n",
    "infinite": "a: .inf\n",
    "escape for what is invisible": 'a: "\\u202e"\n',
    "escape for what is invisible in a key": '"a\\u200b": 1\n',
    "invisible": "a: \u202e\n",
    "colon in a flow mapping": "a: {b:c: 1}\n",
    "colon in a flow list": "a: [b:c]\n",
    "colon in a key of a flow mapping": "a: {b:c}\n",
    "question mark in a flow list": "a: [b?c]\n",
    "block of text": "|\n  a\n",
    "text alone": "a\n",
    "list alone": "- a\n",
    "empty": "",
    "only a comment": "# a\n",
    "tab": "a: 1\t# b\n",
    "lone carriage return": "a: 1 # b\rc\n",
    "not YAML": "a: [\n",
    "not YAML further down": "a: 1\n b: 2\n",
    "byte order mark": "\ufeffa: 1\n",
    "too deep": "a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "\n",
    "too many": "a: [" + "1, " * MAX_NODES + "]\n",
}


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_plain_when_anything_is_doubtful_then_leaves_it_to_the_strict_reader(text: str) -> None:
    assert plain_data("f", text.encode()) is None


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_plain_when_doubtful_and_the_c_parser_is_missing_then_leaves_it_too(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_reader, "CParser", None)
    assert plain_data("f", text.encode()) is None


def test_plain_when_not_utf8_then_leaves_it_to_the_strict_reader() -> None:
    assert plain_data("f", b"a: \xff\n") is None


@pytest.mark.parametrize("path", [path for path in template() if path.endswith(".yaml")])
def test_plain_when_a_template_is_read_then_gives_the_strict_readers_data(path: str) -> None:
    data = plain_data(path, files()[path])
    assert data is not None
    assert typed(data) == typed(read(path, files()[path]).data)


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: [1, x], 'c: d': \"e\"}\n",
        "a: |\n  b: c\n  d\nb: >-\n  c\n",
        "a:\nb: ~\n",
        "---\na: 1\n...\n",
        "{}\n",
    ],
)
def test_plain_when_nothing_is_doubtful_then_takes_it(text: str) -> None:
    data = plain_data("f", text.encode())
    assert data is not None
    assert_never_more("f", text)


def test_plain_when_c_parser_is_missing_then_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = files()["risk_config.yaml"]
    with_c = plain_data("f", content)
    monkeypatch.setattr(yaml_reader, "CParser", None)
    assert plain_data("f", content) == with_c


_SCALARS = st.one_of(
    st.booleans(), st.integers(), st.none(), st.text(max_size=8), st.sampled_from(["yes", "0o7", "1.5", "<<", "15%"])
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc:?!", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(_TREES, st.sampled_from([None, True, False]))
def test_plain_when_any_tree_is_written_then_never_takes_more_than_the_strict_reader(
    tree: Any, flow: bool | None
) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    stream = io.StringIO()
    yaml.dump({"root": tree}, stream)
    assert_never_more("f", stream.getvalue())


@given(st.text("ab:- \n#'\"[]{},&*!|>%@`1.~?\\", max_size=40))
def test_plain_when_any_text_then_never_takes_more_than_the_strict_reader(text: str) -> None:
    assert_never_more("f", text)
    assert_never_more("f", "a: " + text)
    assert_never_more("f", "a: {b: " + text + "}")


@given(
    st.sampled_from(sorted(template())), st.integers(0, 7_000), st.text("ab:- \n#'\"[]{},&*!?\\u202e\t\r", max_size=6)
)
def test_plain_when_a_document_is_damaged_then_never_takes_more_than_the_strict_reader(
    path: str, at: int, inserted: str
) -> None:
    text = files()[path].decode()
    assert_never_more(path, text[:at] + inserted + text[at + 1 :])


def assert_never_more(path: str, text: str) -> None:
    data = plain_data(path, text.encode())
    if data is not None:
        strict = read(path, text.encode())
        assert not strict.problems
        assert not strict.broken
        assert typed(data) == typed(strict.data)


def typed(data: Any) -> Any:
    """``data`` with the type of everything: True is not 1."""
    if isinstance(data, dict):
        return {key: typed(item) for key, item in data.items()}
    if isinstance(data, list):
        return [typed(item) for item in data]
    return type(data), data
