"""Ageing of samples: bounded batches come to the same as all at once."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.store.memory import MemoryStore
from controller.adapters.store.retention import BATCH, DAY, DAYS, MINUTE, MINUTES, RAW, SECOND, Sample, cutoff, roll
from tests.support.stores import NOW, sqlite

samples = st.lists(
    st.builds(
        lambda at, key, value: Sample(at * SECOND, key, "", value, value, value),
        st.integers(0, 400),
        st.sampled_from("ab"),
        st.integers(-5, 5),
    ),
    unique_by=lambda sample: (sample.at_ns, sample.key),
    max_size=60,
).map(sorted)


@given(rows=samples, cut=st.integers(0, 60))
def test_roll_when_split_anywhere_then_the_same_as_whole(rows: list[Sample], cut: int) -> None:
    halves = [*roll(rows[:cut], MINUTES), *roll(rows[cut:], MINUTES)]
    assert roll(halves, MINUTES) == roll(rows, MINUTES)


@given(rows=samples)
def test_roll_then_last_lowest_and_highest_of_each_bucket(rows: list[Sample]) -> None:
    for bucket in roll(rows, MINUTES):
        inside = [r.value for r in rows if r.key == bucket.key and 0 <= r.at_ns - bucket.at_ns < MINUTE]
        assert (bucket.value, bucket.low, bucket.high) == (inside[-1], min(inside), max(inside))


@given(now=st.integers(0, 2**60))
def test_cutoff_then_whole_buckets_older_than_kept(now: int) -> None:
    for level, into in ((RAW, MINUTES), (MINUTES, DAYS)):
        before = cutoff(level, into, now)
        assert before % into.width == 0
        assert level.kept <= now - before < level.kept + into.width


def test_retain_when_more_than_a_batch_has_aged_then_each_call_is_bounded_and_all_is_done_in_the_end(
    tmp_path: Path,
) -> None:
    store, twin = sqlite(tmp_path), MemoryStore()
    keys = [f"k{number:02}" for number in range(50)]
    for number in range(2 * BATCH // len(keys) + 3):
        at = NOW + number * 7 * SECOND
        values = {key: (number * 31 + place) % 97 for place, key in enumerate(keys)}
        store.add_samples("positions", at, "", values)
        twin.add_samples("positions", at, "", values)
    later = NOW + 2 * DAY
    before = len(store.samples("positions", "k00", 0, later))
    store.retain(later)
    once = len(store.samples("positions", "k00", 0, later))
    for _ in range(4):
        store.retain(later)
    twin.retain(later)
    assert before > once > len(twin.samples("positions", "k00", 0, later))
    assert [store.samples("positions", key, 0, later) for key in keys] == [
        twin.samples("positions", key, 0, later) for key in keys
    ]
    store.close()
