"""One browser in front of a dashboard: how soon a page shows something, and how soon what changed in the engine."""

import time
from contextlib import ExitStack
from types import TracebackType

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.support.dashboard import DESKTOP, PATIENCE, chromium

PAGES = ("/", "/portfolio/positions", "/risk", "/strategies", "/alerts")
WATCH = """() => {
  window.told = {}; window.shown = {};
  const stream = new EventSource("/api/stream");
  stream.addEventListener("portfolio_update", (event) => {
    const found = JSON.parse(event.data);
    window.told[found.data.market_time] ??= Date.parse(found.timestamp);
  });
  const look = () => {
    const text = document.querySelector(".asof").textContent;
    requestAnimationFrame(() => requestAnimationFrame(() => { window.shown[text] ??= Date.now(); }));
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
"""When each market time was sampled, by the stream that tells it, and when the second frame with it was there."""
_SIZE: ViewportSize = {"width": DESKTOP["width"], "height": DESKTOP["height"]}
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


class Browsing:
    """Raises RuntimeError where there is no browser."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._ends = ExitStack()
        self._browser: Browser

    def __enter__(self) -> "Browsing":
        try:
            self._browser = self._ends.enter_context(chromium())
        except pytest.skip.Exception as error:
            raise RuntimeError(str(error)) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def pixels(self, seconds: int) -> list[float]:
        """Milliseconds from the reading of the engine to its market time on the open first page, one a second."""
        with self._browser.new_context(base_url=self._base, viewport=_SIZE) as context:
            page = context.new_page()
            page.goto("/")
            page.evaluate(WATCH)
            page.wait_for_function("() => Object.keys(window.told).length > 1", timeout=PATIENCE)
            time.sleep(seconds)
            told, shown = page.evaluate("() => [window.told, window.shown]")
        return [at - told[market] for text, at in shown.items() for market in told if f"market {market} " in text]

    def paints(self, times: int) -> list[float]:
        """Milliseconds to the first contentful paint, each page in turn, each time as somebody who was never there."""
        found = []
        for number in range(times):
            with self._browser.new_context(base_url=self._base, viewport=_SIZE) as context:
                page = context.new_page()
                page.goto(PAGES[number % len(PAGES)])
                found.append(float(page.wait_for_function(PAINT, timeout=PATIENCE).json_value()))
        return found
