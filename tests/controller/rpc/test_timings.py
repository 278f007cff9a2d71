"""What the controller measures of itself, as Prometheus reads it."""

import pytest

from controller.rpc.timings import Timings
from schemas.exposition import exposition


def test_passes_when_one_brings_a_commit_into_force_and_one_fails_then_both_timed_and_one_counted() -> None:
    timings, applied = Timings(), ["aaaa"]

    def fail() -> None:
        raise ZeroDivisionError

    timings.passes(lambda: applied.append("bbbb"), lambda: applied[-1])()
    with pytest.raises(ZeroDivisionError):
        timings.passes(fail, lambda: applied[-1])()
    lines = exposition(timings.samples())
    assert "gt_risk_config_applied_total 1" in lines and "gt_risk_reconcile_seconds_count 2" in lines
    assert "# TYPE gt_risk_config_applied_total counter" in lines
    assert "# TYPE gt_risk_reconcile_seconds histogram" in lines


def test_samples_then_times_by_kind_and_channel_in_buckets_that_add_up() -> None:
    timings = Timings()
    for seconds in (0.001, 0.03, 7.0):
        timings.stored(seconds, "write")
    timings.delivered(0.5, "slack")
    lines = exposition(timings.samples())
    assert 'gt_risk_store_seconds_bucket{kind="write",le="0.002"} 1' in lines
    assert 'gt_risk_store_seconds_bucket{kind="write",le="5.0"} 2' in lines
    assert 'gt_risk_store_seconds_bucket{kind="write",le="+Inf"} 3' in lines
    assert 'gt_risk_store_seconds_sum{kind="write"} 7.031' in lines
    assert 'gt_risk_delivery_seconds_bucket{channel="slack",le="0.5"} 1' in lines
    assert sum(line.startswith("# TYPE") for line in lines) == 3
