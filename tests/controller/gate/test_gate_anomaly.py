"""GATE ON ANOMALY (safety section 3) at run time: the gate's socket while latch and permit go bad and come back."""

import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from controller.gate.client import GateClient
from controller.latch.layout import BOOT_AT, UNTIL_AT
from controller.latch.reader import read_boot64
from tests.support.gates import ANN, DOLLAR, MARKS, Home, eventually, make_policy, order, running
from tests.support.venue import MemoryVenue

SECOND = 1_000_000_000


@pytest.fixture
def client(home: Home) -> Iterator[GateClient]:
    """A gate that serves a book with a position, through its socket."""
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    venue.hold(ANN, "AAPL", 100)
    with running(home, make_policy(), venue=venue) as gate, gate.client() as found:
        assert found.submit(order("MSFT"))["ok"]
        yield found


def put(home: Home, at: int, word: int) -> None:
    with home.permit_path.open("r+b") as file:
        file.seek(at)
        file.write(word.to_bytes(8, sys.byteorder))


def now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def expired(home: Home) -> None:
    put(home, UNTIL_AT, now() - 1)


def too_far(home: Home) -> None:
    put(home, UNTIL_AT, now() + 3_600 * SECOND)


def other_boot(home: Home) -> None:
    put(home, BOOT_AT, read_boot64() ^ 1)


def never(home: Home) -> None:
    put(home, UNTIL_AT, 0)


@pytest.mark.parametrize(
    ("spoil", "why"), [(expired, "expired"), (too_far, "too-far"), (other_boot, "other-boot"), (never, "never")]
)
def test_permit_when_not_for_now_then_only_exits_pass_and_it_ends_by_itself(
    home: Home, client: GateClient, spoil: Callable[[Home], None], why: str
) -> None:
    spoil(home)
    assert client.submit(order())["code"] == "REDUCE_ONLY"
    assert client.request("state")["gate"]["permit"] == why
    assert client.submit(order(side="sell", quantity=10))["ok"]
    put(home, BOOT_AT, read_boot64())
    home.permit_for()
    assert client.submit(order())["ok"]


def test_permit_of_another_boot_then_no_time_makes_it_valid(home: Home, client: GateClient) -> None:
    other_boot(home)
    for seconds in (0.001, 1.0, 29.0):
        home.permit_for(seconds)
        assert client.submit(order())["code"] == "REDUCE_ONLY"


def gone(home: Home, name: str) -> None:
    (home.root / name).rename(home.root / "away")


def replaced(home: Home, name: str) -> None:
    content = (home.root / name).read_bytes()
    gone(home, name)
    (home.root / name).write_bytes(content)


def short(home: Home, name: str) -> None:
    os.truncate(home.root / name, 4_000)


def scribbled(home: Home, name: str) -> None:
    with (home.root / name).open("r+b") as file:
        file.write(b"?")


@pytest.mark.parametrize("name", ["raise", "permit"])
@pytest.mark.parametrize("spoil", [gone, replaced, short, scribbled])
def test_half_when_it_goes_bad_then_frozen_but_cancels_pass_nothing_is_made_and_it_ends_by_itself(
    home: Home, client: GateClient, name: str, spoil: Callable[[Home, str], None]
) -> None:
    path, away = home.root / name, home.root / "away"
    content = path.read_bytes()
    spoil(home, name)
    files = sorted(home.root.iterdir())
    eventually(lambda: client.submit(order(side="sell", quantity=1))["code"] == "LATCH_ANOMALY")
    assert client.submit(order())["code"] == "LATCH_ANOMALY"
    assert client.request("cancel", scope="account")["ok"]
    assert sorted(home.root.iterdir()) == files, "the gate made or removed a file"
    if away.exists():
        away.replace(path)
    else:
        with path.open("r+b") as file:
            file.write(content)
    eventually(lambda: bool(client.submit(order(side="sell", quantity=1))["ok"]))
    home.permit_for()
    assert client.submit(order())["ok"]


def test_policy_when_its_file_is_gone_digest_wrong_or_older_then_only_exits_pass_under_the_last_one(
    home: Home, client: GateClient
) -> None:
    version, digest = home.permit.policy
    for named in ((version + 1, digest), (version, digest ^ 1)):
        home.permit.set_policy(*named)
        assert client.submit(order())["code"] == "REDUCE_ONLY"
        assert client.submit(order(side="sell", quantity=1))["ok"]
        home.permit.set_policy(version, digest)
    home.publish(make_policy())
    eventually(lambda: client.request("state")["gate"]["policy_version"] == version + 1)
    home.permit.set_policy(version, digest)
    assert client.submit(order())["code"] == "REDUCE_ONLY"
    assert client.request("state")["gate"]["policy_version"] == version + 1
