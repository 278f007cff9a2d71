"""Text of ``limits list --verbose``: what the book uses of each limit, what is left, and who set it."""

from typing import Any

from cli.render.bars import bar
from cli.render.text import clock, count, money, percent, safe, table, unknown

Document = dict[str, Any]
_HEADER = ("  Limit", "Value", "Used", "", "Headroom", "Level", "Set by", "Commit", "When")
_NONE = "-"


def detail(document: Document) -> list[str]:
    """Hard limits, then soft ones, as a table each."""
    lines: list[str] = []
    for title, kind in (("Hard Limits:", "hard"), ("Soft Limits:", "soft")):
        rows = [_row(item) for item in document["limits"] if item["kind"] == kind]
        lines += [title, *table(_HEADER, rows), ""]
    notes = [_shadow(item) for item in document["limits"] if item["shadow"]]
    moved = next((item for item in document["limits"] if item["acts"]), None)
    notes += [_phase(moved)] if moved else []
    return [*lines, *notes] if notes else lines[:-1]


def _row(item: Document) -> tuple[str, ...]:
    found = item["set"]
    return (
        f"  {item['name']}",
        (item["text"] or unknown("nothing applied yet")) + (f" (acts as {item['acts']})" if item["acts"] else ""),
        safe(item["used_text"] or _NONE),
        _NONE if item["utilisation_pct"] is None else bar(item["utilisation_pct"]),
        _headroom(item),
        _level(item),
        safe(found["author"]) if found else _NONE,
        found["commit"][:12] if found else _NONE,
        clock(found["at"])[:16] if found else _NONE,
    )


def _headroom(item: Document) -> str:
    left = item["headroom"]
    if left is None:
        return _NONE
    match item["unit"]:
        case "USD":
            return money(left, cents=False)
        case "percent":
            return percent(left)
        case "ratio":
            return f"{left:.2f}"
    return count(left)


def _level(item: Document) -> str:
    return " ".join([item["level"] or _NONE, *(["(shadow)"] if item["shadow"] else [])])


def _shadow(item: Document) -> str:
    return f"In shadow, blocks nothing: {item['name']}{_since(item['shadow_set'])}"


def _phase(item: Document) -> str:
    return f"What limits act as is the learning phase's{_since(item['phase_set'])}"


def _since(found: Document | None) -> str:
    return f" since {clock(found['at'])[:16]} by {safe(found['author'])} in {found['commit'][:12]}" if found else ""
