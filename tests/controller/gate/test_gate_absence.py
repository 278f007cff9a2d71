"""Absent is deny: without any one field that the gate reads, no order that enters a position passes (design 2, 5)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from controller.gate.check import check
from controller.gate.policy import ORDER_LIMITS, PolicyRefused, parse
from controller.gate.verdicts import Allow
from schemas.policy import Snapshot, digest_of
from tests.support.books import NOW, ask, make_book
from tests.support.gates import ANN, make_policy

Path = tuple[str | int, ...]
SNAPSHOT = Snapshot(version=1, fence=1, book="b" * 32, environment="paper", policies=(make_policy(),))
POLICY: Path = ("policies", 0)
UNREAD = {
    ("book",),
    *((*POLICY, name) for name in ("account", "halts", "written")),
    *((*POLICY, "strategies", ANN, name) for name in ("id", "name", "module", "parameters")),
    *((*POLICY, "limits", name) for name in SNAPSHOT.policies[0].limits if name not in ORDER_LIMITS),
    *((*POLICY, "sectors", symbol) for symbol in SNAPSHOT.policies[0].sectors),
}
"""What decides no order of its own strategy; a symbol without a sector is ``Unclassified``, which is one as well."""


def document() -> dict[str, Any]:
    """The snapshot as its file holds it, with one strategy, so that every field belongs to the one that submits."""
    source: dict[str, Any] = json.loads(SNAPSHOT.text())
    source["policies"][0]["strategies"] = {ANN: source["policies"][0]["strategies"][ANN]}
    return source


def paths(value: object, at: Path = ()) -> Iterator[Path]:
    """Where each key of each object is, at every depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(value, dict):
            yield (*at, key)
        yield from paths(inner, (*at, key))


def without(path: Path) -> bytes:
    """The snapshot file with one field gone and its digest made anew."""
    source = document()
    *above, last = path
    holder: Any = source
    for key in above:
        holder = holder[key]
    del holder[last]
    if path != ("digest",):
        source["digest"] = digest_of(source.get("policies"))
    return json.dumps(source).encode()


def passes(data: bytes, side: str) -> bool:
    """Whether a gate that finds this file lets an order enter; a refused file leaves it frozen."""
    try:
        snapshot = parse(data)
    except PolicyRefused:
        return False
    found = [check(policy, make_book(), ask(side=side), NOW) for policy in snapshot.policies]
    return bool(found) and all(isinstance(verdict, Allow) for verdict in found)


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("path", list(paths(document())), ids=lambda path: ".".join(map(str, path)))
def test_field_when_absent_then_no_entry_passes_but_for_what_no_check_reads(path: Path, side: str) -> None:
    assert passes(without(path), side) is (path in UNREAD)
