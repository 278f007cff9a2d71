"""An A/B test from outside: created by a signed commit, both variants trade, a crash makes nothing count twice."""

from collections.abc import Iterator

import pytest

from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]
CREATE = (
    "ab-test", "create", "--strategy", "contrarian-swing", "--name", "Later exits", "--variant-a", "Current (as it is)",
    "--variant-b", "Patient (10% target)", "--param-b", "gain_pct=10", "--duration", "900d", "--traffic-split", "50/50",
)  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as started:
        yield started


def closed(service: Service, id: str) -> int:
    """Trades of both arms that are over."""
    arms = service.read("ab-test", "status", id)["test"]["arms"]
    return int(arms["a"]["closed"] + arms["b"]["closed"])


def test_test_when_created_then_both_variants_trade_and_a_stop_ends_it(service: Service) -> None:
    until(lambda: service.read("status")["market_time"] is not None, "the market clock is known")
    shown = service.must(*CREATE, "--dry-run").out
    assert "Smallest Difference:  0.52 in Sharpe ratio per observation (power 80% at 120 trades)" in shown
    created = service.must(*CREATE, "--yes", "--json").document
    assert created["applied"]["in_force"] is True
    (row,) = service.read("ab-test", "list")["tests"]
    id = row["id"]
    assert (row["state"], row["winner"], row["status"]) == ("collecting", None, "active")

    again = service.gt(*CREATE, "--yes")
    assert again.code in (1, 2)
    assert "is in the running test" in again.err or "an id is given once" in again.err
    wrong = service.gt("ab-test", "create", "--strategy", "ml-momentum-v2", "--name", "X", "--param-b", "nope=1")
    assert (wrong.code, "variant B: parameter 'nope' is not known; known: " in wrong.err) == (2, True)

    until(lambda: closed(service, id) >= 2, "trades of the test are over", 120)
    before = closed(service, id)
    service.kill("controller")
    service.start()
    until(lambda: closed(service, id) >= before, "what was counted is counted", 60)
    seen = service.read("ab-test", "status", id)["test"]
    assert seen["n"] == seen["arms"]["a"]["closed"] + seen["arms"]["b"]["closed"]

    early = service.gt("ab-test", "rollout", id, "--yes")
    assert (early.code, "B has not won" in early.err) == (2, True)
    service.must("ab-test", "stop", id, "--yes")
    until(lambda: service.read("ab-test", "status", id)["test"]["state"] == "stopped", "the stop is seen")
    assert service.read("ab-test", "status", id)["test"]["share_b_pct"] == 0
    events = [event["event"] for event in service.read("audit", "log", "--type", "ab_test")["events"]]
    assert "ab_test.stopped" in events
