"""What the gate says of itself: the JSON of ``schemas.live.LiveState``, of ``GateState`` and of events."""

import os
from collections.abc import Mapping
from typing import Any

from controller.gate.desk import Desk
from controller.gate.orders import PPM, SIDE_NAMES
from controller.gate.standing import mode_name, status_name
from controller.gate.venue import Bar, Fill, LoggedFill, LoggedShadow, VenueOrder
from controller.latch.layout import word_hex

Health = Mapping[str, tuple[str, str]]


def words(desk: Desk) -> list[str]:
    """The slot words that bind, in hex."""
    seen = desk.authority.seen
    return [word_hex(word) for word in seen.words] if seen is not None else []


def mode(desk: Desk) -> str:
    """The account's effective mode, computed restrictions included."""
    return mode_name(desk.authority.standing.mode_under(desk.authority.policies))


def statuses(desk: Desk) -> dict[str, str]:
    """Effective status of every strategy of the policy."""
    authority = desk.authority
    uids = {uid for policy in authority.policies for uid in policy.strategies}
    return {uid: status_name(authority.standing.status_under(uid, authority.policies)) for uid in sorted(uids)}


def gate_state(desk: Desk) -> dict[str, Any]:
    """``schemas.live.GateState``: what the gate enforces now."""
    authority = desk.authority
    snapshot, seen = authority.keeper.snapshot, authority.seen
    return {
        "pid": os.getpid(),
        "policy_version": snapshot.version if snapshot else 0,
        "policy_digest": snapshot.digest if snapshot else "",
        "policy_count": len(authority.policies),
        "revision": snapshot.revision if snapshot else "",
        "fence": snapshot.fence if snapshot else 0,
        "mode": mode(desk),
        "statuses": statuses(desk),
        "permit": seen.permit if seen is not None else "missing",
        "words": words(desk),
    }


def live_state(desk: Desk, health: Health) -> dict[str, Any]:
    """``schemas.live.LiveState``: one consistent read of gate, venue and book."""
    venue = desk.venue.book()
    feed, age = desk.venue.feed()
    return {
        "gate": gate_state(desk),
        "book": venue.id,
        "filled": venue.fills[-1].fill.seq if venue.fills else 0,
        "venue_mode": venue.mode,
        "account": _account(desk),
        "positions": _positions(desk),
        "orders": _orders(desk),
        "strategies": _strategies(desk, health),
        "prices": dict(venue.marks),
        "volatility": dict(venue.volatility),
        "market_time": venue.market_time,
        "feed": feed,
        "feed_age_ms": int(age * 1_000),
        "as_of_ns": desk.clocks.wall_ns(),
    }


def policy_event(desk: Desk) -> dict[str, Any]:
    """The strategies of the newest policy and their effective statuses."""
    policies = desk.authority.policies
    strategies = [item.source for item in policies[-1].strategies.values()] if policies else []
    return {"event": "policy", "strategies": strategies, "statuses": statuses(desk)}


def bar_event(bar: Bar, symbols: frozenset[str]) -> dict[str, Any]:
    """A session's closes; only those of ``symbols`` when there are any."""
    closes = {name: price for name, price in bar.closes.items() if not symbols or name in symbols}
    return {"event": "bar", "date": bar.date, "session": bar.session, "closes": closes}


def fill_event(fill: Fill, client_id: str) -> dict[str, Any]:
    """One execution."""
    return {
        "event": "fill",
        "uid": fill.uid,
        "symbol": fill.symbol,
        "side": SIDE_NAMES[fill.side],
        "quantity": fill.quantity,
        "price": fill.price,
        "order": fill.order,
        "client_id": client_id,
    }


def logged_fill(item: LoggedFill) -> dict[str, Any]:
    """``schemas.live.FillView``."""
    fill = item.fill
    return {
        "seq": fill.seq,
        "order": fill.order,
        "uid": fill.uid,
        "symbol": fill.symbol,
        "side": SIDE_NAMES[fill.side],
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "position": item.position,
        "market_time": fill.market_time,
        "at_ns": item.at_ns,
        **item.label._asdict(),
    }


def logged_shadow(item: LoggedShadow) -> dict[str, Any]:
    """``schemas.live.ShadowView``."""
    return {"seq": item.seq, **item.shadow._asdict()}


def _account(desk: Desk) -> dict[str, int]:
    book = desk.book
    multipliers = [policy.margin_multiplier for policy in desk.authority.policies]
    power = book.equity * min(multipliers) // PPM - book.gross if multipliers else 0
    return {
        "cash": book.cash,
        "equity": book.equity,
        "buying_power": max(0, power),
        "long_exposure": book.net + book.short_value,
        "short_exposure": book.short_value,
    }


def _positions(desk: Desk) -> list[dict[str, Any]]:
    return [
        {
            "uid": uid,
            "symbol": symbol,
            "quantity": holding.quantity,
            "entry": holding.entry,
            "mark": desk.book.marks.get(symbol) or holding.entry,
            "opened_market": holding.opened_market,
            "realized": holding.realized,
            **holding.label._asdict(),
        }
        for (uid, symbol), holding in desk.venue.book().holdings.items()
        if holding.quantity
    ]


def _orders(desk: Desk) -> list[dict[str, Any]]:
    venue = desk.venue.book()
    unknown = [item.order for item in desk.book.reservations.values() if item.unknown]
    found = [_order(order, order.state) for order in (*venue.closed, *venue.orders.values())]
    return found + [_order(order, "unknown") for order in unknown if order.order not in venue.orders]


def _order(order: VenueOrder, state: str) -> dict[str, Any]:
    return {
        "order": order.order,
        "client_id": order.client_id,
        "uid": order.uid,
        "symbol": order.symbol,
        "side": SIDE_NAMES[order.side],
        "type": order.type,
        "quantity": order.quantity,
        "filled": order.filled,
        "price": order.limit or order.stop,
        "state": state,
        "submitted_ns": order.submitted_ns,
        "market_time": order.market_time,
        "average": order.average,
        "ticket": order.ticket,
        **order.label._asdict(),
    }


def _strategies(desk: Desk, health: Health) -> dict[str, dict[str, Any]]:
    venue = desk.venue.book()
    known = {uid for policy in desk.authority.policies for uid in policy.strategies}
    uids = known | venue.ledgers.keys() | desk.book.strands.keys()
    return {uid: _strategy(desk, uid, health.get(uid, ("", ""))) for uid in sorted(uids)}


def _strategy(desk: Desk, uid: str, health: tuple[str, str]) -> dict[str, Any]:
    venue = desk.venue.book()
    ledger = venue.ledgers.get(uid)
    unrealized = deployed = 0
    for (owner, symbol), holding in venue.holdings.items():
        if owner == uid and holding.quantity:
            mark = desk.book.marks.get(symbol) or holding.entry
            unrealized += holding.quantity * (mark - holding.entry)
            deployed += abs(holding.quantity) * mark
    return {
        "uid": uid,
        "venue_status": venue.statuses.get(uid, "paused"),
        "realized": ledger.realized if ledger else 0,
        "unrealized": unrealized,
        "fees": ledger.fees if ledger else 0,
        "deployed": deployed,
        "wins": ledger.wins if ledger else 0,
        "losses": ledger.losses if ledger else 0,
        "last_trade_ns": ledger.last_trade_ns if ledger else 0,
        "health": health[0],
        "health_reason": health[1],
    }
