import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runner.assignment import blocked, hashed


def test_hashed_then_the_same_for_ever_and_as_many_as_the_share_says() -> None:
    names = [f"signal-{place}" for place in range(8_000)]
    drawn = [hashed("t", 1, 0, name, 250_000) for name in names]
    assert drawn == [hashed("t", 1, 0, name, 250_000) for name in names]
    assert drawn.count("B") == pytest.approx(2_000, abs=150)
    assert drawn != [hashed("t", 2, 0, name, 250_000) for name in names]
    assert drawn != [hashed("t", 1, 1, name, 250_000) for name in names]
    assert {hashed("t", 1, 0, name, 0) for name in names} == {"A"}
    assert {hashed("t", 1, 0, name, 1_000_000) for name in names} == {"B"}


def test_hashed_then_these_and_no_others() -> None:
    drawn = "".join(hashed("t-1", 7, 0, f"2012-03-{day:02} AAPL", 500_000) for day in range(1, 21))
    assert drawn == "AAAABBABBABBBBBBBBBA"
    assert "".join(blocked("t-1", 7, 0, "2012-03-01", place) for place in range(20)) == "BAABBABAABBAAABBABBA"


@given(name=st.text(max_size=20), shares=st.lists(st.integers(0, 1_000_000), min_size=2, max_size=4))
def test_hashed_when_the_share_grows_then_nobody_goes_back(name: str, shares: list[int]) -> None:
    arms = [hashed("t", 1, 0, name, share) for share in sorted(shares)]
    assert arms == sorted(arms)


def test_blocked_then_two_of_every_four_and_not_always_the_same_two() -> None:
    found = [blocked("t", 1, 0, "2012-03-01", place) for place in range(400)]
    blocks = {tuple(found[start : start + 4]) for start in range(0, 400, 4)}
    assert all(block.count("A") == 2 for block in blocks)
    assert len(blocks) == 6
    assert found != [blocked("t", 1, 0, "2012-03-02", place) for place in range(400)]
