"""Text of ``status --verbose``: the overview, then everything that stands behind it."""

from typing import Any

from cli.render.status import halt_lines, status
from cli.render.strategy import listing_table
from cli.render.text import pad, percent, safe, table, unknown

Document = dict[str, Any]
_LIMITS = ("  Limit", "Value", "Used", "Utilization")
_REVISIONS = (
    ("Tip", "observed_tip"),
    ("Verified", "last_verified"),
    ("Attempted", "last_attempted"),
    ("Applied", "last_applied"),
    ("Known good", "last_known_good"),
)


def detail(document: Document) -> list[str]:
    """Limits with their use, strategies, revisions, conditions, open halts, gate and permit."""
    halts = [line for halt in document["halts"] for line in halt_lines(halt)]
    sections = {
        "Limits": _limits(document["limits"]),
        "Strategies": [f"  {line}" for line in listing_table(document["strategies"])],
        "Revisions": [f"  {pad(f'{name}:', 12)}{document['revision'][key] or 'none'}" for name, key in _REVISIONS],
        "Conditions": [_condition(item) for item in document["conditions"]] or ["  none"],
        "Open Halts": halts or ["  none"],
        "Gate": _gate(document["gate"]),
    }
    lines = status(document)
    for title, shown in sections.items():
        lines += ["", f"{title}:", *shown]
    return lines


def _limits(limits: list[Document]) -> list[str]:
    rows = [
        (
            f"  {item['name']}",
            item["text"] or unknown("nothing applied yet"),
            safe(item["used_text"] or "-"),
            "-" if item["utilisation_pct"] is None else percent(item["utilisation_pct"], digits=0),
        )
        for item in limits
    ]
    return table(_LIMITS, rows)


def _condition(item: Document) -> str:
    return f"  {item['type']}={item['status']} ({item['reason']}) {safe(item['message'])}".rstrip()


def _gate(gate: Document | None) -> list[str]:
    if gate is None:
        return [f"  {unknown('it does not answer')}"]
    rows = [
        ("Permit", gate["permit"]),
        ("Mode", gate["mode"]),
        ("Policy", f"version {gate['policy_version']}, {gate['policy_count']} in force, fence {gate['fence']}"),
        ("Pid", str(gate["pid"])),
    ]
    return [f"  {pad(f'{name}:', 12)}{value}" for name, value in rows]
