"""What the store tells of the last month: trades, what the gate decided about limits, changes, A/B tests."""

from controller.core.risk.trades import closed_trades
from controller.ports import Store
from schemas.learning import Learned

DAYS = 30
FILLS = 5_000
"""Newest fills in which closed trades are looked for; where there are more, figures begin with the oldest of them."""
_MOST = 10_000
_DAY_NS = 86_400 * 1_000_000_000


def learned(store: Store, book: str, now_ns: int) -> Learned:
    """Of ``book`` and the last 30 days by the wall clock, or of as much of them as the fills reach back.

    Raises StoreUnavailable.
    """
    month = now_ns - DAYS * _DAY_NS
    fills = store.fills(book, limit=FILLS)
    since = max(month, fills[-1].at_ns) if len(fills) == FILLS else month
    records = store.audit(event="config.change", since_ns=month, limit=_MOST)
    return Learned(
        since_ns=since,
        days=DAYS,
        trades=sum(trade.closed_ns >= since for trade in closed_trades(fills)),
        decided=dict(store.decided(since)),
        changes=sum(item.entry.kind == "outcome" and item.entry.outcome == "done" for item in records),
        trials=dict(store.tests.trials()),
    )
