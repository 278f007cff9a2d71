"""Text of ``learning metrics`` (spec 2.2.5)."""

from typing import Any

from cli.render.learning import ratio
from cli.render.text import count, fields, money, percent, safe, unknown

Document = dict[str, Any]
_STABILITY = {"stable": "High", "moderate": "Moderate", "unsettled": "Low"}


def metrics(document: Document) -> list[str]:
    """Four blocks."""
    missing = document["missing"]
    blocks = (
        ("Exploration Effectiveness", _exploration(document["exploration"], missing), 26),
        ("Strategy Performance Distribution", _performance(document["performance"], missing), 20),
        ("Parameter Learning", _parameters(document["parameters"], missing), 26),
        ("Discovery Metrics", _discovery(document["discovery"], missing), 26),
    )
    lines = ["Learning Metrics:"]
    for title, rows, width in blocks:
        lines += ["", f"{title}:", *fields(rows, width)]
    return lines


def _exploration(seen: Document, missing: dict[str, str]) -> list[tuple[str, str]]:
    rate = "" if seen["failure_rate_pct"] is None else f" ({percent(seen['failure_rate_pct'], digits=0)} failure rate)"
    return [
        ("Strategies Tested", count(seen["tested"], missing.get("tested", ""))),
        ("Strategies Graduated", count(seen["graduated"])),
        ("Strategies Halted", f"{seen['halted']}{rate}"),
        ("New Strategies (30d)", count(seen["new_strategies"], missing.get("new_strategies", ""))),
    ]


def _performance(seen: Document, missing: dict[str, str]) -> list[tuple[str, str]]:
    reason = missing.get("performance", "")
    return [
        ("Top Performer", _one(seen["top"], reason)),
        ("Median", ratio(seen["median"], reason)),
        ("Bottom Performer", _one(seen["bottom"], reason)),
    ]


def _one(row: Document | None, reason: str) -> str:
    if row is None:
        return unknown(reason)
    error = "" if row["sharpe_error"] is None else f" ± {row['sharpe_error']:.2f}"
    halted = ", halted" if row["status"] == "halted" else ""
    return f"{safe(row['id'])} (Sharpe {row['sharpe']:.2f}{error}{halted})"


def _parameters(seen: Document, missing: dict[str, str]) -> list[tuple[str, str]]:
    reason, weekly = missing.get("per_trade", ""), seen["config_changes_per_week"]
    return [
        ("Risk Config Changes", f"{seen['config_changes']} in last 30 days"),
        ("Limit Violations", f"{seen['violations']:,} ({ratio(seen['violations_per_trade'], reason)} per trade)"),
        ("Soft Limit Warnings", f"{seen['warnings']:,} ({ratio(seen['warnings_per_trade'], reason)} per trade)"),
        ("Configuration Stability", f"{_STABILITY[seen['stability']]} ({weekly:g} changes/week)"),
    ]


def _discovery(seen: Document, missing: dict[str, str]) -> list[tuple[str, str]]:
    told = seen["confirmed"] + seen["rejected"]
    return [
        ("Profitable Discoveries", f"{_tests(seen['discoveries'])} won by variant B"),
        ("Failed Experiments", f"{_tests(seen['failed'])} stopped, invalid or taken back"),
        ("Cost of Learning", _cost(seen, missing)),
        (
            "Knowledge Gained",
            f"{told} hypothes{'i' if told == 1 else 'e'}s ({seen['confirmed']} confirmed, {seen['rejected']} rejected)",
        ),
    ]


def _tests(number: int) -> str:
    return f"{number} A/B test{'' if number == 1 else 's'}"


def _cost(seen: Document, missing: dict[str, str]) -> str:
    if seen["cost"] is None:
        return unknown(missing.get("cost", ""))
    names = ", ".join(safe(name) for name in seen["cost_of"])
    return money(seen["cost"], cents=False) + (f" ({names} loss)" if names else "")
