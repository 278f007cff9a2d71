import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired.yaml_edit import apply_edit
from controller.core.desired.yaml_reader import Pointer, read
from controller.errors import InvalidDesired
from schemas.edits import SetValue
from tests.support.desired import template

LIMIT: Pointer = ("hard_limits", "position", "max_position_pct")


def edit(text: str, pointer: Pointer, value: str) -> str:
    return apply_edit(text.encode(), SetValue(path="f.yaml", pointer=pointer, value=value)).decode()


def test_apply_edit_when_template_limit_then_only_that_scalar_changes() -> None:
    before = template()["risk_config.yaml"].decode()
    after = edit(before, LIMIT, "20%")
    assert after == before.replace("max_position_pct: 15%", "max_position_pct: 20%")


REPLACED = {
    "plain": ("a: 1 # x\nb: 2\n", ("a",), "7", "a: 7 # x\nb: 2\n"),
    "double quotes stay": ('a: "x"  # y\n', ("a",), "z", 'a: "z"  # y\n'),
    "single quotes stay": ("a: 'x'\n", ("a",), "it's", "a: 'it''s'\n"),
    "quotes go for a number": ('a: "1"\n', ("a",), "2", "a: 2\n"),
    "quoted value into plain": ("a: x\n", ("a",), '"yes"', 'a: "yes"\n'),
    "plain text that needs quotes": ("a: x\n", ("a",), '"a: b"', 'a: "a: b"\n'),
    "text with a hash": ("a: x\n", ("a",), '"b #c"', 'a: "b #c"\n'),
    "comma in a flow mapping": ("a: {m: $5, n: 1}\n", ("a", "m"), "$25,000", 'a: {m: "$25,000", n: 1}\n'),
    "in a flow list": ("a: [x, y ,z]\n", ("a", "1"), "q", "a: [x, q ,z]\n"),
    "in a list of mappings": ("a:\n  - b: 1\n    c: 2\n", ("a", "0", "c"), "3", "a:\n  - b: 1\n    c: 3\n"),
    "empty value": ("a:\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
    "empty value before a comment": ("a: # c\nb: 1\n", ("a",), "x", "a: x # c\nb: 1\n"),
    "plain over two lines": ("a: one\n  two\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
    "boolean": ("a: true\n", ("a",), "false", "a: false\n"),
    "null": ("a: true\n", ("a",), "null", "a: null\n"),
    "no newline at the end": ("a: 1", ("a",), "2", "a: 2"),
    "CRLF": ("a: 1\r\nb: 2\r\n", ("a",), "3", "a: 3\r\nb: 2\r\n"),
    "quoted key": ("'a b': 1\n", ("a b",), "2", "'a b': 2\n"),
    "text that is not ASCII": ("# é𝒳\na: é\nb: 𝒳\n", ("b",), "ü", "# é𝒳\na: é\nb: ü\n"),
}
ADDED = {
    "at the end": ("a: 1\nb: 2\n", ("c",), "3", "a: 1\nb: 2\nc: 3\n"),
    "nested": ("a:\n  b: 1 # x\n  # y\nd: 2\n", ("a", "c"), "3", "a:\n  b: 1 # x\n  c: 3\n  # y\nd: 2\n"),
    "deep": ("a:\n    b:\n        c: [1]\n", ("a", "b", "d"), "3", "a:\n    b:\n        c: [1]\n        d: 3\n"),
    "behind nested siblings": ("a:\n  b:\n    c: 1\nd: 2\n", ("a", "e"), "3", "a:\n  b:\n    c: 1\n  e: 3\nd: 2\n"),
    "no newline at the end": ("a: 1", ("b",), "2", "a: 1\nb: 2"),
    "CRLF": ("a: 1\r\n", ("b",), "2", "a: 1\r\nb: 2\r\n"),
    "behind a quoted value": ("a: 'x'\n", ("b",), "yes-man", "a: 'x'\nb: yes-man\n"),
    "in a list": ("a:\n  - b: 1\n", ("a", "0", "c"), "2", "a:\n  - b: 1\n    c: 2\n"),
}


@pytest.mark.parametrize("name", REPLACED)
def test_apply_edit_when_replacing_then_keeps_every_other_byte(name: str) -> None:
    before, pointer, value, after = REPLACED[name]
    assert edit(before, pointer, value) == after


@pytest.mark.parametrize("name", ADDED)
def test_apply_edit_when_key_is_missing_then_adds_one_line(name: str) -> None:
    before, pointer, value, after = ADDED[name]
    assert edit(before, pointer, value) == after


IMPOSSIBLE = {
    "value is a mapping": ("a: {b: 1}\n", ("a",), "2"),
    "value is a list": ("a: [1]\n", ("a",), "2"),
    "block text": ("a: |\n  x\n", ("a",), "y"),
    "no such parent": ("a: 1\n", ("b", "c"), "2"),
    "parent is a scalar": ("a: 1\n", ("a", "b"), "2"),
    "beyond the list": ("a: [1]\n", ("a", "1"), "2"),
    "new field in a flow mapping": ("a: {b: 1}\n", ("a", "c"), "2"),
    "the whole document": ("a: 1\n", (), "2"),
    "new value is a mapping": ("a: 1\n", ("a",), "{b: 1}"),
    "new value is two lines": ("a: 1\n", ("a",), "1\nb: 2"),
    "new value brings a comment and a key": ("a: 1\n", ("a",), "1 # x\nz: 2"),
    "new value is an alias": ("a: 1\n", ("a",), "*b"),
    "new value is a boolean of old": ("a: 1\n", ("a",), "on"),
    "document has mistakes": ("a: 1\na: 2\n", ("a",), "3"),
    "key would be another": ("a: 1\n", ("b: 2\nc",), "3"),
    "key is not text": ("a: 1\n", ("1",), "3"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_apply_edit_when_it_would_touch_more_then_refuses(name: str) -> None:
    before, pointer, value = IMPOSSIBLE[name]
    with pytest.raises(InvalidDesired) as caught:
        edit(before, pointer, value)
    assert caught.value.problems


SPACE = st.text(" ", max_size=3)
COMMENT = st.one_of(
    st.just(""),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")), max_size=12).map(
        lambda text: f" # {text}"
    ),
)
SCALAR = st.sampled_from(["1", "15%", "'x y'", '"q\\"z"', "plain text", "true", "$25,000", "1.50", "''"])
NEW = st.sampled_from(["2", "20%", "paused", '"yes"', "false", "$1,000.50", '"a: #b"', "2.5"])


@given(st.data(), st.lists(st.tuples(SCALAR, COMMENT, SPACE), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_apply_edit_when_any_comments_and_spaces_then_the_rest_survives_byte_for_byte(
    data: st.DataObject, rows: list[tuple[str, str, str]], newline: str
) -> None:
    target = data.draw(st.integers(0, len(rows) - 1))
    head, gap = f"#{data.draw(COMMENT)}{newline}", data.draw(st.sampled_from(["", newline, f"  #{newline}"]))
    before = head + "".join(
        f"k{n}:{space} {scalar}{comment}{newline}{gap}" for n, (scalar, comment, space) in enumerate(rows)
    )
    value = data.draw(NEW)
    after = edit(before, (f"k{target}",), value)
    scalar, _, space = rows[target]
    left = before.index(f"k{target}:") + len(f"k{target}:{space} ")
    right = left + len(scalar)
    assert after.startswith(before[:left])
    assert after.endswith(before[right:])
    wanted = read("f", f"v: {value}\n".encode()).data["v"]
    assert read("f", after.encode()).data[f"k{target}"] == wanted
