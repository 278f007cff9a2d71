"""Text of ``learning status``, ``phase show`` and ``phase history`` (spec 2.2.5)."""

from typing import Any

from cli.render.bars import bar
from cli.render.status import why
from cli.render.text import clock, count, fields, pad, percent, safe, table, unknown

Document = dict[str, Any]
MARK = {"met": "✓", "ready": "✓", "missed": "❌", "halted": "❌"}
WAITS = "⏳"
_BAR = 20
_LACKS = 2
"""Of what a strategy lacks, told on its line."""
_WIDTH = 13


def status(document: Document) -> list[str]:
    """The phase, its goals, each strategy's graduation, the criteria of the transition, what limits act as."""
    where = document["phase"]
    if where is None:
        return [f"Learning Progress: {unknown(document['missing'].get('desired', ''))}"]
    return [
        "Learning Progress:",
        "",
        *_stand(document, where),
        "",
        f"Phase {where['number']} Goals:",
        *(f"  {_mark(goal)} {_goal(goal, document['missing'])}" for goal in document["goals"] if _shown(goal)),
        "",
        "Strategy Graduation Status:",
        *_strategies(document["strategies"]),
        "",
        "Phase Transition Criteria:",
        *_criteria(document),
        "",
        f"Risk Parameters (Phase {where['number']}):",
        *risk_parameters(document["parameters"]),
        *(f"  {pad(item['limit'] + ':', 38)}{item['written']} acts as {item['acts']}" for item in document["acting"]),
    ]


def title(where: Document) -> str:
    """``Phase 1 (Exploration)``."""
    return f"Phase {where['number']} ({safe(where['name'])})"


def _stand(document: Document, where: Document) -> list[str]:
    lines = [f"Current Phase: {title(where)}"]
    if where["day"] is None:
        reason = document["missing"].get("phase_day") or why(document)
        return [*lines, *fields([("Duration", f"{where['days']} days target"), ("Progress", unknown(reason))], _WIDTH)]
    share = where["progress_pct"]
    demoted = ["  ⚠️  Demoted: the account has fallen too far, the caps of the phase before hold as well"]
    rows = [
        ("Started", f"{where['started']} ({where['day'] - 1} days ago)"),
        ("Duration", f"{where['days']} days target"),
        ("Progress", bar(share, _BAR).replace("  ", " ")),
        ("Next Phase", _after(document, where)),
    ]
    return [*lines, *fields(rows, _WIDTH), *(demoted if where["demoted"] else [])]


def _after(document: Document, where: Document) -> str:
    """When the next phase is due; once it is, what is still missing: nothing but a person advances."""
    late = where["day"] - where["days"] - 1
    if where["number"] == where["of"]:
        return "none, this is the last"
    if late < 0:
        return f"{where['ends']} (estimated)"
    lacking = sum(goal["state"] != "met" for goal in document["goals"]) + len(document["breaches"])
    since = f"due since {where['ends']} ({late} day{'' if late == 1 else 's'})"
    if not lacking:
        return f"{since}, all criteria are met: gt risk learning phase advance"
    are = "criterion is" if lacking == 1 else "criteria are"
    return f"{since}, {lacking} {are} not met: gt risk learning phase show"


def _shown(goal: Document) -> bool:
    """Strategies that are ready are told of under the criteria."""
    return bool(goal["key"] != "graduated")


def _mark(goal: Document) -> str:
    return MARK.get(goal["state"], WAITS)


def _goal(goal: Document, missing: dict[str, str]) -> str:
    wanted, current = goal["wanted"], goal["current"]
    match goal["key"]:
        case "trades":
            return f"Complete {wanted:g}+ trades ({count(current, missing.get('sharpe', ''))} completed)"
        case "strategies":
            return f"Test {wanted:g}+ strategies ({count(current, missing.get('live', ''))} deployed)"
        case "sharpe":
            return f"Achieve Sharpe > {wanted:g} (current: {ratio(current, missing.get('sharpe', ''))})"
    return f"Max drawdown < {wanted:g}% (current: {percent(current, missing.get('deepest_drawdown', ''))})"


def ratio(value: float | None, reason: str = "") -> str:
    """``0.42``, or ``n/a (why)``."""
    return unknown(reason) if value is None else f"{value:.2f}"


def _strategies(rows: list[Document]) -> list[str]:
    width = max((len(row["id"]) for row in rows), default=0) + 3
    return [f"  {pad(row['id'] + ':', width)}{MARK.get(row['state'], WAITS)} {_evidence(row)}" for row in rows]


def _evidence(row: Document) -> str:
    if row["state"] == "halted":
        fall = row["drawdown_pct"]
        return f"{safe(row['lacks'][0]).capitalize()}{'' if fall is None else f' ({fall:.0f}% DD)'}"
    sharpe = f"Sharpe {ratio(row['sharpe'], row['missing'].get('sharpe', ''))}"
    trades = count(row["trades"], row["missing"].get("trades", "not computed yet"))
    shown = f"{trades} trade{'' if row['trades'] == 1 else 's'}, {sharpe}"
    lacks = f": {safe('; '.join(row['lacks'][:_LACKS]))}" if row["lacks"] else ""
    return f"{pad(shown, 24)} ({row['state']}{lacks})"


def _criteria(document: Document) -> list[str]:
    rows = [f"  {_mark(goal)} {_criterion(goal, document)}" for goal in document["goals"]]
    breaches = [f"  ❌ {safe(item)}" for item in document["breaches"]]
    return rows + (breaches or ["  ✓ No limit breached"])


def _criterion(goal: Document, document: Document) -> str:
    wanted, current = goal["wanted"], goal["current"]
    match goal["key"]:
        case "trades":
            return f"Minimum trade count ({wanted:g})"
        case "strategies":
            return f"Minimum strategies ({wanted:g})"
        case "graduated":
            return f"Strategy maturity ({current}/{len(document['strategies'])} ready to graduate, {wanted:g} needed)"
        case "sharpe":
            reason = document["missing"].get("sharpe", "")
            return f"Risk-adjusted returns (Sharpe {ratio(current, reason)} vs {wanted:g} target)"
    shown = percent(current, document["missing"].get("deepest_drawdown", ""))
    return f"Drawdown within {wanted:g}% ({shown})"


def risk_parameters(seen: Document) -> list[str]:
    """What a phase allows."""
    multiplier, bonus = seen["position_size_multiplier"], seen["exploration_bonus_pct"]
    size = "reduced" if multiplier < 1 else "full"
    rows = [
        ("Position Size Mult", f"{multiplier:g}x ({size})"),
        ("Exploration Bonus", f"+{bonus:g}% (enabled)" if bonus else "none"),
        ("Soft Limit Tolerance", _tolerance(seen)),
        ("New Strategy Limit", new_strategies(seen)),
        ("Position Limits Act As", f"{seen['size_pct']:g}% of what is written"),
    ]
    return fields(rows, 24)


def _tolerance(seen: Document) -> str:
    share = seen["soft_limit_tolerance_pct"]
    return f"High (+{share:g}%)" if share else "Standard"


def new_strategies(seen: Document) -> str:
    """``Unlimited`` or ``1 per month``."""
    few = seen["new_strategies_per_month"]
    return "Unlimited" if few is None else f"{few} per month"


def show(document: Document) -> list[str]:
    """This phase and the next, and what speaks against advancing now."""
    where = document["phase"]
    if where is None:
        return [f"Phase: {unknown(document['missing'].get('desired', ''))}"]
    asked, following = document["graduation"], document["next"]
    day = f"Day {where['day']}/{where['days']}" if where["day"] else f"{where['days']} days"
    lines = [
        f"{title(where)} of {where['of']} - {day}",
        "",
        "Risk Parameters:",
        *risk_parameters(document["parameters"]),
    ]
    lines += [
        "",
        "A strategy is ready with:",
        f"  {asked['trades']}+ closed trades on {asked['days']}+ days",
        f"  Sharpe of at least {asked['sharpe']:g}, and its standard error above 0",
        f"  a win rate above {asked['win_rate_pct']:g}% (lower end of the 95% interval)",
        f"  a deepest fall of at most {asked['max_drawdown_pct']:g}%, no halt, no limit breached",
        f"  Ready now: {document['ready']}/{document['strategies']}",
        "",
    ]
    if following is None:
        return [*lines, "Next: none, this is the last phase"]
    lines += [f"Next: {title(following)} - {following['days']} days", *risk_parameters(following), ""]
    found = [f"  ⚠️  {safe(item)}" for item in document["warnings"]]
    return lines + (["Against advancing now:", *found] if found else ["✓ Nothing speaks against advancing"])


def _reason(item: Document) -> str:
    """``three ready (despite 2 warnings)``; what they said is in ``--json`` and in the commit."""
    number = len(item["despite"])
    despite = f" (despite {number} warning{'' if number == 1 else 's'})" if number else ""
    return f"{safe(item['reason']) or '-'}{despite}"


def advance_title(seen: Document) -> list[str]:
    """From where to where, and what changes."""
    where, now, after = seen["phase"], seen["parameters"], seen["next"]
    day = f"Day {where['day']}/{where['days']}" if where["day"] else f"{where['days']} days"
    return [
        f"⚠️  Advance to {title(after)}?",
        "",
        f"Current: {title(where)} - {day}",
        f"Next:    {title(after)} - {after['days']} days",
        "",
        f"Phase {after['number']} Changes:",
        *fields(_moves(now, after), 22),
    ]


def advance_warning(seen: Document) -> list[str]:
    """What speaks against it."""
    found = [f"  ⚠️  {safe(item)}" for item in seen["warnings"]]
    if not found:
        return ["✓ Nothing speaks against advancing"]
    return ["Graduation Status:", *found, "", f"Recommendation: {_advice(seen)}"]


def _moves(now: Document, after: Document) -> list[tuple[str, str]]:
    return [
        ("Position Size", _size(now["position_size_multiplier"], after["position_size_multiplier"])),
        ("Position Limits", f"{now['size_pct']:g}% → {after['size_pct']:g}% of what is written"),
        ("Soft Limits", f"{_relaxed(now)} → {_relaxed(after)}"),
        ("New Strategy Limit", f"{new_strategies(now)} → {new_strategies(after)}"),
        ("Exploration Mode", f"{_explores(now)} → {_explores(after)}"),
    ]


def _size(before: float, after: float) -> str:
    moved = "" if not before or before == after else f"  ({abs(after / before - 1):.0%} {_way(before, after)})"
    return f"{before:g}x → {after:g}x{moved}"


def _way(before: float, after: float) -> str:
    return "increase" if after > before else "decrease"


def _relaxed(seen: Document) -> str:
    share = seen["soft_limit_tolerance_pct"]
    return f"Relaxed (+{share:g}%)" if share else "Standard"


def _explores(seen: Document) -> str:
    return "Enabled" if seen["exploration_bonus_pct"] else "Disabled"


def _advice(seen: Document) -> str:
    """What to wait for: strategies before days."""
    unmet = {goal["key"] for goal in seen["goals"] if goal["state"] not in ("met", "holding")}
    if unmet & {"graduated", "sharpe", "max_drawdown"}:
        return "Wait for strategies to mature"
    return "Wait for more trades" if unmet else "Wait until the phase is over"


def history(document: Document) -> list[str]:
    """One line a phase, newest first."""
    rows = [
        (
            title(item),
            item["started"] or unknown("not set"),
            item["ended"] or "now",
            count(item["days"], "the market's day is not known"),
            safe(item["author"]),
            item["commit"][:12],
            clock(item["at"])[:16],
            _reason(item),
        )
        for item in document["phases"]
    ]
    return table(("Phase", "Began", "Ended", "Days", "By", "Commit", "When", "Why"), rows)
