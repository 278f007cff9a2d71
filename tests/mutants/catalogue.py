"""Every safety rule that can be switched off, and the tests that must notice.

Rules that stand in tuples are discovered, not listed: a new rule in ``ADMISSION``, ``ENTRY`` or a ``*_RULES`` tuple is
a new mutant by itself. What is a condition inside a function is listed in :mod:`tests.mutants.fence` and
:mod:`tests.mutants.control`.
"""

import importlib
from collections.abc import Iterator

from tests.mutants.control import CONTROLLER
from tests.mutants.fence import FENCE
from tests.mutants.mutant import Mutant

_CORE = "tests/controller/core"
_CHECK = ("tests/controller/gate/test_gate_check.py", "tests/controller/gate/test_gate_desk.py")
_TRUST = (f"{_CORE}/test_trust.py", "tests/controller/test_verifier.py")
_DOCUMENTS = (f"{_CORE}/test_documents.py",)
_YAML = (f"{_CORE}/test_yaml_reader.py",)
_CHAIN = ("tests/controller/adapters/store/test_audit_tampering.py",)

TUPLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("controller.gate.check", "ADMISSION", _CHECK),
    ("controller.gate.check", "ENTRY", _CHECK),
    ("controller.core.trust", "SIGNER_RULES", _TRUST),
    ("controller.core.trust", "INTRODUCTION_RULES", _TRUST),
    ("controller.core.trust", "INTRODUCTION_TREE_RULES", _TRUST),
    ("controller.core.trust", "CHANGE_RULES", _TRUST),
    ("controller.core.transition", "RULES", (f"{_CORE}/test_transition.py",)),
    ("controller.core.validate", "RULES", (f"{_CORE}/test_validate.py",)),
    ("controller.core.documents", "DOCUMENT_RULES", _DOCUMENTS),
    ("controller.core.documents", "TREE_RULES", _DOCUMENTS),
    ("controller.core.yaml_reader", "KEY_RULES", _YAML),
    ("controller.core.yaml_reader", "NODE_RULES", _YAML),
    ("controller.core.yaml_scalars", "SCALAR_RULES", _YAML),
    ("controller.core.yaml_source", "BYTE_RULES", _YAML),
    ("controller.core.yaml_source", "TEXT_RULES", _YAML),
    ("controller.adapters.signatures.sshsig", "FIELD_RULES", ("tests/controller/adapters/signatures/test_sshsig.py",)),
    ("controller.adapters.store.chain", "LINK_RULES", _CHAIN),
    ("controller.adapters.store.chain", "HEAD_RULES", _CHAIN),
)


CONDITIONS: tuple[Mutant, ...] = (*FENCE, *CONTROLLER)


def mutants() -> Iterator[Mutant]:
    yield from CONDITIONS
    for module, attribute, tests in TUPLES:
        yield from rules(module, attribute, tests)


def rules(module: str, attribute: str, tests: tuple[str, ...]) -> Iterator[Mutant]:
    for rule in getattr(importlib.import_module(module), attribute):
        yield Mutant(module, tests, attribute, rule=rule.__name__)


def find(name: str) -> Mutant:
    """The mutant of that name; imports no module but the mutant's own."""
    module, attribute, *rule = name.split(":")
    for entry in TUPLES:
        if rule and entry[:2] == (module, attribute):
            return Mutant(module, entry[2], attribute, rule=rule[0])
    return next(mutant for mutant in CONDITIONS if mutant.name == name)
