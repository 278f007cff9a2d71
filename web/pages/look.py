"""What a page looks at: one picture for all of it, and answers to questions that only it asks."""

from dataclasses import dataclass
from typing import Protocol

from web.pages.model import Tone
from web.snapshot import Document, Panel, Snapshot, panel


class Ask(Protocol):
    """Asks the controller; the answer may be a second old."""

    def __call__(self, method: str, **params: object) -> Panel:
        """The answer to ``method``."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """``now_ns``: Unix nanoseconds by which ages are told; ``path``: the page's own address."""

    snapshot: Snapshot
    ask: Ask
    now_ns: int
    path: str = "/"

    def panel(self, name: str) -> Panel:
        """A panel of the picture."""
        return panel(self.snapshot, name)


LEVELS: dict[str, tuple[Tone, str]] = {
    "INFO": ("info", "Info"),
    "WARN": ("warn", "Warning"),
    "ERROR": ("bad", "Error"),
    "CRITICAL": ("bad", "Critical"),
}
STATUSES: dict[str, tuple[Tone, str]] = {
    "active": ("ok", "Active"),
    "paused": ("warn", "Paused"),
    "halted": ("bad", "Halted"),
}
USES: dict[str | None, Tone] = {"clear": "ok", "info": "info", "warn": "warn", "error": "bad", "halt": "bad", None: ""}
MARKS: dict[str | None, Tone] = {"ok": "ok", "warning": "warn", "breach": "bad", None: ""}


def gain(value: float | None) -> Tone:
    """The tone of a result."""
    if value is None:
        return "off"
    return "up" if value > 0 else "down" if value < 0 else ""


def missing(document: Document, name: str) -> str:
    """Why a figure of ``document`` is not known."""
    return str((document.get("missing") or {}).get(name, ""))
