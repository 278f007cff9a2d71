"""An act: what it is called, who may do it, what it would do, how it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controller.proposals import Proposals
from web.controls.models import Answer, Given
from web.feed import Feed
from web.registry import Rate, Role
from web.security.identity import Identity
from web.signer.client import Signer

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """What acts work with. ``home`` is the home folder's path; ``feed`` asks the controller and knows the time."""

    home: str
    feed: Feed
    signer: Signer
    proposals: Proposals


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what. ``target``: the strategy, symbol or alert that the path names, empty for the account."""

    who: Identity
    target: str
    given: Given

    @property
    def actor(self) -> str:
        """As it stands in the audit log."""
        return self.who.name

    @property
    def author(self) -> str:
        """As git writes it; no mail reaches the reserved domain."""
        return f"{self.actor} <{self.actor.replace(' ', '-')}@dashboard.invalid>"


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do. ``digest`` names a plan that must still be the same when it is confirmed, empty for none;
    ``facts`` is how things stand, None where that is not known."""

    title: str
    lines: tuple[str, ...]
    changes: tuple[Document, ...] = ()
    digest: str = ""
    subject: str = ""
    facts: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One more field of an act's form: ``name`` as in its model, ``choices`` to choose from, any text when empty."""

    name: str
    label: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """``page`` is its address, for programs below ``/api``; ``phrase`` is what must be typed. ``at_once``: it holds
    back or only looks, so a program need not look first and no form of it is ever too old."""

    name: str
    page: str
    title: str
    summary: str
    look: Callable[[Desk, Asked], Preview]
    do: Callable[[Desk, Asked, Preview], Answer]
    role: Role = Role.OPERATOR
    rate: Rate = Rate.CONTROL
    body: type[Given] = Given
    phrase: str = ""
    at_once: bool = False
    entries: tuple[Entry, ...] = ()
