"""The pure pre-trade check: ``check(policy, book, order, now) -> Allow | Deny``.

``ADMISSION`` holds for every order, ``ENTRY`` only for orders that can increase a position. Each check stands alone
in its tuple, so that removing one is visible to the tests. What scales an order down comes after what denies it: at
full size first, so that a stricter soft limit never lets through what a looser one would have had denied.
"""

from collections.abc import Callable, Sequence

from controller.gate.book import Book
from controller.gate.case import Case
from controller.gate.limits import (
    buying_power,
    cash_reserve,
    fresh_price,
    gross_exposure,
    in_universe,
    known_symbol,
    limits_present,
    net_exposure,
    not_duplicate,
    order_rate,
    order_size,
    position_count,
    position_dollars,
    position_min,
    position_pct,
    price_collar,
    sector_share,
    strategies_active,
    strategy_allocation,
    strategy_positions,
    volatility,
)
from controller.gate.orders import SIDE_NAMES, TYPES, OrderRequest
from controller.gate.policy import Policy
from controller.gate.quick import clear
from controller.gate.standing import CLEAR, FREEZE, HALTED, PAUSE, PAUSED, Standing, mode_name, status_name
from controller.gate.verdicts import Allow, Code, Deny, Note

Check = Callable[[Case], Deny | None]


def not_frozen(case: Case) -> Deny | None:
    """Without a readable latch or any policy nothing passes."""
    code = case.standing.frozen
    return case.deny(code, "", 0, 0, 0, case.standing.reason) if code else None


def account_not_halted(case: Case) -> Deny | None:
    """halt-trading and halt-all let nothing pass."""
    if case.standing.mode < FREEZE and case.policy.mode < FREEZE:
        return None
    mode = max(case.standing.mode, case.policy.mode)
    return case.deny(Code.TRADING_HALTED, "mode", mode, mode, PAUSE, f"the account is in {mode_name(mode)}")


def known_strategy(case: Case) -> Deny | None:
    """Only a strategy that the policy names may trade."""
    if case.strategy is not None:
        return None
    return case.deny(Code.UNKNOWN_STRATEGY, "", 0, 0, 0, f"the policy knows no strategy {case.order.uid}")


def strategy_not_halted(case: Case) -> Deny | None:
    """A halted strategy passes nothing."""
    status = case.status
    if status < HALTED:
        return None
    return case.deny(Code.STRATEGY_HALTED, "status", status, status, PAUSED, f"the strategy is {status_name(status)}")


def sane(case: Case) -> Deny | None:
    """Whole positive quantity, a known side and type, prices that are not negative."""
    order = case.order
    whole = type(order.quantity) is type(order.limit) is type(order.stop) is int
    known = order.side in SIDE_NAMES and order.type in TYPES
    if whole and known and order.quantity > 0 and order.limit >= 0 and order.stop >= 0:
        return None
    return case.deny(Code.INVALID_ORDER, "", 0, 0, 0, "quantity, side, type or price is not valid")


def exit_fits(case: Case) -> Deny | None:
    """An order against the strategy's own position is an exit: at most what is open minus its working exits.

    So no exit turns into an opposite position by being sent twice or too large; to turn, first become flat.
    """
    own = case.own.quantity
    if case.reducing or own * case.side >= 0:
        return None
    room = max(0, case.book.exit_room(case.order.uid, case.symbol, case.side))
    message = f"an exit of at most {room} shares is left"
    return case.deny(Code.EXIT_TOO_LARGE, "", abs(own), case.quantity, room, message)._replace(headroom=room)


def reducing_when_restricted(case: Case) -> Deny | None:
    """Under pause-new-orders, for a paused strategy and without a valid permit only reducing orders pass."""
    if case.reducing:
        return None
    why = case.standing.reduce_only
    if case.standing.mode or case.policy.mode:
        why = "the account is in pause-new-orders"
    elif case.status >= PAUSED:
        why = "the strategy is paused"
    if not why:
        return None
    return case.deny(Code.REDUCE_ONLY, "", 0, case.quantity, 0, f"{why}: only exits pass")


ADMISSION: tuple[Check, ...] = (
    not_frozen,
    account_not_halted,
    known_strategy,
    strategy_not_halted,
    sane,
    exit_fits,
    reducing_when_restricted,
)
ENTRY: tuple[Check, ...] = (
    limits_present,
    known_symbol,
    in_universe,
    not_duplicate,
    fresh_price,
    order_rate,
    price_collar,
    order_size,
    position_pct,
    position_dollars,
    position_count,
    strategy_allocation,
    strategy_positions,
    strategies_active,
    gross_exposure,
    net_exposure,
    cash_reserve,
    buying_power,
    sector_share,
    volatility,
    position_min,
)


def shadowed(case: Case, denial: Deny) -> bool:
    """Whether ``denial`` is of a limit in shadow: then it is told as a warning and denies nothing.

    A limit that the policy lacks denies all the same: absent is not unlimited, and not in shadow.
    """
    if denial.limit not in case.policy.shadow or denial.code == Code.LIMIT_ABSENT:
        return False
    figures = (denial.observed, denial.projected, denial.value)
    case.warn(denial.code, denial.limit, figures, f"{denial.message}: shadow, would be denied")
    return True


def check(policy: Policy, book: Book, order: OrderRequest, now: int, standing: Standing = CLEAR) -> Allow | Deny:
    """Whether ``order`` passes ``policy`` on ``book`` at ``now`` (boot nanoseconds). Pure; raises nothing."""
    try:
        allowed = clear(policy, book, order, now, standing)
        if allowed is not None:
            return allowed
        case = Case(policy, book, order, now, standing)
        for test in ADMISSION if case.reducing else (*ADMISSION, *ENTRY):
            denial = test(case)
            if denial is not None and not shadowed(case, denial):
                return denial
        return Allow(case.quantity, case.reducing, case.price, case.notes)
    except Exception as error:  # noqa: BLE001  # whatever goes wrong in a check denies the order
        message = f"{type(error).__name__}: {error}"
        return Deny(Code.CHECK_FAILED, revision=policy.revision, message=message)


def check_all(
    policies: Sequence[Policy], book: Book, order: OrderRequest, now: int, standing: Standing = CLEAR
) -> Allow | Deny:
    """Whether ``order`` passes **every** policy; the smallest size wins and must itself pass them all."""
    first = check(policies[0], book, order, now, standing)
    if len(policies) == 1 or isinstance(first, Deny):
        return first
    size, notes = first, list(first.notes)
    for policy in policies[1:]:
        found = check(policy, book, order, now, standing)
        if isinstance(found, Deny):
            return found
        notes += [note for note in found.notes if note not in notes]
        size = min(size, found, key=lambda item: item.quantity)
    if size.quantity < order.quantity:
        return _at_final_size(policies, book, order, now, standing, size, notes)
    return size._replace(notes=tuple(notes))


def _at_final_size(
    policies: Sequence[Policy],
    book: Book,
    order: OrderRequest,
    now: int,
    standing: Standing,
    size: Allow,
    notes: list[Note],
) -> Allow | Deny:
    for policy in policies:
        case = Case(policy, book, order, now, standing)
        case.resize(size.quantity)
        denial = position_min(case)
        if denial is not None and not shadowed(case, denial):
            return denial
    return size._replace(notes=tuple(notes))
