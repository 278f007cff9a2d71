"""One order under one policy: everything that the checks read, looked up once."""

from controller.gate.book import Book, Line, Strand
from controller.gate.orders import PPM, OrderRequest, reserve_price
from controller.gate.policy import Policy
from controller.gate.standing import Standing
from controller.gate.verdicts import Deny, Note

FLAT = Line(0, 0)
NOBODY = Strand()


class Case:
    """The order, what is held, and what is projected. ``quantity`` shrinks when a soft limit reduces the order.

    ``strategy`` (None: unknown), ``status`` and ``strand`` are the submitter's; ``own`` is its line, ``line`` the
    account's; ``price`` is the reserve price; ``value``, ``worst`` and ``gross`` (the account's) follow ``quantity``
    (see :meth:`resize`).
    """

    __slots__ = (
        "book",
        "bounds",
        "equity",
        "gross",
        "line",
        "mark",
        "notes",
        "now",
        "order",
        "own",
        "policy",
        "price",
        "quantity",
        "reducing",
        "side",
        "standing",
        "status",
        "strand",
        "strategy",
        "symbol",
        "value",
        "worst",
    )

    def __init__(self, policy: Policy, book: Book, order: OrderRequest, now: int, standing: Standing) -> None:
        uid, symbol, side, quantity, _, kind, limit, stop, _ = order[:]
        self.policy = policy
        self.book = book
        self.order = order
        self.now = now
        self.standing = standing
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.notes: tuple[Note, ...] = ()
        self.mark = mark = book.marks.get(symbol, 0)
        self.price = price = reserve_price(side, kind, limit, stop, mark)
        self.strategy = strategy = policy.strategies.get(uid)
        self.status = status = standing.statuses.get(uid, 0)
        if strategy is not None and strategy.status > status:
            self.status = strategy.status
        self.strand = strand = book.strands.get(uid, NOBODY)
        self.own = own = strand.lines.get(symbol, FLAT)
        self.line = line = book.lines.get(symbol, FLAT)
        self.equity = equity = book.cash + book.net
        bounds = policy.bounds
        self.bounds = bounds if bounds.equity == equity else policy.bounds_at(equity)
        self.reducing = 0 < quantity <= (-own.quantity - own.buys if side > 0 else own.quantity - own.sells)
        self.value = value = quantity * price
        self.worst = worst = line.projected(side, quantity, value)
        self.gross = book.gross - line.worst + worst

    def resize(self, quantity: int) -> None:
        """Look at ``quantity`` shares from here on."""
        self.quantity = quantity
        self.value = value = quantity * self.price
        self.worst = worst = self.line.projected(self.side, quantity, value)
        self.gross = self.book.gross - self.line.worst + worst

    def share(self, ppm: int) -> int:
        """``ppm`` of equity; nothing when equity is gone."""
        return self.equity * ppm // PPM if self.equity > 0 else 0

    def warn(self, code: str, limit: str, figures: tuple[int, int, int], message: str) -> None:
        """Speak of a soft limit; ``figures`` are what is observed, what is projected, and its own number."""
        self.notes += (Note("warned", code, limit, *figures, message),)

    def reduce(self, code: str, limit: str, figures: tuple[int, int, int], message: str, quantity: int) -> None:
        """Scale the order down to ``quantity`` shares, and say so."""
        self.notes += (Note("reduced", code, limit, *figures, message),)
        self.resize(quantity)

    def deny(self, code: str, limit: str, observed: int, projected: int, value: int, message: str) -> Deny:
        """A denial under this policy; headroom is what ``observed`` leaves below ``value``."""
        headroom = max(0, value - observed)
        return Deny(code, limit, observed, projected, value, headroom, self.policy.revision, message)
