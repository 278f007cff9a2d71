"""A/B tests for tests: a document, and fills of round trips by arm."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from schemas.experiments import ABTest
from schemas.live import Arm, FillView, ShadowView

DOLLAR = 1_000_000
START = date(2008, 1, 2)


def session(number: int) -> str:
    """The ``number``-th day from the start of these tests; every day is a session."""
    return (START + timedelta(days=number)).isoformat()


def ab_test(strategy: str, **fields: Any) -> ABTest:
    """A test of ``strategy``, ``t-1``, that takes a year at most."""
    base = {"version": 1, "id": "t-1", "name": "Tighter stops", "strategy": strategy, "started": session(0)}
    variants = {"variant_a": {"name": "as it is"}, "variant_b": {"name": "tight stops", "parameters": {"stop_pct": 3}}}
    return ABTest.model_validate({**base, "duration_days": 365, "alpha": Decimal(5), **variants, **fields})


def fill(seq: int, side: str, position: int, at: int, price: int, **fields: Any) -> FillView:
    """A fill of 100 shares in session ``at`` for ``price`` micro-dollars; ``position`` is what is held then."""
    base = {"order": f"o{seq}", "uid": "u", "symbol": "AAPL", "side": side, "quantity": 100, "fee": 0}
    stamps = {"seq": seq, "position": position, "price": price, "market_time": session(at), "at_ns": seq}
    return FillView.model_validate({**base, **stamps, "arm": "A", "test": "t-1", **fields})


def trips(
    arm: Arm, returns: Sequence[float], *, first: int = 1, uid: str = "u", symbol: str = "", **fields: Any
) -> list[FillView]:
    """One round trip of 100 shares of $100 a return, each a day long, numbered from ``first`` on."""
    found, symbol = [], symbol or f"S{arm}"
    for number, gain in enumerate(returns):
        seq, more = first + 2 * number, {"arm": arm, "uid": uid, "symbol": f"{symbol}{number % 7}", **fields}
        found.append(fill(seq, "buy", 100, number, 100 * DOLLAR, **more))
        found.append(fill(seq + 1, "sell", 0, number + 1, round((100 + 100 * gain) * DOLLAR), **more))
    return found


def shadow(seq: int, a: float, b: float, test: str = "t-1") -> ShadowView:
    """A session of a paired test."""
    return ShadowView(
        seq=seq, uid="u", test=test, epoch=0, market_time=session(seq), return_a=round(a * 1e9), return_b=round(b * 1e9)
    )
