"""Every safety rule that can be switched off, and the tests that must notice.

Rules that stand in tuples are discovered, not listed: a new rule in ``ADMISSION``, ``ENTRY`` or a ``*_RULES`` tuple is
a new mutant by itself. What is a condition inside a function is listed in :mod:`tests.mutants.fence` and
:mod:`tests.mutants.control`.
"""

import importlib
from collections.abc import Iterator

from tests.mutants.alerts import ALERTS
from tests.mutants.arms import ARMS
from tests.mutants.change import CHANGE
from tests.mutants.control import CONTROLLER
from tests.mutants.fence import FENCE
from tests.mutants.learning import DEMOTION, EVIDENCE, LEARNING
from tests.mutants.liquidation import LIQUIDATION
from tests.mutants.mutant import Mutant
from tests.mutants.recovery import RECOVERY
from tests.mutants.risk import RISK
from tests.mutants.shared import SHARED
from tests.mutants.trials import COMPARED, STORED, TRIALS
from tests.mutants.web import WEB

_CHECK = ("test_gate_check", "test_gate_check_book", "test_gate_check_soft", "test_gate_desk")
_TRUST = ("test_trust", "test_introduction", "test_verifier", "test_verifier_objects", "test_merges")
_DOCUMENTS = ("test_documents",)
_YAML = ("test_yaml_reader",)
_CHAIN = ("test_audit_tampering",)

TUPLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("controller.gate.check", "ADMISSION", _CHECK),
    ("controller.gate.check", "ENTRY", _CHECK),
    ("controller.gate.claim", "BEGIN_RULES", ("test_gate_liquidation",)),
    ("controller.gate.claim", "ORDER_RULES", ("test_gate_liquidation",)),
    ("controller.core.trust.grant", "GRANT_RULES", ("test_grant",)),
    ("controller.core.trust.rules", "SIGNER_RULES", _TRUST),
    ("controller.core.trust.rules", "INTRODUCTION_RULES", _TRUST),
    ("controller.core.trust.rules", "INTRODUCTION_TREE_RULES", _TRUST),
    ("controller.core.trust.rules", "CHANGE_RULES", _TRUST),
    ("controller.core.trust.repair", "REPAIR_RULES", ("test_repair",)),
    ("controller.core.trust.repair", "REPAIR_TREE_RULES", ("test_repair",)),
    (
        "controller.core.desired.transition",
        "KEPT",
        ("test_transition", "test_experiment_documents", "test_learning_documents"),
    ),
    ("controller.core.desired.transition", "ADDED", ("test_transition", "test_learning_documents")),
    (
        "controller.core.desired.validate",
        "RULES",
        ("test_validate", "test_alert_documents", "test_experiment_documents", "test_learning_documents"),
    ),
    ("controller.core.learning.evidence", "GRADUATION_RULES", ("test_evidence",)),
    ("controller.core.desired.documents", "DOCUMENT_RULES", _DOCUMENTS),
    ("controller.core.desired.documents", "TREE_RULES", _DOCUMENTS),
    ("controller.core.desired.yaml_reader", "KEY_RULES", _YAML),
    ("controller.core.desired.yaml_reader", "NODE_RULES", _YAML),
    ("controller.core.desired.yaml_scalars", "SCALAR_RULES", _YAML),
    ("controller.core.desired.yaml_source", "BYTE_RULES", _YAML),
    ("controller.core.desired.yaml_source", "TEXT_RULES", _YAML),
    ("controller.adapters.signatures.sshsig", "FIELD_RULES", ("test_sshsig",)),
    ("controller.adapters.store.chain", "LINK_RULES", _CHAIN),
    ("controller.adapters.store.chain", "HEAD_RULES", _CHAIN),
)


CONDITIONS: tuple[Mutant, ...] = (
    *FENCE,
    *ARMS,
    *CHANGE,
    *CONTROLLER,
    *LIQUIDATION,
    *RECOVERY,
    *RISK,
    *SHARED,
    *WEB,
    *ALERTS,
    *LEARNING,
    *EVIDENCE,
    *DEMOTION,
    *TRIALS,
    *COMPARED,
    *STORED,
)


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
