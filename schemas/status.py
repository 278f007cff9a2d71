"""Conditions and revisions: what the controller says of itself."""

from enum import StrEnum
from typing import Literal

from schemas.scalars import Model


class ConditionType(StrEnum):
    """The conditions of the controller; ``NoData`` and the like belong to one object (``scope``)."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    DRIFTED = "Drifted"
    SOURCE_STALE = "SourceStale"
    HISTORY_REWRITTEN = "HistoryRewritten"
    TARGET_MISMATCH = "TargetMismatch"
    BYPASS_ACTIVE = "BypassActive"
    NO_DATA = "NoData"


class Condition(Model):
    """One statement: ``reason`` is a CamelCase machine word; ``message`` names the next command if there is one."""

    type: ConditionType
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    revision: str = ""
    scope: str = "account"
    since_ns: int = 0


class Revision(Model):
    """Commit ids, kept apart; empty when there is none yet."""

    observed_tip: str = ""
    last_verified: str = ""
    last_attempted: str = ""
    last_applied: str = ""
    last_known_good: str = ""


class RefusalReason(StrEnum):
    """Why a commit changes nothing."""

    UNSIGNED = "Unsigned"
    UNKNOWN_KEY = "UnknownKey"
    KEY_DENIED = "KeyDenied"
    BAD_SIGNATURE = "BadSignature"
    NOT_AUTHORIZED_FOR_PATH = "NotAuthorizedForPath"
    NOT_AUTHORIZED_FOR_DIRECTION = "NotAuthorizedForDirection"
    THRESHOLD_NOT_MET = "ThresholdNotMet"
    NOT_DESCENDANT = "NotDescendant"
    WRONG_TARGET = "WrongTarget"
    SCHEMA_INVALID = "SchemaInvalid"
    UNSAFE_PLAN = "UnsafePlan"
    CONCURRENT_WITH_TRUST_CHANGE = "ConcurrentWithTrustChange"
    HALT_RECORD_REMOVED = "HaltRecordRemoved"
    HALT_OPEN_ON_OBJECT = "HaltOpenOnObject"
    UID_CHANGED = "UidChanged"
    TOO_LARGE = "TooLarge"
    BAD_OBJECT = "BadObject"
    NOT_LANDED = "NotLanded"


class Problem(Model):
    """One mistake in a document, with the place and what to write instead. Lines and columns start at 1."""

    path: str
    line: int
    column: int
    message: str
    fix: str = ""

    def document(self) -> dict[str, object]:
        """The fields, and under ``text`` the whole line."""
        return {**self.model_dump(mode="json"), "text": str(self)}

    def __str__(self) -> str:
        """``file:line:column: message (fix: …)``."""
        return f"{self.path}:{self.line}:{self.column}: {self.message}" + (f" (fix: {self.fix})" if self.fix else "")


class Refusal(Model):
    """Why ``commit`` is refused, and the cheapest way on."""

    commit: str
    reason: RefusalReason
    message: str
    fix: str = ""
    problems: tuple[Problem, ...] = ()


class Judged(Model):
    """What verification says of one commit: ``waits`` for an earlier one that is refused, though good by itself."""

    commit: str
    author: str
    subject: str
    state: Literal["verified", "refused", "waits"]
    refusal: Refusal | None = None


class Walk(Model):
    """The commits from the last verified one (empty: from the pinned introduction) to ``tip``, oldest first.

    ``left_out``: how many of them were too many to look at.
    """

    since: str
    tip: str
    commits: tuple[Judged, ...] = ()
    left_out: int = 0
