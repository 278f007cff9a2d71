"""Text of ``learning experiments`` (spec 2.2.5)."""

from typing import Any

from cli.render.ab_test import OBSERVED, down, p_text, winner
from cli.render.text import fields, percent, safe, unknown

Document = dict[str, Any]
_TYPES = {
    "parameters": "Parameter tuning",
    "sizing": "Position sizing",
    "timing": "Timing",
    "exits": "Exits",
    "other": "Strategy variant test",
}


def experiments(document: Document) -> list[str]:
    """Text of ``learning experiments``."""
    if not document["experiments"]:
        return ["No experiments run (gt risk ab-test create begins one).", *down(document)]
    lines = ["Active Learning Experiments:"]
    for item in document["experiments"]:
        lines += ["", f"Experiment: {item['id']}", *fields(_experiment(item), 14)]
    return [*lines, *down(document)]


def _experiment(item: Document) -> list[tuple[str, str]]:
    result = item["result"]
    if result["a"] is None or result["b"] is None:
        shown = unknown(result["reason"] or "nothing has been looked at yet")
    else:
        verdict = winner(item) if item["winner"] else f"{winner(item)}, p={p_text(item['p'])}"
        ratio = result["metric"] == "sharpe"
        a, b = (f"{result[arm]:.2f}" if ratio else percent(result[arm]) for arm in ("a", "b"))
        shown = f"A: {result['label']} {a}, B: {result['label']} {b} ({verdict})"
    few = " (insufficient data)" if item["state"] == "collecting" else ""
    return [
        ("Type", _TYPES[item["type"]]),
        ("Strategy", item["strategy"]),
        ("Started", f"{item['started']} ({item['elapsed_days']} days ago)"),
        ("Status", item["status"].capitalize()),
        ("Hypothesis", safe(item["hypothesis"]) or "none given"),
        (OBSERVED[item["unit"]].capitalize(), f"{item['n']} (A: {item['n_a']}, B: {item['n_b']}){few}"),
        ("Results", shown),
    ]
