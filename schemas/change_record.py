"""What the controller keeps of changes between passes and over a restart: what proved bad, what rolls out."""

from schemas.scalars import CommitId, Model

Loosened = tuple[str, str, str]
"""One loosening by scope, key and the text of its new value: the same in whatever commit it comes again."""


class KnownBad(Model):
    """Loosenings of ``commit`` that were taken back, or that could not be applied, and why; ``at_ns`` Unix time."""

    commit: CommitId
    reason: str
    at_ns: int
    loosened: tuple[Loosened, ...]


class Rollout(Model):
    """A loosening on its way: ``stage`` counts from 0 and began at ``since_ns`` (Unix time) with ``equity``
    (micro-dollars, None while the engine was silent) and the open ``halts`` of then. ``loosened`` is what rolls out:
    another set is another rollout."""

    commit: CommitId
    loosened: tuple[Loosened, ...]
    stage: int
    since_ns: int
    equity: int | None
    halts: tuple[str, ...] = ()


class ChangeRecord(Model):
    """The whole of it."""

    known_bad: tuple[KnownBad, ...] = ()
    rollout: Rollout | None = None
