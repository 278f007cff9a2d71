"""Every alert that there is: one table of rules, and what a committed ``risk_alerts.yaml`` makes of it.

A rule of the document replaces level, message and channels of the built-in one with the same trigger.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from schemas.alerts import AlertChannel, AlertLevel, Alerts

_LOOK: tuple[AlertChannel, ...] = ("dashboard", "logs")
_MAIL: tuple[AlertChannel, ...] = (*_LOOK, "email")
_CHAT: tuple[AlertChannel, ...] = (*_MAIL, "slack", "apprise")
PUSH: tuple[AlertChannel, ...] = ("email", "slack", "apprise")
"""Channels that interrupt people: rates, quiet hours, silences and digests are about these."""
_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of alert. ``when`` says what raises it; ``fields`` may stand in ``message`` in braces.

    ``standing``: it holds for as long as its cause and is resolved with it; else it is one event. ``after``: seconds
    that its cause must last first, so that a moment's trouble is none. ``follows``: its message is kept up to date.
    """

    trigger: str
    level: AlertLevel
    source: str
    message: str
    channels: tuple[AlertChannel, ...]
    when: str
    fields: tuple[str, ...] = ()
    standing: bool = False
    after: float = 0.0
    follows: bool = False

    def text(self, fields: Mapping[str, str]) -> str:
        """The message with every ``{field}`` filled in; one that is not known stays as it is written."""
        return _FIELD.sub(lambda found: fields.get(found[1], found[0]), self.message)


_LIMIT = ("limit_name", "subject", "value", "limit", "utilisation", "strategy_id")
_ORDER = ("limit_name", "strategy_id", "symbol", "reason")
_RECORD = ("event", "actor", "reason", "details", "change", "revision")
_NEAR = "{limit_name}: {subject} at {value} (limit: {limit}, {utilisation} used)"

_BOOK = (
    Rule("hard_limit_violation", "ERROR", "order", "Order rejected: {limit_name} exceeded", _MAIL,
         "the gate denies an order for a limit", _ORDER),
    Rule("order_denied", "INFO", "order", "Order denied for {strategy_id}: {reason}", _LOOK,
         "the gate denies an order for another reason than a limit", _ORDER),
    Rule("soft_limit_warning", "WARN", "soft-limit", "{limit_name} warning threshold reached", _LOOK,
         "an order passes and reaches a soft limit's warning", _ORDER),
    Rule("size_reduced", "INFO", "soft-limit", "Position size reduced ({symbol}): {reason}", _LOOK,
         "a soft limit makes an order smaller", _ORDER),
    Rule("limit_info", "INFO", "limit", _NEAR, _LOOK,
         "half of a drawdown's limit, nine tenths of another hard one", _LIMIT, standing=True),
    Rule("limit_warn", "WARN", "limit", _NEAR, _LOOK,
         "three quarters of a drawdown's limit; beyond a soft limit, an allocation or one in shadow", _LIMIT,
         standing=True),
    Rule("limit_error", "ERROR", "limit", _NEAR, _MAIL,
         "nine tenths of a drawdown's limit: its scope may only reduce", _LIMIT, standing=True),
    Rule("limit_breach", "ERROR", "limit", "{limit_name} breached: {subject} at {value} (limit: {limit})", _CHAT,
         "the live book is beyond a limit; over at 95 % of it", _LIMIT, standing=True),
)  # fmt: skip
_CONTROL = (
    Rule("emergency_halt", "CRITICAL", "emergency", "Emergency halt triggered: {reason}", _CHAT,
         "an account halt is open, whoever raised it", ("reason", "mode", "actor", "halt_id"),
         standing=True, follows=True),
    Rule("strategy_halt", "ERROR", "strategy", "Strategy {strategy_id} halted: {reason}", _MAIL,
         "a halt of a strategy is open", ("strategy_id", "reason", "mode", "actor", "halt_id"),
         standing=True, follows=True),
    Rule("resumed", "INFO", "emergency", "Lifted by {actor}: {details}", _CHAT, "a halt was released", _RECORD),
    Rule("liquidation", "CRITICAL", "emergency", "{event} by {actor}: {reason}", _CHAT,
         "a liquidation is asked for", _RECORD),
    Rule("config_applied", "INFO", "config", "{event} by {actor} is in force: {change}", _LOOK,
         "a commit is in force", _RECORD),
    Rule("commit_refused", "ERROR", "config", "Commit {revision} refused: {reason}", _MAIL,
         "the tip of the branch is refused; nothing new takes effect", ("revision", "reason"),
         standing=True, follows=True),
    Rule("test_decided", "INFO", "ab-test", "A/B test {details}: {change} ({reason})", _MAIL,
         "an A/B test is decided or was ended", _RECORD),
    Rule("test_stopped", "WARN", "ab-test", "A/B test {details}: {change} ({reason})", _CHAT,
         "an A/B test broke a guardrail, is invalid, or its rollout was taken back", _RECORD),
    Rule("push_refused", "WARN", "config", "A push was refused: {details}", _LOOK, "a push is refused", _RECORD),
    Rule("action_failed", "ERROR", "audit", "{event} by {actor} ended as {outcome}: {details}", _MAIL,
         "a control action failed, took effect in part, or nobody knows", (*_RECORD, "outcome")),
    Rule("critical_record", "CRITICAL", "audit", "{event}: {details}", _CHAT,
         "any other audit record that is critical (a latch, journal or audit head was lost)", _RECORD),
)  # fmt: skip
_STATED = ("reason", "message", "strategy_id")
_CONDITIONS = (
    Rule("not_ready", "ERROR", "controller", "Not ready: {reason}: {message}", _MAIL,
         "condition Ready does not hold for a minute", _STATED, standing=True, after=60),
    Rule("reconciling", "WARN", "controller", "Not applied yet: {reason}: {message}", _LOOK,
         "condition Reconciling holds for a minute", _STATED, standing=True, after=60),
    Rule("stalled", "ERROR", "controller", "Stalled: {reason}: {message}", _MAIL,
         "condition Stalled holds for another reason than a refused commit", _STATED, standing=True),
    Rule("drifted", "WARN", "engine", "Drift: {message}", _MAIL,
         "condition Drifted: the engine was changed by hand", _STATED, standing=True),
    Rule("source_stale", "ERROR", "config", "{message}", _MAIL,
         "condition SourceStale: git cannot be reached beyond its bound", _STATED, standing=True),
    Rule("history_rewritten", "CRITICAL", "config", "History rewritten: {message}", _CHAT,
         "condition HistoryRewritten", _STATED, standing=True),
    Rule("target_mismatch", "CRITICAL", "config", "Signed for another target: {message}", _CHAT,
         "condition TargetMismatch", _STATED, standing=True),
    Rule("bypass_active", "WARN", "controller", "Bypass: {message}", _MAIL,
         "condition BypassActive for another reason than an open halt", _STATED, standing=True),
    Rule("no_data", "WARN", "strategy", "Strategy {strategy_id} has no data: {message}", _LOOK,
         "condition NoData of a strategy", _STATED, standing=True),
    Rule("phase_demoted", "WARN", "phase", "Phase {phase} ({name}) acts with the caps of the phase before", _MAIL,
         "the account has fallen so far that the caps of the phase before hold as well", ("phase", "name"),
         standing=True),
    Rule("phase_checkpoint", "INFO", "phase", "Phase {phase} day {day}/{days} checkpoint", _LOOK,
         "another fifth of the learning phase's days is over", ("phase", "name", "day", "days"), standing=True),
)  # fmt: skip
_SYSTEM = (
    Rule("gate_silent", "ERROR", "gate", "The gate does not answer: {reason}", _MAIL,
         "no reading of the book for 5 s", ("reason",), standing=True, after=5),
    Rule("permit_ended", "ERROR", "gate", "The permit is {reason}: only reducing orders pass", _MAIL,
         "the gate has no valid permit for 5 s", ("reason",), standing=True, after=5),
    Rule("data_stale", "ERROR", "data", "No new price for {age} s: only reducing orders pass", _MAIL,
         "prices are stale for 5 s", ("age",), standing=True, after=5),
    Rule("disk_low", "ERROR", "system", "Disk space low: {free} MiB free at {place}", _MAIL,
         "less room than the next backups need", ("free", "place"), standing=True),
    Rule("database_lost", "CRITICAL", "store", "Database connection lost: {reason}", _CHAT,
         "the store does not answer; alerts are kept in memory meanwhile", ("reason",), standing=True),
    Rule("api_errors", "WARN", "api", "High API error rate: {errors} of {requests} requests in 5 minutes", _LOOK,
         "a fifth of at least 10 requests in 5 minutes failed inside", ("errors", "requests"), standing=True),
    Rule("channel_failure", "ERROR", "alerts", "Channel {channel} fails: {reason}", _CHAT,
         "a channel failed three times in a row", ("channel", "reason"), standing=True),
    Rule("service_started", "INFO", "service", "Service started (pid {pid})", _LOOK, "the controller is up", ("pid",)),
    Rule("service_stopped", "WARN", "service", "Service stopped (pid {pid})", _LOOK,
         "the controller was stopped in order", ("pid",)),
    Rule("service_down", "CRITICAL", "service", "Service down: {services}", _CHAT,
         "gt risk watchdog, or systemd, finds a service that does not run", ("services",), standing=True),
)  # fmt: skip
RULES: Mapping[str, Rule] = {rule.trigger: rule for rule in (*_BOOK, *_CONTROL, *_CONDITIONS, *_SYSTEM)}


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules as a document has them, and its channels."""

    config: Alerts
    rules: Mapping[str, Rule] = field(init=False)

    def __post_init__(self) -> None:
        own = {item.trigger: item for item in self.config.rules if item.trigger in RULES}
        object.__setattr__(
            self,
            "rules",
            {
                name: replace(rule, level=own[name].level, message=own[name].message, channels=own[name].channels)
                if name in own
                else rule
                for name, rule in RULES.items()
            },
        )

    def channels(self, rule: Rule, level: AlertLevel) -> Iterator[AlertChannel]:
        """The rule's channels that are enabled and take ``level``."""
        for name in rule.channels:
            channel = getattr(self.config.channels, name)
            if channel.enabled and level in channel.levels:
                yield name


def unknown_fields(trigger: str, message: str) -> list[str]:
    """What stands in braces in ``message`` and the rule does not know."""
    return [name for name in _FIELD.findall(message) if name not in RULES[trigger].fields]
