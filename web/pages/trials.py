"""``/ab-tests`` and one test: how both variants do, how sure that is, and how near to a decision."""

from collections.abc import Iterator, Mapping, Sequence

from web.api.answers import known
from web.charts.bars import meter
from web.charts.grids import Interval, intervals
from web.charts.lines import NARROW
from web.charts.lines import Line as Drawn
from web.pages import figures
from web.pages.look import Look
from web.pages.model import Body, Box, Cell, Chart, Figure, Figures, Head, Line, Lines, Row, Table, Tone, box
from web.pages.text import money, number, percent
from web.snapshot import Document

_STATES: Mapping[str, Tone] = {
    "winner_a": "ok",
    "winner_b": "ok",
    "no_difference": "info",
    "stopped_by_guardrail": "bad",
    "returned": "warn",
    "invalid": "bad",
    "stopped": "warn",
}


def listing(look: Look) -> tuple[Box, ...]:
    """Spec 3.2.6."""
    found, now = look.ask("abtest.list"), look.now_ns
    return (
        box("recent", "Decided of late", found, _recent, now),
        box("tests", "A/B tests", found, _tests, now),
    )


def _recent(document: Document) -> Iterator[Body]:
    recent = document["recent"]
    names = (("winner_a", "Winner A"), ("winner_b", "Winner B"), ("no_difference", "No difference"), ("other", "Other"))
    note = f"in {recent['days']} days"
    yield Figures(tuple(Figure(label, number(recent[name]), note=note) for name, label in names))


def _tests(document: Document) -> Iterator[Body]:
    if not document["tests"]:
        yield Lines((), "no test yet: gt risk ab-test create begins one")
        return
    heads = tuple(Head(name) for name in ("Test", "Strategy", "State", "Observations", "Days", "p", "Rollout"))
    yield Table("A/B tests, the newest first", heads, tuple(_row(item) for item in document["tests"]))


def _row(item: Document) -> Row:
    share = item["n"] / item["n_max"] if item["n_max"] else None
    bar = meter(share, "info", f"{item['n']} of {item['n_max']} observations")
    return Row(
        (
            Cell(item["name"], href=f"/ab-tests/{item['id']}", note=item["hypothesis"]),
            Cell(item["strategy"], href=f"/strategies/{item['strategy']}"),
            _state(item),
            Cell(f"{item['n']} of {item['n_max']}", art=bar),
            Cell(f"{item['elapsed_days']} of {item['duration_days']}", note=f"since {item['started']}"),
            Cell(number(item["p"], "no look yet", digits=3)),
            Cell(percent(item["rollout_pct"], "none", digits=0)),
        )
    )


def _state(item: Document) -> Cell:
    return Cell(item["state"].replace("_", " ").capitalize(), _STATES.get(item["state"], ""), note=item["reason"])


def one(look: Look, id: str) -> tuple[Box, ...]:
    """``/ab-tests/<id>``. Raises Problem 404 when there is none."""
    found, now = known(look.ask("abtest.analysis", id=id)), look.now_ns
    return (
        box("now", "Now", found, _now, now),
        box("differences", "Differences, B minus A", found, _differences, now, span=6),
        box("boundary", "Looks and the boundary", found, _boundary, now, span=6),
        box("metrics", "Metrics", found, _metrics, now),
        box("curves", "Gain of both variants", found, _curves, now, span=6),
        box("variants", "Variants and guardrails", found, _variants, now, span=6),
    )


def _now(document: Document) -> Iterator[Body]:
    test = document["test"]
    state, split = _state(test), f"split {test['split']['a_pct']}/{test['split']['b_pct']}"
    seen, days = f"{test['n']} of {test['n_max']}", f"{test['elapsed_days']} of {test['duration_days']}"
    level, power = f"level {percent(test['alpha_pct'])}", test["conditional_power_pct"]
    yield Figures(
        (
            Figure("State", state.text, state.tone, state.note or test["status"]),
            Figure("Observations", seen, note=f"least {number(test['n_min'])} per variant"),
            Figure("Days", days, note=f"since {test['started']}"),
            Figure("p of the deciding metric", number(test["p"], "no look yet", digits=3), note=level),
            Figure("Conditional power", percent(power, "no look yet", digits=0)),
            Figure("Share of B", percent(test["share_b_pct"], digits=0), note=split),
        )
    )
    yield Lines((Line(test["hypothesis"], "", test["strategy"], href=f"/strategies/{test['strategy']}"),))


def _differences(document: Document) -> Iterator[Body]:
    """Intervals of metrics in percent, and of ratios on a scale of their own."""
    found = [item for item in document["test"]["metrics"] if item["low"] is not None and item["difference"] is not None]
    if not found:
        yield Lines((), "no difference can be told yet")
    for unit in ("percent", "ratio"):
        items = [_interval(item) for item in found if item["unit"] == unit]
        if items:
            show = percent if unit == "percent" else _ratio
            yield Chart(intervals(f"Differences in {unit}, with 95 % intervals", items, show))


def _ratio(value: float) -> str:
    return number(value, digits=2)


def _interval(item: Document) -> Interval:
    sure = item["low"] > 0 or item["high"] < 0
    return Interval(item["label"], item["difference"], item["low"], item["high"], "sure" if sure else "")


def _boundary(document: Document) -> Iterator[Body]:
    looks = document["test"]["looks"]
    if not looks:
        yield Lines((), "no look yet")
        return
    upper = [item["boundary"] for item in looks]
    lines = [
        Drawn("z of B against A", [item["z"] for item in looks]),
        Drawn("boundary for B", upper),
        Drawn("boundary for A", [-value for value in upper]),
    ]
    said = "a line beyond its boundary decides the test"
    times = [str(item["n"]) for item in looks]
    yield figures.over_time("Looks and the boundary", said, "Observations", times, lines, "ratio", width=NARROW)


def _metrics(document: Document) -> Iterator[Body]:
    if not document["test"]["metrics"]:
        yield Lines((), "no look yet")
        return
    names = ("Metric", "A", "B", "Difference", "95 %", "p", "By")
    heads = tuple(Head(name, "num" if 0 < at < 6 else "") for at, name in enumerate(names))
    yield Table("Metrics of both variants", heads, tuple(_metric(item) for item in document["test"]["metrics"]))


def _metric(item: Document) -> Row:
    show = percent if item["unit"] == "percent" else number
    a, b, gap = (show(item[key], digits=2) for key in ("a", "b", "difference"))
    between = f"{show(item['low'], digits=2)} to {show(item['high'], digits=2)}" if item["low"] is not None else "n/a"
    return Row(
        (
            Cell(item["label"], note="decides" if item["decides"] else ""),
            Cell(a, note=f"n {item['n_a']}"),
            Cell(b, note=f"n {item['n_b']}"),
            Cell(gap),
            Cell(between),
            Cell(number(item["p"], item["reason"] or "", digits=3)),
            Cell(item["test"] or "", note=item["status"].replace("_", " ")),
        )
    )


def _curves(document: Document) -> Iterator[Body]:
    curves: Mapping[str, Sequence[Sequence[float | str]]] = document["test"]["curves"]
    known_at = {arm: {str(at)[:10]: float(value) for at, value in points} for arm, points in curves.items()}
    times = sorted({at for points in known_at.values() for at in points})
    if not times:
        yield Lines((), "nothing has ended in an arm")
        return
    lines = [Drawn(arm.upper(), [points.get(at) for at in times]) for arm, points in known_at.items()]
    said = f"from {times[0]} to {times[-1]}"
    yield figures.over_time("Gain of both variants", said, "Session", times, lines, "percent", width=NARROW)


def _variants(document: Document) -> Iterator[Body]:
    test = document["test"]
    rows = tuple(_variant(arm, test["variants"][arm], test["arms"][arm]) for arm in ("a", "b"))
    names = ("Variant", "Parameters", "Observations", "Closed", "P&L")
    yield Table("Both variants", tuple(Head(name, "num" if at > 1 else "") for at, name in enumerate(names)), rows)
    yield Lines(tuple(_rail(item) for item in test["guardrails"]), "no guardrail was judged yet")


def _variant(arm: str, variant: Document, seen: Document) -> Row:
    own = variant.get("parameters") or {}
    given = ", ".join(f"{name} {value}" for name, value in own.items()) or "the strategy's own"
    sums = Cell(number(seen["n"])), Cell(number(seen["closed"])), Cell(money(seen["pnl"], "nothing closed", sign=True))
    return Row((Cell(arm.upper(), note=str(variant.get("name") or "")), Cell(given), *sums))


def _rail(item: Document) -> Line:
    said = f"{item['label']}: within {percent(item['margin_pct'])}"
    return Line(said, "ok", "holds") if item["holds"] else Line(said, "bad", "does not hold")
