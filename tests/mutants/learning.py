# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of the learning phases, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits

_PHASES = "controller.core.learning.phases"
_TRANSITION = "controller.core.desired.transition"
_COMPILE = "controller.core.policy.compile"
_LEAVES = "controller.core.policy.document_leaves"
_EVIDENCE = "controller.core.learning.evidence"
_DEMOTION = "controller.core.learning.demotion"
_GOAL = "controller.reconcile.goal"
_AUTHORISED = "controller.core.trust.authorised"

LEARNING = edits(
    ("test_direction_phase", "test_direction", "test_direction_documents", "test_learning_documents", "test_authorised"),
    (
        (_PHASES, "no phase lifts a hard limit", "max(0, min(MICROS, raised // MICROS))", "max(0, raised // MICROS)"),
        (_PHASES, "the multiplier counts", "raised = micros(phase.position_size_multiplier) * ", "raised = MICROS * "),
        (_PHASES, "the bonus counts", "(MICROS + ppm_of_percent(phase.exploration_bonus))", "MICROS"),
        (_PHASES, "no phase moves what halts", '    "volatility.position_reduction",\n', '    "volatility.position_reduction", "drawdown.strategy_halt_pct",\n'),
        (_PHASES, "what is written back acts as approved", "return acting * MICROS // factor if factor else acting", "return acting"),
        (_COMPILE, "the phase is compiled", "limits=limits | acting,", "limits=limits,"),
        (_LEAVES, "more new strategies loosen", 'yield (_ACCOUNT, name), _leaf(Leaf.CEILING, few, ', 'yield (_ACCOUNT, name), _leaf(Other.NOTE, few, '),
        (_TRANSITION, "the bound before counts", "learnings = (move.old.risk.learning, move.new.risk.learning)", "learnings = (move.new.risk.learning,)"),
        (_TRANSITION, "an undated strategy counts", "    if undated:\n", "    if False:\n"),
        (_AUTHORISED, "a phase that is not approved does not show through a limit", "made = _with(made, risk=_acting(made.risk, key[1], approved))", "pass"),
    ),
)

EVIDENCE = edits(
    ("test_evidence",),
    (
        (_EVIDENCE, "a halt comes before all", "    if shown.barred:\n", "    if False:\n"),
        (_EVIDENCE, "a broken bound is missed", "    if current > bound:\n", "    if False:\n"),
        (_EVIDENCE, "a bound is met when the phase is over", 'return "met" if over else "holding"', 'return "met"'),
        (_EVIDENCE, "a goal is reached by what is known", '    if current is None:\n        return "unknown"\n    return "met" if current >= wanted else "open"', '    return "met" if current is None or current >= wanted else "open"'),
    ),
)

DEMOTION = edits(
    ("test_demotion",),
    (
        (_DEMOTION, "a fall beyond the goal demotes", "if fallen >= limit or (", "if False or ("),
        (_DEMOTION, "it ends well within the bound", "(binds and fallen * 100 > limit * ENDS_PCT)", "False"),
        (_DEMOTION, "what is not known ends nothing", 'return (_restriction(learning, "not known"),) if binds else ()', "return ()"),
        (_DEMOTION, "the stricter cap of both phases", "for name, value in earlier.items() if value < policy.limits[name]}", "for name, value in earlier.items()}"),
        (_GOAL, "demotion restricts", "*self._demotion(desired, found))", "*())"),
        (_GOAL, "a restart lifts no demotion", "binds=binds or (bool(found) and self._memory.levels is None)", "binds=binds"),
        (_GOAL, "the goal is demoted", "policy = demoted(policy, desired.risk.learning, restrictions)", "pass"),
    ),
)
