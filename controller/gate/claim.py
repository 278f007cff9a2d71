"""Whether a liquidation may go on: its claim, and each rule that must let it pass (pure).

``BEGIN_RULES`` stand before the one begin that an id ever has, ``ORDER_RULES`` before each of its orders, and for as
long as one of them works.
"""

from collections.abc import Callable
from typing import NamedTuple

from controller.gate.verdicts import Code, Deny
from controller.latch.ticket import TICKET_LIMIT_NS, Ticket

BEGUN, ENDED = "begun", "ended"
DIGEST_DIGITS = 24


class Claim(NamedTuple):
    """What liquidation ``id`` rests on: the permit's ``ticket``, the account's ``mode`` by halts (0: none is open),
    why nothing is readable (``frozen``), ``now`` (boot nanoseconds), what the venue's journal says of the id
    (``state``: "", ``begun``, ``ended``) and the ``digest`` of the gate's own book."""

    id: str
    ticket: Ticket | None
    mode: int
    frozen: str
    now: int
    state: str
    digest: str


Rule = Callable[[Claim], Deny | None]


def readable(claim: Claim) -> Deny | None:
    """Without a readable latch and a policy nothing passes."""
    return Deny(claim.frozen, message="latch or policy cannot be read") if claim.frozen else None


def halted(claim: Claim) -> Deny | None:
    """Only under an open halt of the account."""
    return None if claim.mode else Deny(Code.NOT_HALTED, message="no account halt is open: it has been resumed")


def granted(claim: Claim) -> Deny | None:
    """The permit's ticket is this liquidation's."""
    if claim.ticket is not None and claim.ticket.id == claim.id:
        return None
    return Deny(Code.NO_TICKET, message="the permit holds no ticket for this liquidation")


def in_time(claim: Claim) -> Deny | None:
    """The ticket has not run out, and does not claim more time than one may have."""
    left = claim.ticket.expires_ns - claim.now if claim.ticket is not None else 0
    return None if 0 < left <= TICKET_LIMIT_NS else Deny(Code.TICKET_EXPIRED, message="the ticket has run out")


def not_begun(claim: Claim) -> Deny | None:
    """An id begins once, for ever."""
    return Deny(Code.TICKET_SPENT, message=f"this liquidation has {claim.state} before") if claim.state else None


def under_way(claim: Claim) -> Deny | None:
    """Begun at this venue, and not ended."""
    if claim.state == BEGUN:
        return None
    return Deny(Code.TICKET_SPENT, message=f"this liquidation has {claim.state or 'not begun'}")


def same_book(claim: Claim) -> Deny | None:
    """The book is the one that was signed for."""
    if claim.ticket is not None and claim.ticket.digest == claim.digest[:DIGEST_DIGITS]:
        return None
    return Deny(Code.BOOK_CHANGED, message="positions have changed since the request was signed: ask again")


BEGIN_RULES: tuple[Rule, ...] = (readable, halted, granted, in_time, not_begun, same_book)
ORDER_RULES: tuple[Rule, ...] = (readable, halted, granted, in_time, under_way)


def refusal(rules: tuple[Rule, ...], claim: Claim) -> Deny | None:
    """What the first rule that refuses says; None when all let it pass."""
    return next((found for rule in rules if (found := rule(claim)) is not None), None)
