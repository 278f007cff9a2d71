"""SIGKILL at every line while a stop moves: the position has the old stop or the new one, at any moment one of them."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from controller.adapters.venues import durability, fence, ledger, paper, records
from controller.gate import desk as desk_module
from controller.gate import exits, protection
from controller.gate.authority import Authority
from controller.gate.desk import Desk
from controller.gate.policy import PolicyKeeper
from tests.support.dying import dies_at
from tests.support.gates import ANN, DOLLAR, Home, make_policy
from tests.support.gates import order as request
from tests.support.paper import FREE, feed_of, next_session, open_paper, order

FEED = feed_of({"AAA": [10.0] * 6})
HELD = 100
MODULES = (desk_module, exits, protection, paper, fence, ledger, records, durability)
pytestmark = pytest.mark.timeout(180)


def prepare(folder: Path) -> None:
    """A book that is long HELD shares under a stop at $8."""
    venue = open_paper(folder, FEED, FREE)
    venue.submit(order(1, 1, HELD, uid=ANN))
    next_session(venue)
    venue.submit(order(2, -1, HELD, uid=ANN, client_id="op-stop-old", type="stop", stop=8 * DOLLAR, reduce_only=True))
    venue.close()


def move_the_stop(desk: Desk) -> None:
    wish = request("AAA", "sell", HELD, client_id="op-stop-new", type="stop", stop=9 * DOLLAR)
    assert exits.submit_exit(desk, wish).ok


def exit_a_part(desk: Desk) -> None:
    assert protection.submit(desk, request("AAA", "sell", 30, client_id="own")).ok


def close_at_market(desk: Desk) -> None:
    assert exits.submit_exit(desk, request("AAA", "sell", HELD, client_id="op-close-1")).ok


def working(folder: Path) -> list[tuple[str, int]]:
    """What the next gate finds: client id and open shares."""
    venue = open_paper(folder, FEED, FREE)
    found = [(item.client_id, item.quantity - item.filled) for item in venue.book().orders.values()]
    venue.close()
    return sorted(found)


@pytest.mark.parametrize(
    ("act", "after"),
    [
        (move_the_stop, [("op-stop-new", HELD)]),
        (exit_a_part, [("op-stop-old", 70), ("own", 30)]),
        (close_at_market, [("op-close-1", HELD)]),
    ],
)
def test_stop_when_the_gate_dies_at_any_line_then_the_whole_position_stays_covered(
    tmp_path: Path, act: Callable[[Desk], None], after: list[tuple[str, int]]
) -> None:
    prepare(tmp_path / "start")
    home = Home(tmp_path)
    home.publish(make_policy())
    home.permit_for()
    found = []
    for number in count(1):
        folder = tmp_path / f"died-{number}"
        shutil.copytree(tmp_path / "start", folder)

        def die(arm: Callable[[], None], folder: Path = folder) -> None:
            desk = Desk(open_paper(folder, FEED, FREE), Authority(home.reader(), PolicyKeeper(home.policies, "paper")))
            desk.refresh(desk.clocks.boot_ns(), force=True)
            arm()
            act(desk)

        killed = dies_at(number, MODULES, die)
        found.append(working(folder))
        if not killed:
            break
    home.permit.close()
    assert found[0] == [("op-stop-old", HELD)]
    assert found[-1] == after
    assert all(item in (found[0], found[-1]) for item in found)
