"""The compiled policy as the gate holds it: slots objects, integers only, read from ``policy/<version>.json``.

Money in micro-dollars, percentages and ratios in parts per million, counts and seconds plain.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from controller.gate.orders import PPM

MODES = ("normal", "pause-new-orders", "halt-trading", "halt-all")
STATUSES = ("active", "paused", "halted")
FORMAT = 1
MAX_BYTES = 16_000_000

ORDER_LIMITS = (
    "account.initial_capital",
    "account.margin_multiplier",
    "account.cash_reserve_pct",
    "position.max_position_pct",
    "position.max_position_dollars",
    "position.min_position_dollars",
    "position.max_positions",
    "strategy.max_strategy_allocation_pct",
    "strategy.max_strategies_active",
    "exposure.max_gross_pct",
    "exposure.max_net_pct",
    "order.max_dollars",
    "order.price_collar_pct",
    "order.max_per_minute",
    "order.duplicate_seconds",
    "order.max_price_age",
    "concentration.sector_warning_pct",
    "concentration.sector_reduction_pct",
    "volatility.position_warning",
    "volatility.position_reduction",
)
SHADOWABLE = frozenset(ORDER_LIMITS) - {"account.initial_capital"}
_NONE: Mapping[str, "Policy"] = MappingProxyType({})
_decode = json.JSONDecoder().raw_decode
_KEYS = tuple(name.partition(".")[2] for name in ORDER_LIMITS)


class PolicyRefused(Exception):
    """A snapshot is not adopted; the message says why. What was in force stays."""


class StrategyPolicy:
    """One strategy: ``status`` is its rank in STATUSES, ``allocation`` micro-dollars, no ``universe``: any symbol.

    ``cap`` is the smaller of its allocation and ``most``, what the policy allows to any one strategy. ``test``: (id,
    epoch) of its running A/B test, which no check reads.
    """

    __slots__ = ("allocation", "cap", "max_positions", "source", "status", "test", "uid", "universe")

    def __init__(self, source: Mapping[str, Any], most: int) -> None:
        self.source = source
        self.uid: str = source["uid"]
        self.status: int = STATUSES.index(source["status"])
        self.allocation: int = _whole("allocation", source["allocation"])
        self.cap = min(self.allocation, most)
        limit = source["max_positions"]
        self.max_positions: int = -1 if limit is None else _whole("max_positions", limit)
        self.universe: frozenset[str] = frozenset(source["universe"])
        test = source.get("test")
        self.test: tuple[str, int] | None = (test["id"], test["epoch"]) if test else None


class Bounds:
    """A policy's shares of one ``equity`` in whole micro-dollars, so that a check compares and never multiplies.

    Rounded so that the comparison decides as the exact ratio does: ``x <= bound`` just when
    ``x * PPM <= equity * ppm``; and for ``free_cash``, the least that may be left, ``x >= bound``.
    """

    __slots__ = (
        "all_lines",
        "buying_power",
        "equity",
        "free_cash",
        "gross",
        "line",
        "net",
        "position",
        "sector",
        "sector_reduction",
        "sector_warning",
    )

    def __init__(self, policy: "Policy", equity: int) -> None:
        self.equity = equity
        self.position = equity * policy.max_position_pct // PPM
        self.gross = equity * policy.max_gross_pct // PPM
        self.net = equity * policy.max_net_pct // PPM
        self.buying_power = equity * policy.margin_multiplier // PPM
        self.sector_warning = equity * policy.sector_warning_pct // PPM
        self.sector_reduction = equity * policy.sector_reduction_pct // PPM
        self.sector = min(self.sector_warning, self.sector_reduction)
        self.line = min(self.position, policy.max_position_dollars)
        self.all_lines = min(self.gross, self.buying_power)
        self.free_cash = -(equity * (policy.margin_multiplier - PPM - policy.cash_reserve_pct) // PPM)


class Policy:
    """One compiled commit. ``absent`` names the order limits that it lacks: with any, entries are denied."""

    __slots__ = ("absent", "bounds", "mode", "revision", "sectors", "sectors_id", "shadow", "strategies", *_KEYS)

    initial_capital: int
    margin_multiplier: int
    cash_reserve_pct: int
    max_position_pct: int
    max_position_dollars: int
    min_position_dollars: int
    max_positions: int
    max_strategy_allocation_pct: int
    max_strategies_active: int
    max_gross_pct: int
    max_net_pct: int
    max_dollars: int
    price_collar_pct: int
    max_per_minute: int
    duplicate_seconds: int
    max_price_age: int
    sector_warning_pct: int
    sector_reduction_pct: int
    position_warning: int
    position_reduction: int

    def __init__(self, source: Mapping[str, Any]) -> None:
        self.revision: str = str(source["revision"])
        self.mode: int = MODES.index(source["mode"])
        limits = source["limits"]
        self.absent: tuple[str, ...] = tuple(name for name in ORDER_LIMITS if name not in limits)
        for name, key in zip(ORDER_LIMITS, _KEYS, strict=True):
            setattr(self, key, _whole(name, limits.get(name, 0)))
        self.shadow: frozenset[str] = frozenset(source["shadow"]) & SHADOWABLE
        self.sectors: dict[str, str] = dict(source["sectors"])
        self.sectors_id: str = digest_of(self.sectors)
        most = self.initial_capital * self.max_strategy_allocation_pct // PPM
        strategies = (StrategyPolicy(item, most) for item in source["strategies"].values())
        self.strategies: dict[str, StrategyPolicy] = {item.uid: item for item in strategies}
        self.bounds = Bounds(self, 0)

    def bounds_at(self, equity: int) -> Bounds:
        """The shares of ``equity``, from now on in ``bounds``, where the next order at the same equity finds them."""
        self.bounds = Bounds(self, equity)
        return self.bounds

    def sector(self, symbol: str) -> str:
        """The sector of ``symbol``; ``Unclassified`` when the table does not know it."""
        return self.sectors.get(symbol, "Unclassified")


class Snapshot:
    """What the gate adopts as one: an order must pass every one of its one or two policies (old first).

    ``texts`` are the policies as they were read: one of ``known``, by its text, is not compiled again.
    """

    __slots__ = ("digest", "environment", "fence", "policies", "texts", "version")

    def __init__(self, source: Mapping[str, Any], text: str, known: Mapping[str, Policy]) -> None:
        if source["format"] != FORMAT:
            raise PolicyRefused(f"format {source['format']!r} is not {FORMAT}")
        self.version: int = _whole("version", source["version"])
        self.fence: int = _whole("fence", source["fence"])
        self.environment: str = source["environment"]
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        found = list(_policies(text, known))
        self.texts: tuple[str, ...] = tuple(item for item, _ in found)
        self.policies: tuple[Policy, ...] = tuple(policy for _, policy in found)
        if not 1 <= len(self.policies) <= 2:
            raise PolicyRefused(f"{len(self.policies)} policies; a snapshot holds one or two")

    @property
    def revision(self) -> str:
        """The commit of the newest policy."""
        return self.policies[-1].revision


def _policies(text: str, known: Mapping[str, Policy]) -> Iterator[tuple[str, Policy]]:
    """The policies of a list in canonical JSON, each with its text. Raises ValueError."""
    at, end = 1, len(text) - 1
    if text[:1] != "[" or text[end:] != "]":
        raise ValueError("the policies are no list")
    while at < end:
        same = next((item for item in known if text.startswith(item, at)), "")
        if same:
            policy, after = known[same], at + len(same)
        else:
            source, after = _decode(text, at)
            policy = Policy(source)
        yield text[at:after], policy
        if after != end and (text[after] != "," or after + 1 == end):
            raise ValueError("the policies are no list")
        at = after + 1


def canonical(value: object) -> str:
    """JSON with sorted keys and no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: object) -> str:
    """SHA-256 over :func:`canonical`, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _parts(data: bytes) -> tuple[Mapping[str, Any], str]:
    """A snapshot file's fields, and its policies in canonical JSON, which the controller writes last."""
    head, _, text = data.decode().partition(',"policies":')
    if text.endswith("]}"):
        return json.loads(head + "}"), text[:-1]
    source = json.loads(data)
    return source, canonical(source["policies"])


def parse(data: bytes, known: Mapping[str, Policy] = _NONE) -> Snapshot:
    """Compile a snapshot file. Raises PolicyRefused when anything in it is not as expected."""
    try:
        source, text = _parts(data)
        snapshot = Snapshot(source, text, known)
        declared = source["digest"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise PolicyRefused(f"not a snapshot: {type(error).__name__}: {error}") from error
    if declared != snapshot.digest:
        raise PolicyRefused(f"digest {snapshot.digest[:12]} is not the declared {str(declared)[:12]}")
    return snapshot


class PolicyKeeper:
    """Holds the snapshot in force and adopts what the permit names; never an older version or fence than seen."""

    def __init__(self, folder: Path, environment: str) -> None:
        self._folder = folder
        self._environment = environment
        self._named: tuple[int, int, int] = (0, 0, 0)
        self._fence = 0
        self._permit_fence = 0
        self._version = 0
        self.snapshot: Snapshot | None = None
        self.problem = "no policy named by the permit yet"

    def in_force(self, version: int, digest24: int, fence: int) -> bool:
        """Whether the named snapshot is the one held."""
        return self._named == (version, digest24, fence) and not self.problem

    def adopt(self, version: int, digest24: int, fence: int) -> bool:
        """Adopt the named snapshot; False (``problem`` says why) keeps the one in force."""
        try:
            snapshot = self._load(version, digest24, fence)
        except PolicyRefused as error:
            self.problem = str(error)
            return False
        self.snapshot, self.problem = snapshot, ""
        self._named = (version, digest24, fence)
        self._version, self._fence, self._permit_fence = version, snapshot.fence, fence
        return True

    def _load(self, version: int, digest24: int, fence: int) -> Snapshot:
        if version < max(self._version, 1):
            raise PolicyRefused(f"version {version} is below {max(self._version, 1)}")
        if fence < self._permit_fence:
            raise PolicyRefused(f"permit fence {fence} is below {self._permit_fence}")
        held = self.snapshot
        known = dict(zip(held.texts, held.policies, strict=True)) if held is not None else {}
        snapshot = parse(self._read(version), known)
        if snapshot.version != version:
            raise PolicyRefused(f"file of version {version} says {snapshot.version}")
        if int(snapshot.digest[:6], 16) != digest24:
            raise PolicyRefused(f"version {version}: digest {snapshot.digest[:6]} is not the permit's {digest24:06x}")
        if snapshot.fence < self._fence:
            raise PolicyRefused(f"version {version}: fence {snapshot.fence} is below {self._fence}")
        if snapshot.environment != self._environment:
            raise PolicyRefused(f"version {version} is for {snapshot.environment}, this gate is {self._environment}")
        return snapshot

    def _read(self, version: int) -> bytes:
        path = self._folder / f"{version}.json"
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise PolicyRefused(f"{path.name}: {error.strerror}") from error
        if len(data) > MAX_BYTES:
            raise PolicyRefused(f"{path.name} is over {MAX_BYTES} bytes")
        return data


def _whole(name: str, value: object) -> int:
    if type(value) is not int or value < 0:
        raise PolicyRefused(f"{re.sub(r'[^a-z._]', '', name)} = {value!r} is not a whole number of at least 0")
    return value
