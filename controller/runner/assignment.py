"""Which arm of an A/B test a signal goes to: by its name alone, the same everywhere and for ever, never by date.

A signal is a symbol in a session. Nothing is remembered, so no restart assigns anew.
"""

from hashlib import sha256
from itertools import permutations

PPM = 1_000_000
_WHOLE = 2**64
_BLOCKS = tuple(sorted(set(permutations("AABB"))))


def hashed(test: str, seed: int, epoch: int, signal: str, share_b_ppm: int) -> str:
    """By salted hash: ``share_b_ppm`` of all signals go to B. ``epoch`` counts the rollout's steps."""
    return "B" if _drawn(test, seed, epoch, signal) * PPM < share_b_ppm * _WHOLE else "A"


def blocked(test: str, seed: int, epoch: int, session: str, place: int) -> str:
    """By permuted blocks of four: of every four places in a row (from 0) of a session, two go to each arm."""
    return _BLOCKS[_drawn(test, seed, epoch, f"{session} block {place // 4}") % len(_BLOCKS)][place % 4]


def _drawn(test: str, seed: int, epoch: int, name: str) -> int:
    return int.from_bytes(sha256(f"{test}\0{seed}\0{epoch}\0{name}".encode()).digest()[:8])
