"""The life of an alert: one table. A move that is not in it raises."""

from schemas.alerting import Alert, AlertState

TRIGGER, CLEAR, ACK = "trigger", "clear", "acknowledge"
TABLE: dict[tuple[AlertState, str], AlertState] = {
    (AlertState.OPEN, TRIGGER): AlertState.OPEN,
    (AlertState.OPEN, ACK): AlertState.ACKED,
    (AlertState.OPEN, CLEAR): AlertState.RESOLVED,
    (AlertState.ACKED, TRIGGER): AlertState.ACKED,
    (AlertState.ACKED, CLEAR): AlertState.RESOLVED,
    (AlertState.RESOLVED, TRIGGER): AlertState.OPEN,
}


class IllegalMove(ValueError):
    """An alert in that state does not do that."""


def next_state(state: AlertState, event: str) -> AlertState:
    """Where ``event`` leads. Raises IllegalMove."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalMove(f"an alert that is {state.value} cannot {event}") from None


def triggered(alert: Alert, now_ns: int) -> Alert:
    """It happened (again); a resolved one is open as if nobody had seen it."""
    moved = {"last_ns": now_ns, "count": alert.count + 1}
    if next_state(alert.state, TRIGGER) is AlertState.OPEN:
        moved |= {"resolved_ns": 0, "acked_ns": 0}
        return alert.model_copy(update={**moved, "acked_by": "", "note": ""})
    return alert.model_copy(update=moved)


def cleared(alert: Alert, now_ns: int) -> Alert:
    """Its cause is gone. Raises IllegalMove when it was gone."""
    next_state(alert.state, CLEAR)
    return alert.model_copy(update={"resolved_ns": now_ns})


def acknowledged(alert: Alert, now_ns: int, actor: str, note: str) -> Alert:
    """A person has seen it; one that does not stand has nothing else to wait for. Raises IllegalMove."""
    next_state(alert.state, ACK)
    seen = {"acked_ns": now_ns, "acked_by": actor, "note": note}
    return alert.model_copy(update=seen if alert.standing else {**seen, "resolved_ns": now_ns})
