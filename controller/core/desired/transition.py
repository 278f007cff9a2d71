"""Rules of a move from one tree to the next: what no signature can permit. One function for each rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from controller.core.plan.effective import digests, halt_of, strategy_scope
from schemas.desired import Desired, StrategyStatus, TradingMode
from schemas.experiments import ROLLOUT
from schemas.halts import ACCOUNT, Halt
from schemas.scalars import Model
from schemas.status import Refusal, RefusalReason

MONTH = timedelta(days=30)
"""What a learning phase counts new strategies in."""


@dataclass(frozen=True, slots=True)
class Move:
    """Two trees, the halts that are open now, and uids of strategies that once were."""

    old: Desired
    new: Desired
    open_halts: Sequence[Halt]
    retired: frozenset[str] = frozenset()

    def refusal(self, reason: RefusalReason, message: str, fix: str) -> Refusal:
        """A refusal of the new commit."""
        return Refusal(commit=self.new.commit, reason=reason, message=message, fix=fix)

    def records(self, halt_id: str) -> list[Halt]:
        """All that is known of one halt: what is open now before what documents say."""
        live = [halt for halt in self.open_halts if halt.id == halt_id]
        trees = [tree.halts[halt_id] for tree in (self.old, self.new) if halt_id in tree.halts]
        return live + [halt_of(document) for document in trees]

    @property
    def clears(self) -> list[str]:
        """Ids that the new tree clears and the old one does not."""
        return sorted(set(self.new.cleared) - set(self.old.cleared))

    @property
    def binding(self) -> list[Halt]:
        """Open halts that the new tree does not clear by their digest."""
        return [halt for halt in self.open_halts if not self.cleared_by_new(halt)]

    def cleared_by_new(self, halt: Halt) -> bool:
        """Whether the new tree clears ``halt``."""
        clear = self.new.cleared.get(halt.id)
        return clear is not None and clear.halt_digest in digests(halt)


def validate_transition(
    old: Desired | None, new: Desired, open_halts: Sequence[Halt] = (), retired: frozenset[str] = frozenset()
) -> tuple[Refusal, ...]:
    """Why ``new`` may not follow ``old``; empty when it may. An introduction (no ``old``) follows nothing.

    Parameters: ``open_halts`` — what is open now, as far as the caller knows; ``retired`` — uids of strategies
    of earlier trees, which no strategy may take again.
    """
    if old is None:
        return ()
    move = Move(old, new, open_halts, retired)
    return _asked((*KEPT, *ADDED, rollout_by_steps), move)


def validate_merge(moves: tuple[Move, Move]) -> tuple[Refusal, ...]:
    """Why one tree may not follow two: what either parent holds is kept, and what neither holds is added as elsewhere.

    ``moves``: from each parent to the merge, with the halts that are open there.
    """
    one, other = moves
    joined = one.old.model_copy(
        update={
            "strategies": {**other.old.strategies, **one.old.strategies},
            "halts": {**other.old.halts, **one.old.halts},
            "cleared": {**other.old.cleared, **one.old.cleared},
        }
    )
    halts = {halt.id: halt for move in moves for halt in move.open_halts}
    added = _asked(ADDED, Move(joined, one.new, tuple(halts.values())))
    return (*_asked(KEPT, one), *_asked(KEPT, other), *added, *merged_clear_leaves_paused(one, other))


def _asked(rules: tuple["Rule", ...], move: Move) -> tuple[Refusal, ...]:
    return tuple(refusal for rule in rules for refusal in rule(move))


def records_only_grow(move: Move) -> Iterator[Refusal]:
    """``halts/`` and ``cleared/`` lose nothing, and what is written there stays as it is."""
    folders: tuple[tuple[str, dict[str, Model], dict[str, Model]], ...] = (
        ("halts", dict(move.old.halts), dict(move.new.halts)),
        ("cleared", dict(move.old.cleared), dict(move.new.cleared)),
    )
    for folder, before, after in folders:
        for key, document in before.items():
            if after.get(key) != document:
                path = f"{folder}/{key}.yaml"
                verb = "changed" if key in after else "removed"
                yield move.refusal(
                    RefusalReason.HALT_RECORD_REMOVED,
                    f"{path} is {verb}; halt records are kept for ever",
                    f"git checkout {move.old.commit} -- {path}",
                )


def tests_stay(move: Move) -> Iterator[Refusal]:
    """A test is fixed before its first observation: it stays as it is until it goes, but to be ended, once, and to be
    rolled out."""
    for key, before in move.old.ab_tests.items():
        after = move.new.ab_tests.get(key, before)
        changed = [name for name in type(before).model_fields if getattr(after, name) != getattr(before, name)]
        fixed = [name for name in changed if name != "rollout" and not (name == "status" and before.status == "active")]
        if fixed:
            message = f"ab_tests/{key}.yaml changes {', '.join(changed)}; a test never changes once it is there"
            yield move.refusal(RefusalReason.UNSAFE_PLAN, message, "a changed test is a new test: give it a new id")


def rollout_by_steps(move: Move) -> Iterator[Refusal]:
    """A rollout goes up one step at a time, or back to 0; what is wholly rolled out stays so."""
    for key, after in move.new.ab_tests.items():
        before = move.old.ab_tests[key].rollout if key in move.old.ab_tests else 0
        may = {before, *ROLLOUT[ROLLOUT.index(before) + 1 :][:1], *((0,) if before < ROLLOUT[-1] else ())}
        if after.rollout not in may:
            steps = " or ".join(str(step) for step in sorted(may - {before})) or str(before)
            message = f"ab_tests/{key}.yaml takes its rollout from {before} to {after.rollout}"
            yield move.refusal(RefusalReason.UNSAFE_PLAN, message, f"write `rollout: {steps}`")


def uid_stays(move: Move) -> Iterator[Refusal]:
    """A strategy keeps its uid."""
    for key, strategy in move.new.strategies.items():
        before = move.old.strategies.get(key)
        if before is not None and before.uid != strategy.uid:
            yield move.refusal(
                RefusalReason.UID_CHANGED,
                f"strategies/{key}.yaml changes uid {before.uid} to {strategy.uid}",
                f"write `uid: {before.uid}`; a new strategy needs a new id",
            )


def uid_is_new(move: Move) -> Iterator[Refusal]:
    """A uid that once was is not given to another strategy."""
    present = {strategy.uid for strategy in move.old.strategies.values()}
    for key, strategy in move.new.strategies.items():
        if strategy.uid in move.retired - present:
            yield move.refusal(
                RefusalReason.UID_CHANGED,
                f"strategies/{key}.yaml takes the uid of a strategy that once was",
                "write 32 new random hexadecimal digits",
            )


def halted_object_stays(move: Move) -> Iterator[Refusal]:
    """A strategy with an open halt is neither removed nor given another id."""
    ids = {strategy.uid: key for key, strategy in move.new.strategies.items()}
    held = {halt.scope: halt for halt in move.binding}
    for key, strategy in move.old.strategies.items():
        halt = held.get(strategy_scope(strategy.uid))
        if halt is not None and ids.get(strategy.uid) != key:
            yield move.refusal(
                RefusalReason.HALT_OPEN_ON_OBJECT,
                f"strategy {key} has the open halt {halt.id} and may not be removed or renamed",
                f"gt risk strategy resume {key}, then remove it",
            )


def starts_paused(move: Move) -> Iterator[Refusal]:
    """A new strategy does not start active."""
    known = {strategy.uid for strategy in move.old.strategies.values()}
    for key, strategy in move.new.strategies.items():
        if strategy.uid not in known and strategy.status is StrategyStatus.ACTIVE:
            yield move.refusal(
                RefusalReason.UNSAFE_PLAN,
                f"strategy {key} is new and would start active",
                f"write `status: paused`, then gt risk strategy resume {key}",
            )


def added_stays(move: Move) -> Iterator[Refusal]:
    """The day on which a strategy was added stays as it is."""
    before = {strategy.uid: strategy.added for strategy in move.old.strategies.values()}
    for key, strategy in move.new.strategies.items():
        if strategy.uid in before and before[strategy.uid] != strategy.added:
            message = f"strategies/{key}.yaml changes the day on which it was added"
            yield move.refusal(
                RefusalReason.UNSAFE_PLAN, message, f"git checkout {move.old.commit} -- strategies/{key}.yaml"
            )


def few_enough_new(move: Move) -> Iterator[Refusal]:
    """A learning phase, before or after, may bound how many strategies are added within a month."""
    learnings = (move.old.risk.learning, move.new.risk.learning)
    bounds = [item.phase.new_strategies_per_month for item in learnings]
    known = {strategy.uid for strategy in move.old.strategies.values()}
    new = [strategy for strategy in move.new.strategies.values() if strategy.uid not in known]
    bound = min((item for item in bounds if item is not None), default=None)
    if bound is None or not new:
        return
    undated = [strategy.id for strategy in new if strategy.added is None]
    days = [strategy.added for strategy in move.new.strategies.values() if strategy.added is not None]
    if undated:
        message = f"strategy {undated[0]} does not say when it is added, and the learning phase bounds how many are"
        yield move.refusal(RefusalReason.UNSAFE_PLAN, message, "write `added: YYYY-MM-DD` (gt risk strategy add does)")
    elif any(sum(abs(day - other) < MONTH for other in days) > bound for day in (item.added for item in new) if day):
        message = (
            f"strategy {new[-1].id} is one too many: the learning phase lets {bound} be added within {MONTH.days} days"
        )
        yield move.refusal(RefusalReason.UNSAFE_PLAN, message, "gt risk learning phase show; add it later")


def clear_leaves_paused(move: Move) -> Iterator[Refusal]:
    """Clearing a halt-all of the account leaves no strategy active; an unknown halt counts as one."""
    for halt_id in move.clears:
        active = [key for key, item in sorted(move.new.strategies.items()) if item.status is StrategyStatus.ACTIVE]
        if active and _lifts_everything(move.records(halt_id)):
            yield move.refusal(
                RefusalReason.UNSAFE_PLAN,
                f"cleared/{halt_id}.yaml lifts a halt-all and leaves active: {', '.join(active)}",
                "write `status: paused` into them (gt risk emergency resume does), then resume each",
            )


def clear_names_record(move: Move) -> Iterator[Refusal]:
    """A clear names the digest of the record that its author saw."""
    for halt_id in move.clears:
        records = move.records(halt_id)
        clear = move.new.cleared[halt_id]
        if records and clear.halt_digest not in digests(records[0]):
            yield move.refusal(
                RefusalReason.UNSAFE_PLAN,
                f"cleared/{halt_id}.yaml names digest {clear.halt_digest[:12]}; it is {records[0].digest()[:12]}",
                "gt risk emergency status shows the halt; clear it with gt risk emergency resume",
            )


def clear_is_reviewed(move: Move) -> Iterator[Refusal]:
    """A strategy's halt is cleared by a reviewer with a note; until then its review is open."""
    for halt_id in move.clears:
        clear = move.new.cleared[halt_id]
        of_strategy = any(record.scope != ACCOUNT for record in move.records(halt_id))
        if of_strategy and not ((clear.reviewer or "").strip() and (clear.note or "").strip()):
            yield move.refusal(
                RefusalReason.UNSAFE_PLAN,
                f"cleared/{halt_id}.yaml lifts a strategy's halt and names no reviewer or no note",
                "write `reviewer:` and `note:` into it (gt risk strategy resume ID --note TEXT does)",
            )


def record_is_true(move: Move) -> Iterator[Refusal]:
    """A new record of a halt that is open now says what the halt is."""
    live = {halt.id: halt for halt in move.open_halts}
    for halt_id in sorted(set(move.new.halts) - set(move.old.halts)):
        halt = live.get(halt_id)
        if halt is not None and halt_of(move.new.halts[halt_id]).digest() not in digests(halt):
            yield move.refusal(
                RefusalReason.UNSAFE_PLAN,
                f"halts/{halt_id}.yaml differs from the open halt in scope, mode or time",
                "take the record from the branch gt-risk/halts",
            )


def merged_clear_leaves_paused(one: Move, other: Move) -> Iterator[Refusal]:
    """A clear of a halt-all that one parent alone holds leaves active only what was resumed there after it."""
    for halt_id in sorted(set(one.old.cleared) ^ set(other.old.cleared)):
        holder, without = (one, other) if halt_id in one.old.cleared else (other, one)
        resumed = {item.uid for item in holder.old.strategies.values() if item.status is StrategyStatus.ACTIVE}
        active = [
            key
            for key, item in sorted(without.new.strategies.items())
            if item.status is StrategyStatus.ACTIVE and item.uid not in resumed
        ]
        if active and _lifts_everything([*one.records(halt_id), *other.records(halt_id)]):
            yield without.refusal(
                RefusalReason.UNSAFE_PLAN,
                f"it brings cleared/{halt_id}.yaml, which lifts a halt-all, and leaves active: {', '.join(active)}",
                "write `status: paused` into them, then resume each",
            )


def _lifts_everything(records: Sequence[Halt]) -> bool:
    """Whether a halt with these records is a halt-all of the account; an unknown one counts as such."""
    return not records or any(item.scope == ACCOUNT and item.mode is TradingMode.HALT_ALL for item in records)


Rule = Callable[[Move], Iterator[Refusal]]
KEPT: tuple[Rule, ...] = (records_only_grow, tests_stay, uid_stays, uid_is_new, halted_object_stays, added_stays)
ADDED: tuple[Rule, ...] = (
    starts_paused,
    few_enough_new,
    clear_leaves_paused,
    clear_names_record,
    clear_is_reviewed,
    record_is_true,
)
