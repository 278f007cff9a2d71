# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of A/B tests, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits

_STANDING = "controller.core.experiments.standing"
_RESTRICTION = "controller.core.experiments.restriction"
_OBSERVATIONS = "controller.core.experiments.observations"
_ANSWER = "controller.core.experiments.answer"
_SHARPE = "controller.core.experiments.sharpe"
_LEDOIT_WOLF = "controller.core.experiments.ledoit_wolf"
_LANE = "controller.reconcile.experiments"
_GOAL = "controller.reconcile.goal"
_INTENTS = "controller.core.plan.trial_intents"
_TRANSITION = "controller.core.desired.transition"

TRIALS = edits(
    ("test_restriction", "test_observations", "test_answer", "test_trial_intents", "test_experiment_documents", "test_experiments"),
    (
        (_STANDING, "B of a decided test gets nothing", "state is None or state not in DECIDED", "True"),
        (_STANDING, "a rollout follows a win", 'return state == "winner_b" if rollout else', "return True if rollout else"),
        (_RESTRICTION, "another document has no B", "same = trial is None or trial.plan == plan_digest(test)", "same = True"),
        (_RESTRICTION, "the share becomes nothing", '"share_b_ppm": 0', '"share_b_ppm": test.share_b_ppm'),
        (_OBSERVATIONS, "fills of another test do not count", "if fill.test == test and fill.arm in _SIDES:", "if fill.arm in _SIDES:"),
        (_OBSERVATIONS, "fees count", "(item.trade.gain - item.trade.fees) * BILLION", "item.trade.gain * BILLION"),
        (_ANSWER, "a losing rollout is taken back", "if seen.high is not None and seen.high < 0:", "if False:"),
        (_ANSWER, "a rollout of uneven arms is taken back", "    if uneven is not None:\n", "    if False:\n"),
        (_GOAL, "what is decided binds", "return without_b(policy, desired.ab_tests, self._store.tests.trials()) if desired.ab_tests else policy", "return policy"),
        (_LANE, "another book ends it", "    if trial.book != live.book:\n", "    if False:\n"),
        (_LANE, "another document ends it", "    if trial.plan != plan_digest(test):\n", "    if False:\n"),
        (_LANE, "a person ends it", '    if test.status != "active":\n', "    if False:\n"),
        (_LANE, "time ends it by the market", "ended = live.market_time[:10] >= last_day(test)", "ended = False"),
        (_INTENTS, "an id is given once", "if name in desired.ab_tests or name in situation.trials:", "if name in desired.ab_tests:"),
        (_INTENTS, "a rollout follows a win", '    if state != "winner_b":\n', "    if False:\n"),
        (_INTENTS, "a returned rollout stays so", '    if state == "returned":\n', "    if False:\n"),
        (_INTENTS, "one step at a time", "    if percent != step:\n", "    if False:\n"),
        (_INTENTS, "a winner's copy sleeps", '_ASLEEP = {"status": "paused", "allocation_pct": "0%"}', '_ASLEEP = {"status": "paused"}'),
        (_TRANSITION, "a rollout goes by steps", "        if after.rollout not in may:\n", "        if False:\n"),
    ),
)

COMPARED = edits(
    ("test_analysis",),
    (
        (_SHARPE, "size alone is no difference", "np.where(variance > NOISE * NOISE, variance, np.nan)", "variance"),
        (_LEDOIT_WOLF, "rounding is no error", "if variance > NOISE else nan", "if variance > 0 else nan"),
    ),
)

STORED = edits(
    ("test_store_contract",),
    (
        ("controller.adapters.store.merge", "what is decided stays decided", "state = later(known.state, new.state)", "state = new.state"),
    ),
)
