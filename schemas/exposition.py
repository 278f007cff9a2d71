"""Figures in Prometheus' text format (version 0.0.4)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4"
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds: the goals of reads and acts are among them."""
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Histogram:
    """How often something took how long; whoever shares one between threads holds a lock."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS) + 1)
        self._total = 0.0

    def add(self, seconds: float) -> None:
        """Once more."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._total += seconds

    def samples(self, name: str, text: str, labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The family's samples for these labels."""
        family = {"name": name, "help": text, "type": "histogram"}
        below = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self._counts, strict=True):
            below += count
            yield {**family, "suffix": "_bucket", "labels": {**labels, "le": bound}, "value": below}
        yield {**family, "suffix": "_sum", "labels": dict(labels), "value": self._total}
        yield {**family, "suffix": "_count", "labels": dict(labels), "value": below}


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
