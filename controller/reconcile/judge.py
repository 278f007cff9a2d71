"""One commit before the rules of trust: its cases, its verdict, what moves with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from controller.core.desired.transition import Move, validate_merge, validate_transition
from controller.core.plan.effective import halt_of
from controller.core.trust.case import Case, Pinned
from controller.core.trust.keys import SignatureError, Signed
from controller.core.trust.landing import Verdict
from controller.core.trust.repair import REPAIR_RULES, REPAIR_TREE_RULES, countersignature, statement
from controller.core.trust.rules import (
    CHANGE_RULES,
    INTRODUCTION_RULES,
    INTRODUCTION_TREE_RULES,
    SIGNER_RULES,
    TRUST_TREE_RULES,
    Rule,
    judge,
)
from controller.errors import Refused
from controller.ports import RawCommit, Source
from controller.reconcile.approvals import Approvals
from controller.reconcile.newest import Newest, objects_in
from controller.reconcile.own_changes import OwnChanges
from controller.reconcile.trees import Trees
from schemas.desired import Desired
from schemas.halts import Halt
from schemas.status import Refusal, RefusalReason

Signature = tuple[Signed | None, str]
"""Who signed; or nobody, and why."""
Check = Callable[[bytes, bytes], Signed]


class Judge:
    """Judges the commits of ``source`` by the policy of their parents. ``approvals`` knows which trust is in force.

    ``check``, ``check_key``, ``sectors`` and ``ledger`` as for :class:`controller.reconcile.verifier.Verifier`.
    """

    def __init__(
        self,
        source: Source,
        pins: Pinned,
        check: Check,
        check_key: Callable[[bytes], None] | None,
        sectors: Mapping[str, str],
        ledger: Path | None,
    ) -> None:
        self._pins = pins
        self._check = check
        self._check_key = check_key
        self.trees = Trees(source)
        self._changes = OwnChanges(source, self.trees, sectors)
        self.approvals = Approvals(source, pins, self.trees, self._examined, sectors, ledger)
        self._judged = Newest(_weight)

    def forget(self) -> None:
        """What was judged by other pins counts no more."""
        self._judged.clear()
        self.approvals.forget()

    def known(self, commit: RawCommit) -> Verdict | None:
        """The verdict on a commit that was verified a moment ago."""
        return self._judged.get(commit.id)

    def signature(self, commit: RawCommit) -> Signature:
        """Who signed it; nothing of its tree is read."""
        if commit.signature is None:
            return None, ""
        return self._checked(commit.payload, commit.signature)

    def verify(self, commit: RawCommit, signature: Signature) -> Verdict:
        """One commit by the policy of its parents: the same verdict whenever it is asked for. Raises Refused."""
        bystander = self._bystander(commit, signature)
        verdict = self._judged_alone(commit, signature) if bystander is None else Verdict((bystander,))
        self._judged.put(commit.id, verdict)
        return verdict

    def speaks(self, commit: RawCommit) -> bool:
        """Whether the words of a verified commit count: somebody whom trust.yaml lists has signed it."""
        return self._bystander(commit, self.signature(commit)) is None

    def _judged_alone(self, commit: RawCommit, signature: Signature) -> Verdict:
        before, after = self._rules(commit)
        cases = self._cases(commit, signature)
        require(before, cases)
        child = self.trees.desired(commit.id, commit.tree)
        full = self._with_changes(commit, child, cases)
        refusal = _judge(after, full)
        problems = _transition(self._moves(commit, child))
        unlanded = refusal if refusal is not None and refusal.reason is RefusalReason.NOT_LANDED else None
        if problems or unlanded is None:
            raise_first([*([refusal] if refusal else []), *problems])
        return Verdict(tuple(full), unlanded)

    def _bystander(self, commit: RawCommit, signature: Signature) -> Case | None:
        """A commit of a larger repository that leaves the folder alone and that nobody of trust.yaml has signed, as a
        commit by nobody; None for every other, which is judged."""
        if not commit.apart:
            return None
        cases = self._cases(commit, signature)
        if _judge(SIGNER_RULES, cases) is None:
            return None
        child = self.trees.desired(commit.id, commit.tree)
        parent = self._standing(commit.parents[0])
        return replace(cases[0], parent=parent, child=child, signer=None, has_signature=False)

    def accept(self, commit: RawCommit, open_halts: Sequence[Halt]) -> None:
        """The rules that look at what is open now. Raises Refused."""
        child = self.trees.desired(commit.id)
        parents = [self.trees.desired(parent) for parent in commit.parents]
        raise_first(_transition([Move(parent, child, open_halts) for parent in parents]))

    def draft(self, parent: str, tree: str, message: str, signer: Signed | None) -> Case:
        """The case of a commit on ``parent`` that is not made yet. Raises Refused for a change of trust that no
        signature saves."""
        child = self.trees.desired(tree)
        case = Case(
            commit=tree,
            parents=(parent,),
            payload=b"",
            message=message,
            has_signature=True,
            signer=signer,
            problem="",
            pins=self._pins,
            parent=self._standing(parent),
            child=child,
            changes=self._changes.between(self.trees.desired(parent), child),
        )
        require(TRUST_TREE_RULES, [case])
        return case

    def _rules(self, commit: RawCommit) -> tuple[Sequence[Rule], Sequence[Rule]]:
        """Those that need the commit alone, and those that need its tree."""
        if commit.id in self._pins.repairs:
            return REPAIR_RULES, REPAIR_TREE_RULES
        if commit.parents:
            return SIGNER_RULES, CHANGE_RULES
        return INTRODUCTION_RULES, INTRODUCTION_TREE_RULES

    def _checked(self, payload: bytes, signature: bytes) -> Signature:
        try:
            return self._check(payload, signature), ""
        except SignatureError as error:
            return None, str(error)

    def _examined(self, commit: RawCommit) -> list[Case]:
        """A commit that was verified before, as it stood before its judge."""
        bystander = self._bystander(commit, self.signature(commit))
        if bystander is not None:
            return [bystander]
        cases = self._cases(commit, self.signature(commit))
        return self._with_changes(commit, self.trees.desired(commit.id, commit.tree), cases)

    def _with_changes(self, commit: RawCommit, child: Desired, cases: Sequence[Case]) -> list[Case]:
        paths = self._changes.paths(commit) if commit.parents else frozenset[str]()
        changes = self._changes.of(commit, child) if commit.parents else ()
        return [replace(case, child=child, changes=changes, paths=paths) for case in cases]

    def _cases(self, commit: RawCommit, signature: Signature) -> list[Case]:
        """The commit before the trust of each of its parents."""
        case = Case(
            commit=commit.id,
            parents=commit.parents,
            payload=commit.payload,
            message=commit.message,
            has_signature=commit.signature is not None,
            signer=signature[0],
            problem=signature[1],
            pins=self._pins,
            check_key=self._check_key,
            countersigned=self._countersigned(commit),
        )
        if not 1 <= len(commit.parents) <= 2:
            return [case]
        parents = [self._standing(parent) for parent in commit.parents]
        judges = parents[:1] if parents[0].trust == parents[-1].trust else parents
        return [replace(case, parent=parent) for parent in judges]

    def _countersigned(self, commit: RawCommit) -> Signed | None:
        """Whose second signature a pinned repair carries."""
        if commit.id not in self._pins.repairs:
            return None
        return self._checked(statement(commit.payload), countersignature(commit.message))[0]

    def _standing(self, commit: str) -> Desired:
        """The documents of ``commit`` with the trust that is in force after it."""
        desired, trust = self.trees.desired(commit), self.approvals.trust(commit)
        return desired if trust == desired.trust else desired.model_copy(update={"trust": trust})

    def _moves(self, commit: RawCommit, child: Desired) -> list[Move]:
        parents = [self.trees.desired(parent) for parent in commit.parents]
        return [Move(parent, child, _open_in(parent), self.trees.retired(parent, child)) for parent in parents]


def _weight(verdict: Verdict) -> int:
    return sum(objects_in(case.child) for case in verdict.cases if case.child is not None)


def _transition(moves: Sequence[Move]) -> tuple[Refusal, ...]:
    """What no signature permits, whichever the number of parents."""
    if len(moves) == 2:
        return validate_merge((moves[0], moves[1]))
    return tuple(
        refusal for move in moves for refusal in validate_transition(move.old, move.new, move.open_halts, move.retired)
    )


def _open_in(tree: Desired) -> tuple[Halt, ...]:
    """The halts that a tree itself records and does not clear."""
    return tuple(halt_of(document) for key, document in sorted(tree.halts.items()) if key not in tree.cleared)


def _judge(rules: Sequence[Rule], cases: Sequence[Case]) -> Refusal | None:
    """The refusal by the first of the cases of one commit that is refused."""
    return next((refusal for case in cases if (refusal := judge(rules, case)) is not None), None)


def require(rules: Sequence[Rule], cases: Sequence[Case]) -> None:
    """Raise Refused for the first refusal."""
    refusal = _judge(rules, cases)
    if refusal is not None:
        raise Refused(refusal)


def raise_first(refusals: Sequence[Refusal]) -> None:
    """Raise the first, with what all of them say."""
    if refusals:
        message = "; ".join(dict.fromkeys(refusal.message for refusal in refusals))
        raise Refused(refusals[0].model_copy(update={"message": message}))
