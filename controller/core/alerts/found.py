"""What the facts say: findings, before anybody decides what becomes of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """That ``rule`` holds for what ``key`` names. ``fields`` fill its message; ``source`` replaces the rule's own."""

    rule: str
    key: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    scope: str = "account"
    source: str = ""
    record: int = 0

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits: the same rule about the same thing has the same."""
        return hashlib.sha256("\0".join((self.rule, *self.key)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found at one moment. ``judged``: rules whose cause could be looked for, so that what they do not find
    is gone; what cannot be looked for is not gone."""

    found: tuple[Found, ...] = ()
    judged: frozenset[str] = frozenset()
