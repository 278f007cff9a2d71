"""The JSON of a policy, made once for each: a plan publishes, remembers and digests the same few."""

import hashlib

from schemas.policy import Policy, canonical

_KEPT = 3
_texts: tuple[tuple[Policy, str], ...] = ()
"""The newest ones; replaced as a whole, as threads share it."""


def text_of(policy: Policy) -> str:
    """The canonical JSON of ``policy``, of which snapshots and digests are made."""
    global _texts
    for known, text in _texts:
        if known is policy:
            return text
    text = canonical(policy.model_dump(mode="json"))
    _texts = (*_texts[1 - _KEPT :], (policy, text))
    return text


def digest_of(policy: Policy) -> str:
    """As :meth:`schemas.policy.Policy.digest`."""
    return hashlib.sha256(text_of(policy).encode()).hexdigest()
