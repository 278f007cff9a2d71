from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired import yaml_reader
from controller.core.desired.yaml_reader import MAX_DEPTH, read
from controller.core.desired.yaml_source import MAX_BYTES
from schemas.scalars import FloatText
from tests.support.desired import template

REFUSED = {
    "yes": (b"a: yes\n", "1:4", "yes means different things"),
    "Off": (b"a: Off\n", "1:4", "Off means different things"),
    "on in a list": (b"a: [x, on]\n", "1:8", "on means different things"),
    "on as a key": (b"on: 1\n", "1:1", "on means different things"),
    "hexadecimal": (b"a: 0x10\n", "1:4", "0x10 is an unusual integer"),
    "octal": (b"a: 0o17\n", "1:4", "0o17 is an unusual integer"),
    "leading zero": (b"a: 017\n", "1:4", "017 is an unusual integer"),
    "huge integer": (b"a: " + b"9" * 5000 + b"\n", "1:4", "is an unusual integer"),
    "infinity": (b"a: .inf\n", "1:4", ".inf is not a finite number"),
    "not a number": (b"a: .NaN\n", "1:4", ".NaN is not a finite number"),
    "anchor": (b"a: &x 1\n", "1:4", "anchor &x"),
    "anchor on a key": (b"&x a: 1\n", "1:1", "anchor &x"),
    "anchor on a mapping": (b"a: &x\n  b: 1\n", "1:4", "anchor &x"),
    "alias": (b"a: &x 1\nb: *x\n", "2:4", "alias *x"),
    "tag": (b"a: !!int '1'\n", "1:4", "tag tag:yaml.org,2002:int"),
    "local tag": (b"a: !x 1\n", "1:4", "tag !x"),
    "tag on a list": (b"a: !x [1]\n", "1:4", "tag !x"),
    "merge key": (b"<<: {a: 1}\n", "1:1", "merge keys"),
    "duplicate key": (b"a: 1\nb: 2\na: 3\n", "3:1", "'a' is already written in line 1"),
    "duplicate key, quoted": (b"a: 1\n'a': 3\n", "2:1", "'a' is already written in line 1"),
    "duplicate mapping": (b"a: 1\na:\n  b: {c: [1]}\n", "2:1", "'a' is already written"),
    "integer key": (b"1: a\n", "1:1", "the key '1' is not text"),
    "float key": (b"1.5: a\n", "1:1", "the key '1.5' is not text"),
    "null key": (b"~: a\n", "1:1", "the key '~' is not text"),
    "boolean key": (b"true: a\n", "1:1", "the key 'true' is not text"),
    "list key": (b"? [a, b]\n: {c: 1}\n", "1:3", "a key that is not plain text"),
    "mapping key": (b"? {a: 1}\n: b\n", "1:3", "a key that is not plain text"),
    "second document": (b"a: 1\n---\nb: 2\n", "2:1", "a second document"),
    "directive": (b"%YAML 1.1\n---\na: 1\n", "1:1", "a YAML directive"),
    "tag directive": (b"%TAG ! tag:x,2000:\n---\na: 1\n", "1:1", "a YAML directive"),
    "empty": (b"", "1:1", "the document is empty"),
    "only comments": (b"# nothing\n", "1:1", "the document is empty"),
    "tab": (b"a:\t1\n", "1:3", "tab character"),
    "tab in a comment": (b"a: 1 #\tx\n", "1:7", "tab character"),
    "null byte": (b"a: x\x00\n", "1:5", "U+0000"),
    "escape": (b"a: x\x1b[2J\n", "1:5", "U+001B"),
    "bidi override": ("a: x\u202ey\n".encode(), "1:5", "U+202E"),
    "bidi in a comment": ("a: x # \u2066y\n".encode(), "1:8", "U+2066"),
    "escaped bidi": (b'a: "x\\u202ey"\n', "1:4", "U+202E"),
    "escaped control in a list": (b'a: [1, "\\e[2J"]\n', "1:8", "U+001B"),
    "escaped control in a key": (b'"a\\0": 1\n', "1:1", "U+0000"),
    "zero width": ("a: x\u200by\n".encode(), "1:5", "U+200B"),
    "next line": ("a: x\u0085y\n".encode(), "1:5", "U+0085"),
    "line separator": ("a: x\u2028y\n".encode(), "1:5", "U+2028"),
    "lone return": (b"a: 1\rb: 2\n", "1:5", "carriage return"),
    "byte order mark": (b"\xef\xbb\xbfa: 1\n", "1:1", "byte order mark"),
    "UTF-16": ("a: 1\n".encode("utf-16"), "1:1", "byte order mark"),
    "not UTF-8": ("é: 1\nb: ".encode() + b"\xff\n", "2:4", "byte 0xff is not UTF-8"),
    "too large": (b"#" * (MAX_BYTES + 1), "1:1", "the document has 262,145 bytes"),
    "too many values": (b"a: [" + b"1," * 20_000 + b"]\n", "", "more than 20,000 values"),
    "unclosed": (b"a: [1\nb: 2\n", "", "not YAML"),
    "colon in a flow value": (b"a: [x:y]\n", "1:", "x"),
    "colon in a flow key": (b"a: {x:y: 1}\n", "1:", ""),
    "question mark in a flow value": (b"a: [0?]\n", "1:", ""),
    "question mark before a flow value": (b"a: [?;]\n", "1:", ""),
    "block for a document": (b"|\n#\n", "1:1", "a document that is one block of text"),
    "colon in plain text": (b"a: b: c\n", "1:5", "not YAML"),
}


@pytest.mark.parametrize("pure", [False, True], ids=["c", "python"])
@pytest.mark.parametrize("name", REFUSED)
def test_read_when_refused_then_says_where_what_and_fix(name: str, pure: bool) -> None:
    content, place, message = REFUSED[name]
    problems = read("f.yaml", content, pure=pure).problems
    assert any(message in problem.message and str(problem).startswith(f"f.yaml:{place}") for problem in problems), (
        problems
    )
    assert all(problem.fix for problem in problems)


@pytest.mark.parametrize("pure", [False, True], ids=["c", "python"])
def test_read_when_nested_too_deep_then_refuses_and_goes_on(pure: bool) -> None:
    content = b"a: " + b"[" * 40 + b"1" + b"]" * 40 + b"\nb: yes\n"
    messages = [problem.message for problem in read("f", content, pure=pure).problems]
    assert messages[0] == f"nested more than {MAX_DEPTH} deep"
    assert messages[1].startswith("yes means")
    assert len(messages) == 2


def test_read_when_many_mistakes_then_reports_all_of_them() -> None:
    content = b"a: yes\nb: &x 1\nc: *x\nd: !t 1\na: 2\n<<: 3\n1: 2\n? [1]\n: 2\ng:\nz: 0x1\n"
    assert [problem.line for problem in read("f", content).problems] == [1, 2, 3, 4, 5, 6, 7, 8, 11]


def test_read_when_alias_bomb_then_refuses_without_expanding() -> None:
    content = b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 122))
    document = read("f", content)
    assert len(document.problems) == 1 + 24 + 48
    assert document.data["z" if "z" in document.data else "y"] == [None, None]


def test_read_when_plain_scalars_then_follows_yaml_12_core() -> None:
    content = b"""a: 1
b: -7
c: 1.5
d: 1e3
e: true
f: FALSE
g: ~
h:
i: null
j: 15%
k: $25,000
l: "yes"
m: '1'
n: 2026-01-19
o: 12:30:45
p: 1_000
q: y
r: >-
  folded
  text
"""
    assert read("f", content).problems == ()
    data = read("f", content).data
    assert data["a"] == 1
    assert data["c"] == FloatText("1.5")
    assert data["d"] == FloatText("1e3")
    assert (data["e"], data["f"], data["g"], data["h"], data["i"]) == (True, False, None, None, None)
    text = [data[key] for key in "jklmnopqr"]
    assert text == ["15%", "$25,000", "yes", "1", "2026-01-19", "12:30:45", "1_000", "y", "folded text"]


@pytest.mark.parametrize("pure", [False, True], ids=["c", "python"])
def test_read_when_text_is_not_ascii_then_spans_count_characters(pure: bool) -> None:
    text = "# é𝒳\r\na: \"é𝒳 q\"   # x\r\nb: {c: 1, d: $25}\r\ne:\r\n  - 'x'\r\nf:\r\n"
    document = read("f", text.encode(), pure=pure)
    spans = {key: text[place.start : place.end] for key, place in document.values.items()}
    assert spans[("a",)] == '"é𝒳 q"'
    assert spans[("b", "d")] == "$25"
    assert spans[("e", "0")] == "'x'"
    assert (spans[("f",)], document.values[("f",)].start) == ("", text.rindex(":") + 1)


@pytest.mark.parametrize("path", sorted(path for path in template() if path.endswith(".yaml")))
def test_read_when_template_then_both_parsers_agree(path: str) -> None:
    assert_same(template()[path])


ELSEWHERE = {
    "too many values",
    "unclosed",
    "colon in a flow value",
    "colon in a flow key",
    "question mark in a flow value",
    "question mark before a flow value",
}
"""What both parsers refuse at another column."""


@pytest.mark.parametrize("name", sorted(set(REFUSED) - ELSEWHERE))
def test_read_when_refused_then_both_parsers_find_the_same_places(name: str) -> None:
    content = REFUSED[name][0]
    assert places(read("f", content)) == places(read("f", content, pure=True))


SCALARS = st.one_of(
    st.integers(-(10**17), 10**17),
    st.booleans(),
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Cn")), max_size=8),
)
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(TREES, st.booleans())
def test_read_when_any_data_is_dumped_then_reads_back_equal(tree: Any, flow: bool) -> None:
    import io

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    stream = io.StringIO()
    yaml.dump({"root": tree}, stream)
    document = read("f", stream.getvalue().encode())
    again = read("f", stream.getvalue().encode(), pure=True)
    assert bool(document.problems) == bool(again.problems)
    if not document.problems:
        assert document == again
        assert document.data == {"root": tree}


@given(st.text("ab:- \n#'\"[]{},&*!|>%@`1.~?", max_size=40))
def test_read_when_any_text_then_parsers_agree_or_both_refuse(text: str) -> None:
    left, right = read("f", text.encode()), read("f", text.encode(), pure=True)
    if not left.problems and not right.problems:
        assert left.data == right.data
        assert left.values == right.values


def test_read_when_c_parser_is_missing_then_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_c = read("f", template()["risk_config.yaml"])
    monkeypatch.setattr(yaml_reader, "CParser", None)
    assert read("f", template()["risk_config.yaml"]) == with_c


def test_this_machine_has_the_c_parser() -> None:
    assert vars(yaml_reader)["CParser"] is not None


def assert_same(content: bytes) -> None:
    left, right = read("f", content), read("f", content, pure=True)
    assert left == right, Path("f")


def places(document: yaml_reader.YamlDocument) -> list[str]:
    return [f"{problem.line}:{problem.column}" for problem in document.problems]
