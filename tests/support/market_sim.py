"""A whole trading day after day without processes: the real gate desk on the real paper venue, at full speed.

Only latch and policy file are replaced by in-memory ones; drawdown halts are raised as the monitor raises them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.adapters.venues.paper import PaperVenue
from controller.core.desired import documents
from controller.core.plan import drawdown
from controller.core.policy.compile import compile_policy
from controller.gate import shadow
from controller.gate.answer import Clocks
from controller.gate.authority import Authority
from controller.gate.desk import Desk
from controller.gate.policy import PolicyKeeper
from controller.gate.venue import Bar, Event
from controller.gate.views import bar_event, live_state, policy_event
from controller.latch.reader import LatchState
from controller.marketdata.feed import Feed, load_feed
from controller.marketdata.instruments import load_instruments, sectors
from controller.runner.host import Host
from controller.settings import PaperSettings
from schemas.desired import Desired
from schemas.live import LiveState
from schemas.policy import Policy, Snapshot
from tests.support.opened import until_the_end

TEMPLATE = Path(__file__).parents[2] / "desired-state"
CAPITAL = 100_000_000_000
SECOND_NS = 1_000_000_000
HALT = 3


class OneLatch:
    """A latch that never moves: a valid permit naming one policy."""

    def __init__(self, policy_word: int) -> None:
        self._state = LatchState((), "ok", policy_word, 1, "")

    def poll(self, boot_ns: int) -> LatchState:
        return self._state

    def reread(self, boot_ns: int) -> LatchState:
        return self._state


def template_policy(**limits: int) -> Policy:
    """The policy of the shipped template with the shipped sectors; ``limits`` by name with ``__`` for the dot."""
    read = {
        str(path.relative_to(TEMPLATE)): documents.parse(str(path.relative_to(TEMPLATE)), path.read_bytes()).model
        for path in TEMPLATE.rglob("*.yaml")
        if documents.model_for(str(path.relative_to(TEMPLATE)))
    }
    desired = Desired.model_validate(
        {
            "commit": "0" * 40,
            "risk": read["risk_config.yaml"],
            "emergency": read["emergency.yaml"],
            "trust": read["trust.yaml"],
            "strategies": {
                path.removeprefix("strategies/").removesuffix(".yaml"): model
                for path, model in read.items()
                if path.startswith("strategies/")
            },
        }
    )
    policy = compile_policy(desired, sectors(load_instruments()))
    changed = {name.replace("__", "."): value for name, value in limits.items()}
    return policy.model_copy(update={"limits": {**policy.limits, **changed}})


def make_desk(folder: Path, policy: Policy, venue: PaperVenue, clocks: Clocks, version: int = 1) -> Desk:
    """A gate desk that has adopted ``policy``."""
    snapshot = Snapshot(version=version, fence=1, book="b", environment="paper", policies=(policy,))
    folder.mkdir(exist_ok=True)
    (folder / f"{version}.json").write_text(snapshot.text())
    word = version << 24 | int(snapshot.digest()[:6], 16)
    desk = Desk(venue, Authority(OneLatch(word), PolicyKeeper(folder, "paper")), clocks)
    desk.refresh(clocks.boot_ns())
    return desk


@dataclass
class Happening:
    """Something that people would see, and the session (counted from the start) in which it came first."""

    session: int
    date: str
    kind: str
    what: str


@dataclass
class Market:
    """One session a second on a made-up clock."""

    folder: Path
    policy: Policy
    paper: PaperSettings = field(default_factory=PaperSettings)
    feed: Feed = field(default_factory=load_feed)
    data_dir: str = ""
    happenings: list[Happening] = field(default_factory=list)
    equities: list[int] = field(default_factory=list)
    health: dict[str, tuple[str, str]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = 1_000 * SECOND_NS
        self.clocks = Clocks(lambda: self.now, lambda: self.now)
        self.venue = self._open()
        self.desk = make_desk(self.folder / "policy", self.policy, self.venue, self.clocks)
        self.host = Host(self, self.data_dir, lambda event, **fields: None)
        self.peaks: dict[str, int] = {}
        self.seen = 0
        self.halted: set[str] = set()

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """The gate's socket without the socket."""
        return _OPERATIONS[op](self, fields)

    def run(self, sessions: int) -> None:
        """Replay ``sessions`` sessions, the runner following, drawdown watched at every mark."""
        self.host.handle(policy_event(self.desk))
        for number in range(sessions):
            self.now = max(self.now + SECOND_NS, int((self.venue.due() or 0) * 1e9) + 1)
            for event in self.desk.advance(self.now):
                self._emit(event)
            self._watch(number)

    def kill_runner(self) -> None:
        """The runner is killed and comes back: nothing that it knew is left."""
        self.host = Host(self, self.data_dir, lambda event, **fields: None)

    def kill_gate(self) -> None:
        """The gate is killed and comes back on what its venue has journalled."""
        self.venue.close()
        self.venue = self._open()
        self.desk = make_desk(self.folder / "policy", self.policy, self.venue, self.clocks)

    def adopt(self, policy: Policy) -> None:
        """Another policy from now on; the gate starts anew with it."""
        self.policy = policy
        self.kill_gate()
        self.desk.enforce()

    def first(self, kind: str, what: str = "") -> Happening | None:
        """The first happening of this kind about ``what``."""
        return next((h for h in self.happenings if h.kind == kind and what in h.what), None)

    def live(self) -> LiveState:
        """The gate's own state as the controller reads it."""
        return LiveState.model_validate(live_state(self.desk, self.health))

    def _open(self) -> PaperVenue:
        wall_ns, folder = (lambda: self.now), self.folder / "engine"
        return until_the_end(PaperVenue(self.feed, self.paper, folder, CAPITAL, lambda: self.now / 1e9, wall_ns))

    def _emit(self, event: Event) -> None:
        if isinstance(event, Bar):
            self.host.handle(bar_event(event, frozenset()))

    def _watch(self, number: int) -> None:
        live = self.live()
        self.peaks.update(drawdown.raised_peaks(self.policy, live, self.peaks))
        self.equities.append(live.account.equity)
        for found in drawdown.drawdowns(self.policy, live, self.peaks):
            if found.level == "halt" and found.key not in self.halted:
                self.halted.add(found.key)
                self.desk.authority.sticky[found.scope] = HALT
                self.desk.authority.settle()
                self.desk.enforce()
                self._happened(number, "halted", f"{found.key} {found.reason}")
        for decision in self.desk.decisions.since(self.seen):
            self.seen = decision["seq"]
            self._happened(number, decision["kind"], f"{decision['code']} {decision['uid']} {decision['symbol']}")

    def _happened(self, number: int, kind: str, what: str) -> None:
        self.happenings.append(Happening(number, self.venue.book().market_time, kind, what))


def _submit(market: Market, fields: dict[str, Any]) -> dict[str, Any]:
    market.requests.append(fields["order"])
    return market.desk.submit(fields["order"])._asdict()


def _history(market: Market, fields: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "bars": market.venue.history(fields["symbols"], fields["n"])}


def _health(market: Market, fields: dict[str, Any]) -> dict[str, Any]:
    market.health[fields["uid"]] = (fields["condition"], fields["message"])
    return {"ok": True}


def _shadow(market: Market, fields: dict[str, Any]) -> dict[str, Any]:
    test = fields["uid"], fields["test"], fields["epoch"]
    if "look" in fields:
        first, last = shadow.span(market.desk, test)
        return {"ok": True, "first": first, "last": last}
    figures = [fields.get(name, 0) for name in shadow.FIGURES]
    return {"ok": True, "taken": shadow.note(market.desk, test, fields["market_time"], figures)}


_OPERATIONS: dict[str, Callable[[Market, dict[str, Any]], dict[str, Any]]] = {
    "submit": _submit,
    "cancel": lambda market, fields: {"ok": True, "cancelled": market.desk.cancel_order(fields["order"])},
    "state": lambda market, fields: {"ok": True, **live_state(market.desk, market.health)},
    "history": _history,
    "health": _health,
    "shadow": _shadow,
}
