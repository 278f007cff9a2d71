"""What people do with alerts. None of it changes desired state: it is kept in the store and in the audit log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.alert_ports import AlertStore, Channel
from controller.audit import control_action
from controller.core.alerts.machine import IllegalMove
from controller.core.alerts.rules import RULES
from controller.core.plan.edits import BadArgument, NothingToDo
from controller.errors import ChannelUnavailable, GtRiskError
from controller.ports import Clock, Store
from schemas.alerting import Alert, AlertState, Message, Silence
from schemas.alerts import Alerts
from schemas.audit import AuditEntry

LONGEST_DAYS = 30
_DAY_NS = 86_400_000_000_000


class NoSuchAlert(GtRiskError):
    """There is none of that number."""


class AlreadySeen(NothingToDo):
    """Nothing is left to acknowledge; nothing was changed."""


class NotAllowed(BadArgument):
    """A silence that would never end, or would hold what nothing may hold."""


@dataclass(slots=True)
class AlertDesk:
    """Alerts of one book. ``config`` gives the document in force, ``channels`` makes its channels; ``notify`` is told
    of every change."""

    alerts: AlertStore
    audit: Store
    clock: Clock
    config: Callable[[], Alerts]
    channels: Callable[[Alerts], Mapping[str, Channel]]
    notify: Callable[[], None] = lambda: None

    def found(self, id: int) -> Alert:
        """One alert. Raises NoSuchAlert, StoreUnavailable."""
        alert = self.alerts.alert(id)
        if alert is None:
            raise NoSuchAlert(f"there is no alert {id}", "gt risk alerts list")
        return alert

    def acknowledge(self, ids: Sequence[int], actor: str, note: str) -> list[Alert]:
        """Somebody has seen them and says so, audited one by one. Raises NoSuchAlert for any before it touches one,
        AlreadySeen when none of them is open."""
        known = [self.found(id) for id in ids]
        waiting = [item for item in known if item.state is AlertState.OPEN]
        if not waiting:
            raise AlreadySeen(f"nothing to acknowledge: {'; '.join(map(_why_not, known))}", "gt risk alerts list")
        made = [self._acknowledge(item, actor, note) for item in waiting]
        self.notify()
        return made

    def _acknowledge(self, alert: Alert, actor: str, note: str) -> Alert:
        with control_action(self.audit, self.clock, self._entry("alert.ack", alert, actor, note)) as action:
            try:
                return self.alerts.acknowledge(alert.id, self.clock.wall_ns(), actor, note)
            except IllegalMove as error:
                action.result("refused", details=str(error))
                return self.found(alert.id)

    def silence(self, id: int, rule: str, until_ns: int, actor: str, reason: str) -> Silence:
        """Send nothing of one alert's fingerprint, or of a rule (its CRITICAL ones are sent all the same), until then.

        Raises NoSuchAlert, NotAllowed, StoreUnavailable.
        """
        now = self.clock.wall_ns()
        if not now < until_ns <= now + LONGEST_DAYS * _DAY_NS:
            raise NotAllowed(f"a silence ends within {LONGEST_DAYS} days", "gt risk alerts silence --help")
        if rule and rule not in RULES:
            raise NotAllowed(f"there is no rule {rule}", "gt risk alerts config --rules")
        if rule and RULES[rule].level == "CRITICAL":
            raise NotAllowed(f"{rule} is CRITICAL: only one alert of it can be silenced", "gt risk alerts silence <id>")
        fingerprint = self.found(id).fingerprint if id else ""
        given = {"fingerprint": fingerprint, "rule": rule, "until_ns": until_ns, "reason": reason}
        silence = Silence.model_validate({**given, "actor": actor, "made_ns": now})
        after = f"alert {id}" if id else f"rule {rule}"
        entry = AuditEntry(at_ns=now, event="alert.silence", actor=actor, channel="cli", reason=reason, after=after)
        with control_action(self.audit, self.clock, entry):
            return self.alerts.add_silence(silence)

    def end_silence(self, id: int, actor: str, reason: str) -> None:
        """End it now. Raises NoSuchAlert when none of that number is in force."""
        now = self.clock.wall_ns()
        entry = AuditEntry(
            at_ns=now, event="alert.unsilence", actor=actor, channel="cli", reason=reason, before=f"silence {id}"
        )
        with control_action(self.audit, self.clock, entry):
            if not self.alerts.end_silence(id, now):
                raise NoSuchAlert(f"no silence {id} is in force", "gt risk alerts silence")

    def test(self, name: str, actor: str) -> str:
        """Send a message by one channel now, past outbox and rates; what can be said of it.

        Raises ChannelUnavailable, ChannelRefused.
        """
        if name == "dashboard":
            self.alerts.health()
            return "it reads the store, which answers"
        channel = self.channels(self.config()).get(name)
        if channel is None:
            raise ChannelUnavailable(f"{name} is not enabled in risk_alerts.yaml", hint="gt risk alerts config")
        now = self.clock.wall_ns()
        title = f"Test: message of {actor or 'an operator'}"
        text = "If you read this, alerts reach you here."
        channel.send([Message(id=f"test.{now}", title=title, text=text, level="INFO", kind="test", at_ns=now)])
        return "the message was taken"

    def _entry(self, event: str, alert: Alert, actor: str, reason: str) -> AuditEntry:
        return AuditEntry(
            at_ns=self.clock.wall_ns(),
            event=event,
            actor=actor,
            channel="cli",
            scope=alert.scope,
            reason=reason,
            before=f"alert {alert.id}: {alert.rule}",
        )


def _why_not(alert: Alert) -> str:
    if alert.acked_ns:
        return f"alert {alert.id} was acknowledged by {alert.acked_by}"
    return f"alert {alert.id} is resolved"
