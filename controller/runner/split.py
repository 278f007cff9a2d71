"""Which arm of a running A/B test has which symbol in a session.

What is held belongs to the arm that opened it, what an order works on, or has since the session before, to the arm that
sent it, and all else to the arm that the draw of this session says. So a symbol changes hands only between two
sessions, whatever is cancelled or restarted within one. What came before the test, and what is of another test, is left
to the control, A.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from controller.runner.assignment import PPM, blocked, hashed

CONTROL, VARIANT, NOBODY = "A", "B", ""
OPEN_STATES = ("pending", "working", "unknown")
_HALF = PPM // 2


class Gate(Protocol):
    """What a test needs of the gate."""

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """One request, its reply."""
        ...


class Owners(NamedTuple):
    """``of`` gives the arm of a symbol in one session; ``taken`` are those that nothing was drawn for."""

    of: Callable[[str], str]
    taken: frozenset[str] = frozenset()


class Split:
    """The test of strategy ``uid`` (fields of ``schemas.policy.TestPolicy``)."""

    def __init__(self, uid: str, test: Mapping[str, Any]) -> None:
        self._uid = uid
        self._test = test
        self.share_b_ppm: int = test["share_b_ppm"]

    def allocation(self, arm: str, whole: int) -> int:
        """An arm's share of the strategy's allocation."""
        return whole * (self.share_b_ppm if arm == VARIANT else PPM - self.share_b_ppm) // PPM

    def label(self, arm: str) -> dict[str, Any]:
        """What an order of ``arm`` says of itself."""
        return {"arm": arm, "test": self._test["id"], "epoch": self._test["epoch"]}

    def tell(self, gate: Gate, session: str, signals: Collection[str]) -> None:
        """Hand the gate how many of ``signals`` (the arms that they were drawn for) went to which arm.

        What it cannot keep now is not counted, for neither arm.
        """
        counts = {
            "signals_a": sum(arm == CONTROL for arm in signals),
            "signals_b": sum(arm == VARIANT for arm in signals),
        }
        gate.request(
            "shadow", uid=self._uid, test=self._test["id"], epoch=self._test["epoch"], market_time=session, **counts
        )

    def owners(
        self, state: Mapping[str, Any], sessions: Sequence[str], universe: Collection[str], arms: Collection[str]
    ) -> "Owners":
        """The arm of each symbol in the last of ``sessions``. Without B among ``arms`` the control has what B held, and
        nobody what B would have drawn."""
        session, taken = sessions[-1], self._taken(state, sessions[-2:][0])
        places = {symbol: place for place, symbol in enumerate(sorted(universe))}

        def owner(symbol: str) -> str:
            arm = taken.get(symbol) or self._drawn(session, symbol, places.get(symbol, len(places)))
            if arm in arms:
                return arm
            return CONTROL if symbol in taken else NOBODY

        return Owners(owner, frozenset(taken))

    def _taken(self, state: Mapping[str, Any], since: str) -> dict[str, str]:
        """The arm of each symbol that is held or ordered; open orders come last in ``state``."""
        ordered = [item for item in state["orders"] if item["state"] in OPEN_STATES or item["market_time"] >= since]
        held = [item for item in state["positions"] if item["quantity"]]
        return {item["symbol"]: self._arm(item) for item in (*ordered, *held) if item["uid"] == self._uid}

    def _arm(self, item: Mapping[str, Any]) -> str:
        return VARIANT if (item["arm"], item["test"]) == (VARIANT, self._test["id"]) else CONTROL

    def _drawn(self, session: str, symbol: str, place: int) -> str:
        test, key = self._test, (self._test["id"], self._test["seed"], self._test["epoch"])
        if test["assignment"] == "blocks" and self.share_b_ppm == _HALF:
            return blocked(*key, session, place)
        return hashed(*key, f"{session} {symbol}", self.share_b_ppm)
