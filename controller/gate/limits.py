"""The limits on entries, one function each, in the order of the design (section 13, "Order checks").

Each takes a :class:`Case` and returns a Deny or None. None of them ever sees a reducing order.
"""

from controller.gate.book import MINUTE_NS
from controller.gate.case import NOBODY, Case
from controller.gate.orders import BUY, PPM
from controller.gate.repeats import fingerprint
from controller.gate.verdicts import Code, Deny

SECOND_NS = 1_000_000_000


def limits_present(case: Case) -> Deny | None:
    """A policy that lacks a limit allows no entry: absent is not unlimited."""
    absent = case.policy.absent
    if not absent:
        return None
    return case.deny(Code.LIMIT_ABSENT, absent[0], 0, 0, 0, f"the policy has no {', '.join(absent)}")


def known_symbol(case: Case) -> Deny | None:
    """An entry needs an instrument with a price."""
    if case.mark > 0:
        return None
    return case.deny(Code.UNKNOWN_SYMBOL, "", 0, 0, 0, f"no price is known for {case.symbol}")


def in_universe(case: Case) -> Deny | None:
    """A strategy with a universe enters nothing else."""
    universe = case.strategy.universe if case.strategy is not None else ()
    if not universe or case.symbol in universe:
        return None
    return case.deny(Code.UNIVERSE, "strategy.universe", 0, 0, 0, f"{case.symbol} is not in its universe")


def not_duplicate(case: Case) -> Deny | None:
    """The same order again within ``order.duplicate_seconds`` is a mistake."""
    last, window = case.book.repeats.get(fingerprint(case.order)), case.policy.duplicate_seconds
    if last is None or case.now - last >= window * SECOND_NS:
        return None
    age = (case.now - last) // SECOND_NS
    return case.deny(
        Code.DUPLICATE_ORDER, "order.duplicate_seconds", age, age, window, f"the same order {age}s ago"
    )._replace(headroom=0)


def fresh_price(case: Case) -> Deny | None:
    """An entry needs a price at most ``order.max_price_age`` seconds old."""
    age = case.now - case.book.price_ns
    bound = case.policy.max_price_age
    if age <= bound * SECOND_NS:
        return None
    seconds = age // SECOND_NS
    return case.deny(Code.STALE_PRICE, "order.max_price_age", seconds, seconds, bound, f"the price is {seconds}s old")


def order_rate(case: Case) -> Deny | None:
    """At most ``order.max_per_minute`` orders of the account in any 60 seconds."""
    bound, recent = case.policy.max_per_minute, case.book.recent
    if len(recent) < bound or (bound and recent[-bound] <= case.now - MINUTE_NS):
        return None
    count = sum(1 for at in recent if at > case.now - MINUTE_NS)
    return case.deny(Code.ORDER_RATE, "order.max_per_minute", count, count + 1, bound, "too many orders in 60s")


def price_collar(case: Case) -> Deny | None:
    """A limit or stop price stays within ``order.price_collar_pct`` of the mark."""
    mark, price = case.mark, case.order.limit or case.order.stop
    if not price:
        return None
    distance, bound = abs(price - mark), case.policy.price_collar_pct
    if distance * PPM <= bound * mark:
        return None
    ppm = -(-distance * PPM // mark)
    return case.deny(Code.PRICE_COLLAR, "order.price_collar_pct", 0, ppm, bound, "price too far from the mark")


def order_size(case: Case) -> Deny | None:
    """One order is worth at most ``order.max_dollars``."""
    bound = case.policy.max_dollars
    if case.value <= bound:
        return None
    return case.deny(Code.ORDER_SIZE, "order.max_dollars", 0, case.value, bound, "order too large")


def position_pct(case: Case) -> Deny | None:
    """The position's larger projected side stays within ``position.max_position_pct`` of equity."""
    if case.worst <= case.bounds.position:
        return None
    bound = case.share(case.policy.max_position_pct)
    return case.deny(
        Code.POSITION_PCT, "position.max_position_pct", case.line.worst, case.worst, bound, "position too large"
    )


def position_dollars(case: Case) -> Deny | None:
    """The position's larger projected side stays within ``position.max_position_dollars``."""
    bound = case.policy.max_position_dollars
    if case.worst <= bound:
        return None
    return case.deny(
        Code.POSITION_DOLLARS, "position.max_position_dollars", case.line.worst, case.worst, bound, "position too large"
    )


def position_count(case: Case) -> Deny | None:
    """At most ``position.max_positions`` instruments, working entries included."""
    count, bound = case.book.occupied, case.policy.max_positions
    after = count + (case.line.worst == 0)
    if after <= bound:
        return None
    return case.deny(Code.MAX_POSITIONS, "position.max_positions", count, after, bound, "too many positions")


def strategy_allocation(case: Case) -> Deny | None:
    """A strategy deploys at most its allocation, which is itself capped by ``max_strategy_allocation_pct``."""
    bound = case.strategy.cap if case.strategy is not None else 0
    own, deployed = case.own, case.strand.deployed
    after = deployed - own.worst + own.projected(case.side, case.quantity, case.value)
    if after <= bound:
        return None
    name = "strategy.max_strategy_allocation_pct"
    return case.deny(Code.STRATEGY_ALLOCATION, name, deployed, after, bound, "over the strategy's allocation")


def strategy_positions(case: Case) -> Deny | None:
    """A strategy with its own ``max_positions`` holds at most that many."""
    bound = case.strategy.max_positions if case.strategy is not None else 0
    count = case.strand.occupied
    after = count + (case.own.worst == 0)
    if bound < 0 or after <= bound:
        return None
    return case.deny(
        Code.STRATEGY_POSITIONS, "strategy.max_positions", count, after, bound, "too many positions of the strategy"
    )


def strategies_active(case: Case) -> Deny | None:
    """At most ``strategy.max_strategies_active`` active strategies hold or trade, this one included."""
    policy, own = case.policy, case.strand
    bound, others = policy.max_strategies_active, 0
    if len(case.book.strands) - (own is not NOBODY) < bound:
        return None
    for uid, strand in case.book.strands.items():
        if strand.occupied and strand is not own:
            strategy = policy.strategies.get(uid)
            others += strategy is not None and not strategy.status
    if others < bound:
        return None
    name = "strategy.max_strategies_active"
    return case.deny(Code.STRATEGIES_ACTIVE, name, others, others + 1, bound, "too many strategies trade")


def sector_after(case: Case) -> int:
    """Worst-case value of the instrument's sector with the order."""
    policy = case.policy
    sector = policy.sectors.get(case.symbol, "Unclassified")
    value = case.book.sector_value(policy.sectors_id, policy.sectors, sector)
    return value - case.line.worst + case.worst


def sector_share(case: Case) -> Deny | None:
    """A sector above ``concentration.sector_warning_pct`` of equity is spoken of; above
    ``concentration.sector_reduction_pct`` an entry is scaled down to what fits.
    """
    policy, bounds = case.policy, case.bounds
    after = sector_after(case)
    if after <= bounds.sector:
        return None
    sector, others = policy.sector(case.symbol), after - case.worst
    now = others + case.line.worst
    if after > bounds.sector_warning:
        figures = (now, after, case.share(policy.sector_warning_pct))
        case.warn(
            Code.SECTOR_WARNING, "concentration.sector_warning_pct", figures, f"sector {sector} above its warning level"
        )
    if after <= bounds.sector_reduction:
        return None
    bound = case.share(policy.sector_reduction_pct)
    fits = _largest(case, bound - others)
    name = "concentration.sector_reduction_pct"
    return _reduce(case, Code.SECTOR_REDUCTION, name, (now, after, bound), fits, f"sector {sector}")


def gross_exposure(case: Case) -> Deny | None:
    """Longs plus shorts at their worst stay within ``exposure.max_gross_pct`` of equity."""
    after = case.gross
    if after <= case.bounds.gross:
        return None
    before, bound = case.book.gross, case.share(case.policy.max_gross_pct)
    return case.deny(Code.GROSS_EXPOSURE, "exposure.max_gross_pct", before, after, bound, "gross exposure too high")


def net_exposure(case: Case) -> Deny | None:
    """Longs minus shorts stay within ``exposure.max_net_pct`` of equity, the larger of both worst cases."""
    book, bound = case.book, case.bounds.net
    long, short = book.net + book.buy_total, book.sell_total - book.net
    before = long if long > short else short
    if case.side == BUY:
        long += case.value
    else:
        short += case.value
    if long <= bound and short <= bound:
        return None
    name, after = "exposure.max_net_pct", max(long, short)
    bound = case.share(case.policy.max_net_pct)
    return case.deny(Code.NET_EXPOSURE, name, before, after, bound, "net exposure too high")


def cash_reserve(case: Case) -> Deny | None:
    """A buy leaves ``account.cash_reserve_pct`` of equity untouched: cash without short proceeds, plus margin."""
    if case.side != BUY:
        return None
    book, policy, equity = case.book, case.policy, case.equity
    free = book.cash - book.short_value - book.buy_total
    if free - case.value >= case.bounds.free_cash and equity > 0:
        return None
    free += equity * (policy.margin_multiplier - PPM) // PPM
    after, bound = free - case.value, case.share(policy.cash_reserve_pct)
    found = case.deny(Code.CASH_RESERVE, "account.cash_reserve_pct", free, after, bound, "would touch the cash reserve")
    return found._replace(headroom=max(0, free - bound))


def buying_power(case: Case) -> Deny | None:
    """Gross exposure at its worst stays within equity times ``account.margin_multiplier``."""
    after = case.gross
    if after <= case.bounds.buying_power:
        return None
    before, bound = case.book.gross, case.share(case.policy.margin_multiplier)
    return case.deny(Code.BUYING_POWER, "account.margin_multiplier", before, after, bound, "not enough buying power")


def volatility(case: Case) -> Deny | None:
    """An instrument above ``volatility.position_warning`` is spoken of; above ``volatility.position_reduction`` an
    entry's size is multiplied by reduction over volatility.
    """
    observed = case.book.volatility.get(case.symbol)
    if not observed:
        return None
    warning, reduction = case.policy.position_warning, case.policy.position_reduction
    if observed > warning:
        figures = (observed, observed, warning)
        case.warn(Code.VOLATILITY_WARNING, "volatility.position_warning", figures, f"{case.symbol} is volatile")
    if observed <= reduction:
        return None
    fits, figures = min(case.quantity, case.order.quantity * reduction // observed), (observed, observed, reduction)
    return _reduce(case, Code.VOLATILITY_REDUCTION, "volatility.position_reduction", figures, fits, case.symbol)


def position_min(case: Case) -> Deny | None:
    """A position worth less than ``position.min_position_dollars`` is not worth opening."""
    line = case.own
    held = (line.quantity + line.buys) if case.side == BUY else (line.sells - line.quantity)
    after = (held + case.quantity) * case.price
    bound = case.policy.min_position_dollars
    if after >= bound:
        return None
    found = case.deny(Code.POSITION_MIN, "position.min_position_dollars", 0, after, bound, "position too small")
    return found._replace(headroom=0)


def _largest(case: Case, room: int) -> int:
    """The most shares, at most ``case.quantity``, with which the line's projected value stays within ``room``."""
    low, high, line = 0, case.quantity, case.line
    while low < high:
        middle = (low + high + 1) // 2
        if line.projected(case.side, middle, middle * case.price) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _reduce(case: Case, code: str, name: str, figures: tuple[int, int, int], fits: int, what: str) -> Deny | None:
    """Scale the order to ``fits`` shares and say so; deny when nothing is left; only tell when it is a shadow."""
    observed, after, bound = figures
    if name in case.policy.shadow:
        case.warn(code, name, figures, f"{what}: shadow, would be {fits} of {case.quantity} shares")
        return None
    if fits <= 0:
        return case.deny(code, name, observed, after, bound, f"{what}: no share fits")
    case.reduce(code, name, figures, f"{what}: {fits} of {case.quantity} shares", fits)
    return None
