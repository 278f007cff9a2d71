"""Questions about documents and commits that change nothing: read them, compare them with what is in force, judge."""

from collections.abc import Mapping, Sequence

from controller.core.desired.documents import read_desired
from controller.core.policy.direction import compare_desired
from controller.core.trust.rules import REWRITES
from controller.errors import Refused
from controller.ports import RawCommit, Source
from controller.reconcile.documents import Documents
from controller.reconcile.goal import Memory
from controller.reconcile.verifier import Verifier
from schemas.plan import Difference
from schemas.status import Judged, Refusal, Walk

UNCOMMITTED = "0" * 40
MAX_JUDGED = 100


class Configuration:
    """Implements :class:`controller.ports.Configuration`."""

    def __init__(self, source: Source, verifier: Verifier, memory: Memory, sectors: Mapping[str, str]) -> None:
        self._source = source
        self._verifier = verifier
        self._memory = memory
        self._sectors = sectors
        self._documents = Documents(source)

    def documents(self, ref: str) -> tuple[str, dict[str, str]]:
        """The commit and its documents."""
        commit = ref or self._source.tip()
        return commit, self._documents.texts(commit)

    def difference(self, ref: str, files: Mapping[str, str] | None) -> Difference:
        """``files``, or the documents of ``ref``, against what is in force."""
        base = self._memory.revision.last_applied
        before = self._documents.texts(base) if base else {}
        if files is None:
            target, after = self.documents(ref)
            new = self._verifier.desired(target)
        else:
            target, after = "", dict(files)
            new = read_desired(UNCOMMITTED, {path: text.encode() for path, text in files.items()})
        paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        return Difference(
            base=base,
            target=target,
            changes=compare_desired(self._memory.applied_desired, new, self._sectors),
            texts={path: (before.get(path, ""), after.get(path, "")) for path in paths},
        )

    def walk(self, ref: str) -> Walk:
        """Each commit judged by the policy of its own parents, so that one refusal does not hide the next."""
        tip, since = ref or self._source.tip(), self._memory.revision.last_verified
        if since and self._source.is_ancestor(tip, since):
            return Walk(since=since, tip=tip)
        if since and not self._source.is_ancestor(since, tip):
            refusal = self._verifier.advance(since, tip).refusal
            judged = Judged(commit=tip, author="", subject="", state="refused", refusal=refusal)
            return Walk(since=since, tip=tip, commits=(judged,))
        commits = self._source.commits(since or None, tip)
        looked_at = self._judge_all(commits[:MAX_JUDGED], self._verified(since, tip))
        return Walk(since=since, tip=tip, commits=looked_at, left_out=len(commits) - len(looked_at))

    def _verified(self, since: str, tip: str) -> frozenset[str]:
        """Commits that the walk as a whole accepts: a merge may land what by itself is not landed."""
        try:
            return frozenset(self._verifier.advance(since, tip).commits)
        except Refused:
            return frozenset()

    def _judge_all(self, commits: Sequence[RawCommit], verified: frozenset[str]) -> tuple[Judged, ...]:
        judged: list[Judged] = []
        for commit in commits:
            blocked = any(item.state != "verified" for item in judged)
            refusal = None if commit.id in verified else self._refusal(commit)
            judged.append(self._judged(commit, refusal, blocked))
        return tuple(judged)

    def _refusal(self, commit: RawCommit) -> Refusal | None:
        try:
            return self._verifier.advance(commit.parents[0] if commit.parents else "", commit.id).refusal
        except Refused as error:
            return error.refusal

    def _is_published(self, commit: str) -> bool:
        """Whether the branch has it: then the way back is the walk's own, from the last verified commit."""
        tip = self._memory.revision.observed_tip
        return bool(tip) and self._source.is_ancestor(commit, tip)

    def _judged(self, commit: RawCommit, refusal: Refusal | None, blocked: bool) -> Judged:
        own = refusal if refusal is not None and refusal.commit == commit.id else None
        if own is not None and own.fix.startswith(REWRITES) and self._is_published(commit.id):
            own = own.model_copy(update={"fix": ""})
        return Judged(
            commit=commit.id,
            author=commit.author.partition(" <")[0],
            subject=commit.message.partition("\n")[0],
            state="refused" if own else "waits" if blocked or refusal else "verified",
            refusal=own,
        )
