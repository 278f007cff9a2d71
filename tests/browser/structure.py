"""What each page is made of, as those hear it who do not see it: compared with ``baselines/``, which
``python -m tests.browser.structure`` writes anew.

The book is held and so is its clock. Figures, dates and commits are masked all the same: a better figure is no other
page.
"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, ViewportSize
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.dashboard import DESKTOP, Watched, chromium
from tests.support.pages_rig import PAGES, pages_rig
from tests.support.web_people import PASSWORD, people

BASELINES = Path(__file__).parent / "baselines"
ACTING = ("/emergency", "/emergency/halt-all", "/strategies/ml-momentum-v2")
"""Pages that look otherwise to those who may act."""
FRAME = (".side", ".emergency", ".strip")
"""What stands around every page."""
_FIGURE = re.compile(r"\b[0-9a-f]{7,}\b|(?<![\w=-])[−+$]*\d(?:[\d.,:%k]|[-T ](?=\d))*")


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: nobody reads it."""


@contextmanager
def looking(browser: Browser, viewport: ViewportSize = DESKTOP) -> Iterator[Watched]:
    """Somebody in front of pages that stand still."""
    with _served(pages_rig().app()) as base:
        yield from _still(browser, base, viewport)


@contextmanager
def acting(browser: Browser) -> Iterator[Watched]:
    """The same, logged in to a dashboard with controls."""
    with people() as crowd, _served(crowd.app) as base:
        for watched in _still(browser, base, DESKTOP):
            page = watched.open("/login")
            page.get_by_label("Name").fill("ada")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("**/")
            yield watched


def heard(watched: Watched, path: str) -> str:
    """What is in the page at ``path``, without what stands around every page."""
    page = watched.open(path)
    found = page.locator("main").aria_snapshot()
    page.close()
    return _masked(found)


def framed(watched: Watched) -> str:
    """What stands around every page."""
    page = watched.open("/emergency")
    found = "\n".join(page.locator(part).aria_snapshot() for part in FRAME)
    page.close()
    return _masked(found)


def baseline(name: str) -> Path:
    """The file for the page at address ``name``, for ``frame``, and for either as it looks to those who may act."""
    return BASELINES / f"{name.strip('/').replace('/', '.') or 'overview'}.yaml"


def main() -> int:
    """Write every baseline."""
    BASELINES.mkdir(exist_ok=True)
    with chromium() as browser:
        with looking(browser) as watched:
            baseline("frame").write_text(framed(watched))
            for path in PAGES:
                baseline(path).write_text(heard(watched, path))
        with acting(browser) as watched:
            baseline("acting/frame").write_text(framed(watched))
            for path in ACTING:
                baseline(f"acting{path}").write_text(heard(watched, path))
    return 0


def _masked(snapshot: str) -> str:
    return _FIGURE.sub("#", snapshot) + "\n"


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    """The application on a free port of this machine; its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _still(browser: Browser, base: str, viewport: ViewportSize) -> Iterator[Watched]:
    watched = Watched(browser, base, viewport=viewport)
    watched.context.route("**/api/stream", lambda route: route.abort())
    yield watched
    watched.context.close()


if __name__ == "__main__":
    sys.exit(main())
