"""The bare repo's gate: nothing enters that does not verify, told at push time while the push is in quarantine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.adapters.clock import SystemClock
from controller.adapters.git.reader import Reader
from controller.adapters.git.source import EVIDENCE_FILE, GitSource
from controller.adapters.git.writer import ZERO
from controller.adapters.signatures.kinds import check_key, verify
from controller.core.desired.documents import parse
from controller.core.plan.effective import halt_of, open_halts
from controller.core.trust.authority import is_document
from controller.errors import GtRiskError, Refused
from controller.home import Home
from controller.latch.journal import fold, read_home
from controller.reconcile.bots import Bots
from controller.reconcile.verifier import Now, Verifier
from controller.settings import Settings
from schemas.desired import HaltDocument, TradingMode
from schemas.halts import Halt, HaltSource
from schemas.status import Refusal, RefusalReason

_BOT_REFS = "refs/heads/gt-risk/"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one push, and the lines that its pusher reads."""

    accepted: bool
    said: tuple[str, ...]


def judge(settings: Settings, updates: Iterable[str], objects: Mapping[str, str]) -> Verdict:
    """Judge every ref of one push, given as ``old new ref`` lines: what is refused refuses all of it.

    ``objects``: git's environment that names the push's quarantine. Raises SettingsError.
    """
    source = GitSource(
        Home(settings.home).bare,
        settings.pins.branch,
        SystemClock(),
        extra=objects,
        folder=settings.source.path,
        introduction=settings.pins.introduction,
    )
    push = _Push(settings, source)
    try:
        taken = [push.takes(*update.split()) for update in updates]
    finally:
        source.close()
    return Verdict(all(taken), tuple(push.said))


class _Push:
    """One push under judgement; ``said`` grows by a reason and the next command for whatever is refused."""

    def __init__(self, settings: Settings, source: GitSource) -> None:
        self.said: list[str] = []
        self._home = Home(settings.home)
        self._pins = settings.pins
        self._source = source
        self._verifier = Verifier(source, settings.pins, verify, check_key, ledger=self._home.approvals)

    def takes(self, old: str, new: str, ref: str) -> bool:
        """Whether one ref may move."""
        source, branch = self._source, self._pins.branch
        try:
            problem = _misplaced(branch, old, new, ref)
            if problem is None and old != ZERO and not source.is_ancestor(old, new):
                problem = (f"{ref} has moved since your clone was updated", "git pull --rebase -S")
            if problem is not None:
                self._tell(*problem)
            elif ref == f"refs/heads/{branch}":
                self._verifier.advance(old, new, Now(self._open_halts(old))).required()
            else:
                bots = Bots(self._verifier.acting(source.tip()).trust, verify, self._pins.denied_keys)
                _evidence(source.root, bots, "" if old == ZERO else old, new)
        except GtRiskError as error:
            self._tell(error.message, error.hint)
            self.said += [f"gt-risk:   {line}" for line in _more(error)]
            return False
        return problem is None

    def _open_halts(self, commit: str) -> tuple[Halt, ...]:
        """What the journal, the bot's branch and the tree know to be open: the controller judges by the same halts."""
        desired = self._verifier.acting(commit)
        written = [halt_of(document) for document in desired.halts.values()]
        bots = Bots(desired.trust, verify, self._pins.denied_keys, lambda: self._verifier.trusts(commit))
        files = self._source.evidence(bots.own)
        documents = [parse(path, content).model for path, content in files.items()]
        known = [halt_of(document) for document in documents if isinstance(document, HaltDocument)]
        entries, problems = read_home(str(self._home.root))
        for problem in problems:
            self._tell(f"journal: {problem}", "gt risk doctor")
        recorded = fold(entries).values()
        known += [
            Halt(
                id=item.halt_id,
                scope=item.scope,
                mode=list(TradingMode)[item.mode],
                opened_ns=item.opened_ns // 1_000 * 1_000,
                actor=item.actor,
                source=list(HaltSource)[item.source],
            )
            for item in recorded
        ]
        released = frozenset(item.halt_id for item in recorded if item.released)
        return open_halts(known, desired.cleared, released, written)

    def _tell(self, message: str, hint: str) -> None:
        self.said += [f"gt-risk: {message}", *([f"gt-risk: next: {hint}"] if hint else [])]


def _more(error: GtRiskError) -> Sequence[object]:
    """The mistakes behind the first, which is in the message."""
    return error.refusal.problems[1:] if isinstance(error, Refused) else ()


def _misplaced(branch: str, old: str, new: str, ref: str) -> tuple[str, str] | None:
    """Reason and fix when ``ref`` may not be written at all, whatever the commits are."""
    main = f"refs/heads/{branch}"
    if ref != main and not ref.startswith(_BOT_REFS):
        return f"{ref} is refused: only {branch} lives here", f"git push origin HEAD:{main}"
    if new == ZERO:
        return f"{ref} may not be deleted: history is what everything is judged by", "git revert -S undoes a commit"
    if ref == main and old == ZERO:
        return f"{ref} is made by gt risk init, not by a push", "gt risk init"
    return None


def _evidence(reader: Reader, bots: Bots, old: str, new: str) -> None:
    """The bot's branch takes commits by a bot key that add halt records and take none away. Raises Refused."""
    before = dict(reader.tree(old)) if old else {}
    for commit in reader.commits(old or None, new):
        after = dict(reader.tree(commit.tree))
        bots.require(commit)
        lost = sorted(path for path, entry in before.items() if after.get(path) != entry)
        odd = sorted(path for path in after if not EVIDENCE_FILE.match(path) or not is_document(path))
        if lost or odd:
            what = f"{lost[0]} is changed or removed" if lost else f"{odd[0]} is no halt record"
            reason = RefusalReason.HALT_RECORD_REMOVED if lost else RefusalReason.NOT_AUTHORIZED_FOR_PATH
            raise Refused(Refusal(commit=commit.id, reason=reason, message=what, fix="add halts/<id>.yaml files only"))
        before = after
