# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of change control, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

_FREEZE = "controller.core.change.freeze"
_SESSIONS = "controller.core.change.sessions"
_DESK = "controller.reconcile.change_desk"
_LEAVES = "controller.core.policy.document_leaves"
_RECONCILER = "controller.reconcile.reconciler"
_MARKDOWN = "cli.render.markdown"
_CHECKOUT = "controller.checkout"

WINDOWS = edits(
    ("test_freeze", "test_sessions"),
    (
        (_FREEZE, "a window that is open holds", "    if not frozen:\n        return None\n", "    if True:\n        return None\n"),
        (_FREEZE, "only a role of the window passes it", "if not set(item.window.override) & set(overrides)]", "if not overrides]"),
        (_FREEZE, "the last end counts", "max(end for end in ends if end is not None)", "min(end for end in ends if end is not None)"),
        (_FREEZE, "a window ends", "or now >= (end := opened.astimezone(UTC) + length):", "or not (end := opened.astimezone(UTC) + length):"),
        (_FREEZE, "openings that touch are one", "if again is None or again.astimezone(UTC) > end:", "if True:"),
        (_FREEZE, "the window's own zone", "    zone = ZoneInfo(window.zone)\n", '    zone = ZoneInfo("UTC")\n'),
        (_FREEZE, "the exchange closes", "hours[0] <= here < hours[1]", "hours[0] <= here"),
        (_FREEZE, "the loop looks at the end", "return max(_SOON, left) if left < most else 0.0", "return 0.0"),
        (_SESSIONS, "holidays", "or day in holidays(day.year):", "or False:"),
        (_SESSIONS, "early closes", "close = _EARLY if _closes_early(day) else _CLOSE", "close = _CLOSE"),
        (_LEAVES, "a window that goes loosens", 'Leaf.OPAQUE, text, text, "document", name, "risk_config.yaml", Direction.TIGHTEN, Direction.LOOSEN', 'Leaf.OPAQUE, text, text, "document", name, "risk_config.yaml", Direction.TIGHTEN, Direction.TIGHTEN'),
    ),
)

DESK = edits(
    ("test_freeze_windows",),
    (
        (_RECONCILER, "what waits holds", "first_hold(pause_of(found.seen, jumped()), waits(goal))", "first_hold(pause_of(found.seen, jumped()))"),
        (_DESK, "what is applied keeps its windows", "windows = (*before.risk.change.freeze, *goal", "windows = (*goal"),
        (_DESK, "what is wanted has its windows", "*goal.desired.risk.change.freeze)", ")"),
        (_DESK, "what lifts by itself is not frozen", "not (goal.releases or self._loosens(before, goal.desired))", "False"),
        (_DESK, "a clear is frozen", "not (goal.releases or self._loosens(before, goal.desired))", "not self._loosens(before, goal.desired.model_copy(update={'cleared': before.cleared}))"),
        (_DESK, "a trailer, not prose", "if trailers(commit.message, freeze.TRAILER) and not", "if freeze.TRAILER in commit.message and not"),
        (_DESK, "what comes after the override is not overridden", "if trailers(commit.message, freeze.TRAILER) and not self._loosens(self._verifier.desired(commit.id), after):", "if trailers(commit.message, freeze.TRAILER):"),
        (_DESK, "the signer's own roles", "frozenset.intersection(*(frozenset(signer.roles if signer else ()) for signer in signers))", "frozenset(Role)"),
    ),
)

REVIEW = edits(
    ("test_checkout", "test_review_workflows"),
    (
        (_CHECKOUT, "the trust of the base judges", "trust = self._reader().desired(base).trust\n        if", "trust = self._reader().desired(self._source.local_tip()).trust\n        if"),
        (_CHECKOUT, "nothing is written to the checkout", 'extra = {"GIT_OBJECT_DIRECTORY": folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git_dir / "objects")}', "extra: dict[str, str] = {}"),
        (_CHECKOUT, "the base says who signs", "signings(before, paths,", "signings(head, paths,"),
        (_MARKDOWN, "no markup from a document", """.replace("`", "'")""", ""),
        (_MARKDOWN, "no cell from a document", """.replace("|", "\\\\|")""", ""),
        (_MARKDOWN, "no longer than a forge takes", "        if size > _SIGNS:\n", "        if False:\n"),
    ),
)

CHANGE: tuple[Mutant, ...] = (*WINDOWS, *DESK, *REVIEW)
