"""A halted-to-be book with positions, a controller's liquidations over it, and a person's key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.adapters.signatures.keys import generate
from controller.adapters.signatures.signer import sign
from controller.adapters.signatures.sshsig import verify
from controller.audit import close_open_intents
from controller.engine_ports import Order
from controller.latch.ticket import NAMESPACE
from controller.reconcile.liquidation import Liquidations
from controller.reconcile.liquidation_steps import Parts, Prepared
from controller.settings import Pins
from schemas.audit import AuditEntry
from schemas.desired import Desired
from schemas.liquidation import LiquidationScope, LiquidationState
from schemas.trust import Role, Signer
from tests.support.folders import short_folder
from tests.support.gate_stub import GateStub
from tests.support.gates import eventually
from tests.support.rig import UID_A, UID_B, Rig, desired, make_rig

DOLLAR = 1_000_000
HELD = ((UID_A, "NVDA", 100), (UID_A, "TSLA", 50), (UID_B, "JPM", -80))
REPO = "0" * 32


class Desk:
    """``fast``: the engine fills what a liquidation sends, as soon as the test looks."""

    def __init__(self, rig: Rig, tree: Desired, keys: Path) -> None:
        self.rig, self.tree, self.keys = rig, tree, keys
        self.pins = Pins(repo=REPO)
        rig.engine.ticket = lambda: rig.booted.permit.ticket
        for uid, symbol, quantity in HELD:
            rig.engine.set_position(uid, symbol, quantity, 100 * DOLLAR)
        self.liquidations = self.controller()

    def controller(self) -> Liquidations:
        """What a controller that starts now has."""
        rig = self.rig
        return Liquidations(
            Parts(
                home=str(rig.home.root),
                permit=rig.booted.permit,
                engine=rig.engine,
                store=rig.store,
                desk=rig.desk,
                clock=rig.clock,
                pins=self.pins,
                applied=lambda: self.tree,
                verify=verify,
            )
        )

    def restart(self) -> None:
        """The controller dies and another one starts; the gate goes on."""
        self.liquidations._steps.stop.set()
        if self.liquidations._worker is not None:
            self.liquidations._worker.join()
        self.rig.restart()
        close_open_intents(self.rig.store, self.rig.clock, lambda _: "read back")
        self.liquidations = self.controller()
        self.liquidations.recover()

    def prepare(self, scope: LiquidationScope = LiquidationScope.EVERYTHING) -> Prepared:
        return self.liquidations.prepare(scope, "op", "it burns")

    def signed(self, prepared: Prepared, key: str = "ada", namespace: bytes = NAMESPACE) -> bytes:
        return sign(prepared.request.text().encode(), self.keys / key, agent="", namespace=namespace)

    def start(self, prepared: Prepared, key: str = "ada") -> LiquidationState:
        return self.liquidations.start(prepared.request.text(), self.signed(prepared, key))

    def state(self, prepared: Prepared) -> LiquidationState:
        return self.liquidations.state(prepared.request.id)

    def working(self) -> list[str]:
        """Names of the orders that work."""
        return [name for name, order in self.rig.engine.orders.items() if order.state == "working"]

    def fill(self, *symbols: str) -> None:
        """Fill what works (in ``symbols`` when given) at the mark."""
        for name in self.working():
            if not symbols or self.rig.engine.orders[name].symbol in symbols:
                self.rig.engine.fill(name)

    def until(self, prepared: Prepared, *stages: str) -> LiquidationState:
        """Fill all until the liquidation has come to one of ``stages``."""

        def reached() -> bool:
            self.fill()
            return self.state(prepared).stage in stages

        eventually(reached)
        return self.state(prepared)

    def pass_until(self, condition: Callable[[], bool], seconds: float = 0.02) -> None:
        """Let so much time pass with every look: about a second for each step of the liquidation."""

        def looked() -> bool:
            self.rig.clock.advance(seconds)
            return condition()

        eventually(looked)

    def audited(self) -> list[AuditEntry]:
        """Records of liquidations, oldest first."""
        found = [record.entry for record in self.rig.store.audit(event="emergency.liquid", limit=100)]
        return found[::-1]

    def order(self, quantity: int = 1) -> Order:
        return Order(UID_A, "NVDA", "sell", quantity, "other")


@contextmanager
def liquidation_desk(*roles: Role) -> Iterator[Desk]:
    """Keys ``ada`` (a person with the right, or ``roles``) and ``eve`` (listed nowhere)."""
    with short_folder() as folder:
        line = generate(folder / "keys" / "ada", "ada")
        generate(folder / "keys" / "eve", "eve")
        signer = Signer(principal="ada", key=line, roles=roles or (Role.OPERATOR, Role.LIQUIDATE))
        tree = desired(1)
        tree = tree.model_copy(update={"trust": tree.trust.model_copy(update={"signers": (signer,)})})
        rig = make_rig(folder, tree)
        desk = Desk(rig, tree, folder / "keys")
        with GateStub(folder).running():
            yield desk
        desk.liquidations.close()
        rig.close()
