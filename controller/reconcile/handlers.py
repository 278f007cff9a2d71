"""Handlers: how each kind of step acts on the world, registered by kind and field.

A handler is idempotent: running it again after a crash, or on top of itself, changes nothing more. It
raises ``Temporary(retry_after)`` when trying again may help and ``Permanent`` when it cannot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.core.policy.text import text_of
from controller.engine_ports import Engine
from controller.errors import LeaseLost, Permanent, Temporary
from controller.ports import Store
from controller.reconcile.publisher import Published, Publisher
from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import ACCOUNT
from schemas.live import GateState
from schemas.plan import Plan, Step
from schemas.policy import Policy

_FIELD_OF: Mapping[str, tuple[str, str]] = {
    "venue-mode": ("account", "mode"),
    "venue-status": ("strategy", "status"),
    "cancel-orders": ("orders", "working"),
    "publish-joint": ("policy", "joint"),
    "publish": ("policy", "current"),
    "publish-part": ("policy", "part"),
    "rebase-peak": ("peak", "rebase"),
    "release-halt": ("halt", "released"),
}


class Releases(Protocol):
    """The halt desk as a plan sees it."""

    def words(self) -> tuple[int, ...]:
        """The words that bind in the latch now."""
        ...

    def release(self, halt_id: str, commit: str) -> None:
        """Transition 7 for one cleared halt; idempotent."""
        ...


@dataclass(slots=True)
class Context:
    """What one plan's handlers act with. ``words``: the latch's open words when the plan was made.

    ``part``: what of the loosening a held plan lets through. ``equity``: by ``account`` and uid when the plan was made,
    what a rebased peak becomes.
    """

    engine: Engine
    store: Store
    publisher: Publisher
    desk: Releases
    base: Policy | None
    target: Policy
    words: tuple[int, ...] = ()
    part: Policy | None = None
    equity: Mapping[str, int] = field(default_factory=dict)
    gate_version: int = 0
    cancelled: dict[str, int] = field(default_factory=dict)
    published: Published | None = None


class PlanStale(Temporary):
    """The world moved while the plan ran: plan again at once."""


Handler = Callable[[Step, Context], None]


class Registry:
    """Handlers by (kind, field)."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}

    def change(self, kind: str, *, field: str) -> Callable[[Handler], Handler]:
        """Register the decorated function for changes of ``field`` of objects of ``kind``; twice is a mistake."""

        def register(handler: Handler) -> Handler:
            if (kind, field) in self._handlers:
                raise ValueError(f"two handlers for {kind}.{field}")
            self._handlers[kind, field] = handler
            return handler

        return register

    def run(self, step: Step, context: Context) -> None:
        """Run the handler of ``step``."""
        self._handlers[_FIELD_OF[step.action]](step, context)


on = Registry()


@on.change("account", field="mode")
def set_mode(step: Step, context: Context) -> None:
    """Set the venue's own mode; a freeze that arrived since the plan is never undone."""
    if step.phase == "loosen":
        _unchanged_halts(context)
    context.engine.set_venue_mode(TradingMode(step.value))


@on.change("strategy", field="status")
def set_status(step: Step, context: Context) -> None:
    """Set the venue's own status of one strategy."""
    if step.phase == "loosen":
        _unchanged_halts(context)
    context.engine.set_venue_status(step.scope, StrategyStatus(step.value))


@on.change("orders", field="working")
def cancel_orders(step: Step, context: Context) -> None:
    """Cancel what works in the scope; the numbers add up in the context for the report."""
    for uid, count in context.engine.cancel(step.scope).items():
        context.cancelled[uid] = context.cancelled.get(uid, 0) + count


@on.change("policy", field="joint")
def publish_joint(step: Step, context: Context) -> None:
    """Have the gate hold old AND new."""
    if context.base is None:
        raise Permanent(f"{step.action} without an applied policy", "gt-risk doctor")
    _publish(context, (context.base, context.target))


@on.change("policy", field="current")
def publish_current(_: Step, context: Context) -> None:
    """Have the gate hold the new policy alone."""
    _unchanged_halts(context)
    _publish(context, (context.target,))


@on.change("policy", field="part")
def publish_part(step: Step, context: Context) -> None:
    """Have the gate hold the part that is let through AND the new policy."""
    if context.part is None:
        raise Permanent(f"{step.action} without a part", "gt-risk doctor")
    _unchanged_halts(context)
    _publish(context, (context.part, context.target))


@on.change("peak", field="rebase")
def rebase_peak(step: Step, context: Context) -> None:
    """Start a new high-water mark at the equity of now, as the clearing commit asks."""
    key = ACCOUNT if step.scope == ACCOUNT else step.scope.partition(":")[2]
    context.store.save_peaks({key: context.equity[key]})


@on.change("halt", field="released")
def release_halt(step: Step, context: Context) -> None:
    """Release one cleared halt in the latch, store and journal."""
    context.desk.release(step.value, context.target.revision)


def _publish(context: Context, policies: tuple[Policy, ...]) -> None:
    published = context.publisher.publish([text_of(policy) for policy in policies], at_least=context.gate_version)
    gate = context.engine.adopt()
    context.published = published
    context.gate_version = published.version
    if not in_use(gate, published):
        raise Temporary(
            f"the gate reports policy {gate.policy_version}, not {published.version}", 0.5, "gt-risk service status"
        )


def in_use(gate: GateState, published: Published) -> bool:
    """Whether the gate reports that it uses ``published``; it may report a prefix of the digest."""
    same = gate.policy_version == published.version
    return same and len(gate.policy_digest) >= 6 and published.digest.startswith(gate.policy_digest)


def _unchanged_halts(context: Context) -> None:
    if not set(context.desk.words()) <= set(context.words):
        raise PlanStale("a halt arrived while the plan was loosening; planning again", 0.0)


@dataclass(slots=True)
class Backoff:
    """Capped, jittered delay per object: reset by a success and by a new revision.

    ``random`` returns a number in [0, 1); delays are in seconds, times in boot nanoseconds.
    """

    random: Callable[[], float]
    base: float = 0.25
    cap: float = 30.0
    _failures: dict[str, int] = field(default_factory=dict)
    _until: dict[str, int] = field(default_factory=dict)
    _revision: str = ""

    def start(self, revision: str) -> None:
        """A pass for ``revision`` begins: another one than before forgets every delay."""
        if revision != self._revision:
            self._failures.clear()
            self._until.clear()
            self._revision = revision

    def failed(self, key: str, now_ns: int, at_least: float) -> float:
        """Note a failure of ``key``; the delay until its next try."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay: float = max(at_least, min(self.cap, self.base * 2.0**count) * (0.5 + self.random() / 2))
        self._until[key] = now_ns + round(delay * 1e9)
        return delay

    def succeeded(self, key: str) -> None:
        """Forget the failures of ``key``."""
        self._failures.pop(key, None)
        self._until.pop(key, None)

    def waiting(self, key: str, now_ns: int) -> bool:
        """Whether ``key`` still waits for its next try."""
        return now_ns < self._until.get(key, 0)

    def next_ns(self) -> int:
        """When the first waiting object may be tried again; 0 when none waits."""
        return min(self._until.values(), default=0)


def step_key(step: Step) -> str:
    """The object that a step is about: what backs off together."""
    kind, _ = _FIELD_OF[step.action]
    return f"{kind}/{step.scope}" + (f"/{step.value}" if kind == "halt" else "")


def run_plan(plan: Plan, context: Context, backoff: Backoff, now_ns: int) -> tuple[Temporary | Permanent, ...]:
    """Run the steps of ``plan`` in order; the errors met, none when all of it is done.

    A failing tightening step does not hold back the others, nor old∧new; nothing after them runs then:
    no moment may be looser than both sides. LeaseLost and other exceptions pass through.
    """
    errors: list[Temporary | Permanent] = []
    for step in plan.steps:
        if errors and step.phase not in ("tighten", "joint"):
            break
        key = step_key(step)
        if step.phase != "tighten" and backoff.waiting(key, now_ns):
            errors.append(Temporary(f"{step.action} of {step.scope} waits for its next try"))
            continue
        try:
            on.run(step, context)
        except PlanStale as stale:
            return (*errors, stale)
        except LeaseLost:
            raise
        except (Temporary, Permanent) as error:
            backoff.failed(key, now_ns, getattr(error, "retry_after", 0.0))
            errors.append(error)
        else:
            backoff.succeeded(key)
    return tuple(errors)
