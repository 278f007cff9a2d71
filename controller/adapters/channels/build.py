"""The channels that a document enables."""

from collections.abc import Callable
from pathlib import Path

from controller.adapters.channels.apprise_urls import AppriseUrls
from controller.adapters.channels.json_log import JsonLog
from controller.adapters.channels.slack import SlackWebhook
from controller.adapters.channels.smtp import SmtpChannel
from controller.alert_ports import Channel
from schemas.alerts import Channels


def channels(config: Channels, logs: Path, now_ns: Callable[[], int]) -> dict[str, Channel]:
    """By name. ``logs``: the folder of a log that has no path of its own. The dashboard reads the store itself."""
    made: dict[str, Channel] = {}
    if config.logs.enabled:
        path = Path(config.logs.path) if config.logs.path else logs / "alerts.log"
        made["logs"] = JsonLog(path, now_ns)
    if config.email.enabled:
        made["email"] = SmtpChannel(config.email)
    if config.slack.enabled:
        made["slack"] = SlackWebhook(config.slack)
    if config.apprise.enabled:
        made["apprise"] = AppriseUrls(config.apprise)
    return made
