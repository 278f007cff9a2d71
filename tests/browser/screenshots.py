"""``python -m tests.browser.screenshots``: the pictures in docs/images, of a paper book that has run for some months.

It takes about two minutes. Look at what has changed before it is committed.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

from tests.support.dashboard import PHONE, Watched, chromium, dashboard
from tests.support.service import Service, running_service, until

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 150_000
MARKET = {"GT_RISK_PAPER__BAR_SECONDS": "0.4", "GT_RISK_PAPER__START": "2015-09-03"}
UNTIL = "2016-08-15"
TRIAL = (
    *("--strategy", "contrarian-swing", "--name", "Later exits", "--param-b", "gain_pct=10", "--duration", "900d"),
    *("--hypothesis", "Gains that run to 10% pay for the reversals"),
)
PASSWORD = "correct horse battery"
DESK: ViewportSize = {"width": 1200, "height": 820}
PICTURES: tuple[tuple[str, str, str, ViewportSize], ...] = (
    ("overview", "/", "dark", DESK),
    ("risk", "/risk", "light", DESK),
    ("ab-test", "/ab-tests", "dark", DESK),
    ("emergency", "/emergency/halt-all", "light", DESK),
    ("phone", "/", "light", PHONE),
)
"""Name, address, colours and size; of A/B tests the first one of the list."""


def main() -> int:
    """Write every picture; 1 when one is larger than a page of the docs should load."""
    IMAGES.mkdir(exist_ok=True)
    with running_service(env=MARKET) as service, _controls(service) as base:
        service.must("ab-test", "create", *TRIAL, "--yes", "-r", "do later exits earn more?")
        until(lambda: str(service.read("status")["market_time"]) >= UNTIL, "the market has moved on", 600.0)
        with chromium() as browser:
            sizes = {
                name: _taken(browser, base, path, colours, size, IMAGES / f"{name}.png")
                for name, path, colours, size in PICTURES
            }
    for name, size in sizes.items():
        sys.stdout.write(f"{name}: {size} bytes{'  TOO LARGE' if size > MOST_BYTES else ''}\n")
    return int(max(sizes.values()) > MOST_BYTES)


@contextmanager
def _controls(service: Service) -> Iterator[str]:
    """The dashboard with controls, and somebody who may log in."""
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(PASSWORD)
        password.flush()
        service.must("dashboard", "user", "add", "ada", "--role", "operator", "--password-file", password.name)
    with dashboard(service.home, "--controls") as url:
        yield url


def _taken(browser: Browser, base: str, path: str, colours: str, size: ViewportSize, file: Path) -> int:
    """The picture's bytes."""
    watched = Watched(browser, base, viewport=size, color_scheme=colours)
    page = watched.open(path)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("main").wait_for()
    if path == "/ab-tests":
        _first_test(page)
    page.screenshot(path=file, animations="disabled")
    watched.context.close()
    return file.stat().st_size


def _first_test(page: Page) -> None:
    page.get_by_role("link", name="Later exits").first.click()
    page.get_by_role("heading", name="Differences").wait_for()


if __name__ == "__main__":
    sys.exit(main())
