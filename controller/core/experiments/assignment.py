"""Which arm a signal goes to: by its name alone, the same everywhere and for ever, and never by the calendar."""

from hashlib import sha256
from itertools import permutations
from typing import Literal

Arm = Literal["a", "b"]
_WHOLE = 2**64
_BLOCKS = tuple(sorted(set(permutations("aabb"))))


def hashed(test: str, seed: int, epoch: int, signal: str, share_b: float) -> Arm:
    """By salted hash; a share ``share_b`` (0 to 1) of all signals goes to B. ``epoch`` counts the rollout's steps."""
    return "b" if _drawn(test, seed, epoch, signal) < round(share_b * _WHOLE) else "a"


def blocked(test: str, seed: int, epoch: int, place: int) -> Arm:
    """By permuted blocks of four: of every four signals in a row, two go to each arm. ``place`` counts from 0."""
    block = _BLOCKS[_drawn(test, seed, epoch, f"block {place // 4}") % len(_BLOCKS)]
    return "a" if block[place % 4] == "a" else "b"


def _drawn(test: str, seed: int, epoch: int, name: str) -> int:
    return int.from_bytes(sha256(f"{test}\0{seed}\0{epoch}\0{name}".encode()).digest()[:8])
