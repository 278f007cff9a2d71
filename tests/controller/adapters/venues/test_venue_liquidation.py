"""A liquidation at the paper venue: through its own fence, and remembered for ever."""

from pathlib import Path

import pytest

from controller.adapters.venues.paper import PaperVenue
from controller.gate.venue import VenueRejected
from tests.support.paper import UID, feed_of, fills, next_session, open_paper, order

ID = "1" * 32
FEED = feed_of({"AAA": [10.0] * 12})


@pytest.fixture
def venue(tmp_path: Path) -> PaperVenue:
    """Long 10 AAA under halt-all."""
    venue = open_paper(tmp_path, FEED)
    next_session(venue)
    venue.submit(order(1))
    next_session(venue)
    venue.set_mode("halt-all")
    return venue


def test_order_of_a_liquidation_when_begun_then_passes_the_fence_and_fills(venue: PaperVenue) -> None:
    venue.mark_liquidation(ID, "begun")
    venue.submit(order(2, -1, 10, ticket=ID, reduce_only=True))
    assert [item.quantity for item in fills(next_session(venue))] == [10]
    assert venue.book().holdings == {}


@pytest.mark.parametrize("state", ["", "ended"])
def test_order_of_a_liquidation_when_not_under_way_then_rejected(venue: PaperVenue, state: str) -> None:
    if state:
        venue.mark_liquidation(ID, state)
    with pytest.raises(VenueRejected, match="nothing passes"):
        venue.submit(order(2, -1, 10, ticket=ID, reduce_only=True))


def test_order_of_a_liquidation_when_larger_than_the_position_then_rejected(venue: PaperVenue) -> None:
    venue.mark_liquidation(ID, "begun")
    with pytest.raises(VenueRejected, match="only 10 shares"):
        venue.submit(order(2, -1, 11, ticket=ID))


@pytest.mark.parametrize("sessions", [0, 5])
def test_liquidation_when_the_venue_is_opened_again_then_known_with_its_orders(
    venue: PaperVenue, tmp_path: Path, sessions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.adapters.venues.paper.SNAPSHOT_RECORDS", 5)
    venue.mark_liquidation(ID, "begun")
    venue.submit(order(2, -1, 10, ticket=ID, reduce_only=True))
    for _ in range(sessions):
        next_session(venue)
    venue.close()
    again = open_paper(tmp_path, FEED)
    assert again.book().liquidations == {ID: "begun"}
    known = again.lookup(UID, "c2")
    assert known is not None
    assert (known.ticket, known.state) == (ID, "filled" if sessions else "working")
    again.close()
