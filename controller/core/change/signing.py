"""Who must sign a change, by the trust that would judge its landing. Pure."""

from collections.abc import Collection, Iterable

from controller.core.trust.authority import MACHINES, Need, needs, roles_for, rule_for
from schemas.plan import Change
from schemas.review import Signing
from schemas.trust import Role, Trust


def signings(trust: Trust, paths: Collection[str], changes: Iterable[Change]) -> tuple[Signing, ...]:
    """One entry for each compiled change, and for each touched path that compiles to none; in that order.

    ``trust`` is that of the branch where the change would land.
    """
    return tuple(_signing(trust, need) for need in needs(paths, changes))


def _signing(trust: Trust, need: Need) -> Signing:
    roles, rule = roles_for(trust, need), rule_for(trust, need)
    return Signing(
        label=need.label or need.path,
        path=need.path,
        direction=need.direction,
        roles=tuple(sorted(role.value for role in roles)),
        signers=rule.signers if rule is not None else 1,
        people=people(trust, roles),
    )


def people(trust: Trust, roles: Collection[Role]) -> tuple[str, ...]:
    """Principals who hold one of ``roles`` with a key that is no machine's, sorted."""
    return tuple(
        sorted(
            {
                signer.principal
                for signer in trust.signers
                if set(signer.roles) & set(roles) and not set(signer.roles) & MACHINES
            }
        )
    )
