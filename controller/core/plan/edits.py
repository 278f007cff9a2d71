"""What every intent works with: the situation it is judged in, the edits it becomes, and how it is refused."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from controller.core.plan.drawdown import Drawdown
from controller.errors import GtRiskError
from schemas.edits import Edit
from schemas.halts import Halt
from schemas.trials import Trial


class BadArgument(GtRiskError):
    """What was asked cannot be meant: an unknown name, a value out of range, a missing choice."""


class NothingToDo(GtRiskError):
    """What was asked for already holds."""


class History(Protocol):
    """Documents of earlier commits, for the intents that speak of one."""

    def documents(self, commit: str) -> Mapping[str, str]:
        """Content id of every document of ``commit`` by path. Raises Refused when it cannot be read."""
        ...

    def text(self, content_id: str) -> str:
        """The document with that content id. Raises Refused."""
        ...

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or one of its ancestors."""
        ...


@dataclass(frozen=True, slots=True)
class Situation:
    """What an intent is judged against besides the desired tree.

    ``halts`` — every open halt; ``drawdowns`` — by ``account`` or uid, as they stand now; ``actor`` and ``reason`` as
    they go into the record; ``new_uid`` — makes a fresh random uid; ``waiting`` — what waits for approval at the tip;
    ``trials`` — where A/B tests stand, by id.
    """

    halts: Sequence[Halt]
    drawdowns: Mapping[str, Drawdown]
    actor: str
    reason: str
    history: History
    new_uid: Callable[[], str]
    waiting: Sequence[str] = ()
    trials: Mapping[str, Trial] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits and their words: ``subject`` of the commit, ``previous`` → ``new``, ``notes`` for "This will:",
    ``trailers`` for machines."""

    edits: tuple[Edit, ...]
    subject: str
    previous: str
    new: str
    notes: tuple[str, ...]
    trailers: tuple[str, ...] = ()


def unknown(kind: str, name: str, known: Mapping[str, object], listing: str) -> BadArgument:
    """The refusal of a name that is not in ``known``, with the nearest ones; ``listing`` shows them all."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    near = near or [item for item in known if item.endswith(f".{name}")]
    return BadArgument(f"no {kind} {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""), listing)
