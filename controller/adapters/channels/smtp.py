"""E-mail by SMTP: TLS with verified certificates, authentication, one message a connection, bounded in time."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses

from controller.adapters.channels.deadline import Deadline
from controller.adapters.channels.references import Resolve, resolve
from controller.errors import ChannelRefused, ChannelUnavailable
from schemas.alerting import Message
from schemas.alerts import EmailChannel

READ_SECONDS = 10.0
WHOLE_SECONDS = 30.0
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_FOR_EVER = range(500, 600)
_Refusal = smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused | smtplib.SMTPDataError


class SmtpChannel:
    """:class:`controller.alert_ports.Channel` by the server that ``config`` names."""

    batch = 1

    def __init__(
        self,
        config: EmailChannel,
        secret: Resolve = resolve,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._config = config
        self._secret = secret
        self._read = read_seconds
        self._whole = whole_seconds

    def send(self, messages: Sequence[Message]) -> None:
        """Send each to every address."""
        for message in messages:
            self._send(self._mail(message))

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = self._config.sender, self._config.to
        mail["Subject"] = " ".join(f"[gt-risk {message.level}] {message.title}".split())[:200]
        mail["Date"] = formatdate(message.at_ns / 1_000_000_000)
        mail["Message-ID"] = f"<{message.id}@gt-risk>"
        mail["Auto-Submitted"] = "auto-generated"
        if message.duplicate:
            mail["X-Gt-Risk-Duplicate"] = "possible"
        mail.set_content(message.text)
        return mail

    def _send(self, mail: EmailMessage) -> None:
        with Deadline(self._whole) as deadline:
            try:
                with contextlib.closing(self._connect(deadline)) as server:
                    self._introduce(server)
                    addresses = [address for _, address in getaddresses([self._config.to])]
                    refused = server.send_message(mail, to_addrs=addresses)
                    with contextlib.suppress(smtplib.SMTPException, OSError):
                        server.quit()
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
                raise _refusal(error) from error
            except (smtplib.SMTPException, OSError, ValueError) as error:
                raise ChannelUnavailable(self._words(error, deadline)) from error
        if refused:
            raise ChannelRefused(f"refused for {', '.join(sorted(refused))}")

    def _connect(self, deadline: Deadline) -> "_Server":
        config = self._config
        server = _Server(deadline, self._read, tls=config.security == "tls", name=config.smtp_server)
        try:
            code, words = server.connect(config.smtp_server, config.port or _PORTS[config.security])
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: "_Server") -> None:
        if self._config.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if self._config.username:
            password = self._secret(self._config.password) if self._config.password else ""
            server.login(self._config.username, password)

    def _words(self, error: Exception, deadline: Deadline) -> str:
        """What went wrong, for people; a server may repeat what it was sent, so an answer to a login is left out."""
        where = f"{self._config.smtp_server}: "
        if deadline.passed:
            return f"{where}no end within {self._whole:g} s"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return f"{where}login refused ({error.smtp_code})"
        if isinstance(error, smtplib.SMTPResponseException):
            return f"{where}{error.smtp_code} {_text(error.smtp_error)}"
        return f"{where}{type(error).__name__}: {error}"


class _Server(smtplib.SMTP):
    """A conversation whose socket is watched from its first byte on, TLS or not."""

    def __init__(self, deadline: Deadline, seconds: float, *, tls: bool, name: str) -> None:
        self._deadline, self._tls, self._name = deadline, tls, name
        super().__init__(local_hostname=socket.gethostname(), timeout=seconds)
        self._host = name

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        self._deadline.watch(connection)
        if self._tls:
            return ssl.create_default_context().wrap_socket(connection, server_hostname=self._name)
        return connection


def _refusal(error: _Refusal) -> ChannelRefused | ChannelUnavailable:
    """For ever when every code says so."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = {name: (code, _text(words)) for name, (code, words) in error.recipients.items()}
        text = "; ".join(f"{name}: {code} {words}" for name, (code, words) in sorted(answers.items()))
        codes = [code for code, _ in answers.values()]
    else:
        codes, text = [error.smtp_code], f"{error.smtp_code} {_text(error.smtp_error)}"
    return ChannelRefused(text) if all(code in _FOR_EVER for code in codes) else ChannelUnavailable(text)


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
