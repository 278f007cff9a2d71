"""Slack's incoming webhook over HTTPS: no redirects, no proxy, bounded in time, and Retry-After is kept."""

import http.client
import json
import ssl
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from controller.adapters.channels.deadline import Deadline
from controller.adapters.channels.references import Resolve, resolve
from controller.errors import ChannelRefused, ChannelUnavailable
from schemas.alerting import Message
from schemas.alerts import SlackChannel

READ_SECONDS = 10.0
WHOLE_SECONDS = 30.0
MOST_PATIENT = 600.0
_OK = 200
_BUSY = 429
_NEVER = (400, 413, 422)
_SIGNS = {"INFO": "ℹ️", "WARN": "⚠️", "ERROR": "🔴", "CRITICAL": "🚨"}
_HERE = ("localhost", "127.0.0.1", "::1")


class SlackWebhook:
    """:class:`controller.alert_ports.Channel` by the webhook that ``config`` refers to."""

    batch = 1

    def __init__(
        self,
        config: SlackChannel,
        secret: Resolve = resolve,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._config = config
        self._secret = secret
        self._read = read_seconds
        self._whole = whole_seconds

    def send(self, messages: Sequence[Message]) -> None:
        """Post each."""
        url = _parsed(self._secret(self._config.webhook_url))
        for message in messages:
            self._post(url, json.dumps({"text": _words(message)}).encode())

    def _post(self, url: SplitResult, body: bytes) -> None:
        with Deadline(self._whole) as deadline:
            connection = self._connection(url)
            try:
                connection.connect()
                deadline.watch(connection.sock)
                path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                said = answer.read(200).decode(errors="replace").strip()
            except (OSError, http.client.HTTPException) as error:
                slow = f"no answer within {self._whole:g} s" if deadline.passed else type(error).__name__
                raise ChannelUnavailable(f"{url.hostname}: {slow}") from error
            finally:
                connection.close()
        if deadline.passed:  # what was cut off in the middle reads like an answer
            raise ChannelUnavailable(f"{url.hostname}: no answer within {self._whole:g} s")
        if answer.status != _OK:
            raise _refusal(answer, said if url.path not in said else "")

    def _connection(self, url: SplitResult) -> http.client.HTTPConnection:
        host = url.hostname or ""
        if url.scheme == "http":
            return http.client.HTTPConnection(host, url.port, timeout=self._read)
        return http.client.HTTPSConnection(host, url.port, timeout=self._read, context=ssl.create_default_context())


def _parsed(url: str) -> SplitResult:
    """Raises ChannelUnavailable, and never says what the URL is."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        raise ChannelUnavailable("the webhook's URL cannot be read") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise ChannelUnavailable("the webhook's URL does not begin with https://")
    if not parts.hostname or not port_is_good:
        raise ChannelUnavailable("the webhook's URL names no host")
    return parts


def _words(message: Message) -> str:
    again = " (may have come before)" if message.duplicate else ""
    return f"{_SIGNS[message.level]} *{message.level}* {message.title}{again}\n```{message.text}```"


def _refusal(answer: http.client.HTTPResponse, said: str) -> ChannelRefused | ChannelUnavailable:
    text = f"{answer.status} {answer.reason}{': ' if said else ''}{said[:100]}"
    if answer.status in _NEVER:
        return ChannelRefused(text)
    if answer.status != _BUSY:
        return ChannelUnavailable(text)
    wait = answer.getheader("Retry-After", "")
    return ChannelUnavailable(text, retry_after=min(MOST_PATIENT, float(wait)) if wait.isdigit() else 30.0)
