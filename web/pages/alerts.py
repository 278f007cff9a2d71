"""``/alerts`` and one alert: what came, what of it is open, where it was sent."""

from collections.abc import Iterator, Mapping

from web.api.answers import known
from web.pages import figures
from web.pages.look import LEVELS, Look
from web.pages.model import Body, Box, Cell, Choice, Figure, Figures, Filter, Head, Line, Lines, Row, Table, Tone, box
from web.pages.text import moment, number
from web.snapshot import Document, Panel

MOST = 50
STATES = ("open", "acked", "resolved")


def listing(look: Look, chosen: Mapping[str, str]) -> tuple[Box, ...]:
    """``/alerts``; ``chosen``: ``level``, ``source``, ``state``, all of them when empty."""
    found = look.ask("alerts.list", limit=MOST, **{name: value for name, value in chosen.items() if value})
    statistics, rules = look.panel("alerts.list"), look.ask("alerts.config")
    sources = sorted({str(item["source"]) for item in (rules.document or {}).get("rules", ())})

    def feed(document: Document) -> Iterator[Body]:
        yield _filter(chosen, sources)
        yield figures.alert_lines(document, MOST)

    def counts(document: Document) -> Iterator[Body]:
        yield _counts(document)

    def channels(document: Document) -> Iterator[Body]:
        yield _channels(document["channels"])
        yield _silences(document["silences"])

    now = look.now_ns
    return (
        box("statistics", "Since the start", statistics, counts, now, nothing="No alert yet."),
        box("feed", "Alerts", _never_empty(found), feed, now),
        box("channels", "Channels and silences", rules, channels, now),
    )


def _never_empty(panel: Panel) -> Panel:
    """A filter that finds nothing must stay, so that it can be changed."""
    return Panel("ok", panel.document, panel.as_of_ns) if panel.state == "empty" else panel


def _filter(chosen: Mapping[str, str], sources: list[str]) -> Filter:
    values = {"level": list(LEVELS), "source": sources, "state": list(STATES)}
    fields = tuple(
        (
            name,
            name.capitalize(),
            tuple(Choice(value, value or "All", value == chosen.get(name, "")) for value in ("", *known)),
        )
        for name, known in values.items()
    )
    return Filter(fields)


def _counts(document: Document) -> Figures:
    levels = tuple(
        Figure(
            LEVELS[name][1],
            number(document["levels"].get(name.lower(), 0)),
            LEVELS[name][0],
            href=f"/alerts?level={name}",
        )
        for name in reversed(LEVELS)
    )
    return Figures(
        (
            *levels,
            Figure("All", number(document["total"])),
            Figure("Acknowledged", number(document["acknowledged"])),
            Figure("To acknowledge", number(document["pending"]), href="/alerts?state=open"),
        )
    )


def _channels(channels: Mapping[str, Document]) -> Table:
    names = ("Channel", "State", "Levels", "Last arrived", "Waiting", "Lost")
    heads = tuple(Head(text, "num" if at > 3 else "") for at, text in enumerate(names))
    rows = tuple(
        Row(
            (
                Cell(name, note=item["error"]),
                _channel(item),
                Cell(", ".join(item["levels"])),
                Cell(moment(item["arrived"]) if name != "dashboard" else "shown here"),
                Cell(number(item["waiting"] + item["held"])),
                Cell(number(item["lost"])),
            )
        )
        for name, item in channels.items()
    )
    return Table("Channels", heads, rows)


def _channel(item: Document) -> Cell:
    if not item["enabled"]:
        return Cell("Off", "off")
    return Cell("Failing", "bad") if item["failures"] else Cell("On", "ok")


def _silences(silences: list[Document]) -> Lines:
    return Lines(tuple(_silence(item) for item in silences), "nothing is silenced")


def _silence(item: Document) -> Line:
    what = f"{item['rule'] or item['fingerprint']}: {item['reason']}"
    return Line(what, "warn", f"until {moment(item['until'])}", f"by {item['actor']}")


def one(look: Look, id: int) -> tuple[Box, ...]:
    """``/alerts/<id>``. Raises Problem 404 when there is none."""
    found, now = known(look.ask("alerts.show", id=id)), look.now_ns

    def facts(document: Document) -> Iterator[Body]:
        yield from _facts(document["alert"])

    def sent(document: Document) -> Iterator[Body]:
        yield _deliveries(document["deliveries"])

    return (
        box("alert", f"Alert {id}", found, facts, now, span=7),
        box("deliveries", "Where it went", found, sent, now, span=5),
    )


def _facts(item: Document) -> Iterator[Body]:
    tone, level = LEVELS[item["level"]]
    yield Lines((Line(item["message"], tone, level),))
    acked = f"by {item['acked_by']}{': ' + item['note'] if item['note'] else ''}" if item["acked_by"] else ""
    yield Figures(
        (
            Figure("State", item["state"].capitalize(), "" if item["state"] == "open" else "ok"),
            Figure("Source", item["source"], note=f"rule {item['rule']}"),
            Figure("Scope", item["strategy"] or item["scope"]),
            Figure("Times", number(item["count"]), note=f"first {moment(item['first'])}"),
            Figure("Last", moment(item["last"])),
            Figure("Acknowledged", moment(item["acked"]), note=acked),
            Figure("Over", moment(item["over"]) if item["over"] else "not yet"),
        )
    )


def _deliveries(found: list[Document]) -> Body:
    heads = (Head("Channel"), Head("What"), Head("State"), Head("Sent"), Head("Tries", "num"))
    rows = tuple(
        Row(
            (
                Cell(item["channel"], note=item["error"]),
                Cell(item["kind"]),
                Cell(item["state"], _sent(item["state"])),
                Cell(moment(item["sent"])),
                Cell(number(item["attempts"])),
            )
        )
        for item in found
    )
    return Table("Deliveries", heads, rows) if rows else Lines((), "shown on the dashboard alone")


def _sent(state: str) -> Tone:
    return "ok" if state == "sent" else "bad" if state == "lost" else "info"
