"""``gt risk health``: each component in one line, and the same figures as samples for Prometheus.

A sample carries base units: dollars, seconds, and ratios instead of percent.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from controller.core.alerts.pictures import FAILURES
from controller.views import config, portfolio, risk, status, strategies
from controller.views.figures import dollars, seconds_since
from schemas.alerting import ChannelHealth
from schemas.live import LiveState
from schemas.overview import Overview
from schemas.status import ConditionType

OLD_SECONDS = 5
_SOURCE = (ConditionType.HISTORY_REWRITTEN, ConditionType.TARGET_MISMATCH, ConditionType.SOURCE_STALE)
State = Literal["ok", "warning", "error"]
_FEED: dict[str, State] = {"live": "ok", "ended": "warning", "stale": "error"}


class Component(NamedTuple):
    """One line; ``hint`` is the next command, empty when all is well."""

    name: str
    state: State
    message: str
    hint: str = ""


class Sample(NamedTuple):
    """One value of one metric; ``type`` and ``suffix`` as for :func:`schemas.exposition.exposition`."""

    name: str
    help: str
    value: float
    labels: dict[str, str]
    type: str = "gauge"
    suffix: str = ""


class ChannelState(NamedTuple):
    """An enabled channel of the alerts; ``known`` is None as long as it had nothing to send."""

    name: str
    known: ChannelHealth | None

    @property
    def failures(self) -> int:
        """In a row."""
        return self.known.failures if self.known else 0


def health(overview: Overview, store_error: str, channels: Sequence[ChannelState], now_ns: int) -> dict[str, Any]:
    """Components and samples; what is not well needs attention. ``store_error``: empty when the store answers."""
    found = [*components(overview, store_error, now_ns), _channels(channels, store_error)]
    return {
        **status.header(overview),
        "components": [item._asdict() for item in found],
        "metrics": [item._asdict() for item in (*samples(overview, found, now_ns), *_sent(channels))],
        "attention": [f"{item.name}: {item.message}" for item in found if item.state != "ok"],
    }


def components(overview: Overview, store_error: str, now_ns: int) -> Iterator[Component]:
    """Controller, gate, store, source, latch, permit and data, in this order."""
    live, store = overview.live, Component("store", "ok", "it answers")
    if store_error:
        store = Component("store", "error", store_error, "gt risk doctor")
    beside = (store, _source(overview), _latch(overview))
    yield _controller(overview)
    if live is not None and not overview.live_error:
        yield Component("gate", "ok", f"policy {live.gate.policy_version}, mode {live.gate.mode.value}")
        yield from (*beside, _permit(live), _data(live, now_ns))
        return
    yield Component("gate", "error", overview.live_error or "it does not answer", "gt risk service status")
    yield from beside
    for name in ("permit", "data"):
        yield Component(name, "error", "not known: the gate does not answer", "gt risk service status")


def _controller(overview: Overview) -> Component:
    if not overview.pid:
        return Component("controller", "error", "service down", "gt risk service start")
    ready = next((item for item in overview.conditions if item.type is ConditionType.READY), None)
    if ready is None or ready.status != "True":
        why = f"{ready.reason}: {ready.message}" if ready else "no pass has ended yet"
        return Component("controller", "error", f"not ready: {why}", "gt risk status")
    return Component("controller", "ok", f"ready, revision {overview.revision.last_applied[:12]}")


def _source(overview: Overview) -> Component:
    for item in overview.conditions:
        if item.type in _SOURCE and status.is_trouble(item):
            state: State = "error" if item.status == "True" else "warning"
            hint = "gt risk doctor" if item.type is ConditionType.SOURCE_STALE else "gt risk config verify --explain"
            return Component("source", state, f"{item.reason}: {item.message}", hint)
    if overview.refusal is not None:
        refusal = overview.refusal
        message = f"commit {refusal.commit[:12]} refused: {refusal.reason.value}"
        return Component("source", "error", message, "gt risk config verify --explain")
    verified = overview.revision.last_verified
    if not verified:
        return Component("source", "error", "nothing verified yet", "gt risk config verify --explain")
    return Component("source", "ok", f"verified {verified[:12]}")


def _latch(overview: Overview) -> Component:
    if overview.live is not None and overview.live.gate.permit == "missing":
        return Component("latch", "error", "it cannot be read", "gt risk doctor")
    if overview.halts:
        count = len(overview.halts)
        message = f"{count} halt{'s' if count != 1 else ''} in force"
        return Component("latch", "warning", message, "gt risk emergency status")
    return Component("latch", "ok", "no halt in force")


def _permit(live: LiveState) -> Component:
    if live.gate.permit == "ok":
        return Component("permit", "ok", "it runs")
    message = f"{live.gate.permit}: only reducing orders pass"
    return Component("permit", "error", message, "gt risk service status")


def _data(live: LiveState, now_ns: int) -> Component:
    age = seconds_since(live.as_of_ns, now_ns) or 0
    if age > OLD_SECONDS:
        return Component("data", "error", f"the newest reading is {age}s old", "gt risk service logs")
    message = f"market {live.market_time}, feed {live.feed}, price {live.feed_age_ms / 1_000:.1f}s old"
    hint = "" if live.feed == "live" else "gt risk service logs --service gate"
    return Component("data", _FEED[live.feed], message, hint)


def _channels(channels: Sequence[ChannelState], store_error: str) -> Component:
    """Each by name. A channel that fails is tried again by itself; after three failures the others tell."""
    if store_error:
        return Component("channels", "error", "not known: the store does not answer", "gt risk doctor")
    said = ", ".join(_channel(item) for item in channels) or "none is enabled"
    worst = max((item.failures for item in channels), default=0)
    state: State = "error" if worst >= FAILURES else "warning" if worst or not channels else "ok"
    return Component("channels", state, said, "" if state == "ok" else "gt risk alerts config")


def _channel(item: ChannelState) -> str:
    if item.known is None or not item.failures:
        return f"{item.name} ok"
    times = "once" if item.failures == 1 else f"{item.failures} times"
    return f"{item.name} failed {times}: {item.known.error}"


def _sent(channels: Sequence[ChannelState]) -> Iterator[Sample]:
    for item in channels:
        labels, known = {"channel": item.name}, item.known or ChannelHealth(channel=item.name)
        yield Sample("gt_risk_channel_failures", "Failures of a channel in a row.", known.failures, labels)
        yield Sample("gt_risk_channel_waiting", "Messages that wait for a channel.", known.waiting, labels)


def samples(overview: Overview, found: list[Component], now_ns: int) -> Iterator[Sample]:
    """Every figure that has a value now; one that has none is absent."""
    for item in found:
        yield Sample(
            "gt_risk_component_ok", "1 when the component is well.", item.state == "ok", {"component": item.name}
        )
    yield Sample("gt_risk_halts_open", "Halts in force.", len(overview.halts), {})
    yield Sample("gt_risk_mode", "The trading mode in force.", 1, {"mode": status.mode_of(overview).value})
    for condition in overview.conditions:
        labels = {"type": condition.type.value, "reason": condition.reason}
        yield Sample("gt_risk_condition", "1 while the condition holds.", condition.status == "True", labels)
    if overview.live is not None:
        yield from _account(overview, overview.live, now_ns)
    for limit in config.limits(overview)["limits"]:
        if limit["utilisation_pct"] is not None:
            share = limit["utilisation_pct"] / 100
            yield Sample("gt_risk_limit_utilisation_ratio", "Use of a limit.", share, {"limit": limit["name"]})
    for row in strategies.listing(overview, now_ns)["strategies"]:
        yield from _strategy(row)


def _account(overview: Overview, live: LiveState, now_ns: int) -> Iterator[Sample]:
    money, figures = portfolio.money(overview), risk.book(overview)
    values = (
        ("equity_dollars", "Equity, marked to market.", money["equity"]),
        ("peak_equity_dollars", "High-water mark of equity.", money["peak_equity"]),
        ("drawdown_ratio", "Distance from the peak, 0 or negative.", _ratio(money["drawdown_pct"])),
        ("cash_dollars", "Cash.", money["cash"]),
        ("buying_power_dollars", "Buying power.", money["buying_power"]),
        ("gross_exposure_dollars", "Longs plus shorts.", dollars(portfolio.gross(live))),
        ("positions", "Instruments held.", len({item.symbol for item in live.positions if item.quantity})),
        ("working_orders", "Orders that may still fill.", portfolio.working(live)),
        ("reading_age_seconds", "Age of the newest reading.", seconds_since(live.as_of_ns, now_ns)),
        ("price_age_seconds", "Age of the newest price.", live.feed_age_ms / 1_000),
        ("volatility_ratio", "Annualised volatility of the book, 20 sessions.", _ratio(figures["portfolio_vol_pct"])),
        ("value_at_risk_dollars", "95 %, one session, a loss is positive.", figures["value_at_risk"]),
        ("beta", "Beta against the benchmark.", figures["beta"]),
    )
    for name, text, value in values:
        if value is not None:
            yield Sample(f"gt_risk_{name}", text, value, {})


def _strategy(row: dict[str, Any]) -> Iterator[Sample]:
    labels = {"strategy": row["id"]}
    named = {**labels, "status": row["status"]}
    yield Sample("gt_risk_strategy_status", "The strategy's status in force.", 1, named)
    if row["pnl"] is not None:
        yield Sample("gt_risk_strategy_pnl_dollars", "Result since the book began.", row["pnl"], labels)
    if row["drawdown_pct"] is not None:
        drawdown = _ratio(row["drawdown_pct"])
        yield Sample("gt_risk_strategy_drawdown_ratio", "Distance from its peak.", drawdown or 0.0, labels)


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else round(percent / 100, 6)
