"""The JSON of a policy, made once for each: a plan publishes, remembers and digests the same few."""

import hashlib

from schemas.policy import Policy, StrategyPolicy, canonical

_KEPT = 2
_REST = set(Policy.model_fields) - {"strategies"}
_texts: tuple[tuple[Policy, str], ...] = ()
"""The newest ones; replaced as a whole, as threads share it."""
_strategies: dict[str, tuple[StrategyPolicy, str]] = {}
"""Those of the newest, by key: the next one shares most of them."""


def text_of(policy: Policy) -> str:
    """The canonical JSON of ``policy``, of which snapshots and digests are made."""
    global _texts
    for known, text in _texts:
        if known is policy:
            return text
    text = _text(policy)
    _texts = (*_texts[1 - _KEPT :], (policy, text))
    return text


def _text(policy: Policy) -> str:
    """Made of the texts of its strategies: ``strategies`` stands where the sorted keys have it."""
    global _strategies
    known, made = _strategies, {}
    for key, strategy in sorted(policy.strategies.items()):
        before = known.get(key)
        if before is None or before[0] is not strategy:
            before = strategy, f"{canonical(key)}:{canonical(strategy.model_dump(mode='json'))}"
        made[key] = before
    _strategies = made
    head = canonical(policy.model_dump(mode="json", include={name for name in _REST if name < "strategies"}))
    tail = canonical(policy.model_dump(mode="json", include={name for name in _REST if name > "strategies"}))
    return f'{head[:-1]},"strategies":{{{",".join(text for _, text in made.values())}}},{tail[1:]}'


def policy_digest(policy: Policy) -> str:
    """As :meth:`schemas.policy.Policy.digest`."""
    return hashlib.sha256(text_of(policy).encode()).hexdigest()
