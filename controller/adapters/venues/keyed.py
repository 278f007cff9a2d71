"""Randomness that belongs to a key, never to a stream: the same key gives the same number after any crash."""

from hashlib import blake2b


def uniform(bound: int, *key: object) -> int:
    """An integer in [0, bound) that is a function of ``key`` alone."""
    return identity(*key) % bound


def identity(*key: object) -> int:
    """64 bits that identify ``key`` (parts joined by a byte that no identifier contains)."""
    text = "\0".join(map(str, key))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
