"""From a fact in the audit log to an inbox and a webhook on this machine, with the real store, lane and senders: alone,
and amid a storm."""

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
from controller.core.alerts.found import Found
from controller.core.alerts.pictures import Surroundings
from schemas.alerts import RateLimiting, SlackChannel
from tests.bench.figures import Figure, Goal
from tests.support.alert_sender import config
from tests.support.inbox import Inbox, Webhook, eventually, inbox, webhook
from tests.support.stores import entry

GOAL = Goal(p99=1_000)
_A_TICK = 17


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


def storm(seconds: int) -> list[Figure]:
    """Ten thousand ERROR alerts a minute, each about another thing, and a CRITICAL record every two seconds."""
    with tempfile.TemporaryDirectory() as folder, inbox() as mails, webhook() as hook:
        store = SqlStore(Path(folder) / "store.db", Path(folder) / "audit.head")
        service = _service(store, mails, hook, RateLimiting())
        service.start()
        began, start = [], time.monotonic()
        for tick in range(seconds * 10):
            time.sleep(max(0.0, start + tick / 10 - time.monotonic()))
            for number in range(_A_TICK):
                service.lane.say(Found("hard_limit_violation", (f"{tick}.{number}",), {"limit_name": f"limit {tick}"}))
            if tick % 20 == 10:
                began.append(time.time_ns())
                store.append_audit(entry(tick, "latch.lost", level="critical", details=f"critical {len(began)}"))
        eventually(lambda: len(_critical(mails)) >= len(began), "all of them have come")
        arrived = _critical(mails)
        service.stop()
        store.close()
    name = f"a CRITICAL record amid {600 * _A_TICK:,} alerts a minute → mail at an SMTP server"
    return [Figure.of(name, "ms", _spans(began, [arrived[number] for number in range(1, len(began) + 1)]), GOAL)]


def _critical(mails: Inbox) -> dict[int, int]:
    """When each CRITICAL mail came, by its number."""
    found = zip(mails.subjects, mails.arrived_ns, strict=False)
    return {int(subject.rpartition(" ")[2]): at for subject, at in found if "latch.lost: critical" in subject}


def _spans(began: list[int], arrived: list[int]) -> list[float]:
    return [(end - start) / 1e6 for start, end in zip(began, arrived, strict=True)]


def _service(store: SqlStore, mails: Inbox, hook: Webhook, rates: RateLimiting | None = None) -> AlertService:
    clock, spare = SystemClock(), MemoryAlerts()
    senders = Senders([store.alerts, spare], clock.wall_ns)
    document = config(mails.port)
    slack = SlackChannel(enabled=True, webhook_url="env:HOOK")
    made = document.model_copy(
        update={
            "channels": document.channels.model_copy(update={"slack": slack}),
            "rate_limiting": rates or document.rate_limiting,
        }
    )
    channels: dict[str, Channel] = {
        "email": SmtpChannel(made.channels.email),
        "slack": SlackWebhook(slack, lambda _: hook.url),
    }
    lane = Lane(store, store.alerts, spare, clock, lambda: None, Surroundings, lambda _: channels, senders, config=made)
    return AlertService(lane, senders, 1)
