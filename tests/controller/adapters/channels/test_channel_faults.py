"""What servers do to a channel: refuse, hang, drip, be busy, ask for passwords; and where secrets come from."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.channels.apprise_urls import AppriseUrls
from controller.adapters.channels.build import channels
from controller.adapters.channels.json_log import JsonLog
from controller.adapters.channels.references import resolve
from controller.adapters.channels.slack import SlackWebhook
from controller.adapters.channels.smtp import SmtpChannel
from controller.errors import ChannelRefused, ChannelUnavailable
from schemas.alerting import Message
from schemas.alerts import AppriseChannel, Channels, EmailChannel, SlackChannel
from tests.support.alerts import HOUR, SECOND, START
from tests.support.inbox import PASSWORD, USER, certificate, inbox, mute, webhook

MESSAGE = Message(id="1.a", title="title", text="text", level="ERROR", kind="first", at_ns=START)


def smtp(port: int, seconds: float = 20, **fields: Any) -> SmtpChannel:
    given = {"enabled": True, "to": "a@example.org", "from": "r@example.org", "security": "none"}
    config = EmailChannel.model_validate({**given, "smtp_server": "localhost", "port": port, **fields})
    return SmtpChannel(config, lambda _: PASSWORD, read_seconds=seconds, whole_seconds=2 * seconds)


def slack(url: str, seconds: float = 20) -> SlackWebhook:
    config = SlackChannel(enabled=True, webhook_url="env:HOOK")
    return SlackWebhook(config, lambda _: url, read_seconds=seconds, whole_seconds=2 * seconds)


@pytest.mark.parametrize(
    ("hook", "answer", "kind"),
    [
        ("rcpt", "450 4.2.1 mailbox busy", ChannelUnavailable),
        ("rcpt", "550 5.1.1 no such user", ChannelRefused),
        ("data", "451 4.3.0 try later", ChannelUnavailable),
        ("data", "554 5.7.1 looks like spam", ChannelRefused),
    ],
)
def test_smtp_when_the_server_answers_no_then_for_now_or_for_ever(
    hook: str, answer: str, kind: type[Exception]
) -> None:
    with inbox() as kept:
        setattr(kept, hook, answer)
        with pytest.raises(kind, match=answer[:3]):
            smtp(kept.port).send([MESSAGE])
        setattr(kept, hook, "")
        smtp(kept.port).send([MESSAGE])
        assert kept.subjects == ["[gt-risk ERROR] title"]


@pytest.mark.parametrize(("drip", "says"), [(b"", "timed out"), (b"2", "no end within 0.6 s"), (b"220-x\r\n", "0.6 s")])
def test_smtp_when_the_server_hangs_or_drips_then_given_up_in_time(drip: bytes, says: str) -> None:
    with mute(drip) as port:
        started = time.monotonic()
        with pytest.raises(ChannelUnavailable, match=says):
            smtp(port, 0.3).send([MESSAGE])
        assert time.monotonic() - started < 20


def test_smtp_when_tls_is_asked_for_and_the_server_hangs_then_given_up_in_time() -> None:
    with mute() as port, pytest.raises(ChannelUnavailable, match=r"timed out|0\.6 s"):
        smtp(port, 0.3, security="tls").send([MESSAGE])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_smtp_when_encrypted_with_a_password_then_it_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    pem, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with inbox(auth=True, **{security: context}) as kept:
        channel = smtp(kept.port, security=security, username=USER, password="env:PW")
        channel.send([MESSAGE])
        assert kept.subjects == ["[gt-risk ERROR] title"]
        with pytest.raises(ChannelUnavailable, match=r"login refused \(535\)") as caught:
            smtp(kept.port, security=security, username="eve", password="env:PW").send([MESSAGE])
        assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_smtp_when_nobody_vouches_for_the_server_then_nothing_is_sent(tmp_path: Path, security: str) -> None:
    _, context = certificate(tmp_path)
    with inbox(auth=True, **{security: context}) as kept:
        with pytest.raises(ChannelUnavailable, match="certificate"):
            smtp(kept.port, security=security, username=USER, password="env:PW").send([MESSAGE])
        assert kept.mails == []


def test_smtp_when_the_server_has_no_encryption_then_nothing_is_sent_in_the_open() -> None:
    with inbox() as kept:
        with pytest.raises(ChannelUnavailable, match="STARTTLS"):
            smtp(kept.port, security="starttls").send([MESSAGE])
        assert kept.mails == []


def test_smtp_when_a_title_has_lines_then_no_header_comes_of_it() -> None:
    with inbox() as kept:
        smtp(kept.port).send([MESSAGE.model_copy(update={"title": "x\r\nBcc: eve@example.org"})])
        assert kept.subjects == ["[gt-risk ERROR] x Bcc: eve@example.org"] and kept.mails[0]["Bcc"] is None


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (429, {"Retry-After": "17"}, ChannelUnavailable, 17),
        (429, {"Retry-After": "99999"}, ChannelUnavailable, 600),
        (429, {}, ChannelUnavailable, 30),
        (500, {}, ChannelUnavailable, 1),
        (302, {"Location": "http://127.0.0.1:1/"}, ChannelUnavailable, 1),
        (404, {}, ChannelUnavailable, 1),
        (400, {}, ChannelRefused, None),
    ],
)
def test_slack_when_the_server_answers_no_then_for_now_or_for_ever(
    status: int, headers: dict[str, str], kind: type[Exception], wait: float | None
) -> None:
    with webhook() as kept:
        kept.answers = [(status, headers)]
        with pytest.raises(kind, match=str(status)) as caught:
            slack(kept.url).send([MESSAGE])
        assert getattr(caught.value, "retry_after", None) == wait
        assert "SECRET" not in str(caught.value)
        slack(kept.url).send([MESSAGE])
        assert len(kept.bodies) == 1


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nX: "])
def test_slack_when_the_server_hangs_or_drips_then_given_up_in_time(drip: bytes) -> None:
    with mute(drip) as port, pytest.raises(ChannelUnavailable, match=r"TimeoutError|0.6 s|LineTooLong"):
        slack(f"http://127.0.0.1:{port}/SECRET", 0.3).send([MESSAGE])


@pytest.mark.parametrize("url", ["http://hooks.example.com/SECRET", "ftp://x/SECRET", "SECRET", "https://[SECRET"])
def test_slack_when_the_url_is_not_https_then_refused_without_telling_it(url: str) -> None:
    with pytest.raises(ChannelUnavailable, match="the webhook's URL") as caught:
        slack(url).send([MESSAGE])
    assert "SECRET" not in str(caught.value)


def test_apprise_when_a_url_is_unknown_or_it_hangs_then_said_without_telling_it() -> None:
    config = AppriseChannel(enabled=True, urls=("env:ONE",))
    with pytest.raises(ChannelUnavailable, match="does not know one of the URLs") as caught:
        AppriseUrls(config, lambda _: "nothing://SECRET").send([MESSAGE])
    assert "SECRET" not in str(caught.value)
    with mute() as port, pytest.raises(ChannelUnavailable, match="did not end within"):
        AppriseUrls(config, lambda _: f"json://127.0.0.1:{port}/SECRET", whole_seconds=0.2).send([MESSAGE])


def test_reference_when_set_then_the_secret_and_never_one_that_others_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "s3cret")
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    assert resolve("env:HOOK") == resolve(f"file:{path}") == "s3cret"
    path.chmod(0o640)
    with pytest.raises(ChannelUnavailable, match="can be read by others"):
        resolve(f"file:{path}")
    for reference in ("env:NOT_SET", f"file:{tmp_path / 'none'}"):
        with pytest.raises(ChannelUnavailable) as caught:
            resolve(reference)
        assert "s3cret" not in str(caught.value)


def test_log_when_the_day_changes_then_a_file_a_day_and_nothing_is_overwritten(tmp_path: Path) -> None:
    path, now = tmp_path / "alerts.log", [START]
    log = JsonLog(path, lambda: now[0])
    for hours in (0, 24, 24, 48):
        now[0] = START + hours * HOUR
        log.send([MESSAGE])
        os.utime(path, ns=(now[0], now[0]))
    now[0] = START
    log.send([MESSAGE])
    found = {item.name: len(item.read_text().splitlines()) for item in tmp_path.iterdir()}
    assert found == {
        "alerts.log": 1,
        "alerts-2026-01-19.log": 1,
        "alerts-2026-01-20.log": 2,
        "alerts-2026-01-21.log": 1,
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_log_when_a_crash_left_half_a_line_then_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "alerts.log"
    path.write_text('{"time": "2026-')
    log = JsonLog(path, time.time_ns)
    log.send([MESSAGE, MESSAGE])
    half, *whole = path.read_text().splitlines()
    assert half == '{"time": "2026-' and [json.loads(line)["message"] for line in whole] == ["title", "title"]


def test_channels_then_those_that_are_enabled(tmp_path: Path) -> None:
    assert list(channels(Channels(), tmp_path, lambda: SECOND)) == ["logs"]
    enabled = {"logs": {"path": str(tmp_path / "x.log")}, **{name: {"enabled": True} for name in ("email", "slack")}}
    made = channels(Channels.model_validate({**enabled, "apprise": {"enabled": True}}), tmp_path, lambda: SECOND)
    assert list(made) == ["logs", "email", "slack", "apprise"]
    made["logs"].send([MESSAGE])
    assert (tmp_path / "x.log").exists()
