"""What a page is made of: boxes with a state of their own, each with bodies that templates print as they are.

Tones say how a thing stands: ``ok``, ``warn``, ``bad``, ``info``, ``off`` (unknown or switched off), empty for none.
A tone is never colour alone: each has a glyph and a word; ``up`` and ``down`` colour a figure that has a sign.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from markupsafe import Markup

from web.pages.text import UNKNOWN, ago, clock, iso
from web.snapshot import Document, Panel, State

Tone = Literal["", "ok", "warn", "bad", "off", "info", "up", "down"]
Align = Literal["", "num"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure under its label; ``note`` says more, ``tone`` how it stands."""

    label: str
    value: str
    tone: Tone = ""
    note: str = ""
    href: str = ""

    @property
    def main(self) -> str:
        """The value without the reason why there is none."""
        return UNKNOWN if self.value.startswith(f"{UNKNOWN} (") else self.value

    @property
    def aside(self) -> str:
        """The note; of an unknown value why it is unknown."""
        return self.value.removeprefix(UNKNOWN).strip(" ()") if self.main != self.value else self.note


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures side by side."""

    kind: ClassVar[str] = "figures"
    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A column. ``href`` sorts by it; ``order`` is set on the one that the rows are sorted by."""

    text: str
    align: Align = ""
    href: str = ""
    order: Literal["", "ascending", "descending"] = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. ``art`` is a drawing that stands beside it."""

    text: str
    tone: Tone = ""
    href: str = ""
    art: Markup | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the order of the columns; the first names the row."""

    cells: tuple[Cell, ...]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table:
    """``caption`` is for those who hear the page."""

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    foot: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and, folded away, its figures as a table, one column for each line. ``names`` are its lines in order;
    ``zoom``: the browser may open it to zoom and pan."""

    kind: ClassVar[str] = "chart"
    art: Markup
    table: Table | None = None
    names: tuple[str, ...] = ()
    zoom: bool = False


@dataclass(frozen=True, slots=True)
class Dial:
    """A gauge with its name; ``note`` says of what it is full."""

    art: Markup
    label: str
    note: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Dials:
    """Gauges side by side."""

    kind: ClassVar[str] = "dials"
    items: tuple[Dial, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened or holds: ``lead`` is short (a time), ``text`` what, ``note`` more."""

    text: str
    tone: Tone = ""
    lead: str = ""
    note: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """A list; ``nothing`` stands there when it is empty."""

    kind: ClassVar[str] = "lines"
    items: tuple[Line, ...]
    nothing: str = "none"


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it is written elsewhere: a document or a difference."""

    kind: ClassVar[str] = "text"
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A form that asks for the same page with other parameters: ``fields`` are (name, label, choices); ``kept`` are
    parameters that stay."""

    kind: ClassVar[str] = "filter"
    fields: tuple[tuple[str, str, tuple[Choice, ...]], ...]
    kept: tuple[tuple[str, str], ...] = ()


Body = Figures | Table | Chart | Dials | Lines | Text | Filter
Build = Callable[[Document], Iterable[Body]]
"""Makes a box's bodies of its document."""


@dataclass(frozen=True, slots=True)
class Box:
    """One panel of a page. ``state`` and ``reason`` as :class:`web.snapshot.Panel`; ``span`` in twelfths of the width;
    ``more`` leads to the page about it."""

    id: str
    title: str
    state: State
    as_of: str
    at: str
    reason: str
    bodies: tuple[Body, ...]
    span: int = 12
    more: str = ""


def box(
    id: str,
    title: str,
    panel: Panel,
    build: Build,
    now_ns: int,
    *,
    span: int = 12,
    more: str = "",
    nothing: str = "",
) -> Box:
    """A box of what ``build`` makes of the panel's document. Without one the box says why; ``nothing`` is said in place
    of an empty one."""
    age = max(0, now_ns - panel.as_of_ns) // 1_000_000_000
    as_of = clock(panel.as_of_ns) + (f", {ago(age)}" if panel.state == "stale" else "") if panel.as_of_ns else ""
    bodies: Sequence[Body] = ()
    reason = panel.reason
    if panel.state == "empty" and nothing:
        reason = nothing
    elif panel.document is not None and panel.state != "error":
        bodies = tuple(build(panel.document))
    at = iso(panel.as_of_ns) if panel.as_of_ns else ""
    return Box(id, title, panel.state, as_of, at, reason, tuple(bodies), span, more)
