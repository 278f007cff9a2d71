"""The JSON of a policy, made once for each: a plan publishes, remembers and digests the same few."""

import hashlib

from schemas.policy import Policy, canonical

_KEPT = 4
_texts: dict[int, tuple[Policy, str]] = {}


def text_of(policy: Policy) -> str:
    """The canonical JSON of ``policy``, of which snapshots and digests are made."""
    known = _texts.get(id(policy))
    if known is not None and known[0] is policy:
        return known[1]
    text = canonical(policy.model_dump(mode="json"))
    while len(_texts) >= _KEPT:
        _texts.pop(next(iter(_texts)), None)
    _texts[id(policy)] = policy, text
    return text


def digest_of(policy: Policy) -> str:
    """As :meth:`schemas.policy.Policy.digest`."""
    return hashlib.sha256(text_of(policy).encode()).hexdigest()
