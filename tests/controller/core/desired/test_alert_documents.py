"""risk_alerts.yaml: what is refused at commit, with file, line and fix."""

import pytest

from controller.core.desired.alert_documents import ALERT_RULES
from controller.errors import InvalidDesired
from schemas.status import Problem
from tests.support.desired import files, read

SECRET = "hunter2-5a1f"
EMAIL = "email:\n      enabled: false"
ON = "email:\n      enabled: true\n      security: tls"
BROKEN = {
    "unknown trigger": (
        ("trigger: soft_limit_warning", "trigger: soft_limit_warnin"),
        "nothing triggers soft_limit_warnin (fix: did you mean soft_limit_warning?)",
    ),
    "trigger twice": (
        ("trigger: soft_limit_warning", "trigger: hard_limit_violation"),
        "hard_limit_violation has a rule already",
    ),
    "unknown field of a rule": (
        ("    - trigger: strategy_halt\n", "    - trigger: strategy_halt\n      severity: high\n"),
        "severity is not a field here",
    ),
    "unknown field in a message": (("{limit_name} exceeded", "{limit} exceeded"), "has no field {limit} (fix: one of:"),
    "unknown time zone": (("timezone: UTC", "timezone: Mars/Olympus"), "'Mars/Olympus' is not a time zone"),
    "hours without a length": (
        ('enabled: false\n    start_time: "22:00"', 'enabled: true\n    start_time: "07:00"'),
        "quiet hours start and end at 07:00",
    ),
    "a CRITICAL that waits": (
        ("always_send_critical: true", "always_send_critical: false"),
        "a CRITICAL alert waits for nothing (fix: write true)",
    ),
    "e-mail to nobody": (
        (f"{EMAIL}\n      levels: [ERROR, CRITICAL]\n      to: operator@example.com", f"{ON}\n      levels: [ERROR]"),
        "email is enabled without to",
    ),
    "webhook without an address": (
        (
            "enabled: false\n      levels: [ERROR, CRITICAL]\n      webhook_url: env:GT_RISK_SLACK_WEBHOOK",
            "enabled: true",
        ),
        "slack is enabled without webhook_url",
    ),
    "password in the open": (
        (
            "smtp_server: smtp.example.com",
            "smtp_server: smtp.example.com\n      security: none\n      password: env:PW",
        ),
        "a password without encryption is no secret",
    ),
    "half a path": (('path: ""', "path: logs/../../alerts.log"), "is not the whole path of a file"),
}
LITERALS = {
    "webhook": ("webhook_url: env:GT_RISK_SLACK_WEBHOOK", f"webhook_url: https://hooks.example.com/{SECRET}"),
    "password": ("smtp_server: smtp.example.com", f"smtp_server: smtp.example.com\n      password: {SECRET}"),
    "number": ("smtp_server: smtp.example.com", "smtp_server: smtp.example.com\n      password: 5150"),
    "url": ("    slack:\n", f"    apprise:\n      urls: ['discord://{SECRET}/5150']\n    slack:\n"),
    "empty url": ("    slack:\n", "    apprise:\n      urls: ['']\n    slack:\n"),
}


def refused(old: str, new: str) -> Problem:
    with pytest.raises(InvalidDesired) as caught:
        read(files(risk_alerts=(old, new)))
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("name", BROKEN)
def test_alerts_when_a_rule_is_broken_then_refused_with_line_and_fix(name: str) -> None:
    (old, new), says = BROKEN[name]
    problem = refused(old, new)
    assert problem.path == "risk_alerts.yaml" and problem.line > 1
    assert says in str(problem)


@pytest.mark.parametrize("name", LITERALS)
def test_secret_when_written_out_then_refused_and_repeated_nowhere(name: str) -> None:
    problem = refused(*LITERALS[name])
    assert "is not a reference to a secret (fix: a reference to the secret: env:NAME or file:/PATH)" in str(problem)
    assert problem.line > 1
    assert SECRET not in str(problem) and "5150" not in str(problem)


def test_alerts_when_every_rule_has_its_case_then_none_is_missed() -> None:
    assert len(BROKEN) >= len(ALERT_RULES) + 1


def test_alerts_when_channels_are_whole_then_accepted() -> None:
    text = f"{ON}\n      username: risk\n      password: file:/etc/gt-risk/smtp"
    channels = read(files(risk_alerts=(EMAIL, text))).alerts.alerts.channels
    assert channels.email.enabled and channels.email.password == "file:/etc/gt-risk/smtp"
