"""Every page in a real browser, on a desk, on a phone and without JavaScript, on a book that moves."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.support.dashboard import DESKTOP, PHONE, SIDEWAYS, Watched, chromium, dashboard
from tests.support.pages_rig import OF_ANY_BOOK
from tests.support.service import CALM, running_service

READERS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "phone, no script": {"viewport": PHONE, "java_script_enabled": False},
}
TRIAL = ("--strategy", "contrarian-swing", "--name", "Later exits", "--param-b", "gain_pct=10", "--duration", "900d")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with running_service(env=CALM) as service, dashboard(service.home) as url:
        service.must("ab-test", "create", *TRIAL, "--yes", "-r", "to be seen")
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", params=READERS)
def reader(request: pytest.FixtureRequest, browser: Browser, base: str) -> Iterator[Watched]:
    watched = Watched(browser, base, **READERS[request.param])
    yield watched
    watched.context.close()


@pytest.mark.parametrize("path", OF_ANY_BOOK)
def test_page_renders_fits_and_nothing_complains(reader: Watched, path: str) -> None:
    reader.complaints.clear()
    page = reader.open(path)
    assert page.locator("h1").count() == 1
    assert page.locator("main").inner_text().strip()
    assert page.get_by_text("PAPER").first.is_visible()
    assert page.evaluate(SIDEWAYS) <= 0
    assert reader.complaints == []
    page.close()


def test_page_of_a_test_is_one_step_from_the_list(reader: Watched) -> None:
    reader.complaints.clear()
    page = reader.open("/ab-tests")
    page.get_by_role("link", name="Later exits").first.click()
    page.get_by_role("heading", level=1, name=re.compile("later-exits$")).wait_for()
    assert page.evaluate(SIDEWAYS) <= 0
    assert reader.complaints == []
    page.close()


@pytest.mark.parametrize("path", OF_ANY_BOOK)
def test_page_is_accessible(browser: Browser, base: str, path: str) -> None:
    for scheme in ("light", "dark"):
        watched = Watched(browser, base, viewport=DESKTOP, color_scheme=scheme)
        found = Axe().run(watched.open(path), options={"runOnly": list(RULES)})
        assert found.violations_count == 0, found.generate_report()
        watched.context.close()
