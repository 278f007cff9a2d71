"""``/learning`` and its experiments: the phase, how far each strategy is, what limits act as, how it came there."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from web.charts.bars import meter
from web.charts.grids import Interval, intervals
from web.pages.look import STATUSES, Look
from web.pages.model import Body, Box, Cell, Chart, Figure, Figures, Head, Line, Lines, Row, Table, Tone, box
from web.pages.text import moment, number, percent, unknown
from web.snapshot import Document

TABS = (("/learning", "Progress"), ("/learning/experiments", "Experiments"))
_NAMES = ("Strategy", "State", "Trades", "Days", "Sharpe", "Win rate at least", "Deepest drawdown", "Lacks")
_HEADS = tuple(Head(name, "num" if 4 <= at <= 6 else "") for at, name in enumerate(_NAMES))
_GOALS: Mapping[str, Tone] = {"met": "ok", "holding": "ok", "missed": "bad", "unknown": "off", "open": ""}
_READY: Mapping[str, Tone] = {"ready": "ok", "on track": "ok", "behind": "warn", "needs data": "info", "halted": "bad"}


def progress(look: Look) -> tuple[Box, ...]:
    """Spec 3.2.5."""
    now, found = look.now_ns, look.ask("learning.status")
    past, phase = look.ask("learning.history"), look.ask("learning.phase")
    asked = (phase.document or {}).get("graduation") if phase.state == "ok" else None

    def graduation(document: Document) -> Iterator[Body]:
        yield Table("How far each strategy is", _HEADS, tuple(_strategy(row, asked) for row in document["strategies"]))

    def evidence(document: Document) -> Iterator[Body]:
        yield from _evidence(document["strategies"], asked)

    return (
        box("phase", "Phase", found, _phase, now, span=7),
        box("goals", "Goals of the phase", found, _goals, now, span=5),
        box("graduation", "Graduation", found, graduation, now),
        box("evidence", "What their results say", found, evidence, now, span=7),
        box("acting", "Limits that act otherwise than written", found, _acting, now, span=5),
        box("history", "Phases so far", past, _history, now),
    )


def _phase(document: Document) -> Iterator[Body]:
    phase, allowed = document["phase"], document["parameters"]
    if phase is None or allowed is None:
        yield Lines((), "nothing is applied yet")
        return
    done = phase["progress_pct"]
    day = f"{number(phase['day'])} of {phase['days']}" if phase["day"] is not None else unknown("it has no start")
    label = f"Day {day}"
    bar = meter(done / 100 if done is not None else None, "info", label)
    yield Table(
        "How far the phase is",
        (Head("Phase"), Head("Day"), Head("Done")),
        (Row((Cell(phase["name"], note=f"{phase['number']} of {phase['of']}"), Cell(day), Cell("", art=bar))),),
    )
    yield Figures(
        (
            Figure("Started", phase["started"] or "not yet"),
            Figure("Ends", phase["ends"] or "n/a"),
            Figure("Position limits", percent(phase["size_pct"]), note="of what is written"),
            Figure("Tolerance", percent(allowed["soft_limit_tolerance_pct"]), note="of soft limits"),
        )
    )


def _goals(document: Document) -> Iterator[Body]:
    if not document["goals"]:
        yield Lines((), "the phase has no goals")
        return
    yield Table("Goals of the phase", (Head("Goal"), Head("So far")), tuple(map(_goal, document["goals"])))


def _goal(item: Document) -> Row:
    name, tone = item["key"].replace("_", " ").capitalize(), _GOALS.get(item["state"], "")
    unit = "%" if item["key"] == "max_drawdown" else ""
    current, wanted = (number(item[key], digits=2).removesuffix(".00") for key in ("current", "wanted"))
    said = f"{current}{unit if item['current'] is not None else ''} of {wanted}{unit}"
    bar = _bar(name, item["current"], item["wanted"], tone)
    return Row((Cell(name), Cell(said, tone, art=bar, note=item["state"])))


def _bar(name: str, reached: float | None, wanted: float, tone: Tone) -> Markup | None:
    """How much of what is wanted is reached; nothing where that is unknown."""
    if reached is None or wanted <= 0:
        return None
    share = reached / wanted
    return meter(share, tone or "info", f"{name}: {percent(100 * share, digits=0)}")


def _strategy(item: Document, asked: Document | None) -> Row:
    _, status = STATUSES[item["status"]]
    error = f"± {number(item['sharpe_error'], digits=2)}" if item["sharpe_error"] is not None else ""
    return Row(
        (
            Cell(item["id"], href=f"/strategies/{item['id']}", note=status),
            Cell(item["state"].capitalize(), _READY.get(item["state"], "")),
            _so_far(item, "trades", asked),
            _so_far(item, "days", asked),
            Cell(number(item["sharpe"], digits=2), note=error or item["missing"].get("sharpe", "")),
            Cell(percent(item["win_rate_low_pct"])),
            Cell(percent(item["deepest_drawdown_pct"])),
            Cell(", ".join(item["lacks"]) or "nothing"),
        )
    )


def _so_far(item: Document, key: str, asked: Document | None) -> Cell:
    """A count, and how much it is of what the phase asks."""
    reached = item[key]
    if asked is None or reached is None:
        return Cell(number(reached))
    bar = _bar(f"{key} of {item['id']}", reached, asked[key], "ok" if reached >= asked[key] else "info")
    return Cell(number(reached), art=bar, note=f"of {number(asked[key])}")


def _evidence(rows: Sequence[Document], asked: Document | None) -> Iterator[Body]:
    """Each strategy's Sharpe ratio with its error, beside the one that is asked for."""
    known = [row for row in rows if row["sharpe"] is not None and row["sharpe_error"] is not None]
    if not known or asked is None:
        yield Lines((), "no strategy has a Sharpe ratio with an error yet" if not known else "the phase asks for none")
        return
    items = [_ratio(row, asked["sharpe"]) for row in known]
    said = f"One standard error to each side; the line is {number(asked['sharpe'], digits=2)}, which the phase asks for"
    yield Chart(intervals("Sharpe ratios", items, lambda value: number(value, digits=2), asked["sharpe"]))
    yield Lines((Line(said),))


def _ratio(row: Document, wanted: float) -> Interval:
    """Sure: what the phase asks of a Sharpe ratio is shown."""
    sharpe, error = row["sharpe"], row["sharpe_error"]
    sure = sharpe >= wanted and sharpe > error
    return Interval(row["id"], sharpe, sharpe - error, sharpe + error, "sure" if sure else "")


def _acting(document: Document) -> Iterator[Body]:
    rows = tuple(Row((Cell(item["limit"]), Cell(item["written"]), Cell(item["acts"]))) for item in document["acting"])
    if not rows:
        yield Lines((), "every limit acts as it is written")
        return
    yield Table("Limits in this phase", (Head("Limit"), Head("Written", "num"), Head("Acts as", "num")), rows)


def _history(document: Document) -> Iterator[Body]:
    yield Lines(tuple(_entered(item) for item in document["phases"]), "nothing is applied yet")


def _entered(item: Document) -> Line:
    days = f", {item['days']} days" if item["days"] is not None else ""
    until = f" to {item['ended']}" if item["ended"] else ""
    despite = f"; despite {', '.join(item['despite'])}" if item["despite"] else ""
    said = f"{item['name']}: {item['started'] or 'no start'}{until}{days}"
    why = f": {item['reason']}" if item["reason"] else ""
    note = f"{item['author']}, {moment(item['at'])[:10]}, {item['commit'][:12]}{why}{despite}"
    return Line(said, "", f"{item['number']}", note)


def experiments(look: Look) -> tuple[Box, ...]:
    """``/learning/experiments``."""
    found = look.ask("learning.experiments")

    def build(document: Document) -> Iterator[Body]:
        yield _experiments(document["experiments"])

    return (box("experiments", "Experiments under way", found, build, look.now_ns, more="/ab-tests"),)


def _experiments(items: Sequence[Document]) -> Body:
    if not items:
        return Lines((), "no experiment runs: gt risk ab-test create begins one")
    names = ("Experiment", "Strategy", "State", "Progress", "A", "B", "Difference")
    heads = tuple(Head(name, "num" if at > 3 else "") for at, name in enumerate(names))
    return Table("Experiments under way", heads, tuple(_experiment(item) for item in items))


def _experiment(item: Document) -> Row:
    found, share = item["result"], item["n"] / item["n_max"] if item["n_max"] else None
    seen = f"{item['n']} of {item['n_max']}"
    bar = meter(share, "info", f"{seen} observations")
    shown = [number(found.get(key), found.get("reason") or "", digits=2) for key in ("a", "b", "difference")]
    return Row(
        (
            Cell(item["name"], href=f"/ab-tests/{item['id']}", note=item["hypothesis"]),
            Cell(item["strategy"], href=f"/strategies/{item['strategy']}"),
            Cell(item["state"].replace("_", " "), note=item["reason"]),
            Cell(seen, art=bar, note=f"day {item['elapsed_days']} of {item['duration_days']}"),
            *(Cell(text) for text in shown),
        )
    )
