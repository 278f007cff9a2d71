"""One immutable picture of the controller, published after every reconcile and sample; every view reads it."""

from schemas.desired import Desired
from schemas.halts import Halt
from schemas.live import Decision, LiveState
from schemas.plan import Plan
from schemas.policy import Policy
from schemas.risk import Analysis
from schemas.scalars import Model
from schemas.status import Condition, Refusal, Revision


class Overview(Model):
    """``desired`` is the applied verified tree, ``effective`` the compiled policy with halts in it.

    ``live_error`` says why the engine does not answer; ``live`` is then None or what it said last, and when.
    ``analysis`` is of its own market time, at most a few seconds older than ``live``.
    ``notes`` say what is under way or was left over by a liquidation.
    """

    pid: int
    as_of_ns: int
    revision: Revision
    desired: Desired | None = None
    effective: Policy | None = None
    live: LiveState | None = None
    live_error: str = ""
    conditions: tuple[Condition, ...] = ()
    halts: tuple[Halt, ...] = ()
    peaks: dict[str, int] = {}
    decisions: tuple[Decision, ...] = ()
    refusal: Refusal | None = None
    pending: Plan | None = None
    analysis: Analysis | None = None
    notes: tuple[str, ...] = ()
