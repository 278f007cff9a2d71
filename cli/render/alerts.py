"""Text of ``gt risk alerts …`` (spec 2.2.8)."""

from typing import Any

from cli.render.text import clock, fields, safe, span, table, unknown

Document = dict[str, Any]
_HEADER = ("Time", "Level", "Source", "Message")
_LEAST = (10, 10, 20)
_NUMBERED = ("N", "Time", "Level", "State", "Source", "Message")
_SENT = ("Time", "Channel", "Kind", "State", "Tries", "Error")
_RULES = ("Rule", "Level", "Channels", "When")
_ALL = ["INFO", "WARN", "ERROR", "CRITICAL"]
_WIDTH = 12
_TOLD = "always on"


def listing(document: Document) -> list[str]:
    """Newest first, and how many there are."""
    recent = document["recent"]
    rows = [
        (_time(item["first"], recent), item["level"], safe(item["source"]), _message(item))
        for item in document["alerts"]
    ]
    return _listed(document, table(_HEADER, rows, _LEAST if recent else (21, *_LEAST[1:])))


def numbered(document: Document) -> list[str]:
    """The same with each alert's number, by which it is shown, acknowledged and silenced, and its state."""
    rows = [
        (
            str(item["id"]),
            _time(item["first"], document["recent"]),
            item["level"],
            item["state"],
            safe(item["source"]),
            _message(item),
        )
        for item in document["alerts"]
    ]
    return _listed(document, table(_NUMBERED, rows))


def _listed(document: Document, rows: list[str]) -> list[str]:
    """Title, table and counts."""
    recent = document["recent"]
    title = "Recent Alerts (last 24h):" if recent else f"Alerts (since {clock(document['since'])}):"
    levels = ", ".join(f"{document['levels'][level]} {level}" for level in ("critical", "error", "warn", "info"))
    over = [f"Others: {document['others']} (over, or for information only)"] if document["others"] else []
    return [
        title,
        "",
        *(rows if document["alerts"] else ["No alerts."]),
        "",
        f"Total: {document['total']} alerts ({levels})",
        f"Acknowledged: {document['acknowledged']}",
        f"Pending: {document['pending']}",
        *over,
    ]


def _time(instant: str, recent: bool) -> str:
    return clock(instant)[11:] if recent else clock(instant)


def _message(item: Document) -> str:
    times = f" ({item['count']} times)" if item["count"] > 1 else ""
    return f"{safe(item['message'])}{times}"


def show(document: Document) -> list[str]:
    """One alert, whole."""
    item = document["alert"]
    times = f", {item['count']} times" if item["count"] > 1 else ""
    rows = [
        ("State", _state(item)),
        ("Rule", item["rule"]),
        ("Scope", safe(item["strategy"] or item["scope"])),
        ("First", clock(item["first"])),
        ("Last", f"{clock(item['last'])}{times}"),
        ("Sent", clock(item["sent"])),
    ]
    if item["note"]:
        rows.append(("Note", safe(item["note"])))
    if item["record"]:
        rows.append(("Record", f"{item['record']} of the audit log"))
    sent = [
        (
            clock(one["sent"] or one["made"]),
            one["channel"],
            one["kind"],
            one["state"],
            str(one["attempts"]),
            one["error"],
        )
        for one in document["deliveries"]
    ]
    head = f"Alert {item['id']}: {item['level']} from {safe(item['source'])}"
    lines = table(_SENT, [[safe(cell) for cell in row] for row in sent]) if sent else ["  none but the dashboard's"]
    return [head, f"  {safe(item['message'])}", "", *fields(rows, _WIDTH), "", "Deliveries:", *map(str.rstrip, lines)]


def _state(item: Document) -> str:
    if item["acked"]:
        over = f", over since {clock(item['over'])}" if item["over"] and item["standing"] else ""
        return f"acknowledged by {safe(item['acked_by'])} at {clock(item['acked'])}{over}"
    if item["over"]:
        return f"resolved at {clock(item['over'])}"
    return "open, nobody has acknowledged it"


def acknowledged(document: Document) -> list[str]:
    """What was acknowledged."""
    return [f"✓ Alert {item['id']} acknowledged: {safe(item['message'])}" for item in document["alerts"]]


def config(document: Document) -> list[str]:
    """Channels, levels, rates and quiet hours as the spec lays them out."""
    channels, hours = document["channels"], document["quiet_hours"]
    shown = [name for name in channels if name != "apprise" or channels[name]["enabled"]]
    rates = document["rate_limiting"]
    quiet = [
        ("Enabled", "✓ Yes" if hours["enabled"] else "✗ No"),
        ("Window", f"{hours['start_time']} - {hours['end_time']} {hours['zone']}"),
        ("Behavior", _BUFFER if hours["buffer_non_critical"] else "Send everything"),
        ("Override", "CRITICAL alerts always sent immediately"),
    ]
    return [
        "Alert Configuration:",
        "",
        "Channels:",
        *fields([(name.capitalize(), _channel(name, channels[name])) for name in shown], _WIDTH),
        "",
        "Alert Levels by Channel:",
        *fields([(name.capitalize(), _levels(name, channels[name])) for name in shown], _WIDTH),
        "",
        "Rate Limiting:",
        *fields(
            [
                ("Max per hour", f"{rates['max_per_hour']} (any level)"),
                ("Max CRITICAL/h", str(rates["max_critical_per_hour"])),
                ("Cooldown", f"{span(60 * rates['duplicate_cooldown_minutes'])} between duplicate alerts"),
            ],
            18,
        ),
        "",
        "Quiet Hours:",
        *fields(quiet, _WIDTH),
        *(["", "Silences:", *silences(document)] if document["silences"] else []),
    ]


_BUFFER = "Buffer non-critical alerts, send in morning digest"


def _channel(name: str, item: Document) -> str:
    if not item["enabled"]:
        return "✗ Disabled"
    if item["failures"]:
        return f"⚠️  Failing, {item['failures']} times in a row: {safe(item['error'])} ({item['waiting']} waiting)"
    about = {"dashboard": _TOLD, "logs": f"{item.get('format', '').upper()} format", "email": item.get("to")}
    return f"✓ Enabled ({safe(about[name])})" if about.get(name) else "✓ Enabled"


def _levels(name: str, item: Document) -> str:
    if not item["enabled"]:
        return unknown("").upper()
    if item["levels"] == _ALL:
        return f"All levels ({', '.join(_ALL)})" if name == "dashboard" else "All levels"
    return f"{' and '.join(item['levels'])} only" if item["levels"] else "none"


def rules(document: Document) -> list[str]:
    """Every rule."""
    rows = [
        (item["trigger"], item["level"], ", ".join(item["channels"]), safe(item["when"])) for item in document["rules"]
    ]
    return table(_RULES, rows)


def silences(document: Document) -> list[str]:
    """Those in force."""
    rows = [
        (str(item["id"]), _what(item), clock(item["until"]), safe(item["actor"]), safe(item["reason"]))
        for item in document["silences"]
    ]
    return table(("N", "Silenced", "Until", "By", "Reason"), rows) if rows else ["No silence is in force."]


def silenced(document: Document) -> list[str]:
    """One that was made."""
    item = document["silence"]
    return [
        f"✓ {_what(item)} silenced until {clock(item['until'])} UTC",
        f"  end it: gt risk alerts silence --end {item['id']}",
    ]


def _what(item: Document) -> str:
    return f"rule {item['rule']}" if item["rule"] else f"fingerprint {item['fingerprint']}"
