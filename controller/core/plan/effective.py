"""Effective state: desired policy, open halts and computed restrictions, the stricter always.

``OPEN`` is (everything known) minus what the applied verified tree clears (safety section 3). Nothing
here can make a policy looser than it was desired.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from schemas.desired import ClearedDocument, HaltDocument, StrategyStatus, TradingMode
from schemas.halts import ACCOUNT, Halt, HaltSource
from schemas.policy import Policy, StrategyPolicy, canonical

_STATUS_OF = {
    TradingMode.NORMAL: StrategyStatus.ACTIVE,
    TradingMode.PAUSE_NEW_ORDERS: StrategyStatus.PAUSED,
    TradingMode.HALT_TRADING: StrategyStatus.HALTED,
    TradingMode.HALT_ALL: StrategyStatus.HALTED,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A computed restriction: it lifts by itself when its cause is gone. ``scope`` as in a halt."""

    scope: str
    mode: TradingMode
    reason: str


def strictest_mode(*modes: TradingMode) -> TradingMode:
    """The strictest of ``modes``; NORMAL for none."""
    return max(modes, key=lambda mode: mode.rank, default=TradingMode.NORMAL)


def strictest_status(*statuses: StrategyStatus) -> StrategyStatus:
    """The strictest of ``statuses``; ACTIVE for none."""
    return max(statuses, key=lambda status: status.rank, default=StrategyStatus.ACTIVE)


def status_under(mode: TradingMode) -> StrategyStatus:
    """The status that a strategy-scoped halt of ``mode`` imposes."""
    return _STATUS_OF[mode]


def strategy_scope(uid: str) -> str:
    """The scope text of one strategy."""
    return f"strategy:{uid}"


def effective(desired: Policy, halts: Iterable[Halt], restrictions: Iterable[Restriction] = ()) -> Policy:
    """``desired`` under every open halt and every restriction: the strictest mode and statuses win.

    A ``halt-all`` of the account, desired or by halt, also halts every strategy. Halts of strategies that
    the policy does not know stay listed and bind nothing here: the gate denies unknown uids.
    """
    halts = tuple(halts)
    restrictions = tuple(restrictions)
    bounds = [(halt.scope, halt.mode) for halt in halts] + [(item.scope, item.mode) for item in restrictions]
    mode = strictest_mode(desired.mode, *(bound for scope, bound in bounds if scope == ACCOUNT))
    strategies = desired.strategies
    if mode is TradingMode.HALT_ALL or any(scope != ACCOUNT for scope, _ in bounds):
        strategies = {uid: _restrict(strategy, mode, bounds) for uid, strategy in strategies.items()}
    ids = tuple(sorted({*desired.halts, *(halt.id for halt in halts)}))
    if (mode, ids) == (desired.mode, desired.halts) and strategies == desired.strategies:
        return desired
    return desired.model_copy(update={"mode": mode, "strategies": strategies, "halts": ids})


def _restrict(strategy: StrategyPolicy, mode: TradingMode, bounds: list[tuple[str, TradingMode]]) -> StrategyPolicy:
    scope = strategy_scope(strategy.uid)
    own = [status_under(bound) for where, bound in bounds if where == scope]
    if mode is TradingMode.HALT_ALL:
        own.append(StrategyStatus.HALTED)
    if not own:
        return strategy
    status = strictest_status(strategy.status, *own)
    return strategy if status is strategy.status else strategy.model_copy(update={"status": status})


@lru_cache(4_096)
def halt_of(document: HaltDocument) -> Halt:
    """The halt that a ``halts/<id>.yaml`` is evidence of."""
    scope = ACCOUNT if document.scope.uid is None else strategy_scope(document.scope.uid)
    opened = document.opened if document.opened.tzinfo else document.opened.replace(tzinfo=UTC)
    known = {source.value for source in HaltSource}
    source = HaltSource(document.channel) if document.channel in known else HaltSource.SYNTHETIC
    return Halt(
        id=document.id,
        scope=scope,
        mode=document.mode,
        opened_ns=(opened - _EPOCH) // timedelta(microseconds=1) * 1_000,
        actor=document.actor,
        source=source,
        reason=document.reason,
        evidenced=True,
    )


def evidence_text(halt: Halt) -> str:
    """The ``halts/<id>.yaml`` of ``halt``; JSON scalars, so every string is quoted safely."""
    opened = (_EPOCH + timedelta(microseconds=halt.opened_ns // 1_000)).isoformat()
    uid = halt.scope.partition(":")[2]
    scope = {"kind": "strategy", "uid": uid} if uid else {"kind": "account"}
    fields: dict[str, object] = {
        "version": 1,
        "id": halt.id,
        "scope": scope,
        "mode": halt.mode.value,
        "opened": opened,
        "actor": halt.actor,
        "channel": halt.source.value,
        "reason": halt.reason,
    }
    return "".join(f"{key}: {canonical(value)}\n" for key, value in fields.items())


def digests(halt: Halt) -> frozenset[str]:
    """The digests by which ``halt`` may be named: with its exact time and as its evidence writes it (µs)."""
    rounded = halt.model_copy(update={"opened_ns": halt.opened_ns // 1_000 * 1_000})
    return frozenset({halt.digest(), rounded.digest()})


def is_cleared(records: Iterable[Halt], cleared: ClearedDocument | None) -> bool:
    """Whether ``cleared`` names one of the records of a halt by its digest; None clears nothing."""
    return cleared is not None and any(cleared.halt_digest in digests(record) for record in records)


def merge(records: Iterable[Halt]) -> Halt:
    """One halt out of what several places know of the same id: the strictest mode, the union of its facts."""
    first, *others = records
    for other in others:
        first = first.model_copy(
            update={
                "mode": strictest_mode(first.mode, other.mode),
                "reason": first.reason or other.reason,
                "actor": first.actor or other.actor,
                "word": first.word or other.word,
                "slot": first.slot if first.word else other.slot,
                "durable": first.durable or other.durable,
                "adopted": first.adopted or other.adopted,
                "evidenced": first.evidenced or other.evidenced,
            }
        )
    return first


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one halt: ``seen`` by raise, journal, store or evidence, ``written`` in the tree by people."""

    seen: tuple[Halt, ...] = ()
    written: tuple[Halt, ...] = ()

    @property
    def merged(self) -> Halt:
        """One halt out of all records."""
        return merge((*self.seen, *self.written))

    def cleared_by(self, cleared: ClearedDocument | None) -> bool:
        """Whether ``cleared`` names it. A record that only the tree has counts while nothing else knows the halt:
        else a written record that differs from the halt could name it by a digest of its own."""
        return is_cleared(self.seen or self.written, cleared)


def gather(seen: Iterable[Halt], written: Iterable[Halt] = ()) -> dict[str, Known]:
    """All records gathered by halt."""
    found: dict[str, tuple[list[Halt], list[Halt]]] = {}
    for halt in seen:
        found.setdefault(halt.id, ([], []))[0].append(halt)
    for halt in written:
        found.setdefault(halt.id, ([], []))[1].append(halt)
    return {halt_id: Known(tuple(records), tuple(documents)) for halt_id, (records, documents) in found.items()}


def open_halts(
    seen: Iterable[Halt],
    cleared: Mapping[str, ClearedDocument],
    released: frozenset[str] = frozenset(),
    written: Iterable[Halt] = (),
) -> tuple[Halt, ...]:
    """OPEN, sorted by (opened, id): the union of all records less what is cleared by digest or was released before.

    Parameters: ``seen`` — records of raise, journal, store and evidence branch, any order, repeats welcome;
    ``cleared`` — of the applied verified tree; ``released`` — ids whose release is recorded: closed for ever;
    ``written`` — the tree's own records.
    """
    still = [
        known.merged
        for halt_id, known in gather(seen, written).items()
        if halt_id not in released and not known.cleared_by(cleared.get(halt_id))
    ]
    return tuple(sorted(still, key=lambda halt: (halt.opened_ns, halt.id)))


def keep_halted(target: Policy, base: Policy | None, halts: Iterable[Halt]) -> tuple[Policy, tuple[str, ...]]:
    """``target`` with every strategy of ``base`` that it lacks while a halt of it is open, halted; their uids, sorted.

    A commit may take a strategy away just before a halt of it lands; it is not gone before the halt is lifted.
    """
    held = {halt.scope for halt in halts}
    lost = {
        uid: strategy.model_copy(update={"status": StrategyStatus.HALTED})
        for uid, strategy in sorted(base.strategies.items() if base else ())
        if uid not in target.strategies and strategy_scope(uid) in held
    }
    if not lost:
        return target, ()
    return target.model_copy(update={"strategies": {**target.strategies, **lost}}), tuple(lost)
