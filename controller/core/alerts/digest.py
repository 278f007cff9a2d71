"""The words of messages and digests."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from schemas.alerting import SEVERITY, Alert, AlertState, Digest, Held, Kind
from schemas.alerts import AlertLevel

SHOWN = 100
_NS = 1_000_000_000
_PREFIX: Mapping[str, str] = dict(reminder="Not acknowledged: ", resolved="Resolved: ", test="Test: ")


def digest(held: Held, now_ns: int, zone: tzinfo) -> Digest:
    """What was held back for one channel as one message: open problems first, then the rest, worst first."""
    still = [item for item in held.alerts if item.state is not AlertState.RESOLVED]
    over = [item for item in held.alerts if item.state is AlertState.RESOLVED]
    counts = ", ".join(f"{held.levels[level]} {level.lower()}" for level in _worst_first(held))
    alerts = f"{held.count} alert{'s' if held.count > 1 else ''}"
    lines = [f"Held back: {alerts} ({counts})."]
    for title, some in (("Open", still), ("Over", over)):
        if some:
            lines += ["", f"{title}:", *(_line(item, zone) for item in sorted(some, key=_order)[:SHOWN])]
    left = held.count - len(held.alerts)
    lines += ["", f"… and {left} more: gt risk alerts list"] if left > 0 else []
    title = f"Digest: {alerts}, {held.unresolved} still open"
    worst = any(item.level == "CRITICAL" for item in still)
    return Digest(channel=held.channel, due_ns=now_ns, title=title, text="\n".join(lines), critical=worst)


def title_of(alert: Alert, kind: Kind) -> str:
    """One line: what it is, how bad, and whether it is new, old or over."""
    return f"{_PREFIX.get(kind, '')}{alert.message}"


def text_of(alert: Alert, note: str, zone: tzinfo) -> str:
    """Everything a person needs who has only this message."""
    lines = [
        f"{alert.level} from {alert.source}: {alert.message}",
        "",
        f"Alert {alert.id} ({alert.rule}), scope {alert.scope}",
        f"First: {_clock(alert.first_ns, zone)}",
    ]
    if alert.count > 1:
        lines.append(f"Last:  {_clock(alert.last_ns, zone)}, {alert.count} times")
    if alert.resolved_ns and alert.standing:
        lines.append(f"Over:  {_clock(alert.resolved_ns, zone)}")
    lines += [note] if note else []
    if alert.state is AlertState.OPEN:
        lines += ["", f"Acknowledge: gt risk alerts ack {alert.id}"]
    return "\n".join(lines)


def _worst_first(held: Held) -> list[AlertLevel]:
    return sorted(held.levels, key=lambda level: -SEVERITY[level])


def _order(alert: Alert) -> tuple[int, int]:
    return -SEVERITY[alert.level], alert.first_ns


def _line(alert: Alert, zone: tzinfo) -> str:
    times = f" ({alert.count} times)" if alert.count > 1 else ""
    number = f"#{alert.id} " if alert.id else ""
    return f"  {number}{_clock(alert.first_ns, zone)} {alert.level:<8}  {alert.source}: {alert.message}{times}"


def _clock(at_ns: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ns // _NS, zone).strftime("%Y-%m-%d %H:%M:%S %Z")
