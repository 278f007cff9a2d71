"""Text of ``gt risk health``, and its figures in Prometheus' text format (version 0.0.4)."""

from typing import Any

from cli.render.text import pad, safe

Document = dict[str, Any]
_MARK = {"ok": "✓", "warning": "⚠️", "error": "✗"}
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def components(document: Document) -> list[str]:
    """One line a component, with the next command where one is not well."""
    lines = []
    for item in document["components"]:
        lines.append(f"{pad(_MARK[item['state']], 3)}{pad(item['name'], 13)}{safe(item['message'])}")
        if item["hint"]:
            lines.append(f"{'':16}next: {item['hint']}")
    return lines


def metrics(document: Document) -> list[str]:
    """``# HELP`` and ``# TYPE`` once a metric, then its samples; names in the order of first appearance."""
    families: dict[str, list[Document]] = {}
    for item in document["metrics"]:
        families.setdefault(item["name"], []).append(item)
    lines = []
    for name, found in families.items():
        lines += [f"# HELP {name} {found[0]['help']}", f"# TYPE {name} gauge"]
        lines += [f"{name}{_labels(item['labels'])} {float(item['value']):.15g}" for item in found]
    return lines


def _labels(labels: dict[str, str]) -> str:
    shown = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in labels.items())
    return f"{{{shown}}}" if shown else ""
