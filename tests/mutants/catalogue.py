"""Every safety rule that can be switched off, and the tests that must notice.

The rules of a tuple are discovered, not listed: a new rule in ``ADMISSION``, ``ENTRY`` or a ``*_RULES`` tuple is a new
mutant by itself.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from controller.latch.barrier import GateReply

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


_READER = ("tests/controller/latch/test_latch_reader.py",)
_RAISING = ("tests/controller/latch/test_latch_raising.py",)
_HALT = ("tests/controller/test_halt.py",)

FUNCTIONS: tuple[Mutant, ...] = (
    Mutant("controller.latch.raising", "RaiseFile._lock", "", _RAISING, lambda self, slot: True),
    Mutant("controller.latch.raising", "is_open", "", _RAISING, lambda word, released: False),
    Mutant("controller.latch.reader", "passed", "", _READER, lambda word, released: word == released),
    Mutant("controller.latch.reader", "covers", "", _READER, lambda newer, older: True),
    Mutant("controller.latch.reader", "is_valid", "", _READER, lambda word: True),
    Mutant("controller.latch.reader", "check_filesystem", "", _READER, lambda path: None),
    Mutant("controller.latch.reader", "_permit_reason", "", _READER, lambda until, now, boot: "ok"),
    Mutant("controller.latch.reader", "LatchReader._remembered", "", _READER, lambda self: ()),
    Mutant("controller.latch.reader", "LatchReader._mismatch", "", _READER, lambda self, raised, permit: ""),
    Mutant("controller.latch.mapped", "MappedFile.problem", "", _READER, lambda self: ""),
    Mutant("controller.latch.permit", "PermitFile._require_lease", "", _READER, lambda self: None),
    Mutant("controller.latch.permit", "try_lock", "", _READER, lambda fd, start, length: True),
    Mutant("controller.halt", "barrier", "", _HALT, lambda paths, word: [GateReply(path, "") for path in paths]),
    Mutant("controller.halt", "record", "", _HALT, lambda home, entry: (None, "")),
    Mutant("controller.halt", "create_raise_holding", "", _HALT, lambda *_: None),
)


def mutants() -> Iterator[Mutant]:
    yield from FUNCTIONS
    for module, attribute, tests in TUPLES:
        for rule in getattr(importlib.import_module(module), attribute):
            yield Mutant(module, attribute, rule.__name__, tests)


def find(name: str) -> Mutant:
    return next(mutant for mutant in mutants() if mutant.name == name)
