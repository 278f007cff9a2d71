"""Alerts for tests: rules with every channel on, facts to judge, and a judge's world over time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from controller.core.alerts.found import Findings, Found
from controller.core.alerts.judge import Seen, decide
from controller.core.alerts.rules import RULES, Rulebook
from schemas.alerting import Alert, Load, Send, Silence, Step
from schemas.alerts import Alerts
from schemas.overview import Overview
from tests.support.folders import short_folder
from tests.support.greenplace import greenplace

START = 1_768_818_225_000_000_000
"""2026-01-19 10:23:45 UTC."""
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
ALL = ["INFO", "WARN", "ERROR", "CRITICAL"]


def calm() -> Overview:
    """The samples' picture on a phase that does not say when it began, so that no checkpoint of it is found."""
    picture = greenplace()
    assert picture.desired is not None
    risk = picture.desired.risk
    learning = risk.learning.model_copy(update={"started": None})
    desired = picture.desired.model_copy(update={"risk": risk.model_copy(update={"learning": learning})})
    return picture.model_copy(update={"desired": desired})


def config(**changes: Any) -> Alerts:
    """Every channel on for ERROR and CRITICAL; ``changes`` replace whole sections."""
    email = {"enabled": True, "to": "op@example.org", "from": "risk@example.org", "smtp_server": "localhost"}
    channels = {
        "email": {**email, "security": "none"},
        "slack": {"enabled": True, "webhook_url": "env:HOOK"},
        "apprise": {"enabled": False},
    }
    return Alerts.model_validate({"channels": channels, **changes})


def quiet(start: str, end: str, zone: str = "UTC") -> dict[str, Any]:
    return {"enabled": True, "start_time": start, "end_time": end, "timezone": zone}


def one_of(level: str, *, standing: bool = False, key: str = "x") -> Found:
    """A finding of some rule of ``level``, on every channel that the level has."""
    names = {
        ("INFO", False): "service_started",
        ("WARN", False): "soft_limit_warning",
        ("ERROR", False): "hard_limit_violation",
        ("CRITICAL", False): "critical_record",
        ("INFO", True): "limit_info",
        ("WARN", True): "drifted",
        ("ERROR", True): "limit_breach",
        ("CRITICAL", True): "database_lost",
    }
    rule = RULES[names[level, standing]]
    return Found(rule.trigger, (key,), dict.fromkeys(rule.fields, key))


@dataclass
class World:
    """What a store would keep between two looks; every alert of the past is in it."""

    config: Alerts = field(default_factory=config)
    zone: tzinfo = UTC
    now: int = START
    alerts: list[Alert] = field(default_factory=list)
    silences: tuple[Silence, ...] = ()
    load: dict[str, Load] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()

    def look(self, *found: Found, seconds: float = 0, judged: Iterable[str] = tuple(RULES)) -> list[Send]:
        """One look ``seconds`` later; what is sent."""
        self.now += int(seconds * SECOND)
        newest = {alert.fingerprint: alert for alert in self.alerts}
        seen = Seen(tuple(newest.values()), self.silences, self.load, self.failing)
        steps = decide(Rulebook(self.config), self.zone, self.now, Findings(found, frozenset(judged)), seen)
        for step in steps:
            self._keep(step)
        return [send for step in steps for send in step.sends]

    def _keep(self, step: Step) -> None:
        if step.alert.id:
            self.alerts[step.alert.id - 1] = step.alert
        else:
            self.alerts.append(step.alert.model_copy(update={"id": len(self.alerts) + 1}))

    @property
    def newest(self) -> Alert:
        return self.alerts[-1]


def pushed(sends: Iterable[Send]) -> list[tuple[str, str]]:
    """Channel and kind of what interrupts somebody now."""
    return [(send.channel, send.kind) for send in sends if send.channel != "logs" and not send.held]


def held(sends: Iterable[Send]) -> list[tuple[str, int]]:
    """Channel and time of what waits for a digest."""
    return [(send.channel, send.due_ns) for send in sends if send.held]


def some_alert(name: str, level: str = "ERROR", **fields: Any) -> Alert:
    """An alert called ``name`` as it is kept first."""
    given = {"fingerprint": name.ljust(16, "0"), "rule": "limit_breach", "level": level, "source": "position"}
    times = {"first_ns": START, "last_ns": START, "sent_ns": START}
    return Alert.model_validate({**given, **times, "message": f"m {name}", **fields})


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder whose files cost no disk where the machine has one: for thousands of durable writes."""
    memory = Path("/dev/shm")
    with short_folder(memory if memory.is_dir() else None) as folder:
        yield folder
