"""Halts: the latch is raised here, as the command line does, whether the controller runs or not."""

from controller.halt import API, HaltOutcome, gate_pids, halt
from controller.strategies import find_strategy
from web.controls.act import Act, Asked, Desk, Document, Preview
from web.controls.models import Answer
from web.problems import Problem
from web.registry import Rate, Role
from web.snapshot import panel

FREEZE, HALT = 2, 3
_ACCOUNT = "account"


def halt_all(desk: Desk, asked: Asked, _: Preview) -> Answer:
    """Halt every strategy and cancel what works."""
    return halted(desk, asked, _ACCOUNT, HALT, "gt risk emergency resume")


def halt_trading(desk: Desk, asked: Asked, _: Preview) -> Answer:
    """Freeze: no order passes."""
    return halted(desk, asked, _ACCOUNT, FREEZE, "gt risk emergency resume")


def halt_strategy(desk: Desk, asked: Asked, _: Preview) -> Answer:
    """Halt one strategy."""
    return halted(desk, asked, f"strategy:{_uid(desk, asked)}", HALT, f"gt risk strategy resume {asked.target}")


def halted(desk: Desk, asked: Asked, scope: str, mode: int, again: str) -> Answer:
    """Raise it and say what took effect. Raises Problem when nothing at all holds it."""
    outcome = halt(desk.home, scope, mode, asked.actor, asked.given.reason, API)
    if not outcome.confirmed:
        pids = ", ".join(map(str, gate_pids(desk.home))) or "not known"
        detail = (
            f"NOT CONFIRMED: {'; '.join(outcome.problems)}. Stop the gate by hand (pid {pids}), or use the broker's"
        )
        raise Problem(503, "not-confirmed", f"{detail} own kill switch", "gt risk emergency halt-all")
    whole = outcome.exit_code == 0
    return Answer(
        ok=whole,
        state="done" if whole else "partly",
        title="Halted" if outcome.in_force else "Raised, not acknowledged",
        lines=tuple(_told(outcome)),
        next=again,
        detail=_facts(outcome),
    )


def _told(outcome: HaltOutcome) -> list[str]:
    force = "In force: acknowledged by the gate" if outcome.in_force else "Raised, but the gate has not answered"
    cancelled = "unknown" if outcome.cancelled is None else sum(outcome.cancelled.values())
    return [
        force,
        f"Orders cancelled: {cancelled}",
        "Recorded" if outcome.durable else "NOT DURABLE: it would not survive a loss of power",
        "Taken over by the service" if outcome.taken_over else "Not taken over by the service yet",
        *([] if outcome.reason else ["No reason given: it stays open until added"]),
        *outcome.notices,
        *outcome.problems,
    ]


def _facts(outcome: HaltOutcome) -> Document:
    return {
        "halt": outcome.halt_id,
        "in_force": outcome.in_force,
        "durable": outcome.durable,
        "taken_over": outcome.taken_over,
        "cancelled": outcome.cancelled,
        "problems": outcome.problems,
        "notices": outcome.notices,
    }


def _look_all(desk: Desk, _: Asked) -> Preview:
    lines = ("Halt all strategies", "Cancel all pending orders", "Existing positions remain open")
    return Preview("Halt all strategies", (*lines, "A person must resume"), facts=_state(desk))


def _look_trading(desk: Desk, _: Asked) -> Preview:
    lines = ("Stop all new orders", "Cancel all pending orders", "Prevent position changes")
    more = ("Strategies continue running (signals only)", "Existing positions held")
    return Preview("Halt trading", (*lines, *more), facts=_state(desk))


def _look_strategy(desk: Desk, asked: Asked) -> Preview:
    _uid(desk, asked)
    lines = ("Immediately halt all new orders", "Cancel pending orders", "Mark strategy for review")
    return Preview(f"Halt {asked.target}", (*lines, "Existing positions remain open"))


def _uid(desk: Desk, asked: Asked) -> str:
    uid, problem, hint = find_strategy(desk.home, asked.target)
    if not uid:
        raise Problem(404, "unknown-strategy", problem, hint)
    return uid


def _state(desk: Desk) -> Document:
    """The current state that the spec shows beside the phrase, as the newest picture has it; None is unknown."""
    known = panel(desk.feed.current(), "emergency.status").document or {}
    strategies = known.get("strategies")
    active = None if strategies is None else sum(item["status"] == "active" for item in strategies)
    return {
        "Active strategies": active,
        "Pending orders": known.get("working_orders"),
        "Open positions": known.get("positions"),
    }


ACTS = (
    Act(
        "halt-all",
        "/emergency/halt-all",
        "Halt All Strategies",
        "Halt every strategy and cancel every order, now",
        _look_all,
        halt_all,
        role=Role.VIEWER,
        rate=Rate.HALT,
        phrase="HALT ALL",
        at_once=True,
    ),
    Act(
        "halt-trading",
        "/emergency/halt-trading",
        "Halt Trading",
        "Freeze all trading, now",
        _look_trading,
        halt_trading,
        role=Role.VIEWER,
        rate=Rate.HALT,
        at_once=True,
    ),
    Act(
        "halt-strategy",
        "/strategies/<id>/halt",
        "Halt",
        "Halt one strategy, now",
        _look_strategy,
        halt_strategy,
        role=Role.VIEWER,
        rate=Rate.HALT,
        at_once=True,
    ),
)
