"""From a fact in the audit log to an inbox and a webhook on this machine, with the real store, lane and senders."""

import tempfile
import time
from pathlib import Path

from controller.adapters.channels.slack import SlackWebhook
from controller.adapters.channels.smtp import SmtpChannel
from controller.adapters.clock import SystemClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.sql import SqlStore
from controller.alert_ports import Channel
from controller.alerts.lane import Lane
from controller.alerts.senders import Senders
from controller.alerts.service import AlertService
from controller.core.alerts.pictures import Surroundings
from schemas.alerts import SlackChannel
from tests.bench.figures import Figure, Goal
from tests.support.alert_sender import config
from tests.support.inbox import Inbox, Webhook, eventually, inbox, webhook
from tests.support.stores import entry

GOAL = Goal(p99=1_000)


def alerts(rounds: int) -> list[Figure]:
    """Each round one CRITICAL record: when it is asked for, and when the mail is whole and the request is there."""
    with tempfile.TemporaryDirectory() as folder, inbox() as mails, webhook() as hook:
        store = SqlStore(Path(folder) / "store.db", Path(folder) / "audit.head")
        service = _service(store, mails, hook)
        service.start()
        began = []
        for number in range(1, rounds + 1):
            began.append(time.time_ns())
            store.append_audit(entry(number, "latch.lost", level="critical", details=str(number)))
            eventually(lambda n=number: min(len(mails.arrived_ns), len(hook.arrived_ns)) >= n, "both have it")  # type: ignore[misc]
        service.stop()
        store.close()
    return [
        Figure.of(f"a CRITICAL record → {name}", "ms", _spans(began, arrived), GOAL)
        for name, arrived in (("mail at an SMTP server", mails.arrived_ns), ("request at a webhook", hook.arrived_ns))
    ]


def _spans(began: list[int], arrived: list[int]) -> list[float]:
    return [(end - start) / 1e6 for start, end in zip(began, arrived, strict=True)]


def _service(store: SqlStore, mails: Inbox, hook: Webhook) -> AlertService:
    clock, spare = SystemClock(), MemoryAlerts()
    senders = Senders([store.alerts, spare], clock.wall_ns)
    document = config(mails.port)
    slack = SlackChannel(enabled=True, webhook_url="env:HOOK")
    made = document.model_copy(update={"channels": document.channels.model_copy(update={"slack": slack})})
    channels: dict[str, Channel] = {
        "email": SmtpChannel(made.channels.email),
        "slack": SlackWebhook(slack, lambda _: hook.url),
    }
    lane = Lane(store, store.alerts, spare, clock, lambda: None, Surroundings, lambda _: channels, senders, config=made)
    return AlertService(lane, senders, 1)
