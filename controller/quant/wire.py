"""A question as lines of JSON, and back.

One line says what is held and done; each instrument whose closes the reader does not have follows on a line of its own,
so that no single step of the writer is long. Standard library only.
"""

import json
from collections.abc import Iterator, Mapping
from typing import IO

from controller.core.risk.question import Closes, Held, Question, Record

Stamp = tuple[int, tuple[str, int] | None]
"""What a history is known by: how long it is, and its newest close."""


def stamp(closes: Closes) -> Stamp:
    """Equal for histories of one instrument that are equal: only its end moves on."""
    return len(closes), closes[-1] if closes else None


def encode(question: Question, known: Mapping[str, Stamp]) -> Iterator[bytes]:
    """The lines of ``question`` for a reader that has the histories ``known``."""
    fresh = [symbol for symbol, closes in question.closes.items() if known.get(symbol) != stamp(closes)]
    head = {
        "held": question.held,
        "benchmark": question.benchmark,
        "calendar": question.calendar,
        "records": question.records,
        "symbols": list(question.closes),
        "fresh": len(fresh),
    }
    yield _line(head)
    for symbol in fresh:
        yield _line([symbol, question.closes[symbol]])


def decode(lines: IO[bytes], known: dict[str, Closes]) -> Question | None:
    """The next question; ``known`` is updated to the histories that it names. None at the end of ``lines``."""
    line = lines.readline()
    if not line:
        return None
    head = json.loads(line)
    for _ in range(head["fresh"]):
        symbol, closes = json.loads(lines.readline())
        known[symbol] = [(date, close) for date, close in closes]
    for symbol in known.keys() - set(head["symbols"]):
        del known[symbol]
    return Question(
        held=Held(*head["held"]),
        benchmark=head["benchmark"],
        closes=dict(known),
        calendar=head["calendar"],
        records={scope: Record(*record) for scope, record in head["records"].items()},
    )


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
