"""Who a request comes from, and which of the endpoints' roles that gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal

from web.registry import Role


class Rank(StrEnum):
    """What a user or a key was given (spec 6.3). A liquidation is a grant of its own that no rank includes."""

    READ_ONLY = "read-only"
    OPERATOR = "operator"
    EMERGENCY = "emergency"


ROLES: Mapping[Rank, frozenset[Role]] = {
    Rank.READ_ONLY: frozenset({Role.ANYONE, Role.VIEWER}),
    Rank.OPERATOR: frozenset({Role.ANYONE, Role.VIEWER, Role.OPERATOR, Role.EMERGENCY}),
    Rank.EMERGENCY: frozenset({Role.ANYONE, Role.VIEWER, Role.EMERGENCY}),
}
"""Halting asks for VIEWER: whoever may look may halt."""


@dataclass(frozen=True, slots=True)
class Identity:
    """``via``: a login, an API key, or a dashboard that everybody may read. ``scope``: the paths (fnmatch) that a key
    is for, all of them when empty. ``token``: what a form of this session must carry."""

    name: str
    roles: frozenset[Role]
    via: Literal["session", "key", "open"]
    scope: tuple[str, ...] = ()
    token: str = ""

    def holds(self, role: Role) -> bool:
        """Whether an endpoint of that role is open to this one."""
        return role in self.roles

    def reaches(self, path: str) -> bool:
        """Whether the scope has ``path`` in it."""
        return not self.scope or any(fnmatchcase(path, pattern) for pattern in self.scope)


def roles_of(rank: Rank, liquidate: bool) -> frozenset[Role]:
    """The roles that a rank and the grant give."""
    return ROLES[rank] | ({Role.LIQUIDATOR} if liquidate else frozenset())


EVERYBODY = Identity("everybody", ROLES[Rank.READ_ONLY], "open")
"""Whoever reads a dashboard that asks nobody for a name."""
STRANGER = Identity("", frozenset({Role.ANYONE}), "open")
"""Whoever has not logged in where that is asked."""
