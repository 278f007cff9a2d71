"""What the two liquidations ask, refuse and say; the service's answers are held by the test."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.render.liquidation import closing, exits, results
from controller.adapters.signatures.keys import generate
from controller.adapters.signatures.sshsig import verify
from controller.core.trust.keys import key_blob
from controller.errors import Raced
from controller.latch import journal
from controller.latch.ticket import NAMESPACE, book_digest
from controller.rpc.server import serve_rpc
from controller.settings import Settings
from tests.support.book import HeldControl
from tests.support.folders import short_folder
from tests.support.terminal import on_controlling_terminal, own_terminal

PHRASE = 'You must type "LIQUIDATE EVERYTHING" to confirm: '
NAME = "This book is LIVE. Type its name to confirm: "
HELD: list[dict[str, Any]] = [
    {"uid": "a" * 32, "symbol": "NVDA", "quantity": 100},
    {"uid": "a" * 32, "symbol": "TSLA", "quantity": -50},
]
HALT = "2" * 32
DONE = [
    {**HELD[0], "left": 0, "price": 524.58, "working": False, "problem": ""},
    {**HELD[1], "left": 0, "price": 253.15, "working": False, "problem": ""},
]
STATE: dict[str, Any] = {
    "id": "1" * 32,
    "scope": "everything",
    "stage": "done",
    "results": DONE,
    "residual": [],
    "cash": 98_234.56,
    "problem": "",
    "resumable": False,
    "notices": [],
}


class Desk:
    """The service: ``asked`` are the methods in order, ``races`` how often the book moves while it is signed."""

    def __init__(self, home: Path, environment: str = "paper", races: int = 0, scope: str = "everything") -> None:
        self.home, self.environment, self.races, self.scope = home, environment, races, scope
        self.asked: list[str] = []
        self.digest = book_digest((item["uid"], item["symbol"], item["quantity"]) for item in HELD)
        self.state = {**STATE, "scope": scope}
        self.signed: list[tuple[bytes, bytes]] = []

    def methods(self) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        return {
            "liquidation.preview": self.preview,
            "liquidation.prepare": self.prepare,
            "liquidation.start": self.start,
            "liquidation.state": lambda _: self.state,
        }

    def preview(self, _: Mapping[str, Any]) -> dict[str, Any]:
        figures = {"positions": 12, "orders": 7, "value": 86_110.0, "unrealized": 2_340.0, "impact_pct": [-0.5, -2.0]}
        return {"book": "greenplace", "environment": self.environment, **figures}

    def prepare(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append("prepare")
        text = json.dumps({"id": "1" * 32, "scope": self.scope, "digest": self.digest})
        key = str(self.home / "key")
        more = {"id": "1" * 32, "scope": self.scope, "positions": HELD, "cancelled": 7, "goes_on": False}
        more["halt"] = HALT if self.asked.count("prepare") == 1 else None
        return {"text": text, "signing_key": key, **more}

    def start(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append("start")
        self.signed.append((params["text"].encode(), params["signature"].encode()))
        if self.races:
            self.races -= 1
            raise Raced("BOOK_CHANGED: positions have changed")
        return self.state


@contextmanager
def served(desk: Desk) -> Iterator[None]:
    settings = Settings(home=desk.home, operator_name="Op", operator_email="op@example.org")
    generate(desk.home / "key", "key")
    server = serve_rpc(HeldControl(), settings, more=desk.methods())
    try:
        yield
    finally:
        server.stop()


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def liquidate(desk: Desk, *answers: tuple[str, str]) -> tuple[int, str, str]:
    """(exit code, standard output, what the terminal showed)."""
    words = {"everything": ("emergency", "liquidate-all"), "portfolio": ("portfolio", "liquidate")}[desk.scope]
    with served(desk), own_terminal(desk.home, *words, "-r", "drill") as talk:
        for prompt, line in answers:
            talk.answer(prompt, line)
        ran = talk.end()
    return ran.code, ran.out + ran.err, talk.shown.decode().replace("\r\n", "\n")


SCREEN = """\
⛔⛔⛔ FULL EMERGENCY LIQUIDATION ⛔⛔⛔

This will:
  ⛔ Halt all strategies
  ⛔ Cancel all orders
  ⛔ LIQUIDATE ALL POSITIONS
  ⛔ Return to 100% cash

Current Portfolio:
  Positions:        12
  Value:            $86,110
  Unrealized P&L:   +$2,340
  Estimated Impact: -0.50% to -2.00% (slippage & fees)

⚠️  This is the most drastic emergency measure
⚠️  Only use in catastrophic scenarios:
    - System malfunction
    - Runaway algorithm
    - External security breach
    - Regulatory requirement

"""
RESULTS = """\
Liquidation Results:
  ✓ NVDA  -100 shares  $524.58  FILLED
  ✓ TSLA  +50 shares   $253.15  FILLED

✓ All positions liquidated
✓ Cash balance: $98,234.56
✓ All strategies halted
✓ Emergency liquidation logged

System Status: EMERGENCY MODE
To resume: gt risk emergency resume
"""


def test_liquidate_all_then_reads_as_the_spec_and_signs_exactly_the_request(home: Path) -> None:
    desk = Desk(home)
    code, out, screen = liquidate(desk, (PHRASE, "LIQUIDATE EVERYTHING"))
    assert (code, out) == (0, RESULTS)
    assert screen == SCREEN + PHRASE
    text, signature = desk.signed[0]
    assert verify(text, signature, NAMESPACE).key == key_blob((home / "key.pub").read_text())


PORTFOLIO = """\
⛔ EMERGENCY LIQUIDATION ⛔

This will liquidate ALL positions immediately.
This is an EMERGENCY measure with significant consequences:

Current Positions: 12
Total Value:       $86,110
Estimated Impact:  -0.50% to -2.00% (slippage & fees)

New orders are paused first and stay paused.

You must type "LIQUIDATE ALL" to confirm: LIQUIDATE ALL

⚠️  Pausing new orders...
⚠️  Generating liquidation orders...
⚠️  2 market orders to send
⚠️  Submitting market orders...
Reason (optional): flash crash

Results:
  ✓ NVDA  -100 shares  $524.58  FILLED
  ✓ TSLA  +50 shares   $253.15  FILLED

✓ All positions liquidated
✓ Cash balance: $98,234.56
✓ Emergency liquidation logged

System Status: NEW ORDERS PAUSED
To resume: gt risk emergency resume
"""


def test_portfolio_liquidate_then_reads_as_the_spec(home: Path) -> None:
    """The impact to a hundredth; that new orders are paused, and the reason, are ours; alerts tell by themselves."""
    journal.create(str(home / "journal"))
    with served(Desk(home, scope="portfolio")):
        typed = [(b"to confirm: ", "LIQUIDATE ALL\n"), (b"Reason (optional): ", "flash crash\n")]
        ran = on_controlling_terminal(home, typed, "portfolio", "liquidate")
    assert (ran.code, ran.out.replace("\r\n", "\n")) == (0, PORTFOLIO)
    (entry,) = journal.read_home(str(home))[0]
    assert (entry.halt_id, entry.text) == (HALT, f"flash crash (liquidation {'1' * 12})")


@pytest.mark.parametrize(("name", "code"), [("greenplace", 0), ("GREENPLACE", 4), ("", 4), ("LIQUIDATE EVERYTHING", 4)])
def test_liquidate_when_the_book_is_live_then_its_name_is_asked_too(home: Path, name: str, code: int) -> None:
    desk = Desk(home, environment="live")
    assert liquidate(desk, (PHRASE, "LIQUIDATE EVERYTHING"), (NAME, name))[0] == code
    assert desk.asked == (["prepare", "start"] if code == 0 else [])


@pytest.mark.parametrize(("typed", "races"), [("", 0), ("\x03", 1)], ids=["nothing", "Ctrl-C, after a race"])
def test_liquidate_when_no_reason_is_given_then_it_stays_open_and_the_result_is_told(
    home: Path, typed: str, races: int
) -> None:
    with served(Desk(home, races=races)):
        answers = [(b"to confirm: ", "LIQUIDATE EVERYTHING\n"), (b"Reason (optional): ", typed or "\n")]
        ran = on_controlling_terminal(home, answers, "emergency", "liquidate-all")
    assert (ran.code, "All positions liquidated" in ran.out) == (0, True), ran
    assert "ℹ️  No reason given: it stays open until added" in ran.out


def test_liquidate_when_the_book_moves_while_it_is_signed_then_asked_and_signed_anew(home: Path) -> None:
    desk = Desk(home, races=2)
    assert liquidate(desk, (PHRASE, "LIQUIDATE EVERYTHING"))[0] == 0
    assert desk.asked == ["prepare", "start"] * 3


def test_liquidate_when_the_book_moves_each_time_then_gives_up_and_says_that_the_halt_stays(home: Path) -> None:
    code, out, _ = liquidate(Desk(home, races=9), (PHRASE, "LIQUIDATE EVERYTHING"))
    assert code == 1
    assert "the halt stays" in out


def test_liquidate_when_the_text_is_not_what_is_shown_then_nothing_is_signed(home: Path) -> None:
    desk = Desk(home)
    desk.digest = "0" * 64
    code, out, _ = liquidate(desk, (PHRASE, "LIQUIDATE EVERYTHING"))
    assert (code, desk.signed) == (1, [])
    assert "nothing was signed" in out


def test_liquidate_when_something_is_left_then_five_with_the_rest_and_the_next_command(home: Path) -> None:
    desk = Desk(home)
    rest = {**DONE[1], "left": 30, "price": None, "problem": "VENUE_REJECTED: no"}
    left = {
        "stage": "partial",
        "results": [DONE[0], rest],
        "residual": [rest],
        "resumable": True,
        "problem": "in 5 tries",
    }
    desk.state = {**STATE, **left}
    code, out, _ = liquidate(desk, (PHRASE, "LIQUIDATE EVERYTHING"))
    assert code == 5
    assert "  ✗ TSLA  +50 shares   n/a (no fill)  OPEN: 30 left (VENUE_REJECTED: no)" in out
    assert "⚠️  Residual: TSLA 30 shares" in out
    assert f"next: gt risk emergency liquidate-all --resume {'1' * 32}" in out


def test_liquidate_when_no_service_runs_then_three_and_how_to_start_it(home: Path) -> None:
    with own_terminal(home, "emergency", "liquidate-all") as talk:
        ran = talk.end()
    assert ran.code == 3
    assert "gt risk service start" in ran.err


def test_results_when_nothing_was_held_then_says_none() -> None:
    assert results({**STATE, "results": []}) == ["  none"]
    assert closing({**STATE, "results": []})[:2] == ["Liquidation Results:", "  none"]


def test_exits_then_one_line_an_order() -> None:
    row = {"strategy": "s", "symbol": "NVDA", "side": "sell", "quantity": 100, "type": "market", "order": "g1"}
    more = {"stop": None, "filled": 40, "price": None, "code": "", "message": ""}
    rows = [
        {**row, **more, "state": "filled", "price": 524.58},
        {**row, **more, "state": "working"},
        {**row, **more, "state": "working", "type": "stop", "stop": 480.0},
        {**row, **more, "state": "denied", "code": "TRADING_HALTED", "message": "the account is in halt-trading"},
    ]
    assert exits({"orders": rows}) == [
        "✓ sell 100 NVDA (s): FILLED at $524.58",
        "⏳ sell 100 NVDA (s): 40 filled, the rest works as g1 until the next bar",
        "✓ sell 100 NVDA (s): stop at $480.00 works as g1",
        "✗ sell 100 NVDA (s): TRADING_HALTED: the account is in halt-trading",
    ]
