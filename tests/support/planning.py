"""A Control whose plans the core makes from the book of the spec's samples; what lands is held."""

from collections.abc import Sequence

from controller.core.plan.edits import Situation
from controller.core.plan.intents import edits_for
from schemas.desired import StrategyStatus, TradingMode
from schemas.edits import Applied, Proposal, Request
from schemas.halts import Halt
from schemas.plan import Change, Plan
from tests.support.book import COMMIT
from tests.support.greenplace import MOMENTUM, GreenplaceControl
from tests.support.history import HeldHistory


class Planning(GreenplaceControl):
    """The book with a desk that plans: edits and notes by the core, ``changes`` as the test has them."""

    def __init__(self, *changes: Change, halts: Sequence[Halt] = ()) -> None:
        super().__init__()
        self.changes = changes
        if halts:
            assert self.seen.live is not None
            statuses = dict.fromkeys(self.seen.live.gate.statuses, StrategyStatus.HALTED)
            gate = self.seen.live.gate.model_copy(update={"mode": TradingMode.HALT_ALL, "statuses": statuses})
            live = self.seen.live.model_copy(update={"gate": gate})
            self.before, self.seen = self.seen, self.seen.model_copy(update={"halts": tuple(halts), "live": live})

    def propose(self, request: Request) -> Proposal:
        self.requests.append(request)
        assert self.seen.desired is not None
        situation = Situation(self.seen.halts, {}, request.actor, request.reason, HeldHistory(), lambda: "f" * 32)
        edits = edits_for(request.intent, self.seen.desired, situation)
        plan = Plan(base=COMMIT, target=COMMIT, changes=self.changes)
        return Proposal(
            parent=COMMIT,
            payload="dHJlZSAw",
            subject=edits.subject,
            audit_id="aud-20260119-102345",
            plan=plan,
            notes=edits.notes,
        )

    def land(self, payload: bytes, signature: bytes) -> str:
        if self.seen.halts:
            self.seen = self.before
        return super().land(payload, signature)

    def wait_applied(self, commit: str, timeout: float) -> Applied:
        return Applied(commit=commit, in_force=True, cancelled={MOMENTUM: 2})
