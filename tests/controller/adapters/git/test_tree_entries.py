"""Tree objects taken apart: what git writes, and the same whatever was read before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.git.objects import parse_tree, tree_bytes
from controller.errors import Refused
from controller.ports import Entry
from schemas.status import RefusalReason

NAMES = st.sampled_from(["a.yaml", "b.yaml", "ab", "é.yaml", "two words", "-rf", "\ufffd"])
ENTRIES = st.builds(
    Entry,
    st.sampled_from(["100644", "100755", "120000"]),
    st.just("blob"),
    st.sampled_from(["1" * 40, "0a" * 20]),
) | st.sampled_from([Entry("040000", "tree", "1" * 40), Entry("160000", "commit", "2" * 40)])
TREES = st.dictionaries(NAMES, ENTRIES)


@given(TREES, TREES)
def test_parse_when_another_tree_was_read_before_then_gives_what_was_written(
    tree: dict[str, Entry], before: dict[str, Entry]
) -> None:
    like = parse_tree("c", tree_bytes(before))
    found = parse_tree("c", tree_bytes(tree), like)
    assert found == tree
    assert parse_tree("c", tree_bytes(tree)) == tree
    for name, entry in found.items():
        assert (entry is like.get(name)) == (entry == like.get(name))


@given(TREES, TREES, st.data())
def test_parse_when_bytes_are_damaged_then_the_same_is_refused_whatever_was_read_before(
    tree: dict[str, Entry], before: dict[str, Entry], data: st.DataObject
) -> None:
    raw = tree_bytes(tree)
    cut = data.draw(st.integers(0, len(raw)))
    raw = raw[:cut] + data.draw(st.binary(max_size=4)) + raw[cut + data.draw(st.integers(0, 3)) :]
    assert read(raw, before) == read(raw, {})


def read(raw: bytes, before: dict[str, Entry]) -> dict[str, Entry] | RefusalReason:
    try:
        return parse_tree("c", raw, before)
    except Refused as error:
        return error.refusal.reason


@pytest.mark.parametrize(
    "raw",
    [
        b"100644 a\0" + b"x" * 19,
        b"100644 a\0" + b"x" * 20 + b"junk",
        b"junk\0" + b"100644 a\0" + b"x" * 20,
        b"100644 a\0" + b"x" * 20 + b"\0" + b"100644 b\0" + b"x" * 20,
        b" a\0" + b"x" * 20,
        b"100644\0" + b"x" * 20,
        b"100644 \0" + b"x" * 20,
        b"100644 ..\0" + b"x" * 20,
        b"100644 a/b\0" + b"x" * 20,
        b"100644 .GIT\0" + b"x" * 20,
        b"100644 a\nb\0" + b"x" * 20,
        b"100644 \xff\0" + b"x" * 20,
        b"100644 a\0" + b"x" * 20 + b"100755 a\0" + b"y" * 20,
    ],
)
def test_parse_when_git_would_not_write_it_then_refuses(raw: bytes) -> None:
    before = {"a": Entry("100644", "blob", (b"x" * 20).hex()), "\ufffd": Entry("100644", "blob", (b"x" * 20).hex())}
    assert read(raw, before) is read(raw, {}) is RefusalReason.BAD_OBJECT


@pytest.mark.parametrize(("before", "raw"), [(b"40000", b"040000"), (b"040000", b"40000")])
def test_parse_when_only_the_writing_of_the_mode_differs_then_judged_by_its_own(before: bytes, raw: bytes) -> None:
    like = parse_tree("c", before + b" a\0" + b"x" * 20)
    assert parse_tree("c", raw + b" a\0" + b"x" * 20, like) == parse_tree("c", raw + b" a\0" + b"x" * 20)
