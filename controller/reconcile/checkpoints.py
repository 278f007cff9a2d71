"""Each fifth of a learning phase's days, once in the audit log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from controller.core.learning.evidence import checkpoint
from controller.engine_ports import Engine
from controller.ports import Clock, Store
from schemas.audit import AuditEntry
from schemas.desired import Desired
from schemas.policy import Policy


@dataclass(slots=True)
class Checkpoints:
    """One book's. ``applied`` is the tree and policy in force, None: not yet."""

    store: Store
    engine: Engine
    clock: Clock
    applied: Callable[[], tuple[Desired, Policy] | None]
    _written: str = ""

    def work(self) -> None:
        """Write down the newest one, by the market's clock, unless it is. Raises StoreUnavailable."""
        live, known = self.engine.newest().live, self.applied()
        if live is None or known is None or not live.market_time:
            return
        learning = known[0].risk.learning
        day = checkpoint(learning, date.fromisoformat(live.market_time[:10]))
        id = f"phase-{live.book[:12]}-{learning.started}-{learning.number}-{day}"
        if day is None or id == self._written:
            return
        if not self.store.audited({id}):
            self.store.append_audit(
                AuditEntry(
                    at_ns=self.clock.wall_ns(),
                    event="phase.checkpoint",
                    actor="controller",
                    channel="controller",
                    audit_id=id,
                    details=f"Phase {learning.number} day {day}/{learning.phase.days}",
                )
            )
        self._written = id
