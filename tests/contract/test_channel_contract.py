"""The contract of alert_ports.Channel, on every adapter, against real servers."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from controller.adapters.channels.apprise_urls import AppriseUrls
from controller.adapters.channels.json_log import JsonLog
from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.channels.slack import SlackWebhook
from controller.adapters.channels.smtp import SmtpChannel
from controller.alert_ports import Channel
from controller.errors import ChannelUnavailable
from schemas.alerting import Alert, Message
from schemas.alerts import AppriseChannel, EmailChannel, SlackChannel
from tests.support.alerts import START
from tests.support.inbox import inbox, webhook
from tests.support.ports import free_port


def message(number: int, **fields: Any) -> Message:
    alert = {"id": number, "fingerprint": "f" * 16, "rule": "drifted", "level": "ERROR", "source": "engine"}
    times = {"first_ns": START, "last_ns": START, "message": f"Grüße {number}"}
    given = {"id": f"{number}.ffff", "title": f"Grüße {number}", "text": "line one\nline two", "kind": "first"}
    kept = Alert.model_validate({**alert, **times})
    return Message.model_validate({**given, "level": "ERROR", "at_ns": START, "alert": kept, **fields})


class Case(NamedTuple):
    """A channel that works, what arrived of it as text, and the same channel with nobody at the other end."""

    channel: Channel
    arrived: Callable[[], list[str]]
    broken: Channel


def _smtp(stack: ExitStack, _: Path) -> Case:
    kept = stack.enter_context(inbox())
    given = {"enabled": True, "to": "a@example.org, B <b@example.org>", "from": "r@example.org", "security": "none"}
    config = EmailChannel.model_validate({**given, "smtp_server": "127.0.0.1", "port": kept.port})
    broken = SmtpChannel(config.model_copy(update={"port": free_port()}))
    return Case(SmtpChannel(config), lambda: [f"{mail['Subject']} {mail}" for mail in kept.mails], broken)


def _slack(stack: ExitStack, _: Path) -> Case:
    kept = stack.enter_context(webhook())
    config = SlackChannel(enabled=True, webhook_url="env:HOOK")
    broken = SlackWebhook(config, lambda _: f"http://127.0.0.1:{free_port()}/SECRET")
    return Case(SlackWebhook(config, lambda _: kept.url), lambda: [body["text"] for body in kept.bodies], broken)


def _apprise(stack: ExitStack, _: Path) -> Case:
    kept = stack.enter_context(webhook())
    config = AppriseChannel(enabled=True, urls=("env:ONE",))
    works = AppriseUrls(config, lambda _: kept.url.replace("http://", "json://"))
    broken = AppriseUrls(config, lambda _: f"json://127.0.0.1:{free_port()}/SECRET")
    return Case(works, lambda: [f"{body['title']} {body['message']}" for body in kept.bodies], broken)


def _log(_: ExitStack, folder: Path) -> Case:
    path = folder / "logs" / "alerts.log"
    (folder / "file").touch()
    broken = JsonLog(folder / "file" / "alerts.log", lambda: START)

    def arrived() -> list[str]:
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [f"{line['level']} {line['message']} {'may have come' if line['duplicate'] else ''}" for line in lines]

    return Case(JsonLog(path, lambda: START), arrived, broken)


def _memory(_: ExitStack, __: Path) -> Case:
    channel, broken = MemoryChannel(), MemoryChannel()
    broken.fail(ChannelUnavailable("nobody there"))
    return Case(
        channel,
        lambda: [f"{item.level} {item.title} {'may have come' if item.duplicate else ''}" for item in channel.messages],
        broken,
    )


CASES = {"smtp": _smtp, "slack": _slack, "apprise": _apprise, "log": _log, "memory": _memory}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with ExitStack() as stack:
        yield CASES[request.param](stack, tmp_path)


def test_send_then_it_has_arrived_with_its_level_and_words(case: Case) -> None:
    case.channel.send([message(1)])
    (text,) = case.arrived()
    assert "ERROR" in text and "Grüße 1" in text and "may have come" not in text


def test_send_when_it_may_be_a_repeat_then_marked(case: Case) -> None:
    case.channel.send([message(1, duplicate=True)])
    (text,) = case.arrived()
    assert "may have come" in text or "X-Gt-Risk-Duplicate: possible" in text


def test_send_when_a_digest_then_its_words(case: Case) -> None:
    case.channel.send([message(2, alert=None, title="Digest: 3 alert messages", kind="digest")])
    assert "Digest: 3 alert messages" in case.arrived()[0]


def test_send_when_nobody_is_there_then_unavailable_and_no_secret_is_told(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelUnavailable) as caught:
        case.broken.send([message(1)])
    assert "SECRET" not in str(caught.value) + caught.value.hint + caplog.text
    assert case.arrived() == [] and case.channel.batch >= 1
