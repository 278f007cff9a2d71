"""Rows of alerts to schemas and back, and what counts as due: shared by the stores."""

from typing import Any

from sqlalchemy import RowMapping

from controller.core.alerts.judge import REMIND_NS
from schemas.alerting import SEVERITY, Alert, ChannelHealth, Delivery, Parcel, Send, Silence

Row = dict[str, Any]
HOUR = 3_600_000_000_000
FAR = 50 * HOUR
"""No digest is due later than two days ahead: one that is was planned before the clock was set back."""
KEPT = 90 * 24 * HOUR
MOST_DUE = 200
BATCH = 1_000
AGAIN = ("repeat", "reminder")
_WORDS = 1_000


def from_alert(alert: Alert, change: int) -> Row:
    """The row of an alert, without its id."""
    row = alert.model_dump(mode="json", exclude={"id"})
    return {**row, "severity": SEVERITY[alert.level], "standing": int(alert.standing), "change": change}


def as_alert(row: RowMapping) -> Alert:
    """The alert of a row."""
    return Alert.model_validate({name: row[name] for name in Alert.model_fields} | {"standing": bool(row["standing"])})


def from_send(alert: Alert, id: int, send: Send, now_ns: int) -> Row:
    """The row of a delivery of alert ``id``."""
    return {
        **new_delivery(send.channel, send.kind, send.due_ns, now_ns),
        "alert": id,
        "state": "held" if send.held else "waiting",
        "critical": int(alert.level == "CRITICAL" and send.kind != "resolved"),
        "note": send.note,
    }


def new_delivery(channel: str, kind: str, due_ns: int, now_ns: int) -> Row:
    """A delivery that waits."""
    numbers = dict.fromkeys(("alert", "critical", "begun_ns", "sent_ns", "attempts"), 0)
    words = dict.fromkeys(("error", "note", "title", "text"), "")
    named = {"channel": channel, "kind": kind, "state": "waiting", "due_ns": due_ns, "made_ns": now_ns}
    return {**numbers, **words, **named}


def as_parcel(row: RowMapping, alert: Alert | None) -> Parcel:
    """What a channel gets of a delivery as it was before it was begun."""
    fields = {name: row[name] for name in Parcel.model_fields if name != "alert"}
    return Parcel.model_validate({**fields, "alert": alert})


def as_delivery(row: RowMapping) -> Delivery:
    """What people are told of a delivery."""
    return Delivery.model_validate({name: row[name] for name in Delivery.model_fields})


def as_silence(row: RowMapping) -> Silence:
    """The silence of a row."""
    return Silence.model_validate(dict(row))


def after_success(known: ChannelHealth, now_ns: int) -> ChannelHealth:
    """The channel does well."""
    return known.model_copy(update={"ok_ns": now_ns, "failures": 0})


def after_failure(known: ChannelHealth, now_ns: int, error: str) -> ChannelHealth:
    """The channel has failed once more."""
    told = {"failed_ns": now_ns, "failures": known.failures + 1, "error": error[:_WORDS]}
    return known.model_copy(update=told)


def is_due(alert: Alert, now_ns: int, cooldown_ns: int) -> bool:
    """Whether an open alert may have to be sent again: what was withheld, or a reminder."""
    if alert.resolved_ns or alert.acked_ns:
        return False
    passed = now_ns - alert.sent_ns
    if alert.withheld and not 0 <= passed < cooldown_ns:
        return True
    wait = REMIND_NS.get(alert.level)
    return wait is not None and (alert.level == "CRITICAL" or not alert.reminded) and not 0 <= passed < wait
