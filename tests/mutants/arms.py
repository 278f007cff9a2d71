# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of the arms of A/B tests: at the gate, in the venue's books, in the runner."""

from tests.mutants.fence import edits

_DESK = "controller.gate.desk"
_LABEL = "controller.gate.label"
_REPEATS = "controller.gate.repeats"
_SHADOW = "controller.gate.shadow"

ARMS = edits(
    ("test_gate_label", "test_venue_arms"),
    (
        (_LABEL, "arm is A or B", "if type(arm) is not str or arm not in ARMS:", "if type(arm) is not str:"),
        (_LABEL, "arm is text", "if type(arm) is not str or arm not in ARMS:", "if str(arm) not in str(ARMS):"),
        (_LABEL, "test has a name", "if type(test) is not str or not _TEST(test):", "if type(test) is not str:"),
        (_LABEL, "step is a small whole number", "if type(epoch) is not int or not 0 <= epoch <= MAX_EPOCH:", "if False:"),
        (_LABEL, "label is whole", 'return "arm" if "test" in source or "epoch" in source else UNLABELLED', "return UNLABELLED"),
        (_REPEATS, "arm is no way around the duplicate check", "return request[:4] + request[5:8]", "return request[:4] + request[5:]"),
        (_REPEATS, "arm makes no other order of a repeat", "order._replace(label=UNLABELLED), first._replace(label=UNLABELLED)", "order, first"),
        (_DESK, "label of another test is no label", "known.test == order.label[1:]", "known.test"),
        (_SHADOW, "session is of the strategy's test", "if (name, epoch) not in known:", "if False:"),
        (_SHADOW, "session has been", "or market_time > desk.venue.book().market_time:", "or False:"),
        (_SHADOW, "session counts once", "if market_time <= span(desk, test)[1]:", "if False:"),
        ("controller.adapters.venues.ledger", "fill is of the arm whose position it changes", "label = before.label if before else order.label", "label = order.label"),
        ("controller.adapters.venues.ledger", "position keeps the arm that opened it", "            holding.opened_market, holding.realized, holding.label = done.market_time, 0, label\n", "            holding.opened_market, holding.realized = done.market_time, 0\n        holding.label = label\n"),
    ),
)
