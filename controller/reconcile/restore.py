"""CONTROLLER BOOT, the heavy half (safety section 3, step 6): what the last controller knew, from all who know."""

import logging
from collections.abc import Sequence

from controller.errors import GtRiskError, StoreUnavailable
from controller.ports import Source, Store
from controller.reconcile.goal import Memory
from controller.reconcile.observation import Verifies
from controller.reconcile.publisher import LastKnownGood
from schemas.policy import Policy
from schemas.status import Revision

_log = logging.getLogger(__name__)


def restore(
    known: LastKnownGood | None, permit_verified: str, store: Store, source: Source, verifier: Verifies
) -> Memory:
    """The memory to start with: last applied from the last-known-good, last verified from whoever is furthest.

    ``permit_verified``: the commit that the permit file names as verified.
    """
    memory = Memory()
    revision = _revision(store)
    commit = known.commit if known is not None else ""
    if known is not None:
        memory.applied = Policy.model_validate(known.policies[0])
        memory.cleared = known.cleared
        try:
            memory.applied_desired = verifier.acting(commit) if commit else None
        except GtRiskError as error:
            _log.error("the last applied commit cannot be read: %s", error)
    verified = furthest(source, [revision.last_verified, permit_verified, commit])
    memory.revision = revision.model_copy(
        update={"last_verified": verified, "last_applied": commit, "last_known_good": commit}
    )
    return memory


def furthest(source: Source, commits: Sequence[str]) -> str:
    """The commit that descends from all the others, empty for none.

    Of incomparable ones the first that another is no ancestor of: the tip cannot descend from both, so the pass that
    follows says ``HistoryRewritten``.
    """
    known = [commit for commit in dict.fromkeys(commits) if commit]
    for commit in known:
        if all(_is_ancestor(source, other, commit) for other in known):
            return commit
    return known[0] if known else ""


def _is_ancestor(source: Source, old: str, new: str) -> bool:
    try:
        return old == new or source.is_ancestor(old, new)
    except GtRiskError as error:
        _log.warning("descent of %s cannot be checked: %s", new[:12], error)
        return False


def _revision(store: Store) -> Revision:
    try:
        return store.revision()
    except StoreUnavailable as error:
        _log.error("the store cannot be read: %s", error)
        return Revision()
