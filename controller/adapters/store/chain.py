"""Checking the audit chain: pure, shared by every store.

A chain is proved by its own links and by a head (sequence and hash of the newest record) that is kept apart
from it. A crash between the commit and the head leaves the head one behind: that alone is tolerated.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.audit import GENESIS, ChainReport
from schemas.policy import digest_of


class Head(NamedTuple):
    """What the newest record was when the head was written; (0, GENESIS) before the first."""

    seq: int
    hash: str


class Link(NamedTuple):
    """One stored record: ``fields`` are the entry's fields as JSON values."""

    seq: int
    previous: str
    hash: str
    fields: Mapping[str, object]


EMPTY = Head(0, GENESIS)


def follows(head: Head | None, last: Head, before_last: str) -> bool:
    """Whether a table that ends in ``last`` (whose previous hash is ``before_last``) agrees with ``head``."""
    return head in (last, Head(last.seq - 1, before_last))


def verify_chain(links: Iterable[Link], head: Head | None) -> ChainReport:
    """Walk ``links`` (ascending) against ``head``; None is a head file that cannot be read."""
    last, at_head, problem = EMPTY, GENESIS, ""
    open_intents: dict[int, None] = {}
    for link in links:
        problem = _problem(link, last)
        if problem:
            break
        last = Head(link.seq, link.hash)
        if head is not None and link.seq == head.seq:
            at_head = link.hash
        if link.fields["kind"] == "intent":
            open_intents[link.seq] = None
        elif link.fields["kind"] == "outcome":
            open_intents.pop(_number(link.fields["intent"]), None)
    bad_seq = last.seq + 1 if problem else 0
    if not problem:
        bad_seq, problem = _judge_head(head, last, at_head)
    return ChainReport(
        ok=not problem,
        records=last.seq,
        head=last.hash,
        bad_seq=bad_seq,
        problem=problem,
        open_intents=tuple(open_intents),
    )


def _problem(link: Link, last: Head) -> str:
    expected = last.seq + 1
    if link.seq != expected:
        return f"record {expected} is missing (found {link.seq} in its place)"
    if link.previous != last.hash:
        return f"record {expected} does not continue record {last.seq}"
    try:
        computed = digest_of([link.seq, link.previous, link.fields])
    except (TypeError, ValueError) as error:
        return f"record {expected} was changed: {error}"
    return "" if computed == link.hash else f"record {expected} was changed: its hash does not fit its content"


def _judge_head(head: Head | None, last: Head, at_head: str) -> tuple[int, str]:
    if head is None:
        return max(last.seq, 1), "the audit head file is damaged"
    if head.seq > last.seq:
        return last.seq + 1, f"the log was cut: its head is record {head.seq}, the newest kept is {last.seq}"
    if head.hash != at_head:
        return max(head.seq, 1), f"record {head.seq} is not the one that the head names"
    if head.seq < last.seq - 1:
        behind = last.seq - head.seq
        return head.seq + 1, f"the head is {behind} records behind: it was lost or set back"
    return 0, ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
