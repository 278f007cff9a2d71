"""Figures in Prometheus' text format (version 0.0.4)."""

from collections.abc import Iterable, Mapping
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def exposition(samples: Iterable[Mapping[str, Any]]) -> list[str]:
    """Lines: ``# HELP`` and ``# TYPE`` once a metric, then its samples; names in the order of first appearance.

    A sample has ``name``, ``help``, ``value`` and ``labels``, and where it is no gauge its ``type``; one of a histogram
    also the ``suffix`` of its name.
    """
    families: dict[str, list[Mapping[str, Any]]] = {}
    for item in samples:
        families.setdefault(item["name"], []).append(item)
    lines = []
    for name, found in families.items():
        lines += [f"# HELP {name} {found[0]['help']}", f"# TYPE {name} {found[0].get('type', 'gauge')}"]
        lines += [f"{name}{item.get('suffix', '')}{_labels(item['labels'])} {_number(item['value'])}" for item in found]
    return lines


def _number(value: float) -> str:
    return f"{float(value):.15g}"


def _labels(labels: Mapping[str, str]) -> str:
    shown = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in labels.items())
    return f"{{{shown}}}" if shown else ""
