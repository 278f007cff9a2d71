"""The compiled policy as leaves: every field of Policy and StrategyPolicy declares its order here."""

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from controller.core.policy.leaves import Key, Kind, LeafValue, Other, require_declared
from schemas.limits import BY_NAME, Leaf, Limit, Unit
from schemas.plan import Direction
from schemas.policy import Policy, StrategyPolicy, TestPolicy, canonical, digest_of
from schemas.scalars import MICROS, money_text

POLICY: dict[str, Leaf | Other] = {
    "revision": Other.NOTE,
    "account": Leaf.OPAQUE,
    "mode": Leaf.RANK,
    "limits": Other.COMPILED,
    "written": Other.NOTE,
    "shadow": Leaf.ALLOW_SET,
    "strategies": Other.COMPILED,
    "sectors": Leaf.OPAQUE,
    "halts": Leaf.DENY_SET,
}
STRATEGY: dict[str, Leaf | Other] = {
    "uid": Leaf.OPAQUE,
    "id": Leaf.OPAQUE,
    "name": Leaf.OPAQUE,
    "status": Leaf.RANK,
    "allocation": Leaf.CEILING,
    "max_positions": Leaf.CEILING,
    "module": Leaf.OPAQUE,
    "parameters": Leaf.OPAQUE,
    "universe": Leaf.ALLOW_SET,
    "test": Leaf.ALLOW_SET,
}
require_declared(Policy, POLICY)
require_declared(StrategyPolicy, STRATEGY)
_ACCOUNT = "account"
_RISK = "risk_config.yaml"
_KINDS: dict[str, Kind] = {"status": "status", "allocation": "allocation"}


def limit_text(name: str, value: int) -> str:
    """A compiled limit as the spec prints it: ``15%``, ``$25,000``."""
    limit = BY_NAME.get(name)
    return str(value) if limit is None else limit.text(decompile(limit, value))


def decompile(limit: Limit, value: int) -> Decimal:
    """The written value of a compiled limit: the inverse of ``Limit.compile``."""
    if limit.unit is Unit.PERCENT:
        return Decimal(value) / 10_000
    return Decimal(value) / MICROS if limit.unit in (Unit.MONEY, Unit.RATIO) else Decimal(value)


def flatten(policy: Policy) -> dict[Key, LeafValue]:
    """Every control value of ``policy`` by (scope, key); scope is ``account`` or a strategy uid."""
    return dict(
        [
            *account_leaves(policy),
            *(leaf for strategy in policy.strategies.values() for leaf in strategy_leaves(strategy)),
        ]
    )


def account_leaves(policy: Policy) -> Iterator[tuple[Key, LeafValue]]:
    """Every control value of ``policy`` but those of its strategies."""

    def at(key: str, leaf: LeafValue) -> tuple[Key, LeafValue]:
        return (_ACCOUNT, key), leaf

    yield at("account", LeafValue(POLICY["account"], policy.account, policy.account, "document", "account.name", _RISK))
    yield at(
        "mode",
        LeafValue(POLICY["mode"], policy.mode.rank, policy.mode.value, "mode", "trading_mode", "emergency.yaml"),
    )
    for name, value in policy.limits.items():
        yield at(name, _limit(name, value, policy.written.get(name, value)))
    yield at("shadow", _set(POLICY["shadow"], policy.shadow, "document", "shadow", _RISK))
    yield at("halts", _set(POLICY["halts"], policy.halts, "halt", "halts"))
    for symbol, sector in policy.sectors.items():
        yield at(f"sectors.{symbol}", _sector(symbol, sector))


@lru_cache(4_096)
def _sector(symbol: str, sector: str) -> LeafValue:
    label = f"sectors.{symbol}"
    return LeafValue(POLICY["sectors"], sector, sector, "document", label, removed=Direction.LOOSEN)


@lru_cache(4_096)
def _limit(name: str, value: int, written: int) -> LeafValue:
    order = BY_NAME[name].leaf if name in BY_NAME else Leaf.OPAQUE
    return LeafValue(order, value, limit_text(name, written), "limit", name, _RISK, acts=limit_text(name, value))


def _set(order: Leaf | Other, items: tuple[str, ...], kind: Kind, label: str, path: str = "") -> LeafValue:
    return LeafValue(order, frozenset(items), ", ".join(sorted(items)) or "none", kind, label, path)


def strategy_leaves(strategy: StrategyPolicy) -> Iterator[tuple[Key, LeafValue]]:
    """Every control value of one strategy by (uid, key)."""
    path = f"strategies/{strategy.id}.yaml"
    values: dict[str, tuple[int | str | frozenset[str] | None, str]] = {
        "uid": (strategy.uid, strategy.uid),
        "id": (strategy.id, strategy.id),
        "name": (strategy.name, strategy.name),
        "status": (strategy.status.rank, strategy.status.value),
        "allocation": (strategy.allocation, money_text(Decimal(strategy.allocation) / MICROS)),
        "max_positions": (strategy.max_positions, _count(strategy.max_positions)),
        "module": (strategy.module, strategy.module),
        "parameters": (canonical(strategy.parameters), canonical(strategy.parameters)),
        "universe": (frozenset(strategy.universe) or None, ", ".join(strategy.universe) or "every symbol"),
    }
    for key, (value, text) in values.items():
        leaf = LeafValue(STRATEGY[key], value, text, _KINDS.get(key, "strategy"), f"{strategy.id}.{key}", path)
        yield (strategy.uid, key), leaf
    if strategy.test is not None:
        yield (strategy.uid, "test"), _test(strategy.test, f"{strategy.id}.test")


def _test(test: TestPolicy, label: str) -> LeafValue:
    """The hundredths of traffic that the test gives to B: a smaller share of the same test tightens, all else loosens,
    its end too."""
    rest = digest_of(test.model_dump(mode="json", exclude={"share_b_ppm"}))
    parts = frozenset(f"{rest} {part}" for part in range(test.share_b_ppm // 10_000 + 1))
    text, path = canonical(test.model_dump(mode="json")), f"ab_tests/{test.id}.yaml"
    return LeafValue(STRATEGY["test"], parts, text, "strategy", label, path, removed=Direction.LOOSEN)


def _count(bound: int | None) -> str:
    return "unbounded" if bound is None else str(bound)
