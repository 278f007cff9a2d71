"""Ask gates: the barrier that makes a halt acknowledged, the sticky halt, the cancel."""

import time

from controller.latch.layout import word_hex
from controller.latch.sockets import Request, problem_text
from controller.latch.wire import dump, parse_object

BOUND = 0.25
BARRIER = b'{"op":"barrier"}\n'
_OK = (b'{"ok":true', b'{"ok": true')


class GateReply:
    """What one gate said: ``confirmed``, else ``problem`` says why not; ``answered`` when it is alive."""

    __slots__ = ("answered", "confirmed", "path", "problem")

    def __init__(self, path: str, problem: str, *, answered: bool = True) -> None:
        self.path = path
        self.answered = answered
        self.confirmed = not problem
        self.problem = problem


def barrier(paths: list[str], word: int) -> list[GateReply]:
    """Have every gate re-read the latch between two orders; at most 250 ms for all together.

    A gate confirms when it says that ``word`` binds it; one that reads another latch does not.
    """
    needle = f'"{word_hex(word)}"'.encode()
    return [_outcome(request, needle) for request in _send(paths, BARRIER, BOUND)]


def order_halt(paths: list[str], scope: str, mode: int, reason: str) -> list[GateReply]:
    """Put a sticky halt into every gate's memory: the way when the latch cannot be written. At most 250 ms."""
    line = dump({"op": "halt", "scope": scope, "mode": mode, "reason": reason}).encode() + b"\n"
    return [_outcome(request, b"") for request in _send(paths, line, BOUND)]


class Cancel:
    """A cancel of working orders on its way to every gate, so that other work can go on meanwhile."""

    __slots__ = ("_requests",)

    def __init__(self, paths: list[str], scope: str, bound: float) -> None:
        line = dump({"op": "cancel", "scope": scope}).encode() + b"\n"
        self._requests = _send(paths, line, bound)

    def counts(self) -> tuple[dict[str, int], list[str]]:
        """(cancelled orders by uid, problems by gate)."""
        cancelled: dict[str, int] = {}
        problems = []
        for request in self._requests:
            try:
                reply = parse_object(request.reply())
                counts = reply.get("cancelled")
                if reply.get("ok") is not True or not isinstance(counts, dict):
                    raise ValueError(str(reply.get("error") or reply))
                for uid, count in counts.items():
                    cancelled[uid] = cancelled.get(uid, 0) + int(count)
            except OSError as error:
                problems.append(f"{request.path}: {problem_text(error)}")
            except ValueError as error:
                problems.append(f"{request.path}: {error}")
        return cancelled, problems


def _send(paths: list[str], line: bytes, bound: float) -> list[Request]:
    deadline = time.monotonic() + bound
    return [Request(path, line, deadline) for path in paths]


def _outcome(request: Request, needle: bytes) -> GateReply:
    try:
        reply = request.reply()
    except OSError as error:
        return GateReply(request.path, problem_text(error), answered=False)
    if not reply.startswith(_OK):
        return GateReply(request.path, f"refused: {reply.decode(errors='replace').strip()}")
    return GateReply(request.path, "" if needle in reply else "reads another latch")
