"""What is kept of what was read: the newest, and never more than a few of what is large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.reconcile import newest
from controller.reconcile.newest import Newest, objects_in
from tests.support.rig import desired


@given(st.lists(st.tuples(st.sampled_from([1, 120, 400, 1_200]), st.booleans()), min_size=10))
def test_kept_when_many_come_then_the_newest_within_both_bounds(steps: list[tuple[int, bool]]) -> None:
    kept, order = Newest[int](lambda item: item), dict[str, int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newest, "MOST", 8)
        patch.setattr(newest, "TOGETHER", 1_000)
        for number, (weight, again) in enumerate(steps):
            if again and order:
                oldest = next(iter(order))
                assert kept.get(oldest) == order[oldest]
                order[oldest] = order.pop(oldest)
            kept.put(str(number), weight)
            order[str(number)] = weight
            while len(order) > 8 or (len(order) > 3 and sum(order.values()) > 1_000):
                del order[next(iter(order))]
        assert {key: kept.get(key) for key in map(str, range(len(steps)))} == {
            key: order.get(key) for key in map(str, range(len(steps)))
        }


def test_kept_when_cleared_then_nothing_and_its_weight_is_gone() -> None:
    kept = Newest[int](lambda item: item)
    for number in range(3):
        kept.put(str(number), newest.TOGETHER)
    kept.clear()
    assert kept.get("0") is None
    for number in range(newest.MOST):
        kept.put(str(number), newest.TOGETHER // newest.MOST)
    assert kept.get("0") is not None


def test_kept_when_put_again_then_it_weighs_once_and_is_the_newest() -> None:
    kept = Newest[int](lambda item: item)
    for number in range(newest.MOST):
        kept.put(str(number), newest.TOGETHER // newest.MOST)
    kept.put("0", 0)
    kept.put("0", newest.TOGETHER // newest.MOST)
    assert (kept.get("0"), kept.get("1")) == (newest.TOGETHER // newest.MOST,) * 2
    kept.put("more", 0)
    assert kept.get("2") is None and kept.get("0") is not None


def test_objects_when_counted_then_those_of_every_folder() -> None:
    assert objects_in(desired(1)) == 6
