"""What risk_alerts.yaml may not say: a rule that nothing raises, a channel that cannot send, a CRITICAL that waits."""

import difflib
from collections.abc import Iterator
from typing import Protocol

from controller.core.alerts.quiet import zone_of
from controller.core.alerts.rules import RULES, unknown_fields
from schemas.alerts import Alerts
from schemas.desired import Desired
from schemas.status import Problem

_PATH = "risk_alerts.yaml"
_CHANNELS = ("alerts", "channels")


class Written(Protocol):
    """A snapshot as far as these rules need it."""

    @property
    def desired(self) -> Desired:
        """The documents."""
        ...

    def problem(self, path: str, pointer: tuple[str, ...], message: str, fix: str) -> Problem:
        """A problem at ``pointer`` of ``path``."""
        ...


def _alerts(snapshot: Written) -> Alerts:
    return snapshot.desired.alerts.alerts


def alert_rules_known(snapshot: Written) -> Iterator[Problem]:
    """Each rule names a trigger that there is."""
    for index, rule in enumerate(_alerts(snapshot).rules):
        if rule.trigger not in RULES:
            near = difflib.get_close_matches(rule.trigger, RULES, 1)
            fix = f"did you mean {near[0]}?" if near else f"one of: {', '.join(RULES)}"
            pointer = ("alerts", "rules", str(index), "trigger")
            yield snapshot.problem(_PATH, pointer, f"nothing triggers {rule.trigger}", fix)


def alert_rules_once(snapshot: Written) -> Iterator[Problem]:
    """No trigger has two rules: which one counts would be a guess."""
    seen: set[str] = set()
    for index, rule in enumerate(_alerts(snapshot).rules):
        if rule.trigger in seen:
            pointer = ("alerts", "rules", str(index), "trigger")
            yield snapshot.problem(_PATH, pointer, f"{rule.trigger} has a rule already", "keep one of them")
        seen.add(rule.trigger)


def alert_fields_known(snapshot: Written) -> Iterator[Problem]:
    """A message names only fields that its trigger has."""
    for index, rule in enumerate(_alerts(snapshot).rules):
        for name in unknown_fields(rule.trigger, rule.message) if rule.trigger in RULES else ():
            fix = f"one of: {', '.join(RULES[rule.trigger].fields)}"
            pointer = ("alerts", "rules", str(index), "message")
            yield snapshot.problem(_PATH, pointer, f"{rule.trigger} has no field {{{name}}}", fix)


def alert_zone_known(snapshot: Written) -> Iterator[Problem]:
    """Quiet hours are in a time zone that there is."""
    try:
        zone_of(_alerts(snapshot).quiet_hours.timezone)
    except ValueError as error:
        pointer = ("alerts", "quiet_hours", "timezone")
        yield snapshot.problem(_PATH, pointer, str(error), "an IANA name like America/Los_Angeles")


def quiet_hours_end(snapshot: Written) -> Iterator[Problem]:
    """Hours that end when they start would be none, or all."""
    hours = _alerts(snapshot).quiet_hours
    if hours.enabled and hours.start_time == hours.end_time:
        message = f"quiet hours start and end at {hours.end_time}"
        yield snapshot.problem(_PATH, ("alerts", "quiet_hours", "end_time"), message, "write another time")


def critical_always_sent(snapshot: Written) -> Iterator[Problem]:
    """Nothing holds a CRITICAL alert back."""
    if not _alerts(snapshot).quiet_hours.always_send_critical:
        pointer = ("alerts", "quiet_hours", "always_send_critical")
        yield snapshot.problem(_PATH, pointer, "a CRITICAL alert waits for nothing", "write true")


def enabled_channels_whole(snapshot: Written) -> Iterator[Problem]:
    """A channel that is enabled says where to."""
    channels = _alerts(snapshot).channels
    needs = {
        ("email", "to"): channels.email.to,
        ("email", "from"): channels.email.sender,
        ("email", "smtp_server"): channels.email.smtp_server,
        ("slack", "webhook_url"): channels.slack.webhook_url,
        ("apprise", "urls"): channels.apprise.urls,
    }
    for (channel, name), value in needs.items():
        if getattr(channels, channel).enabled and not value:
            message = f"{channel} is enabled without {name}"
            yield snapshot.problem(_PATH, (*_CHANNELS, channel), message, f"write {name}, or enabled: false")


def password_encrypted(snapshot: Written) -> Iterator[Problem]:
    """No password crosses the network in the open."""
    email = _alerts(snapshot).channels.email
    if email.security == "none" and email.password:
        pointer = (*_CHANNELS, "email", "security")
        yield snapshot.problem(
            _PATH, pointer, "a password without encryption is no secret", "write starttls or tls, or no password"
        )


def log_path_whole(snapshot: Written) -> Iterator[Problem]:
    """The log stands in the home folder, or where a whole path says."""
    path = _alerts(snapshot).channels.logs.path
    if path and (not path.startswith("/") or ".." in path.split("/") or path.endswith("/")):
        pointer = (*_CHANNELS, "logs", "path")
        yield snapshot.problem(
            _PATH, pointer, f"{path} is not the whole path of a file", "begin with /, or leave it empty"
        )


ALERT_RULES = (
    alert_rules_known,
    alert_rules_once,
    alert_fields_known,
    alert_zone_known,
    quiet_hours_end,
    critical_always_sent,
    enabled_channels_whole,
    password_encrypted,
    log_path_whole,
)
