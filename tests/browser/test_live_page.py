"""A page that stays open: what changes in the engine reaches it, what is old says so, and it heals by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.dashboard import DESKTOP, PATIENCE, Watched, chromium, dashboard
from tests.support.ports import free_port
from tests.support.service import CALM, Service, in_time, running_service

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]
MARKET = "() => document.querySelector('.asof').textContent"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(env=CALM) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def watched(browser: Browser, port: int) -> Iterator[Watched]:
    found = Watched(browser, f"http://localhost:{port}", viewport=DESKTOP)
    yield found
    found.context.close()


def opened(watched: Watched, path: str) -> Page:
    """The page, marked so that loading it anew would be seen."""
    page = watched.open(path)
    page.evaluate("() => { window.marked = true; }")
    return page


def changes(page: Page, expression: str) -> bool:
    """Wait until the expression says something else than now; whether the page was not loaded anew for it."""
    before = page.evaluate(expression)
    page.wait_for_function(f"before => ({expression})() !== before", arg=before, timeout=PATIENCE)
    return bool(page.evaluate("() => window.marked === true"))


def test_open_page_when_the_market_moves_then_shows_it_without_loading_anew(
    service: Service, watched: Watched, port: int
) -> None:
    with dashboard(service.home, port=port):
        page = opened(watched, "/")
        assert changes(page, MARKET)
        assert watched.complaints == []


def test_open_page_when_everything_is_halted_and_resumed_then_says_so(
    service: Service, watched: Watched, port: int
) -> None:
    with dashboard(service.home, port=port):
        page = opened(watched, "/risk")
        in_time(lambda: service.halt("emergency", "halt-all", "--reason", "seen in the browser", "--yes"))
        page.get_by_text("Everything halted").wait_for(timeout=PATIENCE)
        page.get_by_text("seen in the browser").first.wait_for(timeout=PATIENCE)
        service.must("emergency", "resume", "--reason", "done", "--yes")
        page.get_by_text("Everything halted").wait_for(state="detached", timeout=PATIENCE)
        assert page.evaluate("() => window.marked === true")


def test_open_page_when_the_dashboard_dies_then_says_it_is_old_and_goes_on_with_the_next(
    service: Service, watched: Watched, port: int
) -> None:
    with dashboard(service.home, port=port):
        page = opened(watched, "/")
    page.locator("#cut").wait_for(state="visible", timeout=PATIENCE)
    with dashboard(service.home, port=port):
        page.locator("#cut").wait_for(state="hidden", timeout=PATIENCE)
        assert changes(page, MARKET)


def test_open_page_when_the_service_stops_then_nothing_on_it_is_green(
    service: Service, watched: Watched, port: int
) -> None:
    with dashboard(service.home, port=port):
        page = opened(watched, "/")
        page.locator("section.box.ok").first.wait_for(timeout=PATIENCE)
        service.must("service", "stop")
        page.wait_for_function("() => !document.querySelector('section.box.ok')", timeout=PATIENCE)
        assert "Stale" in page.locator("main").inner_text()
        service.start()
        page.locator("section.box.ok").first.wait_for(timeout=PATIENCE)
        assert page.evaluate("() => window.marked === true")
