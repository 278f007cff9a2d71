"""Whatever Apprise knows, in a process of its own: its many plugins share neither memory nor time with the controller.

What goes in, secrets too, goes by standard input; what it says is not repeated, for it may hold a URL.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from controller.adapters.channels.references import Resolve, resolve
from controller.errors import ChannelUnavailable
from schemas.alerting import Message
from schemas.alerts import AppriseChannel

WHOLE_SECONDS = 30.0
MISSING, BAD_URL, NOT_TAKEN = 3, 4, 5
_SAID = {
    MISSING: "Apprise is not installed (pip install 'gt-risk[alerts]')",
    BAD_URL: "Apprise does not know one of the URLs",
    NOT_TAKEN: "Apprise could not hand the message over",
}


class AppriseUrls:
    """:class:`controller.alert_ports.Channel` to every URL that ``config`` refers to."""

    batch = 1

    def __init__(self, config: AppriseChannel, secret: Resolve = resolve, whole_seconds: float = WHOLE_SECONDS) -> None:
        self._config = config
        self._secret = secret
        self._whole = whole_seconds

    def send(self, messages: Sequence[Message]) -> None:
        """Send each to every URL."""
        urls = [self._secret(reference) for reference in self._config.urls]
        for message in messages:
            again = " (may have come before)" if message.duplicate else ""
            title = f"{message.level}: {message.title}{again}"
            self._run(json.dumps({"urls": urls, "title": title, "body": message.text}))

    def _run(self, request: str) -> None:
        command = [sys.executable, "-P", "-m", "controller.adapters.channels.apprise_send"]
        try:
            done = subprocess.run(
                command, input=request, text=True, capture_output=True, timeout=self._whole, check=False
            )
        except subprocess.TimeoutExpired:
            raise ChannelUnavailable(f"Apprise did not end within {self._whole:g} s") from None
        if done.returncode:
            raise ChannelUnavailable(_SAID.get(done.returncode, f"Apprise ended with code {done.returncode}"))
