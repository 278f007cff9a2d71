"""A question as lines of JSON, and back.

Of the book: one line says what is held and done; each instrument whose closes the reader does not have follows on a
line of its own, so that no single step of the writer is long. Of an A/B test: one line.
"""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

from controller.core.experiments.question import Seen, Trying
from controller.core.risk.question import Closes, Held, Question, Record
from schemas.trials import Look

Stamp = tuple[int, tuple[str, int] | None]
"""What a history is known by: how long it is, and its newest close."""


class Planned(NamedTuple):
    """What can a test with this plan see?"""

    plan: Mapping[str, Any]


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


def encode_test(question: Trying | Planned) -> bytes:
    """The line of a question about a test."""
    if isinstance(question, Planned):
        return _line({"planned": question.plan})
    looks = [look.model_dump(mode="json") for look in question.looks]
    return _line({"test": question._replace(looks=())._asdict(), "looks": looks})


def decode(lines: IO[bytes], known: dict[str, Closes]) -> Question | Trying | Planned | None:
    """The next question; ``known`` is updated to the histories that it names. None at the end of ``lines``."""
    line = lines.readline()
    if not line:
        return None
    head = json.loads(line)
    if "planned" in head:
        return Planned(head["planned"])
    return _decode_test(head) if "test" in head else _decode_book(head, lines, known)


def _decode_test(head: dict[str, Any]) -> Trying:
    test = Trying(**head["test"])
    return test._replace(
        observed=[Seen(*item) for item in test.observed],
        epochs=[(n_a, n_b, share) for n_a, n_b, share in test.epochs],
        looks=[Look.model_validate(look) for look in head["looks"]],
    )


def _decode_book(head: dict[str, Any], lines: IO[bytes], known: dict[str, Closes]) -> Question:
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
