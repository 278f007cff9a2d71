"""A review: what the commits of a branch would change, against where it began and against where it would land."""

from typing import Literal

from schemas.plan import Change, Direction
from schemas.scalars import CommitId, Model
from schemas.status import Problem, Walk


class Signing(Model):
    """One change that somebody must sign: ``signers`` distinct people with one of ``roles``; ``people`` have one."""

    label: str
    path: str
    direction: Direction
    roles: tuple[str, ...]
    signers: int
    people: tuple[str, ...]


class Review(Model):
    """``base`` and ``head`` are commits, ``fork`` where the head left the base (its merge base).

    ``proposed``: the head against ``fork``. ``landing``: the base's tip against what a merge of both would be; None
    when ``conflict`` says why there is no such merge. ``digest`` is of the plan of that merge, empty without one;
    ``approval`` is what a second signer's landing signature names, empty when nothing asks for more than has signed.
    ``problems``: mistakes of the head's documents, or of the merged ones when only they have any; then nothing is
    compared.
    ``utilisation``: empty when changes carry current figures, else why they do not.
    ``pinned``: what the trust of the base branch was taken from.
    """

    base: CommitId
    head: CommitId
    fork: CommitId
    pinned: Literal["settings", "base branch"]
    proposed: tuple[Change, ...] = ()
    landing: tuple[Change, ...] | None = None
    conflict: str = ""
    signing: tuple[Signing, ...] = ()
    digest: str = ""
    approval: str = ""
    problems: tuple[Problem, ...] = ()
    utilisation: str = ""
    walk: Walk
