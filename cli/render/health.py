"""Text of ``gt risk health``, and its figures for Prometheus."""

from typing import Any

from cli.render.text import pad, safe
from schemas.exposition import exposition

Document = dict[str, Any]
_MARK = {"ok": "✓", "warning": "⚠️", "error": "✗"}


def components(document: Document) -> list[str]:
    """One line a component, with the next command where one is not well."""
    lines = []
    for item in document["components"]:
        lines.append(f"{pad(_MARK[item['state']], 3)}{pad(item['name'], 13)}{safe(item['message'])}")
        if item["hint"]:
            lines.append(f"{'':16}next: {item['hint']}")
    return lines


def metrics(document: Document) -> list[str]:
    """The figures, and no words."""
    return exposition(document["metrics"])
