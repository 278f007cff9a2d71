"""Text of ``status`` and ``emergency status`` (spec 2.2.1, 2.2.7)."""

from typing import Any

from cli.render.text import ago, cells, clock, count, fields, money, percent, safe, unknown

Document = dict[str, Any]
SILENT = "service down"
MARK = {"ok": "✓", "warning": "⚠️", "breach": "✗"}
_ICON = {"CRITICAL": "⛔", "ERROR": "⛔", "WARN": "⚠️", "INFO": "ℹ️"}
_WIDTH = 16
_SECTORS = 3


def status(document: Document) -> list[str]:
    """The overview."""
    book = safe(document["book"] or "no verified configuration")
    kind = f" ({document['environment']} trading)" if document["environment"] else ""
    return [
        f"🎯 Risk Status: {book}{kind}",
        "",
        "Portfolio Overview:",
        *fields(_portfolio(document), _WIDTH),
        "",
        "Risk Metrics:",
        *fields(_metrics(document), _WIDTH),
        "",
        "Active Alerts:",
        *_alerts(document),
        "",
        f"Phase:  {phase(document['phase'], document['missing'])}",
        f"Status: {state(document)}",
        f"As of:  {as_of(document)}",
    ]


def why(document: Document) -> str:
    """Why live figures are missing."""
    return str(document.get("missing", {}).get("live", "")) or SILENT


def as_of(document: Document) -> str:
    """Both clocks and the revision in force."""
    market = f"market {document['market_time']}, " if document["market_time"] else ""
    feed = f", feed {document['feed']}" if document["feed"] not in (None, "live") else ""
    applied = (document.get("revision") or {}).get("last_applied", "")
    revision = f", revision {applied[:12]}" if applied else ""
    return f"{market}wall {clock(document['as_of'])} UTC{revision}{feed}"


def _portfolio(document: Document) -> list[tuple[str, str]]:
    reason = why(document)
    counts = document["strategy_counts"]
    equity = money(document["equity"], reason)
    if document["peak_equity"] is not None:
        peak, below = money(document["peak_equity"]), percent(document["drawdown_pct"] or 0.0)
        equity += f"  (Peak: {peak}, {below} from peak)"
    most = count(document["max_positions"], "no limit applied")
    return [
        ("Equity", equity),
        ("Cash", money(document["cash"], reason)),
        ("Buying Power", money(document["buying_power"], reason)),
        ("Positions", f"{count(document['positions'], reason)} / {most} max"),
        ("Strategies", f"{counts['active']} active, {counts['paused']} paused, {counts['halted']} halted"),
    ]


def _metrics(document: Document) -> list[tuple[str, str]]:
    metrics = document["metrics"]
    return [
        ("Portfolio Vol", volatility(metrics, "20") + target(metrics)),
        ("Max Position", _largest(metrics["max_position"], document)),
        ("Sector Conc", _sectors(metrics["sectors"], document)),
    ]


def volatility(figures: Document, sessions: str) -> str:
    """The book's annualised volatility of 20 or 60 sessions, or with fading weights (``ewma``)."""
    value = figures["portfolio_vol_pct" if sessions == "20" else f"portfolio_vol_{sessions}_pct"]
    return percent(value, figures["missing"].get(f"volatility_{sessions}", ""))


def target(figures: Document) -> str:
    """`` (target: 20.0%)  ✓`` for the volatility of 20 sessions."""
    aim, mark = figures["portfolio_vol_target_pct"], figures["portfolio_vol_mark"]
    shown = f" (target: {percent(aim)})" if aim is not None else ""
    return shown + (f"  {MARK[mark]}" if mark else "")


def _largest(largest: Document | None, document: Document) -> str:
    if largest is None:
        return "none held" if document["positions"] == 0 else unknown(why(document))
    share = percent(largest["pct_of_equity"])
    value = money(largest["value"], cents=False)
    return f"{value} ({largest['symbol']}, {share} of portfolio)  {MARK[largest['mark']]}"


def _sectors(sectors: Document | None, document: Document) -> str:
    if sectors is None:
        return unknown(why(document))
    if not sectors["shares"]:
        return "none held"
    shown = sectors["shares"][:_SECTORS]
    text = ", ".join(f"{safe(item['sector'])} {percent(item['pct_of_equity'], digits=0)}" for item in shown)
    return f"{text}  {MARK[sectors['mark']]}"


def _alerts(document: Document) -> list[str]:
    found = [("ERROR", str(line)) for line in document["attention"]]
    sectors = document["metrics"]["sectors"] or {"over_warning": [], "shares": []}
    shares = {item["sector"]: item["pct_of_equity"] for item in sectors["shares"]}
    for name in sectors["over_warning"]:
        bound = percent(sectors["warning_pct"], digits=0)
        share = percent(shares[name], digits=0)
        found.append(("WARN", f"{name} sector concentration at {share} (warning threshold {bound})"))
    found += [(item["level"], f"{item['source']}: {item['message']}") for item in document["alerts"]]
    return [icon_line(_ICON[level], f"{level} - {safe(text)}") for level, text in found] or ["  none"]


def icon_line(icon: str, text: str) -> str:
    """A line that starts with an icon of one or two cells, its text aligned."""
    return f"  {icon}{' ' * (4 - cells(icon))}{text}"


def phase(seen: Document | None, missing: dict[str, str]) -> str:
    """``Phase 1 (Exploration) - Day 18/30``."""
    if seen is None:
        return unknown(missing.get("desired", ""))
    day = f"Day {seen['day']}/{seen['days']}"
    if seen["day"] is None:
        day = f"Day {unknown(missing.get('phase_day') or missing.get('live', ''))}, {seen['days']} days"
    return f"Phase {seen['number']} ({safe(seen['name'])}) - {day}"


def state(document: Document) -> str:
    """The trading mode in words; never green without fresh data."""
    mode = document["mode"]
    if mode == "halt-all":
        return "🔴 EMERGENCY - all strategies halted"
    if mode == "halt-trading":
        return "🔴 Trading halted"
    if document.get("service") == "down":
        return _alone(document)
    if document["market_time"] is None:
        return "⚪ Unknown - the engine does not answer"
    if mode == "pause-new-orders":
        return "🟡 New orders paused - only reducing orders pass"
    if document["attention"]:
        return "🟡 Attention needed"
    return "🟢 Normal Operations"


def _alone(document: Document) -> str:
    """The gate without its controller."""
    permit = document["permit"]
    if permit is None:
        return "⚪ Unknown - service down, the gate does not answer"
    if permit == "ok":
        return "🟡 Service down - the gate goes on until its permit runs out"
    return f"🟡 Service down - gate: reducing only (permit {permit})"


def emergency(document: Document) -> list[str]:
    """What holds and how it is lifted."""
    reason = why(document)
    rows = [
        *_current(document, reason),
        ("Pending Orders", count(document["working_orders"], reason)),
        ("Drawdown", percent(document["drawdown_pct"], reason)),
    ]
    lines = ["Emergency Status:", "", "Current State:", *fields(rows, 20), "", "Open Halts:"]
    lines += [line for halt in document["halts"] for line in halt_lines(halt)] or ["  none"]
    told = document["liquidation"] if document["halts"] else document["attention"]
    if told:
        lines += ["", *(icon_line("⚠️", safe(line)) for line in told)]
    return [*lines, "", *_way_out(document)]


def resume_plan(document: Document, halts: list[Document]) -> list[str]:
    """The screen before an emergency is lifted (spec 2.2.7): ``halts`` are those that this clears."""
    rows = _current(document, why(document))
    if halts:
        newest = max(halts, key=lambda halt: halt["opened"])
        rows.append(("Last Emergency", f"{clock(newest['opened'])} ({ago(newest['age_seconds'])})"))
        rows.append(("Reason", safe(newest["reason"]) or "(open: none given yet)"))
    cleared = [line for halt in halts for line in halt_lines(halt)] or ["  no account halt is open"]
    return ["Resume from Emergency Mode?", "", "Current State:", *fields(rows, 20), "", "Clears:", *cleared]


def _current(document: Document, reason: str) -> list[tuple[str, str]]:
    halted = sum(1 for item in document["strategies"] if item["status"] == "halted")
    return [
        ("System Mode", _mode(document, reason)),
        ("Strategies Halted", str(halted)),
        ("Trading", _trading(document["mode"]) if _known(document) else unknown(reason)),
        ("Positions", f"{count(document['positions'], reason)} open"),
    ]


def _known(document: Document) -> bool:
    """Whether the mode is the gate's own word, or a halt that binds in any case."""
    return document["market_time"] is not None or document["mode"] in ("halt-trading", "halt-all")


def _mode(document: Document, reason: str) -> str:
    if not _known(document):
        return f"{unknown(reason)}; {document['mode']} by git"
    return "EMERGENCY" if document["mode"] == "halt-all" else str(document["mode"]).upper()


def _trading(mode: str) -> str:
    return {"normal": "ENABLED", "pause-new-orders": "REDUCING ORDERS ONLY"}.get(mode, "SUSPENDED")


def halt_lines(halt: Document) -> list[str]:
    """One open halt."""
    where = safe(halt["strategy"] or halt["scope"])
    reason = safe(halt["reason"]) or "(open: none given yet)"
    facts = [name for name in ("durable", "adopted", "evidenced") if halt[name]]
    opened = f"{clock(halt['opened'])} UTC ({ago(halt['age_seconds'])})"
    return [
        icon_line("⛔", f"{halt['id'][:12]}  {where}  {halt['mode']}  opened {opened} by {safe(halt['actor'])}"),
        f"      Reason: {reason}",
        f"      Facts:  in force{''.join(f', {name}' for name in facts)}",
    ]


def _way_out(document: Document) -> list[str]:
    account = [halt for halt in document["halts"] if halt["scope"] == "account"]
    own = [halt for halt in document["halts"] if halt["strategy"]]
    lines = []
    if account or document["desired_mode"] != "normal":
        lines.append(f"To resume: gt risk emergency resume{_peak(account)}")
    lines += [f"To resume: gt risk strategy resume {halt['strategy']}{_peak([halt])}" for halt in own]
    return lines or ["No halt is open."]


def _peak(halts: list[Document]) -> str:
    """A halt by drawdown is lifted with a word on its high-water mark."""
    return " --peak rebase|keep" if any(halt["source"] == "monitor" for halt in halts) else ""
