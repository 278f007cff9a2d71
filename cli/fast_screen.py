"""What the fast path shows: the plans before, names and figures after. Loaded when the halt does not wait for it."""

import time

from controller.halt import MODES, STRATEGY_MODES, HaltOutcome, gate_pids, gate_sockets
from controller.latch.layout import FREEZE, HALT, PAUSE, uid_of
from controller.latch.sockets import Request
from controller.latch.wire import dump, parse_object
from controller.strategies import strategies

_STATE_BOUND = 0.25
_MICROS = 1_000_000
_PENDING = ("pending", "working", "unknown")
_TRADING_PLAN = [
    "⛔ EMERGENCY TRADING HALT ⛔",
    "",
    "This will stop ALL trading activity.",
    "",
    "Actions:",
    "  ⛔ Stop all new orders",
    "  ⛔ Cancel all pending orders",
    "  ⛔ Prevent position changes",
    "  ℹ️  Strategies continue running (signals only)",
    "  ℹ️  Existing positions held",
    "",
    'This is a "freeze" - useful for:',
    "  - Market circuit breakers",
    "  - Exchange outages",
    "  - Data feed issues",
    "  - Pending investigation",
    "",
]
_PAUSE_PLAN = [
    "⏸️  PAUSE NEW ORDERS",
    "",
    "This will hold back every order that opens or grows a position.",
    "",
    "Actions:",
    "  ⛔ Stop new positions",
    "  ⛔ Cancel pending orders that open or grow a position",
    "  ℹ️  Orders that reduce a position still pass",
    "  ℹ️  Existing positions remain open",
    "",
]


def halt_all_plan(home: str) -> list[str]:
    """The screen before the phrase (spec 2.2.7)."""
    state = _state(home)
    return [
        "⛔ EMERGENCY HALT ALL STRATEGIES ⛔",
        "",
        "This will IMMEDIATELY halt all strategies.",
        "",
        "Current State:",
        *_current(state),
        "",
        "Actions:",
        "  ⛔ Halt all strategies",
        "  ⛔ Cancel all pending orders",
        "  ℹ️  Existing positions remain open",
        "  ℹ️  Manual resume required",
        "",
    ]


def account_plan(mode: int) -> list[str]:
    """The screen above ``halt-trading`` and ``pause-new-orders`` (spec 2.2.7)."""
    return {FREEZE: _TRADING_PLAN, PAUSE: _PAUSE_PLAN}[mode]


def strategy_plan(name: str) -> list[str]:
    """The screen above a strategy's halt (spec 2.2.3)."""
    return [
        f"⚠️  EMERGENCY HALT: {name}",
        "",
        "This will:",
        "  ⚠️  Immediately halt all new orders",
        "  ⚠️  Cancel pending orders",
        "  ⚠️  Mark strategy for review",
        "  ℹ️  Existing positions remain open",
        "",
    ]


def report(home: str, outcome: HaltOutcome, strategy: str) -> list[str]:
    """The lines after a halt: what is confirmed and what is not."""
    if not outcome.confirmed:
        return ["", *_not_confirmed(home, outcome)]
    if strategy:
        lines = [f"✓ Strategy halted: {strategy}" if outcome.in_force else f"⚠️  Halt raised: {strategy}"]
    elif outcome.mode < HALT:
        lines = _restricted(outcome)
    else:
        lines = [*_by_strategy(home, outcome), ""]
        lines.append("✓ All strategies halted" if outcome.in_force else "⚠️  Halt of all strategies raised")
    lines += [_cancelled_line(outcome)] if outcome.mode == HALT else []
    lines.append(_positions_line(home, outcome))
    what = "Halt reason" if strategy and outcome.reason else "Emergency halt" if outcome.mode == HALT else "Emergency"
    logged = f"✓ {what} logged" + (" with reason" if outcome.mode < HALT and outcome.reason else "")
    lines.append(logged if outcome.durable else "⚠️  NOT DURABLE: the halt is in force but would not survive power loss")
    if not outcome.reason:
        lines.append("ℹ️  No reason given: it stays open until added")
    lines.append("✓ Taken over by the service" if outcome.taken_over else "ℹ️  Not taken over by the service yet")
    lines += [f"ℹ️  {_safe(text)}" for text in outcome.notices]
    lines += [f"⚠️  {_safe(text)}" for text in outcome.problems]
    again = f"gt risk strategy resume {strategy}" if strategy else "gt risk emergency resume"
    return ["", *lines, "", f"To resume: {again}"]


def document(home: str, outcome: HaltOutcome, strategy: str) -> str:
    """The same as one JSON document."""
    names = strategies(home)
    state = _state(home)
    counts = outcome.cancelled
    modes = STRATEGY_MODES if strategy else MODES
    shown: dict[str, object] = {
        "ok": outcome.exit_code == 0,
        "in_force": outcome.in_force,
        "acknowledged_ns": outcome.acknowledged_ns or None,
        "durable": outcome.durable,
        "taken_over": outcome.taken_over,
        "halt": {
            "id": outcome.halt_id,
            "scope": outcome.scope,
            "mode": modes[outcome.mode],
            "actor": outcome.actor,
            "reason": outcome.reason,
            "opened": _instant(outcome.opened_ns),
        },
        "gates": [
            {"socket": gate.path, "confirmed": gate.confirmed, "problem": gate.problem} for gate in outcome.gates
        ],
        "strategies": [
            {"id": name, "uid": uid, "cancelled": None if counts is None else counts.get(uid, 0)}
            for uid, name in names.items()
            if not strategy or uid == uid_of(outcome.scope)
        ],
        "cancelled": None if counts is None else sum(counts.values()),
        "positions_open": _positions(state, outcome),
        "problems": outcome.problems,
        "notices": outcome.notices,
        "as_of": _instant(time.time_ns()),
    }
    if not outcome.confirmed:
        pids = gate_pids(home)
        hint = f"kill {' '.join(map(str, pids))}" if pids else "gt risk doctor"
        message = "NOT CONFIRMED: nothing holds this halt; use the broker's own kill switch"
        shown["error"] = {"message": message, "hint": hint, "code": "NotConfirmed"}
    return dump(shown)


def _not_confirmed(home: str, outcome: HaltOutcome) -> list[str]:
    pids = " ".join(map(str, gate_pids(home)))
    return [
        "✗ NOT CONFIRMED: nothing holds this halt",
        *(f"  - {_safe(text)}" for text in outcome.problems),
        f"  Gate processes: {pids} (kill {pids} stops all orders)"
        if pids
        else f"  Gate processes: none known in {home}",
        "  Use the broker's own kill switch now.",
        "  next: gt risk doctor",
    ]


def _restricted(outcome: HaltOutcome) -> list[str]:
    """What ``halt-trading`` or ``pause-new-orders`` has come to."""
    if outcome.mode == PAUSE:
        done = ["✓ New orders paused", "✓ Orders that only reduce a position still pass"]
        return done if outcome.in_force else ["⚠️  Pause of new orders raised"]
    counts = outcome.cancelled
    cancelled = (
        _cancelled_line(outcome) if counts is None else f"✓ All pending orders cancelled ({sum(counts.values())})"
    )
    done = ["✓ Trading halted", cancelled, "✓ Position changes blocked"]
    return done if outcome.in_force else ["⚠️  Trading halt raised", cancelled]


def _by_strategy(home: str, outcome: HaltOutcome) -> list[str]:
    word = "HALTED" if outcome.in_force else "HALT RAISED"
    mark = "✓" if outcome.in_force else "⚠️ "
    return [f"{mark} {_safe(name)}: {word} ({_orders(outcome, uid)})" for uid, name in strategies(home).items()]


def _orders(outcome: HaltOutcome, uid: str) -> str:
    if outcome.cancelled is None:
        return "orders cancelled: n/a, no gate has answered"
    return f"{_many(outcome.cancelled.get(uid, 0), 'order')} cancelled"


def _cancelled_line(outcome: HaltOutcome) -> str:
    if outcome.cancelled is None:
        return "⚠️  Orders cancelled: n/a (no gate has answered)"
    return f"✓ {_many(sum(outcome.cancelled.values()), 'order')} cancelled"


def _positions_line(home: str, outcome: HaltOutcome) -> str:
    count = _positions(_state(home), outcome)
    if count is None:
        return "ℹ️  Positions open: n/a (the gate does not answer)"
    return f"✓ {_many(count, 'position')} {'remains' if count == 1 else 'remain'} open"


def _positions(state: dict[str, object] | None, outcome: HaltOutcome) -> int | None:
    """Open positions in the halt's scope; None when nobody knows."""
    return None if state is None else _open(state, uid_of(outcome.scope))


def _open(state: dict[str, object], uid: str = "") -> int:
    """Instruments that the strategy, or any of them, holds: as ``status`` counts positions."""
    return len({item.get("symbol") for item in _items(state, "positions") if not uid or item.get("uid") == uid})


def _current(state: dict[str, object] | None) -> list[str]:
    if state is None:
        return ["  n/a (the gate does not answer)"]
    gate, account = state.get("gate"), state.get("account")
    statuses = gate.get("statuses", {}) if isinstance(gate, dict) else {}
    held = account if isinstance(account, dict) else {}
    value = (abs(int(held.get("long_exposure", 0))) + abs(int(held.get("short_exposure", 0)))) // _MICROS
    return [
        f"  Active Strategies:     {sum(1 for status in statuses.values() if status == 'active')}",
        f"  Pending Orders:        {sum(1 for item in _items(state, 'orders') if item.get('state') in _PENDING)}",
        f"  Open Positions:        {_open(state)}",
        f"  Portfolio Value:       ${value:,}",
    ]


def _items(state: dict[str, object], name: str) -> list[dict[str, object]]:
    found = state.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _state(home: str) -> dict[str, object] | None:
    """The gate's own picture, None when it does not give one in time."""
    deadline = time.monotonic() + _STATE_BOUND
    for path in gate_sockets(home):
        try:
            state = parse_object(Request(path, b'{"op":"state"}\n', deadline).reply())
        except (OSError, ValueError):
            continue
        if state.get("ok") is True:
            return state
    return None


def _instant(ns: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 1_000_000_000)) + f".{ns // 1_000_000 % 1000:03d}Z"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _safe(text: object) -> str:
    """Text from elsewhere without control characters, so that it cannot drive the terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in str(text))
