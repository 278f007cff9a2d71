"""The bytes of the latch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.latch import layout
from controller.latch.layout import LatchError, SlotBody

WORDS = st.builds(
    layout.pack_word,
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFF),
    st.integers(1, 3),
)


@given(st.integers(0, 1 << 20), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFF), st.integers(1, 3))
def test_pack_word_when_any_parts_then_they_come_back(seq: int, random16: int, scope: int, mode: int) -> None:
    word = layout.pack_word(seq, random16, scope, mode)
    assert (layout.seq_of(word), layout.scope_of(word), layout.mode_of(word)) == (seq & 0xFFFF, scope, mode)
    assert word >> 32 & 0xFFFF == random16
    assert layout.is_valid(word)
    assert 0 < word < 1 << 64


@pytest.mark.parametrize("parts", [(0, -1, 0, 1), (0, 1 << 16, 0, 1), (0, 0, 1 << 24, 1), (0, 0, 0, 0), (0, 0, 0, 4)])
def test_pack_word_when_a_part_does_not_fit_then_refuses(parts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no latch word"):
        layout.pack_word(*parts)


@given(st.integers(1, (1 << 64) - 1))
def test_is_valid_when_mark_or_mode_is_wrong_then_malformed(word: int) -> None:
    assert layout.is_valid(word) == (word >> 4 & 0xF == 0xA and word & 0xF in (1, 2, 3))


@given(st.text(min_size=1))
def test_scope_bits_when_any_uid_then_never_the_accounts(uid: str) -> None:
    short, long = layout.scope_bits(f"strategy:{uid}")
    assert 1 <= short <= 0xFFFFFF
    assert 0 < long < 1 << 64


@pytest.mark.parametrize("scope", ["", "strategy:", "all", "strategy"])
def test_scope_bits_when_no_scope_then_refuses(scope: str) -> None:
    with pytest.raises(ValueError, match="is no scope"):
        layout.scope_bits(scope)


@given(WORDS, st.binary(min_size=16, max_size=16), st.integers(0, 47), st.integers(1, 255))
def test_slot_body_when_a_byte_changes_then_unreadable(word: int, halt_id: bytes, at: int, flip: int) -> None:
    body = bytearray(layout.pack_body(word, halt_id, 5, 6, 7, 8, layout.mode_of(word), 2))
    whole = SlotBody(0, word, 0, bytes(body))
    assert (whole.ok, whole.halt_id, whole.wall_ns, whole.pid, whole.source) == (True, halt_id.hex(), 5, 6, 2)
    body[at] ^= flip
    assert not SlotBody(0, word, 0, bytes(body)).ok


@given(WORDS, WORDS)
def test_slot_body_when_it_belongs_to_another_word_then_unreadable(word: int, other: int) -> None:
    body = layout.pack_body(word, bytes(16), 0, 0, 0, 0, 1, 0)
    assert SlotBody(0, other, 0, body).ok == (word >> 32 == other >> 32)


def test_slot_body_when_scope_collides_in_the_word_then_the_body_tells_them_apart() -> None:
    uid = "ab" * 16
    short, long = layout.scope_bits(f"strategy:{uid}")
    word = layout.pack_word(1, 2, short, 3)
    mine = SlotBody(0, word, 0, layout.pack_body(word, bytes(16), 0, 0, 0, long, 3, 0))
    twin = SlotBody(0, word, 0, layout.pack_body(word, bytes(16), 0, 0, 0, long ^ 1, 3, 0))
    bare = SlotBody(0, word, 0, b"")
    assert (mine.is_of(uid), twin.is_of(uid), bare.is_of(uid)) == (True, False, True)
    assert not mine.is_of("")
    assert SlotBody(0, layout.pack_word(1, 2, 0, 3), 0, b"").is_of("")


@given(st.binary(min_size=64, max_size=64))
def test_parse_header_when_bytes_are_not_ours_then_latch_error(data: bytes) -> None:
    with pytest.raises(LatchError):
        layout.parse_header(data, layout.RAISE_MAGIC, "raise")


def test_parse_header_when_whole_then_book_and_nonce() -> None:
    data = layout.pack_header(layout.RAISE_MAGIC, 77, b"b" * 16, b"n" * 16)
    header = layout.parse_header(data, layout.RAISE_MAGIC, "raise")
    assert (header.inode, header.book16, header.nonce16) == (77, b"b" * 16, b"n" * 16)
    with pytest.raises(LatchError, match="permit: bad header"):
        layout.parse_header(data, layout.PERMIT_MAGIC, "permit")
    with pytest.raises(LatchError, match="short"):
        layout.parse_header(data[:63], layout.RAISE_MAGIC, "raise")


@given(st.binary(min_size=20, max_size=20).filter(any), st.integers(0, 23), st.integers(1, 255))
def test_last_verified_when_damaged_then_unknown(commit: bytes, at: int, flip: int) -> None:
    data = bytearray(layout.pack_last_verified(commit.hex()))
    assert layout.parse_last_verified(bytes(data)) == commit.hex()
    data[at] ^= flip
    assert layout.parse_last_verified(bytes(data)) == ""
    assert layout.parse_last_verified(layout.pack_last_verified("")) == ""
