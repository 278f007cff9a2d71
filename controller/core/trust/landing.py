"""A signature is not an intent to land (safety section 7): which loosenings of a walk act at a tip. Pure.

A loosening is landed by its own commit or by a merge that brings it in: by a person who may make it, with exactly one
landing trailer. Until then it is pending, and no tip that holds it is accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.core.trust.authority import Need, may
from controller.core.trust.case import Case
from controller.core.trust.commits import TARGET, trailers
from controller.core.trust.history import History, Mask
from schemas.plan import Direction
from schemas.status import Refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verified commit: ``cases`` as judged, one for each parent's trust; ``unlanded`` when it loosens and does not
    land that itself."""

    cases: tuple[Case, ...]
    unlanded: Refusal | None = None

    @property
    def loosens(self) -> tuple[Need, ...]:
        """What it loosens."""
        return tuple(need for need in self.cases[0].needs if need.direction is Direction.LOOSEN)


class Landing:
    """The pending loosenings of one walk."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._pending: dict[str, Verdict] = {}
        self._why: dict[str, str] = {}
        self._brought: Mask = 0
        for commit in history.parents:
            self._brought |= history.brings(commit)

    def take(self, commit: str, verdict: Verdict) -> Refusal | None:
        """Take the next commit, parents first: a refusal when it loosens and nothing of the walk could land it."""
        self._land(commit, verdict)
        if verdict.unlanded is None:
            return None
        if not self._brought & self._history.bit[commit]:
            return verdict.unlanded
        self._pending[commit] = verdict
        return None

    def refusal(self, tip: str) -> Refusal | None:
        """Why ``tip`` may not act: the first loosening in its history that is not landed."""
        known = self._history.known(tip)
        for commit, verdict in self._pending.items():
            if known & self._history.bit[commit] and verdict.unlanded is not None:
                why = self._why.get(commit, "")
                return verdict.unlanded.model_copy(update={"message": verdict.unlanded.message + why})
        return None

    def _land(self, merge: str, by: Verdict) -> None:
        brought = self._history.brings(merge)
        for commit in [item for item in self._pending if brought & self._history.bit[item]]:
            problem = not_landing(by.cases, self._pending[commit].loosens)
            if problem:
                self._why[commit] = f"; merge {merge[:12]} does not land it: {problem}"
            else:
                del self._pending[commit]


def not_landing(cases: Sequence[Case], needs: Sequence[Need]) -> str:
    """Why the merge of ``cases`` does not land ``needs``; empty when it does."""
    if len(trailers(cases[0].message, TARGET)) != 1:
        return f"it has no {TARGET} trailer, or several"
    for case in cases:
        if case.standing is None:
            return "its key is not in trust.yaml"
        trust, signer = case.standing
        barred = [need for need in needs if not may(trust, need, signer)]
        if barred:
            return f"{signer.principal} may not make {barred[0]}"
    return ""
