"""A/B tests from outside: created by signed commits, both variants trade, a crash makes nothing count twice, a winner
is rolled out and taken back."""

from collections.abc import Iterator

import pytest

from controller.core.experiments.observations import CURVE
from tests.support.past_trades import put_trades
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


def created(service: Service, strategy: str, name: str, *more: str) -> str:
    """The id of a new test."""
    until(lambda: service.read("status")["market_time"] is not None, "the market clock is known")
    service.must("ab-test", "create", "--strategy", strategy, "--name", name, "--duration", "3650d", *more, "--yes")
    (id,) = [row["id"] for row in service.read("ab-test", "list")["tests"] if row["name"] == name]
    return str(id)


def test_paired_test_when_everything_is_killed_then_each_session_counts_once(service: Service) -> None:
    id = created(service, "ml-momentum-v2", "Pairs", "--param-b", "lookback=63", "--paired", "--n-max", "5000")

    def pairs() -> int:
        return int(service.read("ab-test", "status", id)["test"]["arms"]["a"]["n"])

    until(lambda: pairs() >= 5, "pairs are counted", 120)
    before = pairs()
    service.kill("controller", "runner", "gate")
    service.start()
    until(lambda: pairs() >= before + 5, "more pairs are counted", 120)
    service.must("ab-test", "stop", id, "--yes")
    until(lambda: service.read("ab-test", "status", id)["test"]["state"] == "stopped", "the stop is seen")
    seen = service.read("ab-test", "analyze", id)["test"]
    a, b = ([at for at, _ in seen["curves"][arm]] for arm in ("a", "b"))
    assert a == b == sorted(set(a))
    n = seen["arms"]["a"]["n"]
    assert n == seen["arms"]["b"]["n"]
    assert len(a) == min(n, CURVE)


def test_test_when_b_has_won_then_archived_rolled_out_by_a_step_and_taken_back(service: Service) -> None:
    names = ("--variant-b", "Two names", "--param-b", "top_n=2", "--n-max", "80")
    id = created(service, "heuristic-value-1", "Fewer names", *names)
    put_trades(service, id, {"A": [-0.02, -0.024, -0.018, -0.022] * 10, "B": [0.02, 0.024, 0.018, 0.022] * 10})
    until(lambda: service.read("ab-test", "status", id)["test"]["winner"] == "B", "B has won")
    assert service.read("ab-test", "status", id)["test"]["share_b_pct"] == 0
    early = service.gt("ab-test", "rollout", id, "--yes")
    assert (early.code, "is not archived yet" in early.err) == (2, True)

    archived = service.must("ab-test", "analyze", id, "--yes").out
    assert "strategies/heuristic-value-1-two-names.yaml" in archived
    kept = service.read("strategy", "show", "heuristic-value-1-two-names")["strategy"]
    assert (kept["status"], kept["capital"]["allocation_pct"]) == ("paused", 0)

    for share, rollout in ((10, ("rollout", id)), (0, ("rollout", id, "--to", "0"))):
        done = service.must("ab-test", *rollout, "--yes", "--json").document
        assert done["applied"]["in_force"] is True
        shown = service.read("ab-test", "status", id)["test"]
        assert (shown["share_b_pct"], shown["rollout_pct"], shown["winner"]) == (share, share, "B")
    events = [item["event"] for item in service.read("audit", "log", "--type", "ab_test")["events"]]
    assert {"ab_test.create", "ab_test.winner_b", "ab_test.archive", "ab_test.rollout"} <= {*events}
