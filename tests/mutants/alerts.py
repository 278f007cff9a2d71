# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of the alerts, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

_JUDGE = "controller.core.alerts.judge"
_PICTURES = "controller.core.alerts.pictures"
_DIGEST = "controller.core.alerts.digest"
_QUIET = "controller.core.alerts.quiet"
_MACHINE = "controller.core.alerts.machine"
_SENDERS = "controller.alerts.senders"
_LANE = "controller.alerts.lane"
_DESK = "controller.alerts.desk"
_SMTP = "controller.adapters.channels.smtp"
_SLACK = "controller.adapters.channels.slack"
_LOG = "controller.adapters.channels.json_log"
_OUTBOX = "controller.adapters.store.outbox_sql"
_ALERTS = "controller.adapters.store.alert_sql"

CORE = edits(
    ("test_alert_judge", "test_alert_facts", "test_alert_words", "test_quiet_hours"),
    (
        (_JUDGE, "a new CRITICAL waits for nothing", 'if critical and kind == "first":', "if False:"),
        (_JUDGE, "no rule's silence holds a CRITICAL", ' and alert.level != "CRITICAL"', ""),
        (_JUDGE, "a silence ends", "        silence.until_ns > now_ns\n", "        True\n"),
        (_JUDGE, "what was not looked for is not over", " and alert.rule in findings.judged", ""),
        (_JUDGE, "CRITICAL is sent again and again", 'once = alert.level != "CRITICAL" and alert.reminded > 0', "once = alert.reminded > 0"),
        (_JUDGE, "what was withheld is told", "if alert.withheld and not self._cooling(alert):", "if False:"),
        (_JUDGE, "a clock that was set back holds nothing", "return 0 <= self.now_ns - alert.sent_ns <", "return self.now_ns - alert.sent_ns <"),
        (_JUDGE, "people who were called hear that it is over", "self._keep(machine.cleared(alert, self.now_ns), self._over(alert))", "self._keep(machine.cleared(alert, self.now_ns), ())"),
        (_JUDGE, "nobody hears the end of what they never heard of", "rule is not None and not alert.withheld:", "rule is not None:"),
        (_JUDGE, "WARN is in the digest", 'digested = alert.level == "WARN"', 'digested = alert.level == "NONE"'),
        (_PICTURES, "a silent gate says nothing of the book", "        if _answers(picture):\n            judged |= _LIVE\n", "        judged |= _LIVE\n"),
        (_PICTURES, "a demotion is not over while the policy is not known", "        if picture.effective is not None:\n            judged |= _CAPS\n", "        judged |= _CAPS\n"),
        (_PICTURES, "without a picture nothing of it is over", "    judged = _OWN\n", "    judged = _OWN | _PICTURE\n"),
        (_PICTURES, "a breach of a limit on the book stands until its level is left", "level.key not in (ACCOUNT_LIMIT, STRATEGY_LIMIT)", "(level.utilisation or 0) > 1_000_000"),
        (_PICTURES, "nobody is called for a limit in shadow", 'rule = "limit_warn" if level.shadow else', 'rule = "limit_warn" if False else'),
        (_DIGEST, "open problems come first", '(("Open", still), ("Over", over))', '(("Over", over), ("Open", still))'),
        (_QUIET, "a window may cross midnight", "clock >= start or clock < end", "clock >= start and clock < end"),
        (_QUIET, "an hour that is skipped is not an hour early", "            if _local(instant, zone) >= end:\n", "            if True:\n"),
        (_MACHINE, "an alert that comes again is open again", 'moved |= {"resolved_ns": 0, "acked_ns": 0}', 'moved |= {"resolved_ns": 0}'),
    ),
)
WORK = edits(
    ("test_alert_lane", "test_alert_senders", "test_alert_commands"),
    (
        (_SENDERS, "a repeat says so", "duplicate=parcel.attempts > 0,", "duplicate=False,"),
        (_SENDERS, "a server's wish counts", 'max(wait, getattr(error, "retry_after", 0.0))', "wait"),
        (_SENDERS, "a refused message is not offered for ever", "lost=tried >= REFUSALS", "lost=False"),
        (_SENDERS, "what could not be noted is noted later", "        while self._marks:\n            self._marks[0]()\n            self._marks.pop(0)\n", ""),
        (_SENDERS, "a lost store does not end the spare", "            except StoreUnavailable as error:\n                lost = error\n", "            except ZeroDivisionError as error:\n                lost = error\n"),
        (_LANE, "what is said during a look is not lost", "del self._events[: len(said)]", "del self._events[: len(self._events)]"),
        (_LANE, "what a dead process had begun waits again", "        self.alerts.release()\n", "        pass\n"),
        (_LANE, "a lost store is told from memory", "            self._look(picture, self.spare)\n", "            pass\n"),
        (_LANE, "what stood is not told twice", "        self.spare.keep(steps, Cursor(), self.clock.wall_ns())\n", "        pass\n"),
        (_DESK, "an acknowledgement is audited first", 'with control_action(self.audit, self.clock, self._entry("alert.ack", alert, actor, note)) as action:', "with __import__('contextlib').nullcontext(__import__('types').SimpleNamespace(result=lambda *_, **__: None)) as action:"),
        (_DESK, "no rule that is CRITICAL is silenced", 'if rule and RULES[rule].level == "CRITICAL":', "if False:"),
        (_DESK, "every silence ends", "if not now < until_ns <= now + LONGEST_DAYS * _DAY_NS:", "if False:"),
    ),
)
CHANNELS = edits(
    ("test_channel_faults",),
    (
        (_SMTP, "a server that drips is cut off", "        self._deadline.watch(connection)\n", ""),
        (_SMTP, "what a server said to a login is told to nobody", "return f\"{where}login refused ({error.smtp_code})\"", 'return f"{where}{error.smtp_error!r}"'),
        (_SMTP, "nothing goes in the open that should not", '        if self._config.security == "starttls":\n', "        if False:\n"),
        (_SLACK, "half an answer is none", "        if deadline.passed:  #", "        if False:  #"),
        (_SLACK, "a webhook is https", 'if parts.scheme != "https" and not (', "if False and not ("),
        (_LOG, "a line behind half a line is whole", '        data = b"\\n" + data\n', "        pass\n"),
        ("controller.adapters.channels.references", "a secret that others can read is none", "            if mode & _OTHERS:\n", "            if False:\n"),
    ),
)
STORE = edits(
    ("test_alert_store_contract",),
    (
        (_OUTBOX, "what was begun is given to nobody else", ", deliveries.c.begun_ns == 0)\n", ")\n"),
        (_OUTBOX, "CRITICAL goes first", "deliveries.c.critical.desc(), ", ""),
        (_ALERTS, "alert, deliveries and cursor together", "            self._mark(connection, {**cursor.model_dump(), \"change\": change}, marks)\n", '            self._mark(connection, {"change": change}, marks)\n'),
    ),
)
ALERTS: tuple[Mutant, ...] = (*CORE, *WORK, *CHANNELS, *STORE)
