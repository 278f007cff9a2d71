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
    account's; ``price`` is the reserve price; ``value`` and ``worst`` follow ``quantity`` (see :meth:`resize`);
    ``sector`` keeps (name, value before) once it was looked up.
    """

    __slots__ = (
        "book",
        "equity",
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
        "sector",
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
        uid, symbol, side, quantity, _, kind, limit, stop = order
        self.policy, self.book, self.order, self.now, self.standing = policy, book, order, now, standing
        self.symbol, self.side, self.quantity = symbol, side, quantity
        self.notes: list[Note] = []
        self.sector: tuple[str, int] | None = None
        self.mark = mark = book.marks.get(symbol, 0)
        self.price = price = reserve_price(side, kind, limit, stop, mark)
        self.strategy = strategy = policy.strategies.get(uid)
        self.status = status = standing.statuses.get(uid, 0)
        if strategy is not None and strategy.status > status:
            self.status = strategy.status
        self.strand = strand = book.strands.get(uid, NOBODY)
        self.own = own = strand.lines.get(symbol, FLAT)
        self.line = line = book.lines.get(symbol, FLAT)
        self.equity = book.cash + book.net
        room = -own.quantity - own.buys if side > 0 else own.quantity - own.sells
        self.reducing = 0 < quantity <= room
        self.value = quantity * price
        self.worst = line.projected(side, quantity, price)

    def resize(self, quantity: int) -> None:
        """Look at ``quantity`` shares from here on."""
        self.quantity = quantity
        self.value = quantity * self.price
        self.worst = self.line.projected(self.side, quantity, self.price)

    def share(self, ppm: int) -> int:
        """``ppm`` of equity; nothing when equity is gone."""
        return self.equity * ppm // PPM if self.equity > 0 else 0

    def deny(self, code: str, limit: str, observed: int, projected: int, value: int, message: str) -> Deny:
        """A denial under this policy; headroom is what ``observed`` leaves below ``value``."""
        headroom = max(0, value - observed)
        return Deny(code, limit, observed, projected, value, headroom, self.policy.revision, message)
