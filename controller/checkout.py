"""Reviews the commits of a branch in any checkout of a config repo: no home, no service, no network.

What comes from the head is data: its documents are read, nothing of it is run, and whatever decides how it is judged
(trust, target, guards) is read from the base branch.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from controller.adapters.clock import SystemClock
from controller.adapters.git.process import GitFailed
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.kinds import check_key, verify
from controller.core.change.signing import signings
from controller.core.plan.planner import changes_between
from controller.core.policy.compile import compile_policy
from controller.core.policy.utilisation import annotate
from controller.core.trust.authority import is_document, is_person, owners_of
from controller.core.trust.case import blob_of, find
from controller.core.trust.commits import target_text
from controller.core.trust.keys import SignatureError, fingerprint
from controller.core.trust.threshold import approval_digest, needed
from controller.errors import Refused, SourceUnavailable
from controller.marketdata.instruments import load_instruments, sectors
from controller.reconcile.configuration import Configuration
from controller.reconcile.goal import Memory
from controller.reconcile.verifier import Verifier
from controller.settings import Pins
from schemas.desired import Desired
from schemas.plan import Change, Plan
from schemas.review import Review
from schemas.status import Problem, RefusalReason, Revision

NO_SERVICE = "no running service of this book was asked"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the live book uses: ``used`` and ``whose`` as in :mod:`controller.core.policy.utilisation`; ``missing`` says
    why there is none."""

    used: Mapping[str, int]
    whose: Mapping[str, str]
    missing: str = ""


NO_FIGURES = Figures({}, {}, NO_SERVICE)


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge of two branches that was only tried: its tree, or why there is none."""

    tree: str = ""
    conflict: str = ""


class Checkout:
    """One repository, given by its git folder. ``pins``: those of an installation for the same target, None without."""

    def __init__(self, source: GitSource, pins: Pins | None) -> None:
        self._source = source
        self._local = pins
        self._sectors = sectors(load_instruments())

    def review(self, base: str, head: str, figures: Figures = NO_FIGURES) -> Review:
        """The commits that ``head`` has and ``base`` has not (commit ids), and what they would change.

        Raises Refused when the base branch itself cannot be read, SourceUnavailable for a shallow clone or histories
        that have nothing in common.
        """
        fork = self._fork(base, head)
        verifier, pinned = self._trusted(base)
        memory = Memory(revision=Revision(last_verified=fork))
        walk = Configuration(self._source, verifier, memory, self._sectors).walk(head)
        found = Review(base=base, head=head, fork=fork, pinned=pinned, utilisation=figures.missing, walk=walk)
        merged = self._merge(base, head)
        try:
            trees = [verifier.desired(item) for item in (base, fork, head, merged.tree) if item]
        except Refused as error:
            return found.model_copy(update={"problems": _problems(error)})
        paths = self._touched(base, merged.tree or head)
        return found.model_copy(update={"conflict": merged.conflict, **self._compared(trees, paths, figures)})

    def _compared(self, trees: Sequence[Desired], paths: frozenset[str], figures: Figures) -> dict[str, object]:
        """What base, fork, head and (if there is one) merge differ in, as fields of the review."""
        before, fork, head, *merge = trees
        proposed = self._changes(fork, head, figures)
        landing = self._changes(before, merge[0], figures) if merge else None
        return {
            "proposed": proposed,
            "landing": landing,
            "signing": signings(before, paths, proposed if landing is None else landing),
            "digest": "" if landing is None else _plan(before.commit, head.commit, landing).digest(),
            "approval": "" if landing is None else self._approval(before, head.commit, landing),
        }

    def _approval(self, before: Desired, head: str, landing: Sequence[Change]) -> str:
        """The digest that approves what more people must sign than have signed the branch. A change of trust.yaml has
        none before it has landed."""
        if any(change.kind == "trust" for change in landing):
            return ""
        asked = needed(landing, before.trust, self._signers(before, head), owners_of(before))
        target = before.trust.target
        waiting = [item for item in asked if not item.satisfied]
        return approval_digest(target_text(target.repo, target.environment, target.branch), waiting)

    def _signers(self, before: Desired, head: str) -> frozenset[str]:
        """The people who signed a commit that ``head`` has and ``before`` has not."""
        found: set[str] = set()
        for commit in self._source.commits(before.commit, head):
            try:
                key = verify(commit.payload, commit.signature or b"").key
            except SignatureError:
                continue
            signer = find(before.trust, key)
            found |= {signer.principal} if signer is not None and is_person(signer) else set()
        return frozenset(found)

    def repo(self, base: str) -> str:
        """The id of the repository that the trust of ``base`` speaks of. Raises Refused."""
        return self._reader().desired(base).trust.target.repo

    def count(self, head: str) -> int:
        """How many documents ``head`` has."""
        return sum(is_document(path) for path in self._source.tree(head))

    def problems(self, head: str) -> tuple[Problem, ...]:
        """Every mistake of the documents of ``head``."""
        try:
            self._reader().desired(head)
        except Refused as error:
            return _problems(error)
        return ()

    def _reader(self) -> Verifier:
        return Verifier(self._source, Pins(), verify, check_key, self._sectors)

    def _fork(self, base: str, head: str) -> str:
        bases = self._source.merge_bases(base, head)
        if not bases:
            raise SourceUnavailable(f"{base[:12]} and {head[:12]} have no common history", hint="git fetch --unshallow")
        return min(bases)

    def _trusted(self, base: str) -> tuple[Verifier, Literal["settings", "base branch"]]:
        """A verifier that starts from the trust of the base branch, and whose word that is."""
        trust = self._reader().desired(base).trust
        if self._local is not None and self._local.repo == trust.target.repo:
            return Verifier(self._source, self._local, verify, check_key, self._sectors), "settings"
        keys = (blob_of(signer) for signer in trust.signers)
        pins = Pins(
            repo=trust.target.repo,
            environment=trust.target.environment,
            branch=trust.target.branch,
            introduction=base,
            fingerprints=tuple(fingerprint(key) for key in keys if key is not None),
        )
        return Verifier(self._source, pins, verify, check_key, self._sectors), "base branch"

    def _merge(self, base: str, head: str) -> Merged:
        """What a merge would hold; its objects go to a folder of their own."""
        try:
            tree = self._source.git.run(["merge-tree", "--write-tree", "--no-messages", "--name-only", base, head])
        except GitFailed as error:
            said = [line for line in error.stderr.splitlines() if not line.startswith("hint:")]
            return Merged(
                conflict="; ".join(said) or "it conflicts with the base branch: git rebase -S onto it, or merge it"
            )
        return Merged(tree=tree.split()[0].decode())

    def _changes(self, before: Desired, after: Desired, figures: Figures) -> tuple[Change, ...]:
        old, new = compile_policy(before, self._sectors), compile_policy(after, self._sectors)
        return tuple(
            annotate(item, new, figures.used, figures.whose) for item in changes_between(old, new, before, after)
        )

    def _touched(self, base: str, treeish: str) -> frozenset[str]:
        old, new = self._source.tree(base), self._source.tree(treeish)
        return frozenset(path for path in {*old, *new} if old.get(path) != new.get(path))


@contextmanager
def checkout(git_dir: Path, pins: Pins | None = None) -> Iterator[Checkout]:
    """The repository whose git folder is ``git_dir``; nothing is written to it."""
    with tempfile.TemporaryDirectory(prefix="gt-risk-") as folder:
        extra = {"GIT_OBJECT_DIRECTORY": folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git_dir / "objects")}
        source = GitSource(git_dir, "HEAD", SystemClock(), extra=extra)
        try:
            yield Checkout(source, pins)
        finally:
            source.close()


def _plan(base: str, head: str, changes: tuple[Change, ...]) -> Plan:
    """The plan as the controller makes it of the merge while ``base`` is in force and no halt is open: it knows that
    plan by the merge's parent too."""
    bare = tuple(change.model_copy(update={"utilisation": "", "breach": ""}) for change in changes)
    return Plan(base=base, target=head, changes=bare)


def _problems(error: Refused) -> tuple[Problem, ...]:
    """The mistakes; what has no line of its own stands at the top of the tree."""
    refusal = error.refusal
    if refusal.reason is RefusalReason.SCHEMA_INVALID and refusal.problems:
        return refusal.problems
    return (Problem(path=".", line=1, column=1, message=refusal.message, fix=refusal.fix),)
