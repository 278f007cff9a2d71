"""Text of ``gt risk audit …`` (spec 2.2.9): one line an event, intent and outcome folded into it."""

import re
from typing import Any

from cli.render.text import clock, fields, safe, span, span_in_words, table, unknown

Document = dict[str, Any]
_HEADER = ("Time", "Event Type", "User", "Details")
_LEAST = (20, 19, 10)
_SHOWN = 3
_DETAILS = 160
_PAIR = re.compile(r", (?=[\w.-]+=)")
_GROUPS = ("account", "position", "strategy", "exposure", "order", "concentration", "volatility", "drawdown")
_ACTS = ("Date", "User", "Action", "Details", "Outcome")
_ACTS_LEAST = (11, 10, 24, 34)
_CHANGES = ("Time", "Revision", "User", "Change", "Reason")
_BRIEF = 48
_COUNTS = (
    ("Emergency Halts", "emergency_halts"),
    ("Strategy Controls", "strategy_controls"),
    ("Config Changes", "config_changes"),
    ("Others", "others"),
)
_SPEC = ("emergency_halts", "strategy_controls", "config_changes")
_RESULTS = {"done": "Applied successfully", "partial": "Applied in part", "unknown": "Outcome unknown"}
_HALTS = "halts"
"""The set of open halts: each of them has a line of its own."""
_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20}\b")
_TEST = re.compile(r"\bab_tests\.([^.]+)\.")
_UNDER_WAY = "under way"


def log(document: Document) -> list[str]:
    """Newest first."""
    rows = [
        (clock(item["time"]), safe(item["event"]), safe(item["actor"]), _details(item))
        for item in folded(document["events"])[: document["shown"]]
    ]
    lines = table(_HEADER, rows, _LEAST, 1) if rows else ["No events."]
    return [
        f"Audit Log (last {len(rows)} event{'s' if len(rows) != 1 else ''}):",
        "",
        *lines,
        "",
        "Filter by:",
        "  Type:  [all|emergency|config|strategy|position]",
        "  User:  [all|system|operator|<username>]",
        "  Level: [all|info|warn|error|critical]",
    ]


def folded(events: list[Document]) -> list[Document]:
    """Each intent with the outcome that closes it as one event; an intent without one is under way."""
    closing = {item["intent"]: item for item in events if item["kind"] == "outcome"}
    intents = {item["seq"] for item in events if item["kind"] == "intent"}
    found = []
    for item in events:
        if item["kind"] == "intent":
            end = closing.get(item["seq"], {"outcome": _UNDER_WAY, "details": ""})
            found.append({**item, "outcome": end["outcome"], "details": end["details"]})
        elif item["kind"] == "fact" or item["intent"] not in intents:
            found.append(item)
    return found


def _details(item: Document) -> str:
    parts = [*_subject(item), *_trouble(item)]
    if item["reason"]:
        parts.append(f"Reason: {item['reason']}")
    text = _ID.sub(r"\1", safe(", ".join(parts))) or f"revision {item['revision'][:12]}"
    text = text if len(text) <= _DETAILS else f"{text[:_DETAILS]}… (all of it with --json)"
    return f"{text} ({item['outcome']})" if item["outcome"] not in ("", "done") else text


def _subject(item: Document) -> list[str]:
    """What the event is about: the strategy, and what moved from where to where."""
    strategy = item.get("strategy")
    if item["event"].startswith("emergency."):
        return [] if item["reason"] else [item["details"] or "no reason given yet"]
    if item["event"].startswith(("alert.", "dashboard.")):
        return [item["after"] or item["before"]]
    changed = moved(item["before"], item["after"])
    test = _TEST.search(item["after"]) if item["event"].startswith("ab_test.") else None
    if test:
        return [f"Test: {test[1]}"]
    if item["event"].startswith("strategy.") and not strategy and changed:
        strategy = changed[0][0].removesuffix(".status")
    if strategy:
        return [f"Strategy: {strategy}"]
    if not changed:
        return [item["details"]] if item["kind"] == "fact" and item["details"] else []
    if len(changed) > _SHOWN:
        return [f"{len(changed)} settings at revision {item['revision'][:12]}"]
    return [f"{_label(name)}{name}, {old} → {new}" for name, old, new in changed]


def _label(name: str) -> str:
    return "Limit: " if name.partition(".")[0] in _GROUPS and "." in name else ""


def _trouble(item: Document) -> list[str]:
    """What went wrong, when the outcome is not plainly done."""
    return [item["details"]] if item["outcome"] not in ("", "done", _UNDER_WAY) and item["details"] else []


def moved(before: str, after: str) -> list[tuple[str, str, str]]:
    """(name, old, new) of what ``name=old, …`` and ``name=new, …`` say; empty when they say something else."""
    old, new = (dict(pair.split("=", 1) for pair in _PAIR.split(text) if "=" in pair) for text in (before, after))
    return [(name, old.get(name, "-"), value) for name, value in new.items() if name != _HALTS]


def interventions(document: Document) -> list[str]:
    """What people did, newest first, then how much of it and how soon."""
    rows = [_intervention(item) for item in document["interventions"]]
    title = f"Manual Interventions (last {document['days']} days):"
    if not rows:
        return [title, "", "None."]
    response = document["average_response_seconds"]
    average = f"{span_in_words(response)} (time from alert to intervention)" if response is not None else ""
    counts = [
        (label, str(document["counts"][key])) for label, key in _COUNTS if document["counts"][key] or key in _SPEC
    ]
    return [
        title,
        "",
        *table(_ACTS, rows, _ACTS_LEAST, 1),
        "",
        f"Total Interventions: {document['total']}",
        *fields(counts, 19),
        "",
        f"Average Response Time: {average or unknown(document['missing'].get('average_response', ''))}",
    ]


def _intervention(item: Document) -> tuple[str, ...]:
    channel = "" if item["channel"] == "cli" else f" ({item['channel']})"
    changed = ", ".join(f"{name} {old} → {new}" for name, old, new in moved(item["before"], item["after"])[:_SHOWN])
    what = " ".join(part for part in (item["strategy"] or "", item["reason"] or changed) if part) or "no reason given"
    response = f", {span(item['response_seconds'])} after the alert" if item["response_seconds"] is not None else ""
    details = _ID.sub(r"\1", safe(what))
    return (
        item["time"][:10],
        safe(item["actor"]) + channel,
        safe(item["event"]),
        details if len(details) <= _BRIEF else f"{details[:_BRIEF]}…",
        _result(item) + response,
    )


def _result(item: Document) -> str:
    if item["result"] == "resumed":
        return f"Resumed after {span(item['lasted_seconds'])}"
    if item["result"] == "open":
        return "Still paused" if "pause" in item["event"] else "Still halted"
    return _RESULTS.get(item["result"], safe(item["result"]).capitalize())


def config_changes(document: Document) -> list[str]:
    """One line a change: who, what from where to where, why; the rest of a commit's changes below it."""
    rows: list[tuple[str, ...]] = []
    for item in document["changes"]:
        lines = [f"{name}, {old} → {new}" for name, old, new in item["moved"]] or [item["subject"]]
        more = [f"… {len(lines) - _SHOWN} more (with --json)"] if len(lines) > _SHOWN else []
        first, *rest = [_ID.sub(r"\1", safe(line)) for line in (*lines[:_SHOWN], *more)]
        rows.append((clock(item["time"]), item["revision"][:12], safe(item["actor"]), first, safe(_why(item))))
        rows += [("", "", "", line, "") for line in rest]
    if not rows:
        return ["No configuration changes."]
    title = f"Configuration Changes (last {len(document['changes'])}):"
    return [title, "", *(line.rstrip() for line in table(_CHANGES, rows, _LEAST[:1]))]


def _why(item: Document) -> str:
    outcome = f" ({item['outcome']})" if item["outcome"] != "done" else ""
    return (item["reason"] or "-") + outcome


def chain(document: Document) -> list[str]:
    """Whether the chain holds."""
    if not document["intact"]:
        return [f"✗ audit chain broken at record {document['bad_seq']}: {safe(document['problem'])}"]
    lines = [f"✓ audit chain intact: {document['records']} records, head {document['head'][:16]}"]
    if document["checkpoints"]:
        notes = f"{document['checkpoints']} signed notes in git agree, the newest on record {document['checkpointed']}"
        lines.append(f"✓ {notes}")
    pending = document["open_intents"]
    return [*lines, *([f"ℹ️  {len(pending)} intents without an outcome yet: {pending}"] if pending else [])]
