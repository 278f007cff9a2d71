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
        (_DESK, "what is applied keeps its windows", "(*before.risk.change.freeze, *goal.desired.risk.change.freeze)", "(*goal.desired.risk.change.freeze,)"),
        (_DESK, "what is wanted has its windows", "(*before.risk.change.freeze, *goal.desired.risk.change.freeze)", "(*before.risk.change.freeze,)"),
        (_DESK, "what lifts by itself is not frozen", "not (goal.releases or _loosens(self._changes(before, goal.desired)))", "False"),
        (_DESK, "a trailer, not prose", "if trailers(commit.message, freeze.TRAILER) and not", "if freeze.TRAILER in commit.message and not"),
        (_DESK, "what comes after the override is not overridden", "and not _loosens(\n                self._changes(self._verifier.desired(commit.id), after)\n            )", ""),
        (_DESK, "the signer's own roles", "frozenset.intersection(*(frozenset(signer.roles if signer else ()) for signer in signers))", "frozenset(Role)"),
    ),
)

_GOAL = "controller.reconcile.goal"
_KNOWN_BAD = "controller.core.change.known_bad"
_SCHEDULE = "controller.core.change.schedule"
_ROLLOUT = "controller.core.change.rollout"
_PARTLY = "controller.core.change.partly"
_PLANNER = "controller.core.plan.planner"
_HANDLERS = "controller.reconcile.handlers"

STAGES = edits(
    ("test_rollout", "test_staged_changes"),
    (
        (_PARTLY, "limits that are not let through stay", "if (_ACCOUNT, name) in keys}\n    limits |= {name: _between", "}\n    limits |= {name: _between"),
        (_PARTLY, "a new strategy that is not let through is not there", "return target if (known.uid, _WHOLE) in keys else base", "return target"),
        (_PARTLY, "fields that are not let through stay", "if scope == base.uid and key in StrategyPolicy.model_fields}", "if key in StrategyPolicy.model_fields}"),
        (_PARTLY, "a ceiling rounds down", "step = way // 1_000_000 if BY_NAME[name].leaf is Leaf.CEILING else -(-way // 1_000_000)", "step = -(-way // 1_000_000)"),
        (_PARTLY, "the venue keeps the stricter status", "strictest_status(strategy.status, part.strategies[uid].status)", "strategy.status"),
        (_PARTLY, "the venue keeps the stricter mode", '"mode": strictest_mode(part.mode, target.mode)', '"mode": target.mode'),
        (_ROLLOUT, "a fall takes it back", "    if loss <= ppm_of_percent", "    if True or loss <= ppm_of_percent"),
        (_ROLLOUT, "a halt takes it back", "    if new:\n", "    if False:\n"),
        (_ROLLOUT, "a stage lasts", "    if now_ns - before.since_ns < stages.minutes * _MINUTE:\n", "    if False:\n"),
        (_ROLLOUT, "silence moves nothing", "if before.stage >= ALL or seen.equity is None:", "if before.stage >= ALL:"),
        (_ROLLOUT, "one strategy first", "count = 1 if at.stage == ONE else", "count = len(among) if at.stage == ONE else"),
        (_ROLLOUT, "something new starts anew", "if before is None or before.loosened != tuple(loosened):", "if before is None:"),
        (_ROLLOUT, "what is not all waits", "    if at.stage >= ALL:\n        return None\n", "    if True:\n        return None\n"),
        (_SCHEDULE, "before its time it waits", "if due.at_ns is None or now_ns < due.at_ns}", "if False}"),
        (_SCHEDULE, "what is no time never comes", "if due.at_ns is None or now_ns", "if due.at_ns is not None and now_ns"),
        (_SCHEDULE, "a time without a zone is none", "if not moments or any(moment.tzinfo is None for moment in moments):", "if not moments:"),
        (_SCHEDULE, "tightening has no say in when", "for change in (item for item in changes if item.direction is Direction.LOOSEN):", "for change in changes:"),
        (_KNOWN_BAD, "what proved bad waits", "    if not found:\n        return None\n", "    if True:\n        return None\n"),
        (_KNOWN_BAD, "the commit itself cannot accept it", "and not (accepted and item.commit != target)]", "and not accepted]"),
        (_KNOWN_BAD, "accepted is forgotten", "if not gone & set(item.loosened))", "if True)"),
        (_DESK, "what was taken back is remembered", "            self._mark(commit, step.failed, due)\n", "            pass\n"),
        (_DESK, "it is on disk", "            write_durably(self._record, record.model_dump_json())\n", "            pass\n"),
        (_DESK, "a rollback is remembered", "if goal.origin.rolls_back and before is not None:", "if False:"),
        (_DESK, "what waits for its date is not let through", "if item[:2] not in late)", "if True)"),
        (_GOAL, "what proved bad brakes", "known_bad.hold(self._memory.record.known_bad, changes,", "known_bad.hold((), changes,"),
        (_GOAL, "a brake beats what is let through", "allowed = let() if hold is None else None", "allowed = let()"),
        (_PLANNER, "the gate holds the part", '        yield Step(phase="adopt", action="publish-part", scope=ACCOUNT)\n', "        pass\n"),
        (_HANDLERS, "the part never without the target", "_publish(context, (context.part, context.target))", "_publish(context, (context.part,))"),
        (_RECONCILER, "what failed for good is remembered", 'self._parts.changes.failed(goal, f"it could not be applied: {error.message}")', "pass"),
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

CHANGE: tuple[Mutant, ...] = (*WINDOWS, *DESK, *STAGES, *REVIEW)
