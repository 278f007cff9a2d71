"""One picture of everything that pages, API and streams show, the same for every client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from controller.rpc.client import RpcError

Document = dict[str, Any]
State = Literal["ok", "empty", "stale", "error"]


@dataclass(frozen=True, slots=True)
class Panel:
    """What the controller answered to one method. ``as_of_ns``: Unix nanoseconds of which it speaks, 0 for none.

    ``empty``: an answer with nothing in it. ``stale``: ``document`` is older than it should be, ``reason`` says why.
    ``error``: nothing to show, ``reason`` says why; ``document`` is then None, or all that is known without the engine.
    ``failure`` is what the controller said instead of an answer.
    """

    state: State
    document: Document | None
    as_of_ns: int
    reason: str = ""
    failure: RpcError | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``panels`` by the controller's method; ``version`` rises by one a picture, the first is 1, none yet 0."""

    version: int
    at_ns: int
    panels: Mapping[str, Panel]


NOTHING = Panel("error", None, 0, "nothing was read yet")


def panel(snapshot: Snapshot, name: str) -> Panel:
    """The panel of that name; one that was never read is an error, never a gap."""
    return snapshot.panels.get(name, NOTHING)
