"""Halting: the one function behind the CLI, the API, the drawdown monitor and the controller (design section 5).

Raise the latch → barrier to the gates → "in force" → only then journal, msync, cancel and the controller, each bounded.
It needs no lock, git, network, store or controller, and stands on modules that load in a few milliseconds.
"""

import os
import time

from controller.latch.background import Background
from controller.latch.barrier import Cancel, GateReply, barrier, order_halt
from controller.latch.journal import record
from controller.latch.journal_record import HALT as HALT_RECORD
from controller.latch.journal_record import REASON, Entry
from controller.latch.layout import FREEZE, PAUSE, LatchError, LatchMissing, uid_of
from controller.latch.layout import HALT as HALT_ALL
from controller.latch.raising import RaiseFile, create_raise_holding
from controller.latch.sockets import Request, problem_text
from controller.latch.wire import dump, parse_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MODES = ("normal", "pause-new-orders", "halt-trading", "halt-all")
STRATEGY_MODES = ("active", "paused", "halted", "halted")
CLI, API, MONITOR, GATE, CONTROLLER, SYNTHETIC = range(6)

_SERVICE_BOUND = 0.5
_JOURNAL_BOUND = 2.0
_MSYNC_BOUND = 0.25


class HaltOutcome:
    """What is confirmed of one halt, and what is not.

    ``in_force``: every gate has answered the barrier; this alone is the acknowledgement (``acknowledged_ns``: monotonic
    clock, 0 before). ``raised``: the word is in the latch and binds each gate at its next check. ``durable``: survives
    power loss. ``cancelled``: working orders by uid, None when no gate said. ``taken_over``: the
    controller has seen it and brings it into store and audit.
    ``problems`` took something away; ``notices`` did not.
    """

    __slots__ = (
        "acknowledged_ns",
        "actor",
        "cancelled",
        "durable",
        "gates",
        "halt_id",
        "in_force",
        "mode",
        "notices",
        "opened_ns",
        "problems",
        "raised",
        "reason",
        "scope",
        "slot",
        "source",
        "taken_over",
        "word",
    )

    def __init__(self, scope: str, mode: int, actor: str, reason: str, source: int) -> None:
        self.halt_id = os.urandom(16).hex()
        self.scope = scope
        self.mode = mode
        self.actor = actor
        self.reason = reason
        self.source = source
        self.opened_ns = time.time_ns()
        self.slot = -1
        self.word = 0
        self.raised = False
        self.gates: list[GateReply] = []
        self.in_force = False
        self.acknowledged_ns = 0
        self.durable = False
        self.cancelled: dict[str, int] | None = None
        self.taken_over = False
        self.problems: list[str] = []
        self.notices: list[str] = []

    @property
    def confirmed(self) -> bool:
        """Whether anything at all holds the halt: the latch, or a gate's memory."""
        return self.raised or any(gate.confirmed for gate in self.gates)

    @property
    def exit_code(self) -> int:
        """0 all effective, 5 partly, 1 not confirmed at all."""
        if not self.confirmed:
            return 1
        return 0 if self.in_force and self.durable and not self.problems else 5


def halt(
    home: str,
    scope: str,
    mode: int,
    actor: str,
    reason: str,
    source: int,
    *,
    notify: bool = True,
    told: "Callable[[HaltOutcome], None] | None" = None,
) -> HaltOutcome:
    """Halt ``scope`` (``account`` or ``strategy:<uid>``) in ``mode`` 1..3 and say what took effect.

    ``home`` is the home folder's path. ``told`` is called with the outcome as soon as the gates have (or have not)
    answered; ``notify`` False leaves the controller out (inside the controller itself). Raises ValueError for a scope
    or mode that does not exist, and nothing else: every failure is in the outcome.
    """
    uid_of(scope)
    if not PAUSE <= mode <= HALT_ALL:
        raise ValueError(f"no mode {mode}: 1 pause, 2 freeze, 3 halt")
    outcome = HaltOutcome(scope, mode, actor, reason, source)
    latch = _raise(home, outcome)
    if outcome.raised:
        _confirm(home, outcome)
    else:
        _halt_by_socket(home, outcome, notify)
    outcome.in_force = bool(outcome.gates) and all(gate.confirmed for gate in outcome.gates)
    outcome.acknowledged_ns = time.monotonic_ns() if outcome.in_force else 0
    outcome.problems += [f"{gate.path}: {gate.problem}" for gate in outcome.gates if not gate.confirmed]
    if told is not None:
        told(outcome)
    _follow_up(home, outcome, latch, notify)
    return outcome


def add_reason(home: str, halt_id: str, actor: str, reason: str) -> str:
    """Add the reason of a halt that is in force to its record; empty, or why it could not be kept."""
    entry = Entry(REASON, halt_id, time.time_ns(), actor=actor, text=reason)
    written, problem = record(home, entry)
    if written is None:
        return problem
    try:
        written.sync()
    except OSError as error:
        return f"{written.path}: {error.strerror}"
    finally:
        written.close()
    _result(_service(home, "halts.adopt", {}))
    return ""


def gate_sockets(home: str) -> list[str]:
    """Sockets of the registered gates of a home (one account, one gate)."""
    return [f"{home}/run/gate.sock"]


def gate_pids(home: str) -> list[int]:
    """Pids that the registered gates wrote; for a person who must stop them by hand."""
    try:
        with open(f"{home}/run/gate.pid", encoding="ascii") as file:  # noqa: PTH123  # pathlib is slow to load
            text = file.read().strip()
    except (OSError, UnicodeDecodeError):
        return []
    return [int(text)] if text.isdigit() else []


def _raise(home: str, outcome: HaltOutcome) -> RaiseFile | None:
    """Store the word, creating a missing raise file around it; the open file, None when only sockets are left."""
    path, permit = f"{home}/latch/raise", f"{home}/latch/permit"
    what = (bytes.fromhex(outcome.halt_id), outcome.scope, outcome.mode, outcome.source, outcome.opened_ns)
    try:
        try:
            latch = RaiseFile.open(path, permit)
        except LatchMissing:
            raised = create_raise_holding(path, permit, *what)
            latch = RaiseFile.open(path, permit)
            outcome.problems.append("latch/raise was missing: made anew, with this halt in it")
        else:
            raised = None
    except LatchError as error:
        outcome.problems.append(f"latch/{error}")
        return None
    except OSError as error:
        outcome.problems.append(f"latch: {error.strerror}")
        return None
    raised = raised or latch.raise_halt(*what)
    outcome.slot, outcome.word, outcome.raised = raised.slot, raised.word, True
    return latch


def _confirm(home: str, outcome: HaltOutcome) -> None:
    """The barrier; a gate that answers but reads another latch gets the halt into its memory."""
    outcome.gates = barrier(gate_sockets(home), outcome.word)
    astray = [gate for gate in outcome.gates if gate.answered and not gate.confirmed]
    if astray:
        outcome.problems += [f"{gate.path}: {gate.problem}; halted in its memory alone" for gate in astray]
        again = order_halt([gate.path for gate in astray], outcome.scope, outcome.mode, outcome.reason)
        outcome.gates = [gate for gate in outcome.gates if gate not in astray] + again


def _halt_by_socket(home: str, outcome: HaltOutcome, notify: bool) -> None:
    """The latch cannot be written: ask the controller, then put the halt into each gate's memory."""
    asked: dict[str, str | int] = {
        "id": outcome.halt_id,
        "scope": outcome.scope,
        "mode": outcome.mode,
        "actor": outcome.actor,
        "reason": outcome.reason,
    }
    service = _service(home, "halts.raise", asked) if notify else None
    outcome.gates = order_halt(gate_sockets(home), outcome.scope, outcome.mode, outcome.reason)
    outcome.taken_over = service is not None and isinstance(_result(service), dict)


def _follow_up(home: str, outcome: HaltOutcome, latch: RaiseFile | None, notify: bool) -> None:
    """Everything that no acknowledgement waits for, side by side and each within its bound."""
    live = [gate.path for gate in outcome.gates if gate.confirmed]
    cancel = Cancel(live, outcome.scope, _SERVICE_BOUND) if outcome.mode >= FREEZE else None
    entry = Entry(
        HALT_RECORD,
        outcome.halt_id,
        outcome.opened_ns,
        scope=outcome.scope,
        mode=outcome.mode,
        source=outcome.source,
        actor=outcome.actor,
        text=outcome.reason,
        word=outcome.word,
        slot=outcome.slot,
    )
    written, problem = record(home, entry)
    syncing = None if written is None else Background(written.sync, written.close)
    flushing = None if latch is None else Background(latch.flush, latch.close)
    service = _service(home, "halts.adopt", {}) if notify and outcome.raised else None
    if cancel is not None and live:
        outcome.cancelled, unheard = cancel.counts()
        outcome.problems += [f"cancel: {text}" for text in unheard]
    if service is not None:
        down = _unseen(service, outcome.halt_id)
        outcome.taken_over = not down
        outcome.notices += [f"the service is {down}: it adopts this halt when it starts"] if down else []
    if syncing is not None:
        late = syncing.wait(_JOURNAL_BOUND)
        outcome.durable = not late
        problem = problem or (f"journal: {late}" if late else "")
    outcome.problems += [problem] if problem else []
    if flushing is not None and (late := flushing.wait(_MSYNC_BOUND)):
        outcome.notices.append(f"latch: {late}")


def _service(home: str, method: str, params: dict[str, str | int]) -> Request:
    line = dump({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return Request(f"{home}/run/controller.sock", f"{line}\n".encode(), time.monotonic() + _SERVICE_BOUND)


def _unseen(request: Request, halt_id: str) -> str:
    """Empty when the controller sees the halt, else what it is instead."""
    result = _result(request)
    if isinstance(result, str):
        return result
    seen = result.get("seen")
    return "" if isinstance(seen, list) and halt_id in seen else "reading another latch"


def _result(request: Request) -> "dict[str, object] | str":
    """The controller's result, or why there is none."""
    try:
        reply = parse_object(request.reply())
    except OSError as error:
        return problem_text(error)
    except ValueError as error:
        return str(error)
    result = reply.get("result")
    return result if isinstance(result, dict) else f"refusing: {dump(reply.get('error'))}"
