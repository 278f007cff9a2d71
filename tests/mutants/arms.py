# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of the arms of A/B tests: at the gate, in the venue's books, in the runner."""

from tests.mutants.fence import edits

_DESK = "controller.gate.desk"
_LABEL = "controller.gate.label"
_REPEATS = "controller.gate.repeats"
_SHADOW = "controller.gate.shadow"

GATE_ARMS = edits(
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

_SPLIT = "controller.runner.split"
_RUNNER = "controller.runner.desk"
_BOOKS = "controller.runner.shadow"

RUNNER = edits(
    ("test_runner_arms", "test_shadow_book", "test_arms_story"),
    (
        (_SPLIT, "what is held belongs to its arm", "taken.get(symbol) or self._drawn(", "self._drawn("),
        (_SPLIT, "another test's position is the control's", '(item["arm"], item["test"]) == (VARIANT, self._test["id"])', 'item["arm"] == VARIANT'),
        (_SPLIT, "nobody takes the draw of a variant that failed", "return CONTROL if symbol in taken else NOBODY", "return CONTROL"),
        (_SPLIT, "the control has what a failed variant held", "return CONTROL if symbol in taken else NOBODY", "return NOBODY"),
        (_SPLIT, "a symbol changes hands only between sessions", ' or item["market_time"] >= since', ""),
        (_SPLIT, "each arm has its share", "PPM - self.share_b_ppm) // PPM", "PPM) // PPM"),
        (_RUNNER, "an arm acts on its own symbols", "owners.of(action.symbol) == arm and (", "("),
        (_RUNNER, "an arm sees its own positions", ' and item["quantity"] and owner(item["symbol"]) == arm\n', ' and item["quantity"]\n'),
        (_RUNNER, "an arm sees its own orders", 'if item["uid"] == self.uid and owner(item["symbol"]) == arm]', 'if item["uid"] == self.uid]'),
        (_RUNNER, "what is taken is no signal", " - owners.taken\n", "\n"),
        (_RUNNER, "signals are counted while both arms may enter", " and VARIANT in self._rules and signals and level == 0:", " and signals:"),
        (_RUNNER, "without a control nobody acts", "            self._rules.clear()\n", "            self._rules.pop(arm, None)\n"),
        (_RUNNER, "only exits when restricted", "(level == 0 or _reduces(context, action))", "True"),
        (_BOOKS, "a session is played once", " and session > self._done", ""),
        (_BOOKS, "a test is played from its first session", '.get("first") or market.dates[-1]', '.get("last") or market.dates[-1]'),
        (_BOOKS, "a session is played as it was", "_until(market, place)", "market"),
        (_BOOKS, "an exit turns nothing", "abs(before) if before * sign < 0 else", "order.quantity if before * sign < 0 else"),
        (_BOOKS, "nothing is bought beyond the allocation", "min(self.allocation, self._worth(market)) - gross", "10**15"),
    ),
)

ARMS = (*GATE_ARMS, *RUNNER)
