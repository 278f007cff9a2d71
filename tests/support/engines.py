"""Engines for the contract suite: each with a hand on its policy, its latch, its permit and its book."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from controller.adapters.clock import ManualClock
from controller.adapters.engines.gate import GateEngine
from controller.adapters.engines.memory import MemoryEngine
from controller.engine_ports import Engine
from controller.gate.venue import Shadow
from controller.latch.ticket import Ticket, book_digest
from schemas.halts import Halt
from schemas.live import ShadowView
from schemas.policy import Snapshot
from tests.support.gates import DOLLAR, MARKS, eventually, running, short_home
from tests.support.policies import halt
from tests.support.venue import MemoryVenue

CASH = 100_000 * DOLLAR
SIXTY_NS = 60_000_000_000


@dataclass(frozen=True)
class EngineUnderTest:
    """``issue`` puts a ticket for liquidation ``id`` of the book as it is into the permit, good for 60 seconds.

    ``publish`` names a snapshot of policies (fence 0: the lease's own); ``raise_halt`` fills a slot for scope and
    mode rank; ``end_permit``; ``fill`` executes an order at the mark; ``stop`` makes the engine unavailable; ``shadow``
    keeps a session of a paired test.
    """

    engine: Engine
    publish: Callable[..., Snapshot]
    raise_halt: Callable[[str, int], object]
    end_permit: Callable[[], None]
    fill: Callable[[str, int], None]
    stop: Callable[[], None]
    issue: Callable[[str], None]
    shadow: Callable[[Shadow], None]


@contextmanager
def gate() -> Iterator[EngineUnderTest]:
    with short_home() as home, ExitStack() as stack:
        service = stack.enter_context(running(home, venue=MemoryVenue(CASH, MARKS)))
        engine = GateEngine(home.socket, timeout=30.0)

        def fill(order: str, quantity: int) -> None:
            service.venue.fill(order, quantity)
            eventually(lambda: service.venue.due() is None)

        def issue(id: str) -> None:
            now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            home.permit.set_ticket(Ticket(id, _digest(engine), now + SIXTY_NS))

        yield EngineUnderTest(
            engine,
            home.publish,
            home.halt,
            lambda: home.permit.set_until(0),
            fill,
            stack.close,
            issue,
            service.venue.note_shadow,
        )
        engine.close()


@contextmanager
def memory() -> Iterator[EngineUnderTest]:
    with short_home() as home:
        halts: list[Halt] = []
        permit = ["ok"]
        clock = ManualClock()
        engine = MemoryEngine(clock, policies=home.policies, raised=lambda: halts, permit=lambda: permit[0], cash=CASH)
        engine.prices.update(MARKS)
        engine.closes = {symbol: [(engine.market_time, mark)] for symbol, mark in MARKS.items()}

        def raise_halt(scope: str, mode: int) -> None:
            halts.append(halt(len(halts) + 1, scope, list(type(engine.venue_mode))[mode], word=mode))

        def stop() -> None:
            engine.unavailable = "stopped"

        def issue(id: str) -> None:
            ticket = Ticket(id, _digest(engine), clock.boot_ns() + SIXTY_NS)
            engine.ticket = lambda: ticket

        yield EngineUnderTest(
            engine,
            home.publish,
            raise_halt,
            lambda: permit.__setitem__(0, "expired"),
            engine.fill,
            stop,
            issue,
            lambda shadow: engine.shadowed.append(ShadowView(seq=len(engine.shadowed) + 1, **shadow._asdict())),
        )


def _digest(engine: Engine) -> str:
    return book_digest((item.uid, item.symbol, item.quantity) for item in engine.read().positions)[:24]


ENGINES: dict[str, Callable[[], AbstractContextManager[EngineUnderTest]]] = {"gate": gate, "memory": memory}
