"""``/audit``: who did what, when and why."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from web.pages.look import Look
from web.pages.model import Body, Box, Cell, Choice, Figure, Figures, Filter, Head, Row, Table, Tone, box
from web.pages.text import moment, number, unknown
from web.snapshot import Document

MOST = 100
LONGEST = 160
KINDS = ("emergency", "config", "strategy", "alert", "controller", "service", "liquidation", "portfolio")
LEVELS = ("info", "warn", "error", "critical")
_DAY_NS = 86_400_000_000_000
_DAYS = 30
_TONES: dict[str, Tone] = {"warn": "warn", "error": "bad", "critical": "bad", "info": ""}
_OUTCOMES: dict[str, Tone] = {"done": "ok", "failed": "bad", "partial": "warn", "refused": "warn", "unknown": "off"}


def boxes(look: Look, chosen: Mapping[str, str]) -> tuple[Box, ...]:
    """``chosen``: ``event`` (its beginning), ``actor``, ``level``; all of them when empty."""
    now = look.now_ns
    records = look.ask("audit.log", limit=MOST, **{name: value for name, value in chosen.items() if value})
    people = look.ask("audit.interventions", since_ns=now // _DAY_NS * _DAY_NS - _DAYS * _DAY_NS)

    def log(document: Document) -> Iterator[Body]:
        yield _filter(chosen)
        yield _records(document["events"])

    def done(document: Document) -> Iterator[Body]:
        yield _interventions(document)

    return (
        box("interventions", f"What people did, {_DAYS} days", people, done, now),
        box("log", f"The newest {MOST} records", records, log, now, nothing="No such record."),
    )


def _filter(chosen: Mapping[str, str]) -> Filter:
    known = {"event": KINDS, "level": LEVELS}
    fields = tuple(
        (
            name,
            name.capitalize(),
            tuple(Choice(value, value or "All", value == chosen.get(name, "")) for value in ("", *values)),
        )
        for name, values in known.items()
    )
    return Filter(fields, tuple((name, value) for name, value in chosen.items() if name == "actor" and value))


def _records(events: list[Document]) -> Table:
    names = ("Record", "When (UTC)", "Event", "Who", "Of what", "Change", "Why", "Outcome")
    return Table("Audit records, the newest first", tuple(Head(name) for name in names), tuple(map(_record, events)))


def _record(item: Document) -> Row:
    change = f"{_cut(item['before'])} → {_cut(item['after'])}" if item["before"] or item["after"] else ""
    outcome = item["outcome"] or item["kind"]
    return Row(
        (
            Cell(f"#{item['seq']}", _TONES.get(item["level"], "")),
            Cell(moment(item["time"])[11:], note=moment(item["time"])[:10]),
            Cell(item["event"], note=item["kind"]),
            Cell(item["actor"], href=f"/audit?{urlencode({'actor': item['actor']})}", note=item["channel"]),
            Cell(item["strategy"] or item["scope"]),
            Cell(change, note=item["revision"][:12]),
            Cell(item["reason"]),
            Cell(outcome, _OUTCOMES.get(item["outcome"], "")),
        )
    )


def _cut(text: str) -> str:
    """The start of a long value; the whole is in the command's and the API's answer."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _interventions(document: Document) -> Figures:
    counts, seconds = document["counts"], document["average_response_seconds"]
    answer = f"{number(seconds)} s" if seconds is not None else unknown(document["missing"].get("average_response", ""))
    return Figures(
        (
            Figure("Acts", number(document["total"])),
            Figure("Emergency halts", number(counts["emergency_halts"])),
            Figure("Strategy controls", number(counts["strategy_controls"])),
            Figure("Configuration", number(counts["config_changes"])),
            Figure("Alert to act", answer, note="on average"),
        )
    )
