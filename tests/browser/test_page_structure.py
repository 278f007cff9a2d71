"""Pages of a held book: made of what they were made of before, no text on another, charts that open by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.structure import ACTING, BASELINES, acting, baseline, framed, heard, looking
from tests.support.dashboard import DESKTOP, PHONE, SIDEWAYS, Watched, chromium
from tests.support.pages_rig import PAGES

OVERLAPS = Path(__file__).with_name("overlaps.js").read_text()
AGAIN = "the page has changed: look at it, then python -m tests.browser.structure"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Watched]:
    with looking(browser) as watched:
        yield watched


@pytest.fixture(scope="module")
def actor(browser: Browser) -> Iterator[Watched]:
    with acting(browser) as watched:
        yield watched


@pytest.mark.parametrize("path", PAGES)
def test_page_then_made_of_what_its_baseline_says(reader: Watched, path: str) -> None:
    assert heard(reader, path) == baseline(path).read_text(), AGAIN


@pytest.mark.parametrize("path", ACTING)
def test_page_when_one_may_act_then_made_of_what_its_baseline_says(actor: Watched, path: str) -> None:
    assert heard(actor, path) == baseline(f"acting{path}").read_text(), AGAIN


def test_frame_then_made_of_what_its_baseline_says(reader: Watched, actor: Watched) -> None:
    assert framed(reader) == baseline("frame").read_text(), AGAIN
    assert framed(actor) == baseline("acting/frame").read_text(), AGAIN


def test_baseline_then_of_a_page_that_there_is() -> None:
    wanted = {baseline(name) for name in ("frame", "acting/frame", *PAGES, *(f"acting{path}" for path in ACTING))}
    assert set(BASELINES.iterdir()) == wanted


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_pages_then_no_text_lies_on_another(browser: Browser, viewport: ViewportSize) -> None:
    with looking(browser, viewport) as watched:
        found = {path: watched.open(path).evaluate(OVERLAPS) for path in PAGES}
    assert {path: texts for path, texts in found.items() if texts} == {}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_pages_then_none_is_wider_than_the_window(browser: Browser, viewport: ViewportSize) -> None:
    with looking(browser, viewport) as watched:
        found = {path: watched.open(path).evaluate(SIDEWAYS) for path in PAGES}
    assert {path: pixels for path, pixels in found.items() if pixels > 0} == {}


def test_chart_when_opened_by_keyboard_then_zoomed_moved_and_left_by_keyboard(reader: Watched) -> None:
    page = reader.open("/portfolio")
    opener = page.get_by_role("button", name="Zoom and pan").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    shown = (
        "() => { const x = Chart.getChart(document.querySelector('dialog canvas')).scales.x; return [x.min, x.max]; }"
    )
    whole = page.evaluate(shown)
    for button, smaller in (("Zoom in", True), ("All", False)):
        dialog.get_by_role("button", name=button).focus()
        page.keyboard.press("Enter")
        low, high = page.evaluate(shown)
        assert (high - low < whole[1] - whole[0]) is smaller, button
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    page.close()
