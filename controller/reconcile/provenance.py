"""Which commit gave each limit the value that it has, and which brought the account into each learning phase: a commit
sets what differs from every parent of it.

Told of verified history only. Who changed a value and back again set it, a merge that takes a side's value did not.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core.plan.learning_intents import DESPITE
from controller.core.trust.commits import trailers
from controller.ports import RawCommit, Source
from controller.reconcile.trees import Trees
from schemas.desired import Desired
from schemas.learning import Entered, Learning
from schemas.limits import LIMITS
from schemas.risk import SetBy

PATH = "risk_config.yaml"
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known at one commit: the blob of PATH, the values in it, where each comes from, and phases so far."""

    blob: str
    values: Values
    origins: Mapping[str, SetBy]
    phases: tuple[Entered, ...] = ()


@dataclass(slots=True)
class Provenance:
    """Of one repo; it remembers up to where it has looked, and looks only at what came since.

    Safe for several threads.
    """

    source: Source
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tip: str = ""
    _known: dict[str, _Known] = field(default_factory=dict)
    _written: dict[str, tuple[SetBy, str]] = field(default_factory=dict)
    _trees: Trees = field(init=False)

    def __post_init__(self) -> None:
        self._trees = Trees(self.source)

    def of(self, commit: str) -> Mapping[str, SetBy]:
        """By limit name and ``shadow:`` + name, at a verified commit, and by ``phase`` for what limits act as in it.
        Raises Refused, SourceUnavailable."""
        return self._at(commit).origins

    def written(self, commit: str) -> tuple[SetBy, str]:
        """A verified commit's author and time, and its first parent, empty for the first commit. Raises Refused,
        SourceUnavailable."""
        self._at(commit)
        return self._written[commit]

    def phases(self, commit: str) -> tuple[Entered, ...]:
        """The phases up to a verified commit, oldest first. Raises Refused, SourceUnavailable."""
        return self._at(commit).phases

    def _at(self, commit: str) -> _Known:
        with self._lock:
            if self._tip and not self.source.is_ancestor(self._tip, commit):
                self._tip, self._known = "", {}
            for raw in self.source.history(self._tip or None, commit):
                self._known[raw.id] = self._look(raw)
                self._written[raw.id] = _author(raw), raw.parents[0] if raw.parents else ""
            self._tip = commit
            return self._known[commit]

    def _look(self, raw: RawCommit) -> _Known:
        entry = self.source.tree(raw.tree).get(PATH)
        blob = entry.id if entry is not None else ""
        parents = [self._known[parent] for parent in raw.parents if parent in self._known]
        same = next((parent for parent in parents if parent.blob == blob), None)
        if same is not None:
            return same
        if not blob:
            return _Known(blob, {}, {})
        desired = self._trees.desired(raw.id)
        values = _values(desired)
        own = _author(raw)
        origins = {name: _origin(name, value, parents, own) for name, value in values.items()}
        return _Known(blob, values, origins, _phases(desired.risk.learning, parents, raw, own))


def _author(raw: RawCommit) -> SetBy:
    return SetBy(commit=raw.id, author=raw.author.partition(" <")[0], at_ns=raw.time * 1_000_000_000)


def _origin(name: str, value: object, parents: list[_Known], own: SetBy) -> SetBy:
    return next((item.origins[name] for item in parents if name in item.values and item.values[name] == value), own)


def _phases(learning: Learning, parents: list[_Known], raw: RawCommit, own: SetBy) -> tuple[Entered, ...]:
    """What a parent in the same phase knows, else the longest history with this one added."""
    known = sorted((item.phases for item in parents), key=len, reverse=True)
    same = next((item for item in known if item and item[-1].number == learning.number), None)
    if same is not None:
        return same
    entered = Entered(
        number=learning.number,
        name=learning.phase.name,
        started=learning.started,
        commit=own.commit,
        author=own.author,
        at_ns=own.at_ns,
        reason=" ".join(trailers(raw.message, "Reason")),
        despite=trailers(raw.message, DESPITE),
    )
    return (*(known[0] if known else ()), entered)


def _values(desired: Desired) -> Values:
    risk, found = desired.risk, dict[str, object]()
    for limit in LIMITS:
        section = risk.hard_limits if limit.hard else risk.soft_limits
        found[limit.name] = getattr(getattr(section, limit.group), limit.key)
        found[f"shadow:{limit.name}"] = limit.name in risk.shadow
    found["phase"] = (risk.learning.number, risk.learning.phase)
    return found
