"""Text of ``ab-test`` (spec 2.2.6)."""

from typing import Any

from cli.render.status import icon_line
from cli.render.text import fields, money, percent, safe, table, unknown

Document = dict[str, Any]
METRICS = {"sharpe": "Sharpe Ratio", "total_return": "Total Return", "win_rate": "Win Rate"}
OBSERVED = {"trade": "trades", "day": "arm days", "pair": "paired days"}
ENDED = {
    "no_difference": "No difference detected",
    "stopped_by_guardrail": "Stopped by a guardrail",
    "invalid": "Invalid",
    "stopped": "Stopped by a person",
    "returned": "Variant B won, its rollout was taken back",
}
_HEADER = ("ID", "Name", "Strategy", "Status", "Duration", "Winner")
_LEAST = (15, 30, 16, 10, 10)
_SHOWN = ("sharpe", "total_return", "win_rate", "average_win", "average_loss", "max_drawdown", "volatility")


def listing(document: Document) -> list[str]:
    """One row a test, then what was decided of late."""
    rows = [_row(item) for item in document["tests"]]
    if not rows:
        return ["No A/B tests (gt risk ab-test create begins one).", *down(document)]
    recent = document["recent"]
    counted = [("Winner A", recent["winner_a"]), ("Winner B", recent["winner_b"])]
    counted += [("No Difference", recent["no_difference"]), ("Others", recent["other"])]
    return [
        "Active A/B Tests:",
        "",
        *table(_HEADER, rows, _LEAST),
        "",
        f"Completed Tests (last {recent['days']} days): {recent['total']}",
        *(f"  {name}: {count}" for name, count in counted if count or name != "Others"),
        *down(document),
    ]


def _row(item: Document) -> tuple[str, ...]:
    rolls = item["status"] == "complete" and 0 < item["rollout_pct"] < 100
    status = f"ROLL {item['rollout_pct']}%" if rolls else item["status"].upper()
    return item["id"], safe(item["name"]), item["strategy"], status, f"{item['elapsed_days']}d", winner(item)


def winner(item: Document) -> str:
    """``B (p=0.030)*`` of what is decided; TBD before, whatever the figures look like."""
    if item["winner"]:
        back = ", returned" if item["state"] == "returned" else ""
        return f"{item['winner']} (p={p_text(item['p'])}{back})*"
    if item["state"] == "no_difference":
        return "None"
    return "TBD" if item["state"] in ("collecting", "running") else ENDED[item["state"]]


def details(document: Document) -> list[str]:
    """Where one test stands."""
    item = document["test"]
    days = item["elapsed_days"]
    return [
        f"A/B Test: {item['id']} ({safe(item['name'])})",
        "",
        "Configuration:",
        *fields(_configuration(item), 16),
        "",
        *_variants(item),
        "",
        f"Results ({days} day{'' if days == 1 else 's'}, {_count(item)}):",
        "",
        *_metrics(item),
        "",
        "Statistical Analysis:",
        *fields(_statistics(item), 16),
        *_rails(item),
        *_if_b(item),
        *_rollout(item),
        *down(document),
    ]


def _configuration(item: Document) -> list[tuple[str, str]]:
    split, share = item["split"], item["share_b_pct"]
    left = "" if item["state"] not in ("collecting", "running") else f" ({item['remaining_days']}d remaining)"
    now = "" if share == split["b_pct"] or item["paired"] else f" (now {share:g}% B)"
    return [
        ("Strategy", item["strategy"]),
        ("Started", item["started"]),
        ("Duration", f"{item['duration_days']} days{left}"),
        ("Traffic", f"{split['a_pct']}% A / {split['b_pct']}% B{', in shadow' if item['paired'] else ''}{now}"),
        ("Success Metric", METRICS[item["success_metric"]]),
    ]


def _variants(item: Document) -> list[str]:
    found = []
    for arm, role in (("a", "Control"), ("b", "Treatment")):
        variant = item["variants"][arm]
        more = f" ({safe(variant['description'])})" if variant["description"] else ""
        found.append(f"Variant {arm.upper()} ({role}): {safe(variant['name'])}{more}")
    return found


def _count(item: Document) -> str:
    return f"{item['n']} {OBSERVED[item['unit']]}"


def _metrics(item: Document) -> list[str]:
    shown = [row for row in item["metrics"] if row["metric"] in _SHOWN]
    if not shown:
        return ["  nothing has been looked at yet"]
    header = ("Metric", "Variant A", "Variant B", "Difference", "P-Value")
    return [
        *table(header, [_metric(row, item) for row in shown], (21, 13, 13, 13)),
        "",
        "P of the success metric holds at every look; of the others Holm's, they decide nothing.",
    ]


def _metric(row: Document, item: Document) -> tuple[str, ...]:
    ratio = row["unit"] == "ratio"
    digits = 0 if row["metric"] == "win_rate" else 1
    signed = row["metric"] not in ("win_rate", "volatility")

    def side(value: float | None) -> str:
        if value is None:
            return unknown(_short(row))
        return f"{value:.2f}" if ratio else percent(value, digits=digits, sign=signed)

    gap = row["difference"]
    shown = f"{gap or 0:+.2f}" if ratio else f"{gap or 0:+.{digits}f}pp"
    difference = unknown(_short(row)) if gap is None else shown
    decided = row["decides"] and item["winner"] is not None
    return row["label"], side(row["a"]), side(row["b"]), difference, f"{p_text(row['p'])}{'  *' if decided else ''}"


def _short(row: Document) -> str:
    return {"not_enough_data": "too few", "undefined": "undefined"}.get(row["status"], "")


def p_text(value: float | None) -> str:
    """A p as people read it."""
    return unknown("") if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _statistics(item: Document) -> list[tuple[str, str]]:
    a, b = item["arms"]["a"], item["arms"]["b"]
    power = item["conditional_power_pct"]
    chance = f"to be decided at {item['n_max']} {OBSERVED[item['unit']]} if the trend goes on"
    return [
        ("Sample Size", f"{_count(item)} ({a['n']} A, {b['n']} B) of {item['n_max']}"),
        ("Power", f"{percent(power, digits=0)} {chance}" if power is not None else unknown("no look yet")),
        ("Early Signal", _signal(item)),
        ("Significance", _significance(item)),
        ("Recommendation", recommendation(item)),
    ]


def _signal(item: Document) -> str:
    gap = next((row["difference"] for row in item["metrics"] if row["decides"]), None)
    if not gap or item["p"] is None:
        return "None yet"
    return f"Variant {'B' if gap > 0 else 'A'} trending better"


def _significance(item: Document) -> str:
    level = item["alpha_pct"] / 100
    if item["winner"]:
        return f"✓ Decided for {item['winner']} (p={p_text(item['p'])})"
    if item["state"] == "collecting":
        return f"⏳ Not looked at before each variant has {item['n_min']}"
    if item["state"] == "running":
        return f"⏳ Not yet significant (p={p_text(item['p'])}, level {level:g})"
    return f"{ENDED[item['state']]}{': ' + safe(item['reason']) if item['reason'] else ''}"


def recommendation(item: Document) -> str:
    """What to do next."""
    id, state = item["id"], item["state"]
    if state in ("collecting", "running"):
        return f"Continue test ({item['remaining_days']} days remaining)"
    archive = f", archived first: gt risk ab-test analyze {id}" if item["status"] == "active" else ""
    if state == "winner_b":
        done = item["rollout_pct"] == 100
        return "Variant B is deployed" if done else f"DEPLOY VARIANT B{archive or f': gt risk ab-test rollout {id}'}"
    return f"KEEP VARIANT A{archive if state != 'stopped' else ''}"


def _rails(item: Document) -> list[str]:
    lines = [
        f"  {'✓' if row['holds'] else '⏳'} {row['label']} of B: {_interval(row)}, margin -{row['margin_pct']:g}pp"
        for row in item["guardrails"]
    ]
    return ["", "Guardrails:", *lines] if lines else []


def _interval(row: Document) -> str:
    if row["difference"] is None:
        return unknown(row["reason"])
    return f"{row['difference']:+.2f}pp ({row['low']:+.2f} to {row['high']:+.2f})"


def _if_b(item: Document) -> list[str]:
    row = next((row for row in item["metrics"] if row["decides"] and row["metric"] != "mean_return"), None)
    if item["state"] not in ("collecting", "running") or row is None or not (row["difference"] or 0) > 0:
        return []
    change = f"{row['difference']:+.2f}{'' if row['unit'] == 'ratio' else 'pp'} {row['label']}"
    share = f" ({row['difference'] / row['a'] * 100:+.0f}%)" if row["a"] and row["a"] > 0 else ""
    open_rails = sum(not rail["holds"] for rail in item["guardrails"])
    risk = f"{open_rails} guardrail(s) not yet shown to hold" if open_rails else "Low (every guardrail holds)"
    if not item["guardrails"]:
        risk = unknown("the test has no guardrail")
    return [
        "",
        "If B wins (projected):",
        *fields(
            [
                ("Expected Improvement", change + share),
                ("Rollout Risk", risk),
                ("Deployment", "Recommend gradual rollout (10%→25%→50%→100%)"),
            ],
            22,
        ),
    ]


def _rollout(item: Document) -> list[str]:
    if not item["rollout_pct"]:
        return []
    seen = item["rollout"]
    mean = f"Mean return of B against A: {_interval(seen)}" if seen else "Nothing has ended in it yet"
    return ["", "Rollout:", f"  {item['rollout_pct']}% to B by the document, {item['share_b_pct']:g}% now", f"  {mean}"]


def analysis(document: Document) -> list[str]:
    """What a test has shown."""
    item = document["test"]
    decided = item["winner"] is not None
    who = f"Variant {item['winner']} (p={p_text(item['p'])}) *DECIDED*" if decided else winner(item)
    a, b = item["arms"]["a"], item["arms"]["b"]
    rows = [
        ("Status", item["status"].upper()),
        ("Winner", who),
        ("Duration", f"{item['elapsed_days']} days"),
        (OBSERVED[item["unit"]].capitalize(), f"{item['n']} total ({a['n']} A, {b['n']} B)"),
    ]
    return [
        f"A/B Test Analysis: {item['id']} ({safe(item['name'])})",
        "",
        *(line[2:] for line in fields(rows, 17)),
        "",
        "Final Results:" if item["state"] not in ("collecting", "running") else "Results so far:",
        "",
        *_metrics(item),
        "",
        "Analysis:",
        *(f"  {line}" for line in _findings(item)),
        *_rails(item),
        "",
        f"Recommendation: {recommendation(item)}",
        *_plan(item),
        *down(document),
    ]


def _findings(item: Document) -> list[str]:
    found = [_significance(item), f"{len(item['looks'])} looks, each with its share of the level"]
    if item["looks"]:
        last = item["looks"][-1]
        found.append(
            f"last look: |z| {abs(last['z']):.2f} against {last['boundary']:.2f}, level spent {last['spent']:.4f}"
        )
    for arm in ("a", "b"):
        if item["arms"][arm]["pnl"] is not None:
            seen = item["arms"][arm]
            found.append(f"P&L of {arm.upper()}: {money(seen['pnl'], sign=True)} after {money(seen['fees'])} fees")
    if item["robust_p"]:
        found.append(
            f"Ledoit and Wolf: p {p_text(item['robust_p'][0])} (HAC), {p_text(item['robust_p'][1])} (bootstrap)"
        )
    return found


def _plan(item: Document) -> list[str]:
    if item["state"] != "winner_b" or item["rollout_pct"] == 100:
        return []
    return [
        "",
        "Deployment Plan:",
        "  1. Roll out to 10%, 25%, 50% of new signals, each by a signed commit",
        "  2. It is taken back by itself when B is shown to lose against A",
        "  3. Roll out to 100%: the strategy takes B's parameters",
    ]


def down(document: Document) -> list[str]:
    """That no service answered."""
    return ["", icon_line("⚠️", str(document["attention"][0]))] if document.get("service") == "down" else []
