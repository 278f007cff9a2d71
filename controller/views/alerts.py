"""``gt risk alerts …`` as documents."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.core.alerts.rules import PUSH, Rulebook
from controller.views.figures import instant
from schemas.alerting import SEVERITY, Alert, AlertState, ChannelHealth, Delivery, Silence
from schemas.alerts import AlertLevel, Alerts


def alert(item: Alert, names: Mapping[str, str]) -> dict[str, Any]:
    """One alert; ``names`` maps a strategy's uid to its id."""
    shown = item.model_dump(mode="json", include=_PLAIN)
    times = ("first", "last", "sent", "acked")
    strategy = names.get(item.scope.removeprefix("strategy:"))
    return {
        **shown,
        "state": item.state.value,
        "strategy": strategy,
        **{name: instant(getattr(item, f"{name}_ns")) for name in times},
        "over": instant(item.resolved_ns),
    }


_PLAIN = {
    "id",
    "fingerprint",
    "rule",
    "level",
    "source",
    "scope",
    "message",
    "standing",
    "record",
    "count",
    "withheld",
    "reminded",
    "acked_by",
    "note",
}


def listing(
    found: Sequence[Alert], counts: Mapping[tuple[str, AlertState], int], since_ns: int, names: Mapping[str, str]
) -> dict[str, Any]:
    """Alerts newest first, with the counts of all of them; an open CRITICAL or ERROR needs attention.

    ``others``: nobody acknowledged them and nobody has to: they are over, or INFO.
    """
    levels = {level.lower(): sum(n for (of, _), n in counts.items() if of == level) for level in SEVERITY}
    acknowledged = sum(n for (_, state), n in counts.items() if state is AlertState.ACKED)
    pending = sum(n for (of, state), n in counts.items() if state is AlertState.OPEN and of != "INFO")
    waiting = sum(counts.get((level, AlertState.OPEN), 0) for level in ("ERROR", "CRITICAL"))
    words = f"{waiting} alert{'s' if waiting != 1 else ''} of ERROR or CRITICAL not acknowledged"
    return {
        "alerts": [alert(item, names) for item in found],
        "since": instant(since_ns),
        "total": sum(levels.values()),
        "levels": levels,
        "acknowledged": acknowledged,
        "pending": pending,
        "others": sum(levels.values()) - acknowledged - pending,
        "attention": [words] if waiting else [],
    }


def details(item: Alert, sent: Iterable[Delivery], names: Mapping[str, str]) -> dict[str, Any]:
    """``alerts show``."""
    return {"alert": alert(item, names), "deliveries": [_delivery(one) for one in sent]}


def _delivery(item: Delivery) -> dict[str, Any]:
    plain = item.model_dump(mode="json", include={"channel", "kind", "state", "attempts", "error"})
    return {**plain, "made": instant(item.made_ns), "sent": instant(item.sent_ns)}


def config(document: Alerts, health: Sequence[ChannelHealth], silences: Sequence[Silence], zone: str) -> dict[str, Any]:
    """``alerts config``: what is in force and how each channel does; a channel that fails needs attention.

    References to secrets are shown, for they are no secrets. ``zone``: what people there call their time now.
    """
    by_name = {item.channel: item for item in health}
    channels = {
        name: _channel(name, getattr(document.channels, name), by_name.get(name))
        for name in ("dashboard", "logs", *PUSH)
    }
    failing = [f"channel {name} fails: {item['error']}" for name, item in channels.items() if item["failures"]]
    return {
        "channels": channels,
        "rate_limiting": document.rate_limiting.model_dump(mode="json"),
        "quiet_hours": {**document.quiet_hours.model_dump(mode="json"), "zone": zone},
        "rules": [_rule(rule) for rule in Rulebook(document).rules.values()],
        "silences": [silence(item) for item in silences],
        "attention": failing,
    }


def _channel(name: str, given: Any, health: ChannelHealth | None) -> dict[str, Any]:
    known = health or ChannelHealth(channel=name)
    levels: Sequence[AlertLevel] = given.levels
    fails = given.enabled and known.failures > 0
    return {
        **given.model_dump(mode="json", by_alias=True),
        "levels": sorted(levels, key=lambda level: SEVERITY[level]),
        "arrived": instant(known.ok_ns),
        "failed": instant(known.failed_ns),
        "failures": known.failures if fails else 0,
        "error": known.error if fails else "",
        "waiting": known.waiting,
        "held": known.held,
        "lost": known.lost,
    }


def _rule(rule: Any) -> dict[str, Any]:
    return {
        name: getattr(rule, name) if name != "channels" else list(rule.channels)
        for name in ("trigger", "level", "source", "message", "channels", "when")
    }


def silence(item: Silence) -> dict[str, Any]:
    """One silence."""
    plain = item.model_dump(mode="json", include={"id", "fingerprint", "rule", "actor", "reason"})
    return {**plain, "until": instant(item.until_ns), "made": instant(item.made_ns)}
