# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of levels and shadows, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

_DRAWDOWN = "controller.core.plan.drawdown"
_LADDERS = "controller.core.risk.ladders"
_LEVELS = "controller.core.risk.levels"
_MONITOR = "controller.reconcile.monitor"
_CHECK = "controller.gate.check"
_AUTHORITY = "controller.core.trust.authority"
_POLICY = "controller.gate.policy"

LEVELS = edits(
    ("test_levels", "test_drawdown"),
    (
        (_DRAWDOWN, "a limit in shadow restricts nothing", "and not item.shadow\n", "\n"),
        (_DRAWDOWN, "a limit in shadow halts nothing", ' and not self.shadow\n', "\n"),
        (_LADDERS, "a restriction begins at nine tenths", 'Rung(900_000, "error"),\n    Rung(750', 'Rung(950_000, "error"),\n    Rung(750'),
        (_LADDERS, "a halt comes at the limit", 'Rung(1_000_000, "halt"),', 'Rung(1_050_000, "halt"),'),
        (_LADDERS, "a level is left later than it is reached", "still = min(lower, before, key=RANKS.index)", "still = now"),
        (_LEVELS, "a restart lifts no restriction", 'return "error" if use.key in _DRAWDOWNS else "clear"', 'return "clear"'),
        (_LEVELS, "profit that carries an allocation over is one warning", "    if key == ALLOCATION:\n        return SOFT\n", ""),
        (_LEVELS, "marks that carry the book over a hard limit are an error", "return HARD if BY_NAME[key].hard else SOFT", "return SOFT"),
    ),
)

BANDS = edits(
    ("test_monitor",),
    (
        (_MONITOR, "a band that begins is planned at once", "        if {item.scope for item in bound} != {item.scope for item in binds}:\n", "        if False:\n"),
        (_MONITOR, "levels are kept for the next goal", "        self.memory.levels = found\n", ""),
    ),
)

SHADOW = edits(
    ("test_gate_check", "test_gate_check_soft"),
    (
        (_CHECK, "only a limit in shadow is passed over", "if denial.limit not in case.policy.shadow or", "if False or"),
        (_CHECK, "an absent limit is in no shadow", " or denial.code == Code.LIMIT_ABSENT:", ":"),
        (_POLICY, "only limits have a shadow", '& SHADOWABLE\n', "\n"),
    ),
)

SHADOW_ROLES = edits(
    ("test_authority",),
    (
        (_AUTHORITY, "a hard limit goes into the shadow by its own role", "hard=not _HARD.isdisjoint(shaded) or ", "hard="),
        (_AUTHORITY, "a limit goes into the shadow by its own rule", "for field in sorted({need.field, *need.shaded})]", "for field in [need.field]]"),
        (_AUTHORITY, "the strictest rule of several", "return max((rule for rule in found", "return min((rule for rule in found"),
    ),
)

RISK: tuple[Mutant, ...] = (*LEVELS, *BANDS, *SHADOW, *SHADOW_ROLES)
