"""What stands around every page: where one is, which book, the mode, every open halt, and how fresh all that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.options import Options
from web.pages.model import Line, Tone
from web.pages.text import ago, clock, span
from web.snapshot import Document, Panel, Snapshot, panel

NAVIGATION: tuple[tuple[str, str], ...] = (
    ("/", "Overview"),
    ("/portfolio", "Portfolio"),
    ("/risk", "Risk"),
    ("/strategies", "Strategies"),
    ("/learning", "Learning"),
    ("/ab-tests", "A/B tests"),
    ("/alerts", "Alerts"),
    ("/audit", "Audit"),
    ("/config", "Config"),
    ("/emergency", "Emergency"),
)
MODES: dict[str, tuple[Tone, str]] = {
    "normal": ("ok", "Normal"),
    "pause-new-orders": ("warn", "New orders paused"),
    "halt-trading": ("bad", "Trading halted"),
    "halt-all": ("bad", "Everything halted"),
}
THEMES = ("auto", "light", "dark")
SHOWN = 3
"""So many banners are open on every page, halts before all."""
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Chrome:
    """``stale`` says why the mode is not the gate's own word of a moment ago, empty when it is; ``banners``: every open
    halt, then whatever else needs attention."""

    path: str
    address: str
    theme: str
    book: str
    environment: str
    mode: str
    tone: Tone
    stale: str
    as_of: str
    market: str
    banners: tuple[Line, ...]
    controls: bool

    @property
    def shown(self) -> int:
        """How many banners are open."""
        return SHOWN

    @property
    def more(self) -> str:
        """What is folded away below the first banners."""
        rest = self.banners[SHOWN:]
        halts = sum(item.tone == "bad" for item in rest)
        return f"{len(rest)} more" + (f", {halts} of them halts" if halts else "")

    @property
    def navigation(self) -> Sequence[tuple[str, str, bool]]:
        """(path, name, whether the page is there or below)."""
        return [(to, name, to == "/" == self.path or (to != "/" and _below(self.path, to))) for to, name in NAVIGATION]


def chrome(snapshot: Snapshot, options: Options, address: str, theme: str, now_ns: int) -> Chrome:
    """Of the newest picture. A mode without fresh figures is told with its age and never as good."""
    found = panel(snapshot, "status")
    document = found.document or {}
    tone, mode = MODES.get(str(document.get("mode")), ("off", "Unknown"))
    stale = _stale(found, now_ns)
    return Chrome(
        path=address.partition("?")[0],
        address=address,
        theme=theme if theme in THEMES else THEMES[0],
        book=str(document.get("book") or "no verified configuration"),
        environment=str(document.get("environment") or "unknown"),
        mode=mode if document else "Unknown",
        tone="off" if stale and tone != "bad" else tone,
        stale=stale,
        as_of=f"{clock(found.as_of_ns)} UTC" if found.as_of_ns else "never",
        market=_market(document),
        banners=(*map(_halt, document.get("halts") or ()), *_notices(document)),
        controls=options.controls,
    )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _notices(document: Document) -> list[Line]:
    """What else needs attention; of a halt its own line tells."""
    found = [str(text) for text in document.get("attention") or ()]
    return [Line(text, "warn") for text in found if not text.startswith("halt ")]


def _stale(found: Panel, now_ns: int) -> str:
    if found.state in ("ok", "empty"):
        return ""
    age = f", {span(max(0, now_ns - found.as_of_ns) / 1e9)} old" if found.as_of_ns else ""
    return f"{found.reason}{age}"


def _market(document: Document) -> str:
    feed = document.get("feed")
    ended = {"ended": " (replay ended)", "stale": " (no new prices)"}.get(str(feed), "")
    return f"{document['market_time']}{ended}" if document.get("market_time") else ""


def _halt(halt: Document) -> Line:
    where = halt["strategy"] or halt["scope"]
    reason = halt["reason"] or "no reason given yet"
    age = ago(halt["age_seconds"])
    return Line(f"{where}: {reason}", "bad", str(halt["mode"]), f"{halt['id'][:_SHORT]} by {halt['actor']}, {age}")
