"""Which arm of a running A/B test has which symbol in a session.

What is held belongs to the arm that opened it, what an order works on to the arm that sent it, and all else to the arm
that the draw of this session says: each arm is free to act on its draw alone. What came before the test, and what is of
another test, is left to the control, A.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from controller.runner.assignment import PPM, blocked, hashed

CONTROL, VARIANT, NOBODY = "A", "B", ""
OPEN_STATES = ("pending", "working", "unknown")
_HALF = PPM // 2


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

    def owners(
        self, state: Mapping[str, Any], session: str, universe: Collection[str], arms: Collection[str]
    ) -> Callable[[str], str]:
        """The arm of each symbol. Without B among ``arms`` the control has what B held, and nobody what B would have
        drawn."""
        taken, places = self._taken(state), {symbol: place for place, symbol in enumerate(sorted(universe))}

        def owner(symbol: str) -> str:
            arm = taken.get(symbol) or self._drawn(session, symbol, places.get(symbol, len(places)))
            if arm in arms:
                return arm
            return CONTROL if symbol in taken else NOBODY

        return owner

    def _taken(self, state: Mapping[str, Any]) -> dict[str, str]:
        """The arm of each symbol that is held or ordered."""
        working = [item for item in state["orders"] if item["state"] in OPEN_STATES]
        held = [item for item in state["positions"] if item["quantity"]]
        return {item["symbol"]: self._arm(item) for item in (*working, *held) if item["uid"] == self._uid}

    def _arm(self, item: Mapping[str, Any]) -> str:
        return VARIANT if (item["arm"], item["test"]) == (VARIANT, self._test["id"]) else CONTROL

    def _drawn(self, session: str, symbol: str, place: int) -> str:
        test, key = self._test, (self._test["id"], self._test["seed"], self._test["epoch"])
        if test["assignment"] == "blocks" and self.share_b_ppm == _HALF:
            return blocked(*key, session, place)
        return hashed(*key, f"{session} {symbol}", self.share_b_ppm)
