"""The CLI's fast path: the emergency verbs that halt, without click, before anything heavy is loaded.

Only what loads in a few milliseconds is imported until the halt is in force; then come journal, cancel and words.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.halt import HaltOutcome

_STRATEGY_HALT = "strategy halt"
_HALTED = 3
_MODES = {
    "emergency pause-new-orders": 1,
    "emergency halt-trading": 2,
    "emergency halt-all": _HALTED,
    _STRATEGY_HALT: _HALTED,
}
_PHRASE = "HALT ALL"
_IGNORE = 1
_DECLINED, _USAGE = 4, 2


class _Asked:
    """The command line, understood."""

    __slots__ = ("as_json", "mode", "reason", "strategy", "yes")

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.strategy = ""
        self.reason = ""
        self.as_json = False
        self.yes = False


def fast_path(argv: list[str]) -> int | None:
    """Run an emergency verb of ``gt-risk`` argv and return its exit code; None when the line is not one of these.

    ``--help``, ``--dry-run`` and everything not understood are left to the full command line.
    """
    asked = _parse(argv)
    if asked is None:
        return None
    home = os.path.abspath(os.path.expanduser(os.environ.get("GT_RISK_HOME") or "~/.gt-risk"))  # noqa: PTH100, PTH111
    _tolerate_odd_text()
    if asked.strategy:
        return _halt_strategy(home, asked)
    return _halt_all(home, asked) if asked.mode == _HALTED else _restrict(home, asked)


def _parse(argv: list[str]) -> _Asked | None:
    verb, words = " ".join(argv[:2]), argv[2:]
    mode = _MODES.get(verb, 0)
    if not mode:
        return None
    asked = _Asked(mode)
    while words:
        word = words.pop(0)
        if word in ("--yes", "-y", "--force", "-f"):
            asked.yes = True
        elif word == "--json":
            asked.as_json = True
        elif word in ("--reason", "-r") and words:
            asked.reason = words.pop(0)
        elif word.startswith("--reason="):
            asked.reason = word.partition("=")[2]
        elif verb == _STRATEGY_HALT and not asked.strategy and word[:1] not in ("-", ""):
            asked.strategy = word
        else:
            return None
    return None if verb == _STRATEGY_HALT and not asked.strategy else asked


def _halt_all(home: str, asked: _Asked) -> int:
    screen = _Screen(asked)
    if screen.asks:
        from cli.fast_screen import halt_all_plan

        screen.say(*halt_all_plan(home))
        screen.prompt(f'You must type "{_PHRASE}" to confirm: ')
        if _answer() != _PHRASE:
            return screen.fail("not confirmed: nothing was halted", "gt risk emergency halt-all", _DECLINED, "Declined")
    return _act(home, asked, screen, "account", "⚠️  Halting all strategies...")


def _restrict(home: str, asked: _Asked) -> int:
    """``halt-trading`` and ``pause-new-orders`` act at once: holding back is no loss, and nothing is sold."""
    from cli.fast_screen import account_plan

    screen = _Screen(asked)
    screen.say(*account_plan(asked.mode))
    return _act(home, asked, screen, "account", "")


def _halt_strategy(home: str, asked: _Asked) -> int:
    from cli.fast_screen import strategy_plan
    from controller.strategies import find_strategy

    screen = _Screen(asked)
    uid, problem, hint = find_strategy(home, asked.strategy)
    if not uid:
        return screen.fail(problem, hint, _USAGE, "UnknownStrategy")
    screen.say(*strategy_plan(asked.strategy))
    return _act(home, asked, screen, f"strategy:{uid}", "")


def _act(home: str, asked: _Asked, screen: "_Screen", scope: str, first: str) -> int:
    """Halt, then the reason, then words. From Enter on nothing but the halt runs until it is in force."""
    from controller.halt import CLI, halt

    before = _set_signals((_IGNORE, _IGNORE))
    try:
        outcome = halt(home, scope, asked.mode, actor(), asked.reason, CLI, told=lambda seen: screen.told(first, seen))
    finally:
        _set_signals(before)
    try:
        _tell(home, asked, screen, outcome)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return outcome.exit_code


def _tell(home: str, asked: _Asked, screen: "_Screen", outcome: "HaltOutcome") -> None:
    if screen.asks and not asked.reason and outcome.confirmed:
        reason = screen.ask_reason()
        from controller.halt import add_reason

        outcome.reason = reason
        problem = add_reason(home, outcome.halt_id, outcome.actor, reason) if reason else ""
        outcome.problems += [f"reason: {problem}"] if problem else []
    from cli.fast_screen import document, report

    if asked.as_json:
        sys.stdout.write(document(home, outcome, asked.strategy) + "\n")
    else:
        screen.say(*report(home, outcome, asked.strategy))
    sys.stdout.flush()


class _Screen:
    """Where people read: standard output, or standard error while standard output is one JSON document."""

    def __init__(self, asked: _Asked) -> None:
        self._as_json = asked.as_json
        self._out = sys.stderr if asked.as_json else sys.stdout
        self.asks = sys.stdin.isatty() and not asked.yes

    def say(self, *lines: str) -> None:
        """Lines, except where only a document is wanted and nobody is asked anything."""
        if not self._as_json or self.asks:
            self._out.write("".join(f"{line}\n" for line in lines))
            self._out.flush()

    def prompt(self, text: str) -> None:
        """A question, the cursor stays behind it."""
        self._out.write(text)
        self._out.flush()

    def ask_reason(self) -> str:
        """The reason, empty after Ctrl-C: the halt stands and is still reported."""
        try:
            self.prompt("Reason (optional): ")
            return _answer()
        except KeyboardInterrupt:
            return ""

    def told(self, first: str, outcome: "HaltOutcome") -> None:
        """The moment in which the gates have answered; a reader that has gone away stops nothing."""
        try:
            if first:
                self.say(first, "")
            if outcome.in_force:
                self.say("✓ In force: acknowledged by the gate")
            elif outcome.confirmed:
                self.say("⚠️  Raised, not acknowledged: the gate has not answered")
        except OSError:
            self._as_json, self.asks = True, False

    def fail(self, message: str, hint: str, code: int, word: str) -> int:
        """An error in the form of every command; its exit code."""
        if self._as_json:
            from controller.latch.wire import dump

            error = {"message": message, "hint": hint, "code": word}
            sys.stdout.write(dump({"ok": False, "error": error}) + "\n")
        else:
            sys.stderr.write(f"✗ {message}\n  next: {hint}\n")
        return code


def _answer() -> str:
    """One line from the terminal; empty at its end or after Ctrl-C."""
    try:
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return ""


def actor() -> str:
    """The operating system's user."""
    name = os.environ.get("USER")
    if name:
        return name
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _set_signals(handlers: tuple[object, object]) -> tuple[object, object]:
    """Handlers of Ctrl-C and of a closed terminal, which must not stop a halt half-way; the ones before."""
    import _signal  # type: ignore[import-not-found]  # no stubs; signal itself costs a quarter of a bare start

    interrupt, hangup = handlers
    return _signal.signal(_signal.SIGINT, interrupt), _signal.signal(_signal.SIGHUP, hangup)


def _tolerate_odd_text() -> None:
    """A terminal that cannot show a sign, or sends a strange one, must not stop a halt; nor must a closed stream."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  # stands in for a closed stream to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
