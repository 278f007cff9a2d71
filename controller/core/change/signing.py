"""Who must sign a change, by the trust that would judge its landing. Pure."""

from collections.abc import Collection, Sequence

from controller.core.trust.authority import Need, need_of, needs, others, owners_of, roles_for
from controller.core.trust.threshold import count_for
from schemas.desired import Desired
from schemas.plan import Change, Direction
from schemas.review import Signing
from schemas.trust import Trust


def signings(before: Desired, paths: Collection[str], changes: Sequence[Change]) -> tuple[Signing, ...]:
    """One entry for each compiled change, then for each touched path that compiles to none.

    ``before`` is the tree of the branch where the change would land: its trust judges, its strategies name owners.
    """
    owners, covered = owners_of(before), {change.path for change in changes}
    rest = needs(set(paths) - covered, (), before)
    return (
        *(_signing(before.trust, need_of(change, owners), change.old, change.new) for change in changes),
        *(_signing(before.trust, need, "", "") for need in rest),
    )


def _signing(trust: Trust, need: Need, old: str, new: str) -> Signing:
    loosens = need.direction is Direction.LOOSEN
    return Signing(
        label=need.label or need.path,
        path=need.path,
        direction=need.direction,
        roles=tuple(sorted(role.value for role in roles_for(trust, need))),
        signers=count_for(trust, need, old, new) if loosens else 1,
        people=others(trust, need, ()),
    )
