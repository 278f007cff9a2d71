"""``--json`` of each read holds every figure of its text, as a number."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import reads
from cli.render import detail, strategy
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from tests.support.greenplace import GreenplaceControl

FIGURE = re.compile(r"(?<![\w.:-])[+-]?\$?(\d(?:[\d,]*\d)?(?:\.\d+)?)(?![\w:]|-\d)")
LABELS = {
    "portfolio exposure": {"200", "10", "3", "5"},
    "portfolio risk": {"20", "60", "95", "1.10", "1.05"},
    "portfolio status": {"95"},
    "strategy show": {"10", "1"},
    "status": {"1"},
    "status -v": {"1", "2"},
    "strategy metrics": {"95"},
}
"""Figures that belong to a label or a reason: sizes, windows, the confidence, the phase's name, a strategy's name, the
moments outside a method's domain."""


def numbers(value: Any) -> Iterator[float]:
    """Every number of a document; the length of a list counts as one."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield abs(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        yield len(value)
        for item in value:
            yield from numbers(item)


def shown(value: float) -> set[str]:
    """How a figure may read: with up to three digits behind the point."""
    return {f"{value:,.{digits}f}" for digits in range(4)} | {f"{value:.{digits}f}" for digits in range(4)}


def document(method: str, **params: str) -> dict[str, Any]:
    return Dispatcher(GreenplaceControl(), Settings(home=Path("/home/op"))).call(method, params)


def cases() -> dict[str, tuple[dict[str, Any], list[str]]]:
    names = (
        "status",
        "strategy list",
        "portfolio status",
        "portfolio positions",
        "portfolio exposure",
        "portfolio risk",
    )
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for name in names:
        read = reads.READS[tuple(name.split())]
        seen = document(read.method)
        found[name] = (seen, list(reads.renderer(read.render)(seen)))
    show, metrics = (document(f"strategy.{word}", id="ml-momentum-v2") for word in ("show", "metrics"))
    found["strategy show"] = (show, strategy.details(show))
    found["strategy metrics"] = (metrics, strategy.metrics(metrics))
    whole = document("status.detail")
    found["status -v"] = (whole, detail.detail(whole))
    return found


@pytest.mark.parametrize("name", sorted(cases()))
def test_json_then_every_figure_of_the_text_is_a_number_in_it(name: str) -> None:
    seen, lines = cases()[name]
    known = {text for value in numbers(seen) for text in shown(value)} | LABELS.get(name, set())
    bare = [line for line in lines if not line.startswith(("As of", "Strategy"))]
    text = "\n".join(bare)
    lost = [figure for figure in FIGURE.findall(text) if figure not in known]
    assert lost == []
