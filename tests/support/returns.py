"""Prices that move like prices and are the same in every run."""

from collections.abc import Sequence
from math import sin


def wave(n: int, seed: int, start: int = 100_000_000) -> list[int]:
    """``n`` closes in micro-dollars, wandering without a trend."""
    prices, price = [], float(start)
    for number in range(n):
        price *= 1 + 0.012 * sin(12.9898 * (number + 1) * seed + seed * seed)
        prices.append(round(price))
    return prices


def closes(dates: Sequence[str], prices: Sequence[int]) -> list[tuple[str, int]]:
    """Rows as the engine's history gives them."""
    return list(zip(dates, prices, strict=True))
