"""The channels that a document enables. What speaks to the network is loaded when it is."""

from collections.abc import Callable
from pathlib import Path

from controller.adapters.channels.json_log import JsonLog
from controller.alert_ports import Channel
from schemas.alerts import Channels


def channels(config: Channels, logs: Path, now_ns: Callable[[], int]) -> dict[str, Channel]:
    """By name. ``logs``: the folder of a log that has no path of its own. The dashboard reads the store itself."""
    made: dict[str, Channel] = {}
    if config.logs.enabled:
        path = Path(config.logs.path) if config.logs.path else logs / "alerts.log"
        made["logs"] = JsonLog(path, now_ns)
    if config.email.enabled:
        from controller.adapters.channels.smtp import SmtpChannel

        made["email"] = SmtpChannel(config.email)
    if config.slack.enabled:
        from controller.adapters.channels.slack import SlackWebhook

        made["slack"] = SlackWebhook(config.slack)
    if config.apprise.enabled:
        from controller.adapters.channels.apprise_urls import AppriseUrls

        made["apprise"] = AppriseUrls(config.apprise)
    return made
