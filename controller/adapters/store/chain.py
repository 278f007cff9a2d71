"""Checking the audit chain: pure, shared by every store.

A chain is proved by its own links and by a head (sequence and hash of the newest record) that is kept apart
from it. A crash between the commit and the head leaves the head one behind: that alone is tolerated.
"""

from collections.abc import Callable, Iterable, Mapping
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


def verify_chain(links: Iterable[Link], head: Head | None) -> ChainReport:
    """Walk ``links`` (ascending) against ``head``; None is a head that cannot be read."""
    last, at_head, problem = EMPTY, GENESIS, ""
    open_intents: dict[object, None] = {}
    for link in links:
        problem = next(filter(None, (rule(link, last) for rule in LINK_RULES)), "")
        if problem:
            break
        last = Head(link.seq, link.hash)
        if head is not None and link.seq == head.seq:
            at_head = link.hash
        if link.fields["kind"] == "intent":
            open_intents[link.seq] = None
        elif link.fields["kind"] == "outcome":
            open_intents.pop(link.fields["intent"], None)
    bad_seq = last.seq + 1 if problem else 0
    if not problem:
        found = next(filter(None, (rule(head, last, at_head) for rule in HEAD_RULES)), None)
        bad_seq, problem = found or (0, "")
    return ChainReport(
        ok=not problem,
        records=last.seq,
        head=last.hash,
        bad_seq=bad_seq,
        problem=problem,
        open_intents=tuple(seq for seq in open_intents if isinstance(seq, int)),
    )


def in_sequence(link: Link, last: Head) -> str:
    """No record is missing, added or out of place."""
    expected = last.seq + 1
    return "" if link.seq == expected else f"record {expected} is missing (found {link.seq} in its place)"


def continues(link: Link, last: Head) -> str:
    """Each record names the one before."""
    return "" if link.previous == last.hash else f"record {link.seq} does not continue record {last.seq}"


def fits_its_hash(link: Link, _last: Head) -> str:
    """No field of a record was changed."""
    try:
        computed = digest_of([link.seq, link.previous, link.fields])
    except (TypeError, ValueError) as error:
        return f"record {link.seq} was changed: {error}"
    return "" if computed == link.hash else f"record {link.seq} was changed: its hash does not fit its content"


def head_readable(head: Head | None, last: Head, _at_head: str) -> tuple[int, str] | None:
    """The head file is whole."""
    return (max(last.seq, 1), "the audit head file is damaged") if head is None else None


def not_cut(head: Head | None, last: Head, _at_head: str) -> tuple[int, str] | None:
    """The log reaches up to its head."""
    if head is None or head.seq <= last.seq:
        return None
    return last.seq + 1, f"the log was cut: its head is record {head.seq}, the newest kept is {last.seq}"


def head_in_log(head: Head | None, last: Head, at_head: str) -> tuple[int, str] | None:
    """The record that the head names is the one in the log."""
    if head is None or head.seq > last.seq or head.hash == at_head:
        return None
    return max(head.seq, 1), f"record {head.seq} is not the one that the head names"


def head_not_behind(head: Head | None, last: Head, _at_head: str) -> tuple[int, str] | None:
    """The head is at most one record behind, as a crash leaves it."""
    if head is None or head.seq >= last.seq - 1:
        return None
    return head.seq + 1, f"the head is {last.seq - head.seq} records behind: it was lost or set back"


LINK_RULES: tuple[Callable[[Link, Head], str], ...] = (in_sequence, continues, fits_its_hash)
HEAD_RULES: tuple[Callable[[Head | None, Head, str], tuple[int, str] | None], ...] = (
    head_readable,
    not_cut,
    head_in_log,
    head_not_behind,
)
