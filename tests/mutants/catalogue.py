"""Every safety rule that can be switched off, and the tests that must notice.

The rules of a tuple are discovered, not listed: a new rule in ``ADMISSION``, ``ENTRY`` or a ``*_RULES`` tuple is a new
mutant by itself.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_GATE = ("tests/controller/gate",)
_CORE = ("tests/controller/core",)
_TRUST = ("tests/controller/core/test_trust.py", "tests/controller/adapters/git", "tests/controller/test_verifier.py")

TUPLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("controller.gate.check", "ADMISSION", _GATE),
    ("controller.gate.check", "ENTRY", _GATE),
    ("controller.core.trust", "SIGNER_RULES", _TRUST),
    ("controller.core.trust", "CHANGE_RULES", _TRUST),
    ("controller.core.transition", "RULES", _CORE),
    ("controller.core.validate", "RULES", _CORE),
    ("controller.core.documents", "DOCUMENT_RULES", _CORE),
    ("controller.core.documents", "TREE_RULES", _CORE),
    ("controller.core.yaml_reader", "KEY_RULES", _CORE),
    ("controller.core.yaml_reader", "NODE_RULES", _CORE),
    ("controller.core.yaml_scalars", "SCALAR_RULES", _CORE),
    ("controller.core.yaml_source", "BYTE_RULES", _CORE),
    ("controller.core.yaml_source", "TEXT_RULES", _CORE),
)


@dataclass(frozen=True)
class Mutant:
    """One rule switched off: removed from its tuple, or its function replaced by ``instead``."""

    module: str
    attribute: str
    rule: str
    tests: tuple[str, ...]
    instead: Any = None

    @property
    def name(self) -> str:
        return f"{self.module}:{self.attribute}:{self.rule}" if self.rule else f"{self.module}:{self.attribute}"

    def apply(self) -> None:
        owner: Any = importlib.import_module(self.module)
        *path, last = self.attribute.split(".")
        for part in path:
            owner = getattr(owner, part)
        before = getattr(owner, last)
        if self.rule:
            after = tuple(item for item in before if item.__name__ != self.rule)
            assert len(after) == len(before) - 1, f"{self.name}: no such rule"
        else:
            after = self.instead
        setattr(owner, last, after)


def mutants() -> Iterator[Mutant]:
    for module, attribute, tests in TUPLES:
        for rule in getattr(importlib.import_module(module), attribute):
            yield Mutant(module, attribute, rule.__name__, tests)


def find(name: str) -> Mutant:
    return next(mutant for mutant in mutants() if mutant.name == name)
