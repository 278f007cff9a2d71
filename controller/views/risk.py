"""Risk of the book and performance of its parts as documents, and ``portfolio exposure`` and ``portfolio risk``.

The figures are those of :mod:`controller.core.risk`; percentages here are in percent, money in dollars. Shares are
of equity, as limits count them, except the shares by market capitalisation, which are of what is held.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.policy.utilisation import figure
from controller.core.risk.concentration import herfindahl
from controller.views import portfolio
from controller.views.figures import UNITS, dollars, instant, percent, percent_of_ppm, percent_of_share
from schemas.limits import BY_NAME
from schemas.live import LiveState
from schemas.overview import Overview
from schemas.risk import BOOK_FIGURES, BookRisk, Level, Performance, Tail

LARGEST = 5
NOT_YET = "not computed yet"
_PERFORMANCE = (
    "sharpe",
    "sortino",
    "calmar",
    "volatility",
    "annual_return",
    "deepest_drawdown",
    "turnover",
    "win_rate",
    "average_win",
    "average_loss",
    "backtest",
)
_BUCKETS = {"Large": "Large Cap (>$200B)", "Mid": "Mid Cap ($10-200B)", "Small": "Small Cap (<$10B)"}


def book(overview: Overview) -> dict[str, Any]:
    """Volatility, value at risk, beta and the closest pair; null where ``missing`` says why.

    ``mark`` compares the volatility of 20 sessions with ``volatility.portfolio_target``.
    """
    found, missing = _book(overview)
    target = portfolio.limit(overview, "volatility.portfolio_target")
    return {
        "market_time": found.market_time or None,
        "clock": "market",
        "computed": instant(overview.analysis.as_of_ns) if overview.analysis else None,
        "window_sessions": found.window,
        "portfolio_vol_pct": percent_of_share(found.volatility_20),
        "portfolio_vol_60_pct": percent_of_share(found.volatility_60),
        "portfolio_vol_target_pct": percent_of_ppm(target) if target is not None else None,
        "portfolio_vol_mark": _volatile(found.volatility_20, target),
        "portfolio_vol_ewma_pct": percent_of_share(found.volatility_ewma),
        "value_at_risk": _dollars(found.value_at_risk),
        "value_at_risk_pct": _share(overview, found.value_at_risk),
        "expected_shortfall": _dollars(found.expected_shortfall),
        "expected_shortfall_pct": _share(overview, found.expected_shortfall),
        "tails": [_tail(item) for item in found.tails],
        "backtest": found.backtest.model_dump(mode="json") if found.backtest else None,
        "beta": round(found.beta, 2) if found.beta is not None else None,
        "benchmark": found.benchmark or None,
        "correlation": round(found.correlation, 2) if found.correlation is not None else None,
        "correlation_pair": _larger_first(overview, found.pair),
        "correlations": {
            "symbols": list(found.symbols),
            "matrix": [[_ratio(value) for value in row] for row in found.correlations],
        },
        "missing": missing,
    }


def _book(overview: Overview) -> tuple[BookRisk, dict[str, str]]:
    if overview.analysis is None or overview.analysis.book is None:
        return BookRisk(market_time="", benchmark=""), dict.fromkeys(BOOK_FIGURES, absence(overview))
    return overview.analysis.book, dict(overview.analysis.book.missing)


def absence(overview: Overview) -> str:
    """Why nothing is computed: no reading, no arithmetic, or it is too early."""
    if overview.analysis is not None and overview.analysis.reason:
        return overview.analysis.reason
    return overview.live_error if overview.live is None and overview.live_error else NOT_YET


def _dollars(value: int | None) -> float | None:
    return None if value is None else dollars(value)


def _tail(item: Tail) -> dict[str, Any]:
    return {
        "method": item.method,
        "confidence_pct": round(item.confidence * 100, 1),
        "value_at_risk": _dollars(item.value_at_risk),
        "expected_shortfall": _dollars(item.expected_shortfall),
        "reason": item.reason or None,
    }


def _volatile(found: float | None, target: int | None) -> str | None:
    if found is None or target is None:
        return None
    return "warning" if found * 1_000_000 > target else "ok"


def _share(overview: Overview, value: int | None) -> float | None:
    return percent(value, overview.live.account.equity) if value is not None and overview.live else None


def _larger_first(overview: Overview, pair: tuple[str, ...]) -> list[str]:
    values = portfolio.by_symbol(overview.live) if overview.live else {}
    return sorted(pair, key=lambda symbol: (-values.get(symbol, 0), symbol))


def performance(overview: Overview, key: str) -> dict[str, Any]:
    """Ratios, falls and closed trades of ``account`` or a strategy's uid; ``equity_curve``: its newest sessions."""
    found = overview.analysis.performance.get(key) if overview.analysis is not None else None
    known = found or Performance(missing=dict.fromkeys(_PERFORMANCE, absence(overview)))
    return {
        "sessions": known.sessions,
        "sharpe": _ratio(known.sharpe),
        "sharpe_error": _ratio(known.sharpe_error),
        "sortino": _ratio(known.sortino),
        "calmar": _ratio(known.calmar),
        "volatility_pct": percent_of_share(known.volatility),
        "annual_return_pct": percent_of_share(known.annual_return),
        "deepest_drawdown_pct": percent_of_share(-known.deepest_drawdown)
        if known.deepest_drawdown is not None
        else None,
        "longest_drawdown_sessions": known.longest_drawdown,
        "present_drawdown_sessions": known.present_drawdown,
        "turnover": _ratio(known.turnover),
        "equity_curve": [dollars(value) for value in known.curve],
        "closed_trades": known.trades,
        "win_rate_pct": percent_of_share(known.win_rate),
        "win_rate_low_pct": percent_of_share(known.win_low),
        "win_rate_high_pct": percent_of_share(known.win_high),
        "average_win_pct": percent_of_share(known.average_win),
        "average_loss_pct": percent_of_share(known.average_loss),
        "backtest": known.backtest.model_dump(mode="json") if known.backtest else None,
        "missing": dict(known.missing),
    }


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def exposure(overview: Overview, buckets: Mapping[str, str]) -> dict[str, Any]:
    """``portfolio exposure``; ``buckets``: Large, Mid or Small by symbol. Null lists while the engine is silent."""
    live = overview.live
    if live is None:
        nothing = dict.fromkeys(("sectors", "strategies", "market_caps", "concentration"))
        return {**nothing, "missing": {"live": portfolio.silence(overview)}, "units": UNITS}
    return {
        "sectors": _sectors(overview, live),
        "strategies": _strategies(overview, live),
        "market_caps": _caps(live, buckets),
        "concentration": _concentration(overview, live),
        "gross_exposure": dollars(portfolio.gross(live)),
        "net_exposure": dollars(live.account.long_exposure - live.account.short_exposure),
        "leverage": _leverage(live),
        "missing": {},
        "units": UNITS,
    }


def _sectors(overview: Overview, live: LiveState) -> list[dict[str, Any]]:
    equity, whole = live.account.equity, portfolio.gross(live)
    bounds = [
        (word, portfolio.limit(overview, f"concentration.sector_{word}_pct") or 0) for word in ("reduction", "warning")
    ]
    found = []
    for name, value in portfolio.by_sector(overview, live).items():
        over = next(((word, ppm) for word, ppm in bounds if value * 1_000_000 > ppm * equity), None)
        found.append(
            {
                "sector": name,
                "value": dollars(value),
                "pct_of_equity": percent(value, equity),
                "pct_of_deployed": percent(value, whole),
                "mark": "warning" if over else "ok",
                "over": over[0] if over else None,
                "threshold_pct": percent_of_ppm(over[1]) if over else None,
            }
        )
    return found


def _strategies(overview: Overview, live: LiveState) -> list[dict[str, Any]]:
    policies = overview.effective.strategies if overview.effective else {}
    deployed = {uid: item.deployed for uid, item in live.strategies.items() if item.deployed}
    return [
        {
            "strategy": policies[uid].id if uid in policies else uid,
            "value": dollars(value),
            "allocated": dollars(policies[uid].allocation) if uid in policies else None,
            "utilisation_pct": percent(value, policies[uid].allocation) if uid in policies else None,
        }
        for uid, value in sorted(deployed.items(), key=lambda item: -item[1])
    ]


def _caps(live: LiveState, buckets: Mapping[str, str]) -> list[dict[str, Any]]:
    found = dict.fromkeys(_BUCKETS.values(), 0)
    for symbol, value in portfolio.by_symbol(live).items():
        name = _BUCKETS.get(buckets.get(symbol, ""), portfolio.UNCLASSIFIED)
        found[name] = found.get(name, 0) + value
    whole = sum(found.values())
    held = {name: value for name, value in found.items() if value}
    return [
        {"bucket": name, "value": dollars(value), "pct_of_deployed": percent(value, whole)}
        for name, value in held.items()
    ]


def _concentration(overview: Overview, live: LiveState) -> dict[str, Any]:
    values = list(portfolio.by_symbol(live).values())
    tops = {f"top_{number}": sum(values[:number]) for number in (3, 5)}
    shares = {
        name: {"value": dollars(value), "pct_of_equity": percent(value, live.account.equity)}
        for name, value in tops.items()
    }
    index = herfindahl(values)
    return {
        "largest": portfolio.largest(overview, live),
        **shares,
        "herfindahl": None if index is None else round(index, 4),
        "effective_names": None if index is None else round(1 / index, 2),
    }


def _leverage(live: LiveState) -> float | None:
    """Gross exposure over equity; null without equity."""
    equity = live.account.equity
    return round(portfolio.gross(live) / equity, 4) if equity > 0 else None


def _uses(overview: Overview) -> list[dict[str, Any]]:
    """How much of each ceiling of the account and of strategies is used, and the level that it has reached."""
    found = overview.analysis.levels if overview.analysis else ()
    return [
        {
            "limit": item.key,
            "what": item.what or None,
            "utilisation_pct": percent_of_ppm(item.utilisation) if item.utilisation is not None else None,
            "level": item.level,
            "shadow": item.shadow,
        }
        for item in found
    ]


def beyond(overview: Overview) -> list[str]:
    """Limits at whose level nothing may increase: marks have carried the book over, or a drawdown is near its halt.

    What has reached its halt is told by the halt.
    """
    found = overview.analysis.levels if overview.analysis and overview.live else ()
    return [_stands(item) for item in found if item.level == "error" and not item.shadow]


def _stands(item: Level) -> str:
    limit = BY_NAME[item.key]
    return f"{item.key}: {item.what or 'account'} at {figure(limit, item.value)}, limit {figure(limit, item.limit)}"


def risk(overview: Overview) -> dict[str, Any]:
    """``portfolio risk``: the book's figures, its drawdown and its largest positions."""
    live = overview.live
    bound = portfolio.limit(overview, "drawdown.account_emergency_pct")
    return {
        **portfolio.money(overview),
        "risk": book(overview),
        "drawdown_limit_pct": percent_of_ppm(bound) if bound is not None else None,
        "performance": performance(overview, "account"),
        "limits": _uses(overview),
        "largest_positions": portfolio.largest_positions(overview, live, LARGEST) if live else None,
        "missing": {} if live else {"live": portfolio.silence(overview)},
        "units": UNITS,
    }
