"""``portfolio liquidate`` and ``emergency liquidate-all``: show, ask on the terminal, halt, sign, watch, tell."""

import json
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cli.consent import interruptible
from cli.output import OK, PARTLY, Document, Failure, declined, finish
from cli.remote import call_service, home
from cli.render.liquidation import closing, everything_plan, portfolio_plan
from cli.render.text import safe
from controller.rpc.client import RpcError, ServiceDown

RACES = 3
PREPARE_SECONDS = 15.0
POLL_SECONDS = 0.2
LOST_SECONDS = 10.0
_TTY = Path("/dev/tty")
_STAYS = "the halt stays in force; what is under way tells: gt risk emergency status"


@dataclass(frozen=True, slots=True)
class Verb:
    """One of the two: what it is called, what it asks for, what it shows before and while."""

    scope: str
    command: str
    phrase: str
    plan: Callable[[Document], list[str]]
    steps: tuple[str, str]


PORTFOLIO = Verb(
    "portfolio",
    "gt risk portfolio liquidate",
    "LIQUIDATE ALL",
    portfolio_plan,
    ("⚠️  Pausing new orders...", "⚠️  Generating liquidation orders..."),
)
EVERYTHING = Verb(
    "everything",
    "gt risk emergency liquidate-all",
    "LIQUIDATE EVERYTHING",
    everything_plan,
    ("⚠️  Halting all strategies...\n⚠️  Cancelling all pending orders...", "⚠️  Generating liquidation orders..."),
)


class Terminal:
    """The person's own terminal, whatever standard input and output are."""

    def __init__(self, reading: TextIO, writing: TextIO) -> None:
        self._in, self._out = reading, writing

    def say(self, *lines: str) -> None:
        """Lines on the terminal."""
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()

    def ask(self, question: str) -> str:
        """One line, typed after the question: what was typed ahead of it does not count."""
        termios.tcflush(self._in.fileno(), termios.TCIFLUSH)
        self._out.write(question)
        self._out.flush()
        return self._in.readline().strip()


def liquidate(verb: Verb, reason: str, resume: str, *, dry_run: bool, scripted: bool, as_json: bool) -> int:
    """Do it; the exit code: 0 flat, 4 not confirmed, 5 something is left, 1 not granted (the halt stays)."""
    if scripted:
        declined("a liquidation is confirmed on the terminal alone: --yes and --force are refused", verb.command)
    seen = call_service("liquidation.preview")
    plan = verb.plan(seen)
    if dry_run:
        return finish({"dry_run": True, "scope": verb.scope, "plan": plan, **seen}, OK, as_json, lambda _: plan)
    with _terminal(verb.command) as terminal:
        terminal.say(*plan)
        with interruptible("nothing was halted or ordered"):
            _confirm(terminal, verb, seen)
        with interruptible(_STAYS):
            state = _carry_out(terminal, verb, reason, resume)
        terminal.say("")
    return _report(verb, state, as_json)


def _confirm(terminal: Terminal, verb: Verb, seen: Document) -> None:
    if terminal.ask(f'You must type "{verb.phrase}" to confirm: ') != verb.phrase:
        declined("not confirmed: nothing was halted or ordered", verb.command)
    if seen["environment"] == "live" and terminal.ask("This book is LIVE. Type its name to confirm: ") != seen["book"]:
        declined("not the name of this book: nothing was halted or ordered", verb.command)


def _carry_out(terminal: Terminal, verb: Verb, reason: str, resume: str) -> Document:
    """Prepare, sign, start, watch; a book that moved in between is prepared and signed anew."""
    from controller.adapters.signatures.signer import sign
    from controller.latch.ticket import NAMESPACE

    terminal.say("", verb.steps[0])
    request = {"resume": resume} if resume else {"scope": verb.scope}
    halt = ""
    for _ in range(RACES):
        prepared = call_service("liquidation.prepare", {**request, "reason": reason}, PREPARE_SECONDS)
        _check(prepared)
        halt = halt or prepared["halt"] or ""
        count = len(prepared["positions"])
        terminal.say(verb.steps[1], f"⚠️  {count} market order{'' if count == 1 else 's'} to send")
        signature = sign(prepared["text"].encode(), Path(prepared["signing_key"]), namespace=NAMESPACE)
        try:
            start = {"text": prepared["text"], "signature": signature.decode()}
            state = call_service("liquidation.start", start, PREPARE_SECONDS)
        except RpcError as error:
            if error.code != "Raced":
                raise
            terminal.say("⚠️  Positions have changed meanwhile: asking for what is left")
        else:
            terminal.say("⚠️  Submitting market orders...")
            ended = {**_watch(terminal, state), "cancelled": prepared["cancelled"]}
            return {**ended, "notices": [] if reason or not halt else _ask_reason(terminal, halt, state["id"])}
    raise Failure("the book changed each time while the request was signed; the halt stays", verb.command, code="Raced")


def _ask_reason(terminal: Terminal, halt: str, id: str) -> list[str]:
    """Ask why, now that nothing waits for the answer, and add it to the record of the halt; what did not work."""
    from cli.fast import actor
    from controller.halt import add_reason

    try:
        reason = terminal.ask("Reason (optional): ")
    except KeyboardInterrupt:
        reason = ""
    if not reason:
        return ["No reason given: it stays open until added"]
    problem = add_reason(home(), halt, actor(), f"{reason} (liquidation {id[:12]})")
    return [f"reason: {problem}"] if problem else []


def _check(prepared: Document) -> None:
    """What is signed is what was asked for: this id, this scope, and exactly the positions that came with it."""
    from controller.latch.ticket import book_digest

    text = json.loads(prepared["text"])
    held = book_digest((item["uid"], item["symbol"], item["quantity"]) for item in prepared["positions"])
    same = (text["id"], text["scope"]) == (prepared["id"], prepared["scope"])
    if not same or (text["digest"] != held and not prepared["goes_on"]):
        raise Failure("the service asks to sign something else than it shows; nothing was signed", "gt risk doctor")


def _watch(terminal: Terminal, state: Document) -> Document:
    """Poll until it has ended; a service that stops answering leaves what was known last."""
    told, heard = "", time.monotonic()
    while state["stage"] == "running":
        time.sleep(POLL_SECONDS)
        try:
            state, heard = call_service("liquidation.state", {"id": state["id"]}), time.monotonic()
        except ServiceDown as down:
            if time.monotonic() - heard > LOST_SECONDS:
                return {**state, "stage": "unknown", "problem": f"{down.message}; this is what was known last"}
            continue
        except RpcError as error:
            return {**state, "stage": "unknown", "problem": f"{error.message}; this is what was known last"}
        flat = sum(not item["left"] for item in state["results"])
        line = f"⏳ {flat} of {len(state['results'])} positions flat"
        if line != told and state["stage"] == "running":
            terminal.say(line)
            told = line
    return state


def _report(verb: Verb, state: Document, as_json: bool) -> int:
    if state["stage"] == "done":
        return finish(state, OK, as_json, closing)
    again = f"{verb.command} --resume {state['id']}" if _resumable(state) else verb.command
    message = f"not flat: {state['problem']}"
    shown = {**state, "error": {"message": message, "hint": again, "code": "NotFlat"}}
    return finish(shown, PARTLY, as_json, lambda seen: [*closing(seen), f"  next: {safe(again)}"])


def _resumable(state: Document) -> bool:
    """The service said so, or nobody is there to say: then asking is what tells."""
    return bool(state["resumable"]) or state["stage"] == "unknown"


@contextmanager
def _terminal(again: str) -> Iterator[Terminal]:
    """The controlling terminal; refused without one, so that no pipe and no script can answer."""
    try:
        reading, writing = _TTY.open(errors="replace"), _TTY.open("w", errors="replace")
    except OSError:
        declined("a liquidation is confirmed on a terminal, and there is none", again)
    with reading, writing:
        yield Terminal(reading, writing)
