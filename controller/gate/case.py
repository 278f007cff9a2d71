"""One order under one policy: everything that the checks read, looked up once."""

from controller.gate.book import Book, Line
from controller.gate.orders import PPM, OrderRequest, reserve_price
from controller.gate.policy import Policy
from controller.gate.standing import Standing
from controller.gate.verdicts import Deny, Note

FLAT = Line(0, 0)


class Case:
    """The order, what is held, and what is projected. ``quantity`` shrinks when a soft limit reduces the order.

    ``own`` is the strategy's line, ``line`` the account's; ``price`` is the reserve price; ``value`` and ``worst``
    follow ``quantity`` (see :meth:`resize`).
    """

    __slots__ = (
        "book",
        "deployed",
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
        "standing",
        "value",
        "worst",
    )

    def __init__(self, policy: Policy, book: Book, order: OrderRequest, now: int, standing: Standing) -> None:
        symbol = order.symbol
        self.policy = policy
        self.book = book
        self.order = order
        self.now = now
        self.standing = standing
        self.notes: list[Note] = []
        self.mark = mark = book.marks.get(symbol, 0)
        self.price = reserve_price(order.side, order.type, order.limit, order.stop, mark)
        strand = book.strands.get(order.uid)
        self.own = strand.lines.get(symbol, FLAT) if strand is not None else FLAT
        self.deployed = strand.deployed if strand is not None else 0
        self.line = book.lines.get(symbol, FLAT)
        self.equity = book.cash + book.net
        own = self.own
        room = -own.quantity - own.buys if order.side > 0 else own.quantity - own.sells
        self.reducing = 0 < order.quantity <= room
        self.quantity = order.quantity
        self.value = self.worst = 0

    def resize(self, quantity: int) -> None:
        """Look at ``quantity`` shares from here on."""
        self.quantity = quantity
        self.value = quantity * self.price
        self.worst = projected(self.line, self)

    def share(self, ppm: int) -> int:
        """``ppm`` of equity; nothing when equity is gone."""
        return self.equity * ppm // PPM if self.equity > 0 else 0

    def deny(self, code: str, limit: str, observed: int, projected: int, value: int, message: str) -> Deny:
        """A denial under this policy; headroom is what ``observed`` leaves below ``value``."""
        headroom = max(0, value - observed)
        return Deny(code, limit, observed, projected, value, headroom, self.policy.revision, message)


def projected(line: Line, case: Case) -> int:
    """``line.worst`` with the order in it; a line that does not exist yet takes the instrument's mark."""
    return line.projected(case.order.side, case.quantity, case.price)
