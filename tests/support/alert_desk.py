"""The methods of the alerts for tests, over alerts in memory; the alerts of the spec's sample."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.clock import ManualClock, SystemClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.memory import MemoryStore
from controller.alert_ports import Channel
from controller.alerts.desk import AlertDesk
from controller.alerts.service import Feed
from controller.ports import Clock, Control
from controller.rpc import alerts, health
from controller.settings import Settings
from schemas.alerting import Alert, Cursor, Step
from schemas.alerts import Alerts
from tests.support.greenplace import SENTIMENT

SECOND = 1_000_000_000


def alert_methods(
    control: Control,
    settings: Settings,
    kept: MemoryAlerts | None = None,
    config: Alerts | None = None,
    clock: Clock | None = None,
    audit: MemoryStore | None = None,
    channels: Mapping[str, Channel] | None = None,
) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """The methods, as the running controller has them."""
    store, document = kept or MemoryAlerts(), config or Alerts()
    made = channels or {"email": MemoryChannel()}
    clock = clock or SystemClock()
    desk = AlertDesk(store, audit or MemoryStore(), clock, lambda: document, lambda _: made)
    return {**alerts.methods(control, settings, desk, Feed(store)), **health.methods(control, desk)}


SAMPLE = (
    ("19 10:23:45", "CRITICAL", "emergency", "Full emergency halt triggered"),
    ("19 10:05:45", "ERROR", "strategy", "Strategy ml-sentiment-exp halted (20% DD)"),
    ("19 09:45:12", "WARN", "concentration", "Tech sector at 42% (threshold: 40%)"),
    ("19 09:30:45", "WARN", "volatility", "Portfolio vol at 23.4% (target: 20%)"),
    ("19 08:15:23", "INFO", "soft-limit", "Position size reduced (NVDA, high vol)"),
    ("19 07:45:10", "INFO", "phase", "Phase 1 day 18/30 checkpoint"),
)
OLDER = ("ERROR",) * 1 + ("WARN",) * 10 + ("INFO",) * 30


def greenplace_alerts() -> MemoryAlerts:
    """47 alerts, the newest six those of the sample; the two newest are pending, the rest is acknowledged."""
    kept = MemoryAlerts()
    older = [("18 20:00:00", level, "engine", f"older {number}") for number, level in enumerate(OLDER)]
    for at, level, source, message in (*older, *reversed(SAMPLE)):
        at_ns = int(datetime.fromisoformat(f"2026-01-{at}+00:00").timestamp()) * SECOND
        given = {"level": level, "source": source, "message": message, "rule": "drifted", "standing": True}
        scope = f"strategy:{SENTIMENT}" if source == "strategy" else "account"
        acked = 0 if level in ("CRITICAL", "ERROR") and source != "engine" else at_ns
        times = {"first_ns": at_ns, "last_ns": at_ns, "sent_ns": at_ns, "acked_ns": acked, "resolved_ns": acked}
        alert = Alert.model_validate(
            {**given, **times, "fingerprint": f"{len(kept.alerts(limit=99)):016x}", "scope": scope}
        )
        kept.keep([Step(alert=alert)], Cursor(), at_ns)
    return kept


def sample_clock() -> ManualClock:
    """The time of the sample."""
    return ManualClock()
