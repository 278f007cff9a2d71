"""Errors, sorted by what the caller can do::

GtRiskError                 every error of ours; carries the operator's next command (``hint``)
├── Refused                 a commit is not accepted: nothing changes, last-known-good stays
├── InvalidDesired          documents with mistakes: all of them at once (``problems``)
├── Temporary               try again later (``retry_after`` seconds)
│   ├── SourceUnavailable   git cannot be reached or read in time
│   ├── StoreUnavailable    the store cannot be reached or written
│   ├── EngineUnavailable   the gate or the venue does not answer
│   └── FiguresUnavailable  the process that computes risk and return does not answer
├── Permanent               trying again cannot help
│   ├── SettingsError       settings or home folder are wrong
│   ├── ChannelRefused      a message will never be taken
│   └── LeaseLost           another controller has the lease: stop at once
└── Raced                   somebody else moved the branch first: plan again on the newer tip
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # gate, runner and CLI raise these errors without paying for pydantic
    from schemas.status import Problem, Refusal


class GtRiskError(Exception):
    """Base. ``hint`` is the command or act that helps next; the CLI prints it on its own line."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Refused(GtRiskError):
    """A commit is refused; ``refusal`` says which, why, and the cheapest fix."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason.value}: {refusal.message}", refusal.fix)
        self.refusal = refusal


class InvalidDesired(GtRiskError):
    """Every mistake of a set of documents."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems), "gt risk config validate")
        self.problems = problems


class Temporary(GtRiskError):
    """May succeed later; ``retry_after`` in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0, hint: str = "") -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class SourceUnavailable(Temporary):
    """Git cannot be reached or read in time."""


class StoreUnavailable(Temporary):
    """The store cannot be reached or written."""


class EngineUnavailable(Temporary):
    """The gate or the venue does not answer."""


class FiguresUnavailable(Temporary):
    """The process that computes the figures of risk and return does not answer."""


class ChannelUnavailable(Temporary):
    """A message could not be handed over."""


class Permanent(GtRiskError):
    """Trying again cannot help."""


class ChannelRefused(Permanent):
    """A message will never be taken."""


class SettingsError(Permanent):
    """Settings or home folder are wrong."""


class LeaseLost(Permanent):
    """Another controller has the lease."""


class Raced(GtRiskError):
    """Somebody else moved the branch first."""
