"""Users and keys of the dashboard, and what waits for a signature."""

from typing import Literal

from pydantic import Field

from schemas.documents.parts import Answer
from schemas.scalars import Model

Rank = Literal["read-only", "operator", "emergency"]


class User(Model):
    """Somebody who may log in, unless ``disabled``; ``liquidate`` is a grant of its own."""

    name: str
    role: Rank
    liquidate: bool
    disabled: bool
    made: str = Field(description="Wall clock, ISO 8601 in UTC")


class Key(Model):
    """An API key without its secret; ``scope`` are the paths that it is for, all when empty; ``good`` now."""

    id: str
    note: str
    role: Rank
    liquidate: bool
    scope: tuple[str, ...]
    made: str = Field(description="Wall clock, ISO 8601 in UTC")
    expires: str = Field(description="Wall clock, ISO 8601 in UTC")
    revoked: bool
    good: bool


class UserChanged(Answer):
    """The user as it is now."""

    user: User


class Users(Answer):
    """Everybody, by name."""

    users: tuple[User, ...]


class KeyMade(Answer):
    """A new key; ``secret`` is shown this once."""

    key: Key
    secret: str


class KeyChanged(Answer):
    """The key as it is now."""

    key: Key


class Keys(Answer):
    """Every key, oldest first."""

    keys: tuple[Key, ...]


class Proposal(Model):
    """What somebody asked for on the dashboard."""

    id: str
    what: str
    by: str
    reason: str
    age_seconds: int


class Proposals(Answer):
    """What waits for a signature, oldest first."""

    proposals: tuple[Proposal, ...]


class ProposalDiscarded(Answer):
    """It is gone, but for ``discarded`` false: that was a dry run."""

    proposal: Proposal
    discarded: bool


class Served(Answer):
    """A dashboard that listens now; ``controls``: people who have logged in may act. ``certificate``: its SHA-256, or
    empty; ``next``: what an admin runs once so that its key may tighten, empty where there is nothing to do."""

    url: str
    controls: bool
    certificate: str
    next: str


class Urls(Answer):
    """Where the dashboards of this home are; ``url`` is the first."""

    url: str
    urls: tuple[str, ...]
