"""Who may liquidate: a request signed by a person's key with the right to, judged by the applied trust.yaml. Pure.

Each rule stands alone in ``GRANT_RULES`` and answers why not, empty when it has nothing against the request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.core.trust.authority import MACHINES
from controller.core.trust.case import find
from controller.core.trust.keys import Signed
from schemas.liquidation import LiquidationRequest
from schemas.trust import Role, Signer, Trust

MOST_NS = 600_000_000_000
"""A request is good for 10 minutes at most."""
_PERSONS = frozenset({Role.ADMIN, Role.RISK_OFFICER, Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Grant:
    """A request before its judge. ``signed`` is who signed, None when the signature is not valid (``problem`` says
    why); ``trust`` that of the applied revision; ``book`` as this installation writes it; ``now_ns`` Unix time."""

    request: LiquidationRequest
    signed: Signed | None
    problem: str
    trust: Trust
    denied: Sequence[str]
    book: str
    now_ns: int

    @property
    def signer(self) -> Signer | None:
        """The signer as trust.yaml lists it."""
        return find(self.trust, self.signed.key) if self.signed is not None else None


Rule = Callable[[Grant], str]


def genuine(grant: Grant) -> str:
    """The signature must be good for exactly this text, in the namespace of liquidations."""
    return "" if grant.signed is not None else f"the signature of the request is not valid: {grant.problem}"


def key_not_denied(grant: Grant) -> str:
    """The deny list of local settings beats every trust.yaml."""
    if grant.signed is None or grant.signed.fingerprint not in grant.denied:
        return ""
    return f"key {grant.signed.fingerprint} is denied by this installation's settings"


def key_known(grant: Grant) -> str:
    """The applied trust.yaml must list the key."""
    if grant.signed is None or grant.signer is not None:
        return ""
    return f"key {grant.signed.fingerprint} is not listed in the applied trust.yaml"


def has_the_right(grant: Grant) -> str:
    """The key must have the role ``liquidate``."""
    signer = grant.signer
    if signer is None or Role.LIQUIDATE in signer.roles:
        return ""
    return f"{signer.principal} may not liquidate: the key has no role liquidate in the applied trust.yaml"


def is_a_person(grant: Grant) -> str:
    """Never a key of bot, web or forge, and never one that is for emergencies alone, whatever else it lists."""
    signer = grant.signer
    if signer is None or (_PERSONS & set(signer.roles) and not MACHINES & set(signer.roles)):
        return ""
    return f"{signer.principal} may not liquidate: it takes a person's key (admin, risk-officer or operator)"


def right_book(grant: Grant) -> str:
    """The request must name this repo, environment and account."""
    if grant.request.book == grant.book:
        return ""
    return f"the request is for book {grant.request.book}, this is {grant.book}"


def in_time(grant: Grant) -> str:
    """The request must not have run out, and not claim more than 10 minutes."""
    left = grant.request.expires_ns - grant.now_ns
    return "" if 0 < left <= MOST_NS else "the request has run out: ask again"


GRANT_RULES: tuple[Rule, ...] = (
    genuine,
    key_not_denied,
    key_known,
    has_the_right,
    is_a_person,
    right_book,
    in_time,
)


def problems(grant: Grant) -> list[str]:
    """Everything against the request; empty when it is granted."""
    return [problem for rule in GRANT_RULES if (problem := rule(grant))]
