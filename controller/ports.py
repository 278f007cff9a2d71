"""The ports: what the controller needs from the world, each with its contract.

Every method is synchronous, bounded in time, called from worker threads; ``tests/contract`` holds adapters and twins.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from controller.trial_ports import TrialStore
from schemas.audit import AuditEntry, AuditRecord, ChainReport
from schemas.edits import Applied, Proposal, Request
from schemas.halts import Adoption, Halt
from schemas.learning import Entered, Learned
from schemas.live import Decision, FillView, LiveState, OrderView, PositionView
from schemas.overview import Overview
from schemas.plan import Difference, Plan, Planned
from schemas.risk import SetBy, SignedBy
from schemas.status import Revision, Walk
from schemas.trials import Outlook


class Clock(Protocol):
    """Time as a port. No other part of the controller asks the system for the time."""

    def wall_ns(self) -> int:
        """Unix time in nanoseconds: for audit, alerts, sampling; may jump."""
        ...

    def boot_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds: never jumps, counts suspend; for permit, ages and bounds."""
        ...


@dataclass(frozen=True, slots=True)
class RawCommit:
    """One commit object. ``payload`` is the exact bytes that were signed (the object without its signature).

    ``apart``: it is of a larger repository, and leaves the folder of the documents as every parent has it.
    """

    id: str
    parents: tuple[str, ...]
    tree: str
    author: str
    committer: str
    time: int
    message: str
    payload: bytes
    signature: bytes | None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One tree entry below the documents' folder: git mode (``100644``), object type, object id."""

    mode: str
    kind: Literal["blob", "tree", "commit"]
    id: str


class Source(Protocol):
    """The config repo as the controller sees it. Never runs hooks, never follows replace refs or lazy fetch."""

    def tip(self) -> str:
        """Observe the branch (fetching a remote within its timeout). Raises SourceUnavailable."""
        ...

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or one of its ancestors; False when ``old`` is unknown."""
        ...

    def commits(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """Commits in ``since..tip``, parents before children; whole history when ``since`` is None.

        Raises Refused(TooLarge) beyond 5,000 commits or 64 kB for a commit.
        """
        ...

    def history(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """As :meth:`commits` of what is verified already, however many there are."""
        ...

    def step(self, since: str | None, tip: str) -> str:
        """Up to where one pass may verify: ``tip``, or an older commit of its line when more than 5,000 are new."""
        ...

    def merge_bases(self, left: str, right: str) -> frozenset[str]:
        """The best common ancestors of two commits: several for criss-cross merges, none for unrelated histories."""
        ...

    def tree(self, commit: str) -> Mapping[str, Entry]:
        """Every entry at the root and inside known folders (depth 2) of a commit or tree id, by path.

        Raises Refused(TooLarge | BadObject).
        """
        ...

    def blob(self, blob_id: str) -> bytes:
        """Content of a blob of at most 256 kB. Raises Refused(TooLarge)."""
        ...

    def stage(self, parent: str, files: Mapping[str, bytes | None], author: str, time: int, message: str) -> bytes:
        """Write blobs and trees for ``parent`` with ``files`` replaced (None removes); return the commit's
        payload for signing. Moves no branch: the objects stay unreachable until :meth:`land`."""
        ...

    def seal(self, payload: bytes, signature: bytes) -> str:
        """Write the signed commit and move no branch, so that it can be verified before it lands; its id."""
        ...

    def land(self, payload: bytes, signature: bytes) -> str:
        """Write the signed commit and move the branch from the payload's parent to it (compare and swap).

        Returns the commit id. Raises Raced when the branch has moved, SourceUnavailable when it cannot be reached.
        """
        ...

    def publish_evidence(self, files: Mapping[str, bytes], message: str, own: Callable[[RawCommit], bool]) -> str:
        """Add files in one bot-signed commit on branch gt-risk/halts; returns its id. Never touches a human branch.

        Raises SourceUnavailable while the branch ends with a commit that is not the bot's ``own``.
        """
        ...

    def evidence(self, own: Callable[[RawCommit], bool]) -> Mapping[str, bytes]:
        """The files on branch gt-risk/halts as the newest commit left them that is the bot's ``own``; else empty."""
        ...


class Store(Protocol):
    """Durable facts and series. What a method wrote is durable (fsync) when it returns. Raises StoreUnavailable."""

    @property
    def tests(self) -> TrialStore:
        """What was seen of A/B tests."""
        ...

    def append_audit(self, entry: AuditEntry) -> AuditRecord:
        """Append to the chain; concurrent processes are serialised."""
        ...

    def audit(
        self, *, event: str = "", actor: str = "", level: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[AuditRecord]:
        """Newest first. ``event`` filters by prefix (``config`` matches ``config.change``)."""
        ...

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """The chain from behind record ``seq`` on, oldest first, at most ``limit`` records."""
        ...

    def verify_audit(self) -> ChainReport:
        """Recompute the whole chain against the separately kept head; finds any change, gap or cut."""
        ...

    def open_intents(self) -> Sequence[AuditRecord]:
        """Intents that no outcome has closed, oldest first; without walking the chain."""
        ...

    def audited(self, audit_ids: Collection[str]) -> frozenset[str]:
        """Those of ``audit_ids`` that some record carries."""
        ...

    def revision(self) -> Revision:
        """The last saved revision, empty fields before the first."""
        ...

    def save_revision(self, revision: Revision) -> None:
        """Replace it."""
        ...

    def save_plan(self, plan: Plan, at_ns: int, outcome: str) -> None:
        """Keep an applied (or refused) plan under its digest; the same plan again updates time and outcome."""
        ...

    def plan(self, digest: str) -> Plan | None:
        """The plan kept under ``digest``."""
        ...

    def halts(self, *, only_open: bool = True) -> Sequence[Halt]:
        """Halts known to the store."""
        ...

    def save_halt(self, halt: Halt) -> None:
        """Insert, or update the facts and the reason of a halt with the same id."""
        ...

    def release_halt(self, halt_id: str, at_ns: int, commit: str) -> None:
        """Mark released; for ever."""
        ...

    def released(self) -> frozenset[str]:
        """Ids of all released halts."""
        ...

    def peaks(self) -> Mapping[str, int]:
        """High-water mark by scope (``account`` or uid), micro-dollars."""
        ...

    def save_peaks(self, peaks: Mapping[str, int]) -> None:
        """Upsert."""
        ...

    def add_samples(self, series: str, at_ns: int, market_time: str, values: Mapping[str, int]) -> None:
        """A row per key: ``equity`` (1 s), ``positions`` (5 s), ``metrics`` (1 min), ``prices``, ``sessions`` (day)."""
        ...

    def samples(self, series: str, key: str, since_ns: int, until_ns: int) -> Sequence[tuple[int, int]]:
        """(at_ns, value) oldest first, at the finest resolution kept."""
        ...

    def retain(self, now_ns: int) -> None:
        """Keep 1 s for 24 h, 1 min for 90 days, daily for ever; idempotent, bounded work per call."""
        ...

    def save_book(self, live: LiveState) -> None:
        """Keep the book as read: positions replaced, orders upserted."""
        ...

    def positions(self) -> Sequence[PositionView]:
        """Positions of the last book kept."""
        ...

    def orders(self, uid: str = "", limit: int = 50) -> Sequence[OrderView]:
        """Orders of ``uid`` (all when empty), newest first."""
        ...

    def add_fills(self, book: str, fills: Iterable[FillView]) -> None:
        """Keep fills of a book as the engine logged them; the same one (``seq``) again changes nothing."""
        ...

    def fills(self, book: str, uid: str = "", limit: int = 50, test: str = "") -> Sequence[FillView]:
        """Fills of ``uid`` and of the A/B test ``test`` (all when empty) in one book, newest first."""
        ...

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """Keep gate decisions; the same one (``seq`` and time) again changes nothing."""
        ...

    def decisions(self, limit: int = 50) -> Sequence[Decision]:
        """Newest first."""
        ...

    def decided(self, since_ns: int) -> Mapping[str, int]:
        """How many decisions about a limit there were since then, by kind (``denied``, ``warned``, ``reduced``)."""
        ...

    def close(self) -> None:
        """Release connections; idempotent."""
        ...


class Configuration(Protocol):
    """What may be asked about documents and commits, changing nothing. ``ref`` is a commit id, the tip when empty."""

    def documents(self, ref: str) -> tuple[str, Mapping[str, str]]:
        """The commit, and the text of each of its documents by path. Raises Refused, SourceUnavailable."""
        ...

    def difference(self, ref: str, files: Mapping[str, str] | None) -> Difference:
        """``files`` (or the documents of ``ref``) against what is in force. Raises InvalidDesired, Refused."""
        ...

    def walk(self, ref: str) -> Walk:
        """Judge each commit from the last verified one up to ``ref``. Raises Refused(TooLarge), SourceUnavailable."""
        ...


class Control(Protocol):
    """What the CLI, the API and the dashboard may ask of the running controller (or of its offline stand-in)."""

    def overview(self) -> Overview:
        """The newest picture; never blocks."""
        ...

    def origins(self) -> Mapping[str, SetBy]:
        """Which commit gave each limit of what is applied its value, by limit name, and by ``shadow:`` + name whether
        it is in shadow; empty before anything is applied. Raises Refused, SourceUnavailable."""
        ...

    def signed(self) -> SignedBy | None:
        """Who wrote and who signed the commit that is applied; None before anything is. Raises Refused,
        SourceUnavailable."""
        ...

    def phases(self) -> Sequence[Entered]:
        """The learning phases that verified commits brought the account into, oldest first, up to what is applied;
        empty before anything is. Raises Refused, SourceUnavailable."""
        ...

    def learned(self) -> Learned:
        """What the last month has taught. Raises StoreUnavailable."""
        ...

    def wake(self, reason: str) -> None:
        """Reconcile soon; carries no payload."""
        ...

    def adopt_halts(self) -> Adoption:
        """Look at the latch now and wake the emergency lane, which takes what is new into store and audit right after
        this has returned: it waits for neither."""
        ...

    def propose(self, request: Request) -> Proposal:
        """Edit, validate, compile and plan on the newest tip. Raises InvalidDesired, Refused, GtRiskError."""
        ...

    def land(self, payload: bytes, signature: bytes) -> str:
        """Verify as the hook does, move the branch, wake the loop; the commit id. Raises Refused, Raced."""
        ...

    def wait_applied(self, commit: str, timeout: float) -> Applied:
        """Wait until ``commit`` (or a descendant) is in force by the engine's own read-back, or say what holds it."""
        ...

    def reload(self, actor: str, reason: str, timeout: float) -> Applied:
        """Look at the source now, audited, and wait as :meth:`wait_applied` does for the tip that it has."""
        ...

    @property
    def configuration(self) -> Configuration:
        """Documents and commits."""
        ...

    def plan(self, ref: str) -> Planned:
        """The plan from what is applied to ``ref`` (empty: the tip), and what would hold its loosening."""
        ...

    def audit(self, *, event: str, actor: str, level: str, since_ns: int, limit: int) -> Sequence[AuditRecord]:
        """Newest first."""
        ...

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """The chain from behind record ``seq`` on, oldest first, at most ``limit`` records."""
        ...

    def verify_audit(self) -> ChainReport:
        """Check the chain."""
        ...

    @property
    def tests(self) -> TrialStore:
        """What was seen of A/B tests."""
        ...

    def outlook(self, plan: Mapping[str, Any]) -> Outlook:
        """What an A/B test can see that has ``plan`` (:func:`controller.core.experiments.question.plan_of`). Raises
        FiguresUnavailable, also where no service runs."""
        ...
