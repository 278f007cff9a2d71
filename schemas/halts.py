"""Halts as values: what is known of one, and what is open."""

from enum import StrEnum

from schemas.desired import TradingMode
from schemas.policy import digest_of
from schemas.scalars import HaltId, Model

ACCOUNT = "account"


class HaltSource(StrEnum):
    """Who raised a halt; the latch stores the index in this order."""

    CLI = "cli"
    API = "api"
    MONITOR = "monitor"
    GATE = "gate"
    CONTROLLER = "controller"
    SYNTHETIC = "synthetic"


class Halt(Model):
    """One halt. ``scope`` is ``account`` or ``strategy:<uid>``; ``opened_ns`` is Unix time in nanoseconds.

    ``word`` is the latch slot's word while the halt is in the latch (0 when known only from elsewhere).
    The facts after it are reached in any order and none waits for another (safety section 3).
    """

    id: HaltId
    scope: str
    mode: TradingMode
    opened_ns: int
    actor: str
    source: HaltSource
    reason: str = ""
    word: int = 0
    slot: int = -1
    durable: bool = False
    adopted: bool = False
    evidenced: bool = False

    def digest(self) -> str:
        """SHA-256 over identity, scope, mode and opening time: what a clear must name. The reason may still grow."""
        return digest_of([self.id, self.scope, self.mode.value, self.opened_ns])


class Adoption(Model):
    """How far the service has come with the halts in the latch: ids that its desk sees bind, oldest slot first, and
    those of them that are in store and audit."""

    seen: tuple[HaltId, ...] = ()
    stored: tuple[HaltId, ...] = ()
