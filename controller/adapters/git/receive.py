"""The bare repo's gate: nothing enters that does not verify, told at push time while the push is in quarantine."""

import os
from collections.abc import Iterable

from controller.adapters.clock import SystemClock
from controller.adapters.git.hooks import tell
from controller.adapters.git.process import QUARANTINE
from controller.adapters.git.source import EVIDENCE_FILE, GitSource
from controller.adapters.git.writer import ZERO
from controller.adapters.signatures.sshsig import check_key, verify
from controller.core.desired.documents import parse
from controller.core.plan.effective import halt_of, open_halts
from controller.core.trust.authority import is_document
from controller.core.trust.case import find
from controller.core.trust.keys import SignatureError
from controller.errors import GtRiskError, Refused
from controller.home import Home
from controller.latch.journal import fold, read_home
from controller.ports import RawCommit
from controller.reconcile.verifier import Now, Verifier
from controller.settings import Settings
from schemas.desired import Desired, HaltDocument, TradingMode
from schemas.halts import Halt, HaltSource
from schemas.status import Refusal, RefusalReason
from schemas.trust import Role

_BOT_REFS = "refs/heads/gt-risk/"


def pre_receive(home: Home, settings: Settings, lines: Iterable[str]) -> int:
    """Judge every ref of one push, given as ``old new ref`` lines; 1 refuses all of it, with reasons on stderr."""
    extra = {name: os.environ[name] for name in QUARANTINE if name in os.environ}
    source = GitSource(home.bare, settings.pins.branch, SystemClock(), extra=extra)
    verifier = Verifier(source, settings.pins, verify, check_key)
    refused = 0
    try:
        for line in lines:
            old, new, ref = line.split()
            refused |= _one(source, verifier, home, settings.pins.branch, old, new, ref)
    finally:
        source.close()
    return refused


def _one(source: GitSource, verifier: Verifier, home: Home, branch: str, old: str, new: str, ref: str) -> int:
    try:
        problem = _misplaced(branch, old, new, ref)
        if problem is None and old != ZERO and not source.is_ancestor(old, new):
            problem = (f"{ref} has moved since your clone was updated", "git pull --rebase -S")
        if problem is not None:
            tell(*problem)
            return 1
        if ref == f"refs/heads/{branch}":
            verifier.advance(old, new, Now(_open_halts(home, source, verifier.desired(old)))).required()
        else:
            _evidence(source, verifier.desired(source.tip()), "" if old == ZERO else old, new)
    except GtRiskError as error:
        tell(error.message, error.hint)
        for line in error.refusal.problems[1:] if isinstance(error, Refused) else ():
            tell(f"  {line}", "")
        return 1
    return 0


def _open_halts(home: Home, source: GitSource, desired: Desired) -> tuple[Halt, ...]:
    """What the journal, the bot's branch and the tree know to be open: the controller judges by the same halts."""
    written = [halt_of(document) for document in desired.halts.values()]
    known: list[Halt] = []
    for path, content in source.evidence().items():
        document = parse(path, content).model
        if isinstance(document, HaltDocument):
            known.append(halt_of(document))
    entries, problems = read_home(str(home.root))
    for problem in problems:
        tell(f"journal: {problem}", "gt risk doctor")
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


def _evidence(source: GitSource, desired: Desired, old: str, new: str) -> None:
    """The bot's branch takes commits by a bot key that add halt records and take none away. Raises Refused."""
    before = dict(source.tree(old)) if old else {}
    for commit in source.commits(old or None, new):
        after = dict(source.tree(commit.tree))
        _bot_signed(commit, desired)
        lost = sorted(path for path, entry in before.items() if after.get(path) != entry)
        odd = sorted(path for path in after if not EVIDENCE_FILE.match(path) or not is_document(path))
        if lost or odd:
            what = f"{lost[0]} is changed or removed" if lost else f"{odd[0]} is no halt record"
            reason = RefusalReason.HALT_RECORD_REMOVED if lost else RefusalReason.NOT_AUTHORIZED_FOR_PATH
            raise Refused(Refusal(commit=commit.id, reason=reason, message=what, fix="add halts/<id>.yaml files only"))
        before = after


def _bot_signed(commit: RawCommit, desired: Desired) -> None:
    try:
        if commit.signature is None:
            raise SignatureError("the commit is not signed")
        signer = find(desired.trust, verify(commit.payload, commit.signature).key)
    except SignatureError as error:
        refusal = Refusal(commit=commit.id, reason=RefusalReason.BAD_SIGNATURE, message=str(error), fix="")
        raise Refused(refusal) from error
    if signer is None or Role.BOT not in signer.roles:
        message = "only the bot's key writes evidence of halts"
        reason = RefusalReason.NOT_AUTHORIZED_FOR_PATH
        raise Refused(Refusal(commit=commit.id, reason=reason, message=message, fix="push to your own branch"))
