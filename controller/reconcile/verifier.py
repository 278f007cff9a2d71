"""From the last verified commit to the tip: every commit, in order, judged by the policy of its parent."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.core.desired.documents import FOLDERS, DocumentCache, is_relevant, read_desired
from controller.core.desired.transition import validate_transition
from controller.core.plan.effective import halt_of
from controller.core.policy.direction import compare_desired
from controller.core.trust.authority import TRUST
from controller.core.trust.case import Case, Pinned
from controller.core.trust.keys import SignatureError, Signed
from controller.core.trust.rules import (
    CHANGE_RULES,
    INTRODUCTION_RULES,
    INTRODUCTION_TREE_RULES,
    SIGNER_RULES,
    Rule,
    judge,
)
from controller.errors import InvalidDesired, Refused, SettingsError
from controller.ports import Entry, RawCommit, Source
from schemas.desired import Desired
from schemas.halts import Halt
from schemas.status import Refusal, RefusalReason
from schemas.trust import Trust

_KEPT = 64
_FILE = "100644"
Signature = tuple[Signed | None, str]


@dataclass(frozen=True, slots=True)
class Verified:
    """How far verification came: ``commit`` is verified, ``desired`` its documents, ``commits`` what was verified on
    the way, oldest first; ``refusal`` says why the next one is refused (None: ``commit`` is the tip)."""

    commit: str
    desired: Desired
    commits: tuple[str, ...] = ()
    refusal: Refusal | None = None

    def required(self) -> "Verified":
        """Itself. Raises Refused when something was refused."""
        if self.refusal is not None:
            raise Refused(self.refusal)
        return self


@dataclass(frozen=True, slots=True)
class Now:
    """What holds at this moment and no commit says: for judging a commit that is not accepted yet, never history.

    A verdict on an accepted commit must not change when a halt lands after it: the embedded repo takes no rewind.
    """

    open_halts: Sequence[Halt] = ()


class Verifier:
    """Verifies the history of ``source`` against ``pins``. Safe for several threads, one at a time.

    ``check`` verifies a signature over a payload and ``check_key`` a key alone; both raise SignatureError.
    """

    def __init__(
        self,
        source: Source,
        pins: Pinned,
        check: Callable[[bytes, bytes], Signed],
        check_key: Callable[[bytes], None] | None = None,
        sectors: Mapping[str, str] | None = None,
    ) -> None:
        self._source = source
        self._pins = pins
        self._check = check
        self._check_key = check_key
        self._sectors = sectors
        self._documents = DocumentCache()
        self._blobs: dict[str, bytes] = {}
        self._desired: OrderedDict[str, Desired] = OrderedDict()
        self._judged: OrderedDict[str, None] = OrderedDict()
        self._tree_uids: dict[str, frozenset[str]] = {}
        self._lock = threading.RLock()

    def advance(self, last_verified: str, tip: str, now: Now | None = None) -> Verified:
        """Verify every commit after ``last_verified`` (empty: from the pinned introduction) up to ``tip``.

        The verdict on history follows from history alone; ``now`` adds what only a commit that is about to be
        accepted (hook, landing) must also satisfy.
        The furthest verified commit and the refusal that stopped it. Raises Refused when not even the introduction
        passes or ``last_verified`` cannot be read; SourceUnavailable; SettingsError without pins.
        """
        with self._lock:
            if not self._pins.introduction or not self._pins.fingerprints:
                raise SettingsError("no introduction is pinned: nothing is trusted on first use", "gt risk init")
            done: list[str] = []
            refusal: Refusal | None = None
            try:
                chain = self._chain(last_verified, tip)
                new = [commit for commit in chain if commit.id not in self._judged]
                signatures = {commit.id: self._signature(commit) for commit in reversed(new)}
                for commit in chain:
                    if commit.id in signatures:
                        self._verify(commit, signatures[commit.id])
                    self._accept(commit, now)
                    done.append(commit.id)
            except Refused as error:
                refusal = error.refusal
                if not done and not last_verified:
                    raise
            reached = done[-1] if done else last_verified
            return Verified(reached, self.desired(reached), tuple(done), refusal)

    def desired(self, commit: str) -> Desired:
        """The documents of a commit or staged tree. Raises Refused(SchemaInvalid | BadObject | TooLarge)."""
        with self._lock:
            if commit not in self._desired:
                self._keep(commit, self._read(commit, commit))
            self._desired.move_to_end(commit)
            return self._desired[commit]

    def trusts(self, commit: str) -> tuple[Trust, ...]:
        """Every trust document in the history of a verified ``commit``. Raises Refused, SourceUnavailable."""
        with self._lock:
            history = self._source.commits(None, commit)
            found = {self._source.tree(item.tree)[TRUST].id: item for item in history}
            return tuple(self._tree_of(item).trust for item in found.values())

    def _chain(self, since: str, tip: str) -> list[RawCommit]:
        """The commits to judge, oldest first: a line from ``since`` to ``tip``, or the merge that breaks it."""
        if since and not self._source.is_ancestor(since, tip):
            raise _rewritten(since, tip)
        found = {commit.id: commit for commit in self._source.commits(since or None, tip)}
        line: list[RawCommit] = []
        step = found.get(tip)
        while step is not None:
            line.append(step)
            step = found.get(step.parents[0]) if step.parents else None
        line.reverse()
        if not line or line[0].parents[:1] == ((since,) if since else ()):
            return line
        merges = [commit for commit in line if len(commit.parents) > 1]
        if not merges:
            raise _rewritten(since, tip)
        return merges[:1]

    def _signature(self, commit: RawCommit) -> Signature:
        if commit.signature is None:
            return None, ""
        try:
            return self._check(commit.payload, commit.signature), ""
        except SignatureError as error:
            return None, str(error)

    def _accept(self, commit: RawCommit, now: Now | None) -> None:
        """The rules that look at what is open now. Raises Refused."""
        if now is not None and commit.parents:
            parent, child = self.desired(commit.parents[0]), self.desired(commit.id)
            raise_first(validate_transition(parent, child, now.open_halts))

    def _verify(self, commit: RawCommit, signature: Signature) -> None:
        """One commit by the policy of its parent: the same verdict whenever it is asked for. Raises Refused."""
        introduction = not commit.parents
        parent = self.desired(commit.parents[0]) if len(commit.parents) == 1 else None
        case = Case(
            commit=commit.id,
            parents=commit.parents,
            payload=commit.payload,
            message=commit.message,
            has_signature=commit.signature is not None,
            signer=signature[0],
            problem=signature[1],
            pins=self._pins,
            parent=parent,
            check_key=self._check_key,
        )
        _require(INTRODUCTION_RULES if introduction else SIGNER_RULES, case)
        child = self._read(commit.id, commit.tree)
        paths = frozenset() if parent is None else self._touched(commit)
        changes = () if parent is None else compare_desired(parent, child, self._sectors)
        full = replace(case, child=child, changes=changes, paths=paths)
        problems = validate_transition(parent, child, _open_in(parent), self._retired(parent, child))
        refusal = judge(INTRODUCTION_TREE_RULES if introduction else CHANGE_RULES, full)
        raise_first([*([refusal] if refusal else []), *problems])
        self._keep(commit.id, child)
        self._judged[commit.id] = None
        while len(self._judged) > _KEPT:
            self._judged.popitem(last=False)

    def _touched(self, commit: RawCommit) -> frozenset[str]:
        before, after = self._source.tree(commit.parents[0]), self._source.tree(commit.tree)
        return frozenset(path for path in {*before, *after} if before.get(path) != after.get(path))

    def _read(self, commit: str, treeish: str) -> Desired:
        entries = self._source.tree(treeish)
        problems = [problem for path, entry in sorted(entries.items()) if (problem := _odd(path, entry))]
        if problems:
            fix = "git rm --cached them, add plain files, then sign again"
            raise _refused(commit, RefusalReason.BAD_OBJECT, "; ".join(problems[:10]), fix)
        wanted = {path: entry.id for path, entry in entries.items() if is_relevant(path)}
        self._blobs = {oid: self._blobs[oid] for oid in wanted.values() if oid in self._blobs}
        for oid in wanted.values():
            if oid not in self._blobs:
                self._blobs[oid] = self._source.blob(oid)
        files = {path: self._blobs[oid] for path, oid in wanted.items()}
        try:
            return read_desired(commit, files, self._documents)
        except InvalidDesired as error:
            count = len(error.problems)
            message = f"{count} mistake{'s' if count > 1 else ''}: {error.problems[0]}"
            refusal = Refusal(
                commit=commit,
                reason=RefusalReason.SCHEMA_INVALID,
                message=message,
                fix=error.hint,
                problems=error.problems,
            )
            raise Refused(refusal) from error

    def _retired(self, parent: Desired | None, child: Desired) -> frozenset[str]:
        """Uids of strategies of all earlier trees; only looked for when a strategy is new."""
        known = _uids(parent) if parent else frozenset[str]()
        if parent is None or _uids(child) <= known:
            return frozenset()
        history = {commit.tree: commit for commit in self._source.commits(None, parent.commit)}
        for tree, commit in history.items():
            if tree not in self._tree_uids:
                self._tree_uids[tree] = _uids(self._tree_of(commit))
        return frozenset[str]().union(*(self._tree_uids[tree] for tree in history))

    def _tree_of(self, commit: RawCommit) -> Desired:
        return self._desired.get(commit.id) or self._read(commit.id, commit.tree)

    def _keep(self, commit: str, desired: Desired) -> None:
        self._desired[commit] = desired
        while len(self._desired) > _KEPT:
            self._desired.popitem(last=False)


def _open_in(tree: Desired | None) -> tuple[Halt, ...]:
    """The halts that a tree itself records and does not clear."""
    if tree is None:
        return ()
    return tuple(halt_of(document) for key, document in sorted(tree.halts.items()) if key not in tree.cleared)


def _uids(desired: Desired) -> frozenset[str]:
    return frozenset(strategy.uid for strategy in desired.strategies.values())


def _odd(path: str, entry: Entry) -> str:
    """Why an entry of the tree is not accepted: nothing but plain files, and folders that are no documents."""
    if entry.kind == "commit":
        return f"{path} is a submodule"
    if entry.mode == "120000":
        return f"{path} is a symbolic link"
    if path in FOLDERS or (is_relevant(path) and entry.kind != "blob"):
        return f"{path} must be a {'folder' if path in FOLDERS else 'file'}"
    if is_relevant(path) and entry.mode != _FILE:
        return f"{path} has mode {entry.mode}, documents have {_FILE}"
    return ""


def _require(rules: Sequence[Rule], case: Case) -> None:
    refusal = judge(rules, case)
    if refusal is not None:
        raise Refused(refusal)


def raise_first(refusals: Sequence[Refusal]) -> None:
    """Raise the first, with what all of them say."""
    if refusals:
        message = "; ".join(dict.fromkeys(refusal.message for refusal in refusals))
        raise Refused(refusals[0].model_copy(update={"message": message}))


def _refused(commit: str, reason: RefusalReason, message: str, fix: str) -> Refused:
    return Refused(Refusal(commit=commit, reason=reason, message=message, fix=fix))


def _rewritten(since: str, tip: str) -> Refused:
    message = f"{tip[:12]} does not descend from the last verified commit {since[:12]}: history was rewritten"
    fix = f"put the branch back to {since}; to undo a commit, git revert -S it"
    return _refused(tip, RefusalReason.NOT_DESCENDANT, message, fix)
