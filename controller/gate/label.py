"""Which arm of which A/B test an order, a fill or a position belongs to. It says so and decides nothing."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

ARMS = ("A", "B")
MAX_EPOCH = 99
_TEST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?").fullmatch


class Label(NamedTuple):
    """``arm`` of ``test`` in step ``epoch`` of its rollout; without an arm: of no test."""

    arm: str = ""
    test: str = ""
    epoch: int = 0


UNLABELLED = Label()


def parse_label(source: Mapping[str, Any]) -> Label | str:
    """The label of an order from the wire, or the name of its first field that is wrong."""
    if "arm" not in source:
        return "arm" if "test" in source or "epoch" in source else UNLABELLED
    arm, test, epoch = source["arm"], source.get("test"), source.get("epoch", 0)
    if type(arm) is not str or arm not in ARMS:
        return "arm"
    if type(test) is not str or not _TEST(test):
        return "test"
    if type(epoch) is not int or not 0 <= epoch <= MAX_EPOCH:
        return "epoch"
    return Label(arm, test, epoch)
