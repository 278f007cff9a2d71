"""The trees of commits as documents, read once: entries, desired state, what a commit touched, what once was."""

from collections.abc import Mapping

from controller.core.desired.documents import DocumentCache, assemble
from controller.core.trust.authority import TRUST
from controller.errors import InvalidDesired, Refused
from controller.ports import Entry, RawCommit, Source
from controller.reconcile.newest import Newest, objects_in
from schemas.desired import Desired
from schemas.places import FOLDERS, is_relevant
from schemas.status import Refusal, RefusalReason
from schemas.trust import Trust

_FILE = "100644"


class Trees:
    """Reads the commits of ``source``; keeps the newest trees."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._documents = DocumentCache()
        self._desired = Newest(objects_in)
        self._accepted: Mapping[str, Entry] = {}
        """Entries of which none is odd: those that the next tree shares need no second look."""
        self._last = "", ""
        self._newest: tuple[dict[str, str], Desired] | None = None
        """The documents that were read last, by blob id: a commit that touches none of them has the same."""
        self._past: tuple[str, frozenset[str]] = "", frozenset()
        """A commit, and the uids of every tree up to it: its descendants have only the newer trees to read."""

    def desired(self, commit: str, tree: str = "") -> Desired:
        """The documents of a commit or staged tree. Raises Refused(SchemaInvalid | BadObject | TooLarge)."""
        found = self._desired.get(commit)
        if found is None:
            found = self._read(commit, tree or commit)
            self._desired.put(commit, found)
        return found

    def touched(self, commit: RawCommit) -> frozenset[str]:
        """Paths whose entry differs from that of its only parent."""
        before, after = self._source.tree(self._tree_of(commit.parents[0])), self._source.tree(commit.tree)
        self._last = commit.id, commit.tree
        return frozenset(path for path in {*before, *after} if before.get(path) != after.get(path))

    def _tree_of(self, commit: str) -> str:
        """The tree of ``commit`` where it was asked for last: git need not look up the commit again."""
        return self._last[1] if self._last[0] == commit else commit

    def touches_trust(self, commit: RawCommit) -> bool:
        """Whether trust.yaml differs from that of a parent."""
        entry = self._source.tree(commit.tree).get(TRUST)
        return any(self._source.tree(parent).get(TRUST) != entry for parent in commit.parents)

    def retired(self, parent: Desired, child: Desired) -> frozenset[str]:
        """Uids of strategies of all trees up to ``parent``; only looked for when a strategy is new."""
        if _uids(child) <= _uids(parent):
            return frozenset()
        known, past = self._past
        if not known or not self._source.is_ancestor(known, parent.commit):
            known, past = "", frozenset()
        newer = {commit.tree: commit for commit in self._source.history(known or None, parent.commit)}
        past = past.union(*(_uids(self._known(commit)) for commit in newer.values()))
        self._past = parent.commit, past
        return past

    def trusts(self, commit: str) -> tuple[Trust, ...]:
        """Every trust document in the history of ``commit``."""
        history = self._source.history(None, commit)
        found = {self._source.tree(item.tree)[TRUST].id: item for item in history}
        return tuple(self._known(item).trust for item in found.values())

    def _known(self, commit: RawCommit) -> Desired:
        return self._desired.get(commit.id) or self._read(commit.id, commit.tree)

    def _read(self, commit: str, treeish: str) -> Desired:
        entries = self._source.tree(treeish)
        accepted = self._accepted
        looked_at = ((path, entry) for path, entry in entries.items() if accepted.get(path) is not entry)
        problems = sorted(problem for path, entry in looked_at if (problem := _odd(path, entry)))
        if problems:
            fix = "git rm --cached them, add plain files, then sign again"
            raise _refused(commit, RefusalReason.BAD_OBJECT, "; ".join(problems[:10]), fix)
        self._accepted = entries
        wanted = {path: entry.id for path, entry in entries.items() if is_relevant(path)}
        before = self._newest
        if before is not None and before[0] == wanted:
            return before[1].model_copy(update={"commit": commit})
        parsed = self._documents.parse_all(wanted, self._source.blob)
        try:
            found = assemble(commit, wanted, parsed)
            self._newest = wanted, found
            return found
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


def _refused(commit: str, reason: RefusalReason, message: str, fix: str) -> Refused:
    return Refused(Refusal(commit=commit, reason=reason, message=message, fix=fix))
