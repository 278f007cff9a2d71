"""The bytes of a batch of events, made once for all streams that are as far.

Were they made in each of two hundred threads, each thread's part of the allocator would keep some of every size.
"""

from functools import lru_cache

from web.live.events import Event

PIECE = 4_096
"""Bytes written at once: what fits whenever the kernel says that something does."""
_MADE = 4
"""Batches remembered: streams are woken together, and some take two steps for what others take in one."""
Batch = tuple[Event, ...]


@lru_cache(_MADE)
def framed(batch: Batch) -> tuple[bytes, ...]:
    """For Server-Sent Events; of no events a comment, which says that the stream lives."""
    data = b"".join(event.frame for event in batch) or b": quiet\n\n"
    return tuple(data[start : start + PIECE] for start in range(0, len(data), PIECE))


@lru_cache(_MADE)
def packed(batch: Batch) -> tuple[bytes, ...]:
    """For a WebSocket: each packet whole, small ones together."""
    return tuple(b"".join(run) for run in _runs(tuple(event.packet for event in batch)))


def _runs(packets: tuple[bytes, ...]) -> list[list[bytes]]:
    runs: list[list[bytes]] = []
    size = PIECE
    for packet in packets:
        if size + len(packet) > PIECE:
            runs.append([])
            size = 0
        runs[-1].append(packet)
        size += len(packet)
    return runs
