"""The bytes of a batch: all of it, in pieces that fit, the same ones for everybody."""

from hypothesis import given
from hypothesis import strategies as st

from web.live.events import Event, News, Place, rendered
from web.live.pieces import PIECE, framed, packed

FILLERS = st.lists(st.sampled_from([0, 200, 1_500, PIECE, 3 * PIECE]), max_size=12)


def batch(fillers: list[int]) -> tuple[Event, ...]:
    return tuple(rendered(News("mode", 0, {"m": "x" * filler}), Place("e", at, 0)) for at, filler in enumerate(fillers))


@given(FILLERS)
def test_frames_then_all_of_them_in_pieces_that_fit(fillers: list[int]) -> None:
    events = batch(fillers)
    pieces = framed(events)
    assert b"".join(pieces) == (b"".join(event.frame for event in events) or b": quiet\n\n")
    assert all(len(piece) == PIECE for piece in pieces[:-1]) and 0 < len(pieces[-1]) <= PIECE
    assert framed(batch(fillers)) is pieces


@given(FILLERS)
def test_packets_then_each_whole_and_as_many_together_as_fit(fillers: list[int]) -> None:
    events = batch(fillers)
    pieces = packed(events)
    left = [event.packet for event in events]
    for number, piece in enumerate(pieces):
        run = [left.pop(0)]
        while len(b"".join(run)) < len(piece):
            run.append(left.pop(0))
        assert piece == b"".join(run) and (len(piece) <= PIECE or len(run) == 1), number
        assert not left or len(piece) + len(left[0]) > PIECE
    assert not left
