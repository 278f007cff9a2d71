"""The dashboard of a home as a process of its own, and a real browser in front of it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support.forges import needed
from tests.support.ports import free_port
from tests.support.service import SECONDS
from web.front import build as front

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""A script: by how much a page is wider than the window."""
PATIENCE = 60_000.0
"""Milliseconds that a page may take where everything else runs as well."""
expect.set_options(timeout=PATIENCE)


@contextmanager
def dashboard(home: Path, *more: str, port: int = 0) -> Iterator[str]:
    """``python -m web`` on ``port``, or on a free one; gives its URL, and SIGTERM ends it."""
    listen = ["--port", str(port or free_port())]
    command = [sys.executable, "-m", "web", "--home", str(home), *listen, "--json", *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield _told(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def _told(process: "subprocess.Popen[str]") -> str:
    """The URL of the document that it prints once it listens."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            return str(json.loads(text)["url"])
    raise AssertionError(f"the dashboard ended with {process.wait()}: {text}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the front end's files must have been fetched."""
    path = needed("/usr/bin/chromium", "chromium")
    needed(front.VENDOR / "htmx.js", "the front end (make install)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A context of one kind of reader; everything that a page complains of is kept in ``complaints``."""

    def __init__(self, browser: Browser, base: str, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(base_url=base, ignore_https_errors=True, **options)
        self.context.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("response", self._response)
        self.context.on("requestfailed", self._failed)

    def open(self, path: str) -> Page:
        """A new page at ``path``, loaded as far as what its HTML names."""
        page = self.context.new_page()
        page.goto(path, wait_until="load")
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"{request.failure}: {request.url}")
