"""Observe: fetch → verify → parse, and how old the last verified look at the source is."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from controller.core.plan import staleness
from controller.core.plan.document_intents import ROLLS_BACK
from controller.core.plan.staleness import Rung
from controller.core.trust.commits import CHANNEL, trailers
from controller.core.trust.rules import published
from controller.core.trust.threshold import Needed
from controller.errors import InvalidDesired, Refused, SourceUnavailable
from controller.ports import Clock, RawCommit
from controller.reconcile.publisher import write_durably
from controller.reconcile.verifier import Now, Verified
from schemas.desired import Desired, Staleness
from schemas.status import Refusal, RefusalReason, Revision

_SAVE_EVERY_NS = 60_000_000_000


class Tip(Protocol):
    """What observing needs of :class:`controller.ports.Source`."""

    def tip(self) -> str:
        """The commit of the branch. Raises SourceUnavailable."""
        ...


class Verifies(Protocol):
    """What observing needs of :class:`controller.reconcile.verifier.Verifier`."""

    def advance(self, last_verified: str, tip: str, now: Now | None = None) -> Verified:
        """Verify every commit after ``last_verified`` up to ``tip``."""
        ...

    def desired(self, commit: str) -> Desired:
        """The documents of a commit."""
        ...

    def acting(self, commit: str) -> Desired:
        """The part of a verified commit's documents that has authority."""
        ...

    def remember(self, commit: str) -> None:
        """Keep who approved what up to ``commit`` for the next start."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at the source gave; ``desired`` is the tree of ``revision.last_verified`` less what is ``held``
    for want of approval; ``denied``: a denied key did some of that. ``more``: commits are left to verify, and
    ``desired`` is still what was complete before.
    """

    revision: Revision
    desired: Desired | None
    refusal: Refusal | None = None
    source_error: str = ""
    rung: Rung = "fresh"
    age_seconds: float = 0.0
    held: tuple[Needed, ...] = ()
    denied: bool = False
    more: bool = False


class Observer:
    """Looks at the source and remembers when it was last verified, also over a restart.

    ``age_file`` holds that moment (Unix nanoseconds), written at most once a minute. Open halts have no say here:
    what was accepted once stays verified, and the effective state keeps what is halted halted.
    """

    def __init__(self, source: Tip, verifier: Verifies, clock: Clock, age_file: Path) -> None:
        self._source = source
        self._verifier = verifier
        self._clock = clock
        self._age_file = age_file
        self._saved_ns = 0
        self._verified_boot_ns = clock.boot_ns() - self._age_on_disk()
        self._desired: Desired | None = None
        self._held: tuple[tuple[Needed, ...], bool] = (), False

    @property
    def desired(self) -> Desired | None:
        """The tree of the last verified commit, as far as it has authority."""
        return self._desired

    def observe(self, revision: Revision) -> Seen:
        """Fetch, verify and parse; a source that is down or a refused tip leaves the last verified tree in place."""
        try:
            tip = self._source.tip()
        except SourceUnavailable as error:
            self._restore(revision.last_verified)
            self._look_again(revision.last_verified)
            return self._seen(revision, source_error=error.message)
        revision = revision.model_copy(update={"observed_tip": tip, "last_attempted": tip})
        try:
            advanced = self._verifier.advance(revision.last_verified, tip)
        except (Refused, InvalidDesired, SourceUnavailable) as error:
            self._restore(revision.last_verified)
            return self._failed(revision, tip, error)
        if advanced.more:
            self._restore(revision.last_applied)
        else:
            self._take(advanced)
        self._verifier.remember(advanced.commit)
        if advanced.refusal is None and not advanced.more:
            self._verified_now()
        seen = self._seen(revision.model_copy(update={"last_verified": advanced.commit}), advanced.refusal)
        return replace(seen, more=advanced.more)

    def _look_again(self, commit: str) -> None:
        """Without a source: what is verified, by the pins of now."""
        if commit:
            with contextlib.suppress(Refused, InvalidDesired, SourceUnavailable):
                self._take(self._verifier.advance(commit, commit))

    def _take(self, verified: Verified) -> None:
        self._desired = verified.acting or verified.desired
        self._held = verified.held, verified.denied

    def _failed(self, revision: Revision, tip: str, error: Refused | InvalidDesired | SourceUnavailable) -> Seen:
        if isinstance(error, SourceUnavailable):
            return self._seen(revision, source_error=error.message)
        return self._seen(revision, error.refusal if isinstance(error, Refused) else _invalid(tip, error))

    def _restore(self, commit: str) -> None:
        """After a restart: the tree of what stood before, if it can be read."""
        if self._desired is None and commit:
            with contextlib.suppress(Refused, InvalidDesired, SourceUnavailable):
                self._desired = self._verifier.acting(commit)

    def _seen(self, revision: Revision, refusal: Refusal | None = None, source_error: str = "") -> Seen:
        age = max(0, self._clock.boot_ns() - self._verified_boot_ns) / 1e9
        refusal = published(refusal) if refusal is not None else None
        ladder = self._desired.risk.staleness if self._desired else Staleness()
        return Seen(revision, self._desired, refusal, source_error, staleness.rung(ladder, age), age, *self._held)

    def _verified_now(self) -> None:
        self._verified_boot_ns = self._clock.boot_ns()
        if self._verified_boot_ns - self._saved_ns > _SAVE_EVERY_NS or not self._saved_ns:
            write_durably(self._age_file, f"{self._clock.wall_ns()}\n")
            self._saved_ns = self._verified_boot_ns

    def _age_on_disk(self) -> int:
        try:
            return max(0, self._clock.wall_ns() - int(self._age_file.read_text()))
        except (FileNotFoundError, ValueError):
            return 0


def _invalid(tip: str, error: InvalidDesired) -> Refusal:
    return Refusal(
        commit=tip,
        reason=RefusalReason.SCHEMA_INVALID,
        message=str(error),
        fix=error.hint,
        problems=error.problems,
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a change, from the commits that brought it: for the audit and for acknowledgements.

    ``rolls_back``: it takes back what is in force, and says so.
    """

    actor: str = "controller"
    reason: str = ""
    audit_id: str = ""
    channel: Literal["cli", "api", "git", "controller"] = "controller"
    acknowledged: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    rolls_back: bool = False


def origin_of(commits: tuple[RawCommit, ...]) -> Origin:
    """The newest commit speaks; plan digests count from all of them."""
    if not commits:
        return Origin()
    newest = commits[-1]
    subject = newest.message.partition("\n")[0][:500]
    digests = {digest for commit in commits for digest in trailers(commit.message, "Plan-Digest")}
    audit = (*trailers(newest.message, "Audit-Id"), "")[0]
    return Origin(
        actor=newest.author.partition(" <")[0],
        reason=(*trailers(newest.message, "Reason"), subject)[0],
        audit_id=audit,
        channel=_channel(newest, audit),
        acknowledged=frozenset(digests),
        parents=newest.parents,
        rolls_back=any(trailers(commit.message, ROLLS_BACK) for commit in commits),
    )


def _channel(commit: RawCommit, audit_id: str) -> Literal["cli", "api", "git", "controller"]:
    """Which way it came: what the service made has an audit id, and says when it was not the command line's."""
    if not audit_id:
        return "git" if commit.parents else "controller"
    return "api" if "api" in trailers(commit.message, CHANNEL) else "cli"
