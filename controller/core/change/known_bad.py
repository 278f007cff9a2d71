"""Loosenings that proved bad are remembered by what they are, not by their commit. Pure."""

from collections.abc import Collection, Iterable, Sequence

from controller.core.plan.guards import Hold
from schemas.change_record import KnownBad, Loosened
from schemas.plan import Change, Direction

MOST = 100
"""So many are remembered, the newest."""


def loosened(changes: Iterable[Change]) -> tuple[Loosened, ...]:
    """What ``changes`` loosen, sorted."""
    return tuple(sorted((item.scope, item.key, item.new) for item in changes if item.direction is Direction.LOOSEN))


def hold(
    known: Iterable[KnownBad], changes: Collection[Change], target: str, accepted: bool, digest: str
) -> Hold | None:
    """What proved bad before waits until it is ``accepted`` by the plan's ``digest``, in another commit than the one
    that proved bad; ``target`` is the commit that wants it. None when nothing of ``changes`` did."""
    wanted = set(loosened(changes))
    found = [item for item in known if wanted & set(item.loosened) and not (accepted and item.commit != target)]
    if not found:
        return None
    newest = found[-1]
    labels = [item.label for item in changes if (item.scope, item.key, item.new) in newest.loosened]
    why = f"{', '.join(labels[:3])} of {newest.commit[:12]} proved bad: {newest.reason}"
    fix = f"accept with: git commit --allow-empty -S -m 'Accept plan' --trailer 'Plan-Digest: {digest}'"
    return Hold("KnownBad", why, fix)


def remember(known: Sequence[KnownBad], found: KnownBad) -> tuple[KnownBad, ...]:
    """``known`` and ``found``, which takes the place of what it says again; nothing is added for no loosening."""
    if not found.loosened:
        return tuple(known)
    kept = [item for item in known if item.loosened != found.loosened]
    return (*kept, found)[-MOST:]


def forget(known: Iterable[KnownBad], applied: Iterable[Change]) -> tuple[KnownBad, ...]:
    """``known`` less what is in force now all the same, because somebody has accepted it."""
    gone = set(loosened(applied))
    return tuple(item for item in known if not gone & set(item.loosened))
