"""``/learning`` and its experiments: the phase, how far each strategy is, what limits act as, how it came there."""

from collections.abc import Iterator, Mapping, Sequence

from web.charts.bars import meter
from web.pages.look import STATUSES, Look
from web.pages.model import Body, Box, Cell, Figure, Figures, Head, Line, Lines, Row, Table, Tone, box
from web.pages.text import moment, number, percent, unknown
from web.snapshot import Document

TABS = (("/learning", "Progress"), ("/learning/experiments", "Experiments"))
_GOALS: Mapping[str, Tone] = {"met": "ok", "holding": "ok", "missed": "bad", "unknown": "off", "open": ""}
_READY: Mapping[str, Tone] = {"ready": "ok", "on track": "ok", "behind": "warn", "needs data": "info", "halted": "bad"}


def progress(look: Look) -> tuple[Box, ...]:
    """Spec 3.2.5."""
    now, found = look.now_ns, look.ask("learning.status")
    past = look.ask("learning.history")
    return (
        box("phase", "Phase", found, _phase, now, span=7),
        box("goals", "Goals of the phase", found, _goals, now, span=5),
        box("graduation", "Graduation", found, _graduation, now),
        box("acting", "Limits that act otherwise than written", found, _acting, now, span=6),
        box("history", "Phases so far", past, _history, now, span=6),
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
    yield Lines(tuple(_goal(item) for item in document["goals"]), "the phase has no goals")


def _goal(item: Document) -> Line:
    current = number(item["current"], digits=2).removesuffix(".00")
    said = f"{item['key'].replace('_', ' ')}: {current} of {number(item['wanted'], digits=2).removesuffix('.00')}"
    return Line(said, _GOALS.get(item["state"], ""), item["state"])


def _graduation(document: Document) -> Iterator[Body]:
    names = ("Strategy", "State", "Trades", "Days", "Sharpe", "Win rate at least", "Deepest drawdown", "Lacks")
    heads = tuple(Head(name, "num" if 2 <= at <= 6 else "") for at, name in enumerate(names))
    yield Table("How far each strategy is", heads, tuple(_strategy(item) for item in document["strategies"]))


def _strategy(item: Document) -> Row:
    _, status = STATUSES[item["status"]]
    error = f"± {number(item['sharpe_error'], digits=2)}" if item["sharpe_error"] is not None else ""
    return Row(
        (
            Cell(item["id"], href=f"/strategies/{item['id']}", note=status),
            Cell(item["state"].capitalize(), _READY.get(item["state"], "")),
            Cell(number(item["trades"])),
            Cell(number(item["days"])),
            Cell(number(item["sharpe"], digits=2), note=error or item["missing"].get("sharpe", "")),
            Cell(percent(item["win_rate_low_pct"])),
            Cell(percent(item["deepest_drawdown_pct"])),
            Cell(", ".join(item["lacks"]) or "nothing"),
        )
    )


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
