"""Pages over the spec's book: the rig of the web tier with series, and what is read from the HTML that comes out."""

from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

from controller.adapters.clock import ManualClock
from controller.adapters.store.memory import MemoryStore
from controller.reconcile.analyst import midnight_ns, session_key
from controller.rpc import series
from tests.support.book import HeldControl, live, micros
from tests.support.web_rig import WebRig

OF_ANY_BOOK = (
    "/",
    "/portfolio",
    "/portfolio/positions",
    "/portfolio/exposure",
    "/risk",
    "/strategies",
    "/strategies/ml-momentum-v2",
    "/learning",
    "/learning/experiments",
    "/ab-tests",
    "/alerts",
    "/audit",
    "/config",
    "/emergency",
)
PAGES = (*OF_ANY_BOOK, "/alerts/1")
EQUITY = (97_000.0, 99_500.0, 98_100.0)
"""Of the sessions before the book's own."""


class NoPast:
    """An engine that knows no closes; nothing else is asked of it."""

    def history(self, symbol: str, n: int) -> list[tuple[str, int]]:
        return []


def pages_rig(control: HeldControl | None = None) -> WebRig:
    """A rig whose feed has looked once, with three sessions of the account's equity in the store."""
    rig = WebRig(control) if control is not None else WebRig()
    store = MemoryStore()
    book = rig.control.overview().live or live()
    for days, value in zip((3, 2, 1), EQUITY, strict=True):
        day = (date.fromisoformat(book.market_time[:10]) - timedelta(days=days)).isoformat()
        store.add_samples("sessions", midnight_ns(day), day, {session_key(book, "account"): micros(value)})
    engine: Any = NoPast()
    rig.dispatcher.methods.update(series.methods(rig.control, store, engine, ManualClock()))
    rig.look()
    return rig


class Page(HTMLParser):
    """What of a page the tests look at: ``boxes`` by id with their class words, headings, inline code, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.boxes: dict[str, list[str]] = {}
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.tags: list[str] = []
        self.times = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.times += tag == "time"
        self.ids += [str(given["id"])] if "id" in given else []
        self.headings += [tag] if tag in ("h1", "h2", "h3", "h4") else []
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        words = str(given.get("class", "")).split()
        if "box" in words:
            self.boxes[str(given.get("id", ""))] = words

    @property
    def green(self) -> bool:
        """Whether anything on the page says that it is well."""
        return 'class="tone ok"' in self.html or 'class="mode ok"' in self.html


def page(client: FlaskClient, address: str, **headers: str) -> Page:
    """A page that must be there."""
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, (address, answer.status_code, answer.text)
    return Page(answer.text)
