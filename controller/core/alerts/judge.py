"""What becomes of what was found: which alerts open, go on and end, and what is sent of it when.

Pure: the time, the rules and what is known come in, steps go out. CRITICAL goes at once, whatever the hour, the rate,
the silence or the state of its channel; all that holds anything back is about the rest and about repeats.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from controller.core.alerts import machine
from controller.core.alerts.found import Findings, Found
from controller.core.alerts.quiet import is_quiet, next_end, next_hour
from controller.core.alerts.rules import PUSH, Rule, Rulebook
from schemas.alerting import SEVERITY, Alert, AlertState, Kind, Load, Send, Silence, Step
from schemas.alerts import AlertLevel

MINUTE_NS = 60_000_000_000
REMIND_NS: Mapping[AlertLevel, int] = {
    "WARN": 24 * 60 * MINUTE_NS,
    "ERROR": 60 * MINUTE_NS,
    "CRITICAL": 15 * MINUTE_NS,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known before a decision: the newest alert of each fingerprint that was found, every alert that stands,
    waits for a summary of what was withheld, or for a reminder; what holds deliveries back."""

    alerts: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    load: Mapping[str, Load] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()


def decide(book: Rulebook, zone: tzinfo, now_ns: int, findings: Findings, seen: Seen) -> tuple[Step, ...]:
    """Every alert that changes, with what is sent of it, in the order of the findings."""
    judge = _Judge(book, _Post(book, zone, now_ns, seen), now_ns, {item.fingerprint: item for item in seen.alerts})
    for found in findings.found:
        judge.take(found)
    judge.clear(findings)
    judge.follow_up()
    return tuple(Step(alert=judge.alerts[key], sends=tuple(sends)) for key, sends in judge.steps.items())


def is_held(silences: Iterable[Silence], alert: Alert, now_ns: int) -> bool:
    """Whether a silence holds it: one of its own fingerprint, or of its rule unless it is CRITICAL."""
    return any(
        silence.until_ns > now_ns
        and (silence.fingerprint == alert.fingerprint or (silence.rule == alert.rule and alert.level != "CRITICAL"))
        for silence in silences
    )


@dataclass(slots=True)
class _Judge:
    """Alerts by fingerprint as they become, and the sends of each one that changed."""

    book: Rulebook
    post: "_Post"
    now_ns: int
    alerts: dict[str, Alert]
    steps: dict[str, list[Send]] = field(default_factory=dict)

    def take(self, found: Found) -> None:
        """One finding: a new alert, one more of one that is there, or nothing new."""
        rule = self.book.rules[found.rule]
        known = self.alerts.get(found.fingerprint)
        if known is None or (known.state is AlertState.RESOLVED and not self._cooling(known)):
            self._open(rule, found)
        elif rule.standing and known.state is not AlertState.RESOLVED:
            self._go_on(rule, found, known)
        else:
            self._again(rule, known)

    def _open(self, rule: Rule, found: Found) -> None:
        alert = Alert(
            fingerprint=found.fingerprint,
            rule=rule.trigger,
            level=rule.level,
            source=found.source or rule.source,
            scope=found.scope,
            message=rule.text(found.fields),
            standing=rule.standing,
            record=found.record,
            first_ns=self.now_ns,
            last_ns=self.now_ns,
            sent_ns=self.now_ns,
        )
        self._keep(self._closed(alert), self.post.sends(alert, rule, "first"))

    def _go_on(self, rule: Rule, found: Found, known: Alert) -> None:
        text = rule.text(found.fields)
        if rule.follows and text != known.message:
            self._keep(known.model_copy(update={"message": text}), ())

    def _again(self, rule: Rule, known: Alert) -> None:
        """Within the cooldown it is counted, and what was counted is told once the cooldown is over."""
        alert = machine.triggered(known, self.now_ns)
        if self._cooling(known):
            alert = self._closed(alert.model_copy(update={"withheld": known.withheld + 1}))
            self._keep(alert, ())
        else:
            self._tell(alert, rule, "repeat", known.withheld)

    def clear(self, findings: Findings) -> None:
        """What stands and was looked for and not found is over."""
        there = {item.fingerprint for item in findings.found}
        for key, alert in list(self.alerts.items()):
            over = alert.standing and alert.rule in findings.judged and key not in there
            if over and alert.state is not AlertState.RESOLVED:
                self._keep(machine.cleared(alert, self.now_ns), self._over(alert))

    def _over(self, alert: Alert) -> Iterator[Send]:
        """People who were called are told that it is over; of what came again in the cooldown they know nothing."""
        rule = self.book.rules.get(alert.rule)
        if rule is not None and not alert.withheld:
            yield from self.post.sends(alert, rule, "resolved")

    def follow_up(self) -> None:
        """Summaries of what was withheld, and reminders of what nobody has acknowledged."""
        for alert in list(self.alerts.values()):
            rule = self.book.rules.get(alert.rule)
            if rule is None or alert.state is not AlertState.OPEN:
                continue
            if alert.withheld and not self._cooling(alert):
                self._tell(alert, rule, "repeat", alert.withheld)
            elif self._forgotten(alert):
                self._tell(alert.model_copy(update={"reminded": alert.reminded + 1}), rule, "reminder", 0)

    def _forgotten(self, alert: Alert) -> bool:
        """A send that lies in the future was made before the clock was set back: nobody knows how long ago."""
        wait = REMIND_NS.get(alert.level)
        once = alert.level != "CRITICAL" and alert.reminded > 0
        return wait is not None and not once and not 0 <= self.now_ns - alert.sent_ns < wait

    def _tell(self, alert: Alert, rule: Rule, kind: Kind, withheld: int) -> None:
        note = f"{withheld} more since it was last sent" if withheld else ""
        sends = self.post.sends(alert, rule, kind, note)
        self._keep(alert.model_copy(update={"withheld": 0, "sent_ns": self.now_ns}), sends)

    def _closed(self, alert: Alert) -> Alert:
        """An event that asks for no answer is over when it is made."""
        if alert.level == "INFO" and not alert.standing:
            return machine.cleared(alert, self.now_ns)
        return alert

    def _cooling(self, alert: Alert) -> bool:
        return 0 <= self.now_ns - alert.sent_ns < self.book.config.rate_limiting.duplicate_cooldown_minutes * MINUTE_NS

    def _keep(self, alert: Alert, sends: Iterable[Send]) -> None:
        self.alerts[alert.fingerprint] = alert
        self.steps.setdefault(alert.fingerprint, []).extend(sends)


@dataclass(slots=True)
class _Post:
    """Where an alert goes and when; counts what it gives out against the hour's rates."""

    book: Rulebook
    zone: tzinfo
    now_ns: int
    seen: Seen
    _sent: dict[str, Load] = field(default_factory=dict)

    def sends(self, alert: Alert, rule: Rule, kind: Kind, note: str = "") -> Iterator[Send]:
        """One send for each channel of the rule that takes the level; WARN also for the daily digest by e-mail."""
        silent = is_held(self.seen.silences, alert, self.now_ns)
        channels = list(self.book.channels(rule, alert.level))
        for channel in channels:
            if channel not in PUSH:
                if channel != "dashboard":
                    yield Send(channel=channel, kind=kind, due_ns=self.now_ns, note=note)
            elif not silent and (kind != "resolved" or SEVERITY[alert.level] >= SEVERITY["ERROR"]):
                held = self._held(channel, alert, kind)
                yield Send(channel=channel, kind=kind, due_ns=held or self.now_ns, held=bool(held), note=note)
        digested = alert.level == "WARN" and kind != "resolved" and "email" not in channels
        if digested and not silent and self.book.config.channels.email.enabled:
            due = next_end(self.now_ns, self.book.config.quiet_hours, self.zone)
            yield Send(channel="email", kind=kind, due_ns=due, held=True, note=note)

    def _held(self, channel: str, alert: Alert, kind: Kind) -> int:
        """When it goes with a digest; 0: at once."""
        rates, hours = self.book.config.rate_limiting, self.book.config.quiet_hours
        load = self._sent.get(channel) or self.seen.load.get(channel, Load())
        critical = alert.level == "CRITICAL" and kind != "resolved"
        if critical and kind == "first":
            due = 0
        elif critical:
            due = next_hour(self.now_ns, hours, self.zone) if load.critical >= rates.max_critical_per_hour else 0
        elif hours.buffer_non_critical and is_quiet(self.now_ns, hours, self.zone):
            due = next_end(self.now_ns, hours, self.zone)
        elif load.sent >= rates.max_per_hour or channel in self.seen.failing:
            due = next_hour(self.now_ns, hours, self.zone)
        else:
            due = 0
        if not due:
            again = critical and kind != "first"
            self._sent[channel] = Load(sent=load.sent + 1, critical=load.critical + again)
        return due
