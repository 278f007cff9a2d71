"""A controller in a forked child whose ports live in the parent: it dies by SIGKILL at any call, and the world stays.

Nothing is listed: whatever the child asks of a port is a point. Of the source, which it only reads, and of its own two
writers of files, publisher and halt desk, the child has copies; their calls are points all the same.
"""

import os
import signal
import traceback
from collections.abc import Callable, Iterator, KeysView, Sequence
from contextlib import contextmanager
from itertools import product
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any

from controller.audit import close_open_intents
from controller.halt import CLI, halt
from schemas.desired import Desired, Guards, StrategyStatus, TradingMode
from schemas.policy import Policy
from tests.support.rig import UID_A, UID_B, Rig, clear, desired, make_rig

OWN = frozenset({"publisher", "desk", "source"})
ACTIVE = StrategyStatus.ACTIVE
ORDERS = tuple(product((UID_A, UID_B), (4_000_000, 6_000_000, 8_000_000), (True, False)))
Passing = frozenset[tuple[str, int, bool]]


class _Port:
    """One port as the child sees it."""

    def __init__(self, name: str, port: Any, parent: "Connection[Any, Any]") -> None:
        self._name, self._port, self._parent = name, port, parent

    def __getattr__(self, method: str) -> Any:
        value = getattr(self._port, method)
        return (lambda *args, **more: self._call(method, value, args, more)) if callable(value) else value

    def _call(self, method: str, value: Any, args: Any, more: Any) -> Any:
        if self._name in OWN:
            self._ask(None)
            done = value(*args, **more)
            self._ask(None)
            return done
        plain = tuple(list(item) if isinstance(item, KeysView) else item for item in args)
        return self._ask((self._name, method, plain, more))

    def _ask(self, question: Any) -> Any:
        self._parent.send(question)
        failed, answer = self._parent.recv()
        if failed:
            raise answer
        return answer


def run(rig: Rig, act: Callable[[Rig], object], at: int, after: bool, seen: Callable[[], None]) -> int:
    """Run ``act`` in a child that dies at its ``at``-th call (0: never), before it or ``after`` it; how many it made.

    ``seen`` is called behind every call. The rig keeps the lease; restart it to go on.
    """
    here, there = Pipe()
    child = os.fork()
    if not child:
        here.close()
        _live(rig, act, there)
    there.close()
    calls = 0
    try:
        while True:
            question = here.recv()
            calls += 1
            if calls == at and not after:
                break
            answer = _answer(rig, question)
            seen()
            if calls == at:
                break
            here.send(answer)
    except EOFError:
        at = 0
    if at:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    here.close()
    assert status == (signal.SIGKILL if at else 0), f"the child ended with {status}"
    return calls


def _live(rig: Rig, act: Callable[[Rig], object], parent: "Connection[Any, Any]") -> None:
    code = 1
    try:
        rig.wrap = lambda name, port: _Port(name, port, parent)
        rig.wire()
        act(rig)
        code = 0
    except BaseException:  # noqa: BLE001  # the end of a forked child: whatever it is, it is shown and told
        traceback.print_exc()
    finally:
        os._exit(code)


def _answer(rig: Rig, question: Any) -> tuple[bool, Any]:
    if question is None:
        return False, None
    name, method, args, more = question
    port: Any = {"store": rig.store, "engine": rig.engine}[name]
    try:
        return False, getattr(port, method)(*args, **more)
    except Exception as error:  # noqa: BLE001  # it is the child's
        return True, error


def passing(rig: Rig) -> Passing:
    """Which of ORDERS gate and venue let through now, by the gate's own snapshot and the halts of the latch."""
    snapshot = rig.engine._snapshot
    policies = snapshot.policies if snapshot else ()
    halts = rig.desk.open_halts(None)
    return frozenset(order for order in ORDERS if _passes(rig, policies, halts, *order))


def _passes(rig: Rig, policies: tuple[Policy, ...], halts: Any, uid: str, dollars: int, reducing: bool) -> bool:
    modes = [policy.mode.rank for policy in policies] + [rig.engine.venue_mode.rank]
    modes += [item.mode.rank for item in halts if item.scope in ("account", f"strategy:{uid}")]
    statuses = [policy.strategies[uid].status.rank for policy in policies if uid in policy.strategies]
    statuses.append(rig.engine.venue_statuses.get(uid, ACTIVE).rank)
    if not policies or max(modes) >= 2 or max(statuses) >= 2:
        return False
    small = all(dollars <= policy.limits["order.max_dollars"] for policy in policies)
    return reducing or (small and max(modes) == 0 and max(statuses) == 0)


def world(rig: Rig) -> tuple[object, ...]:
    """What :func:`passing` follows from: both latch files, the journal, the gate's snapshot, the venue's own fences."""
    home, engine = rig.home, rig.engine
    files = (home.raise_file.read_bytes(), home.permit_file.read_bytes()[512:], home.journal.stat().st_mtime_ns)
    return (*files, id(engine._snapshot), engine.venue_mode, *sorted(engine.venue_statuses.items()))


def random_tree(chosen: Random, number: int, **more: Any) -> Desired:
    """A tree of two strategies: any mode, any statuses, any of seven order sizes; no change is held for being large."""
    modes = (TradingMode.NORMAL, TradingMode.NORMAL, *TradingMode)
    statuses = {uid: chosen.choice((ACTIVE, ACTIVE, *StrategyStatus)) for uid in (UID_A, UID_B)}
    limits = {"order.max_dollars": f"${chosen.randint(3, 9)}", "order.max_per_minute": str(chosen.randint(1, 200))}
    made = desired(number, chosen.choice(modes), statuses, limits, **more)
    risk = made.risk.model_copy(update={"guards": Guards.model_validate({"max_changed_pct": "100%"})})
    return made.model_copy(update={"risk": risk})


def change_at_random(rig: Rig, chosen: Random) -> str:
    """One to three commits at once, after a halt now and then; they clear some of those open. The last of them."""
    if chosen.random() < 0.4:
        scope, mode = chosen.choice(("account", f"strategy:{UID_A}")), chosen.randint(1, 3)
        halt(str(rig.home.root), scope, mode, "ada", "drill", CLI, notify=False)
        rig.desk.adopt()
    opened = sorted(rig.desk.open_halts(None), key=lambda item: item.opened_ns)
    ended = [item for item in opened if chosen.random() < 0.6]
    cleared = {**rig.history.trees[-1].cleared, **{item.id: clear(item) for item in ended}}
    first = len(rig.history.trees) + 1
    for number in range(first, first + chosen.randint(1, 3)):
        tip = rig.history.commit(random_tree(chosen, number, cleared=cleared))
    return tip


def settle(rig: Rig) -> None:
    """Two passes: what waits for the first is done in the second."""
    for _ in range(2):
        rig.reconciler.reconcile_once()


@contextmanager
def settled(folder: Path, seed: int) -> Iterator[Rig]:
    """A rig in ``folder`` on which a random tree is in force; its files are gone at the end."""
    rig = make_rig(folder, random_tree(Random(seed), 1))
    try:
        settle(rig)
        yield rig
    finally:
        rig.close()
        rmtree(folder)


def crashed(rig: Rig, seed: int, at: int, after: bool) -> int:
    """Calls made before the end of one pass over the plan of ``seed``; asserts all that is promised."""
    moments = dict[object, Passing]()

    def look() -> None:
        key = world(rig)
        if key not in moments:
            moments[key] = passing(rig)

    (known,) = rig.store.audit(limit=1)
    tip = change_at_random(rig, Random(seed))
    before, words = passing(rig), rig.desk.words()
    calls = run(rig, lambda child: child.reconciler.reconcile_once(), at, after, look)
    begun = len(rig.store.open_intents())
    resumed = any(record.entry.event.endswith(".resume") for record in rig.store.audit_after(known.seq, 100))
    where = f"seed {seed}, call {at}"
    assert resumed or rig.desk.words() == words, f"{where}: released before it was recorded"
    rig.restart()
    close_open_intents(rig.store, rig.clock, lambda _: "not read back")
    settle(rig)
    overview, done = rig.reconciler.memory.overview, passing(rig)
    assert overview is not None and overview.revision.last_applied == tip, f"{where}: not finished"
    for moment in moments.values():
        assert moment <= before | done, f"{where}: {sorted(moment - before - done)} passes"
    assert rig.store.verify_audit().ok and begun <= 1 and not rig.store.open_intents(), f"{where}: the audit log"
    return calls


def story(folder: Path, seeds: Sequence[int]) -> int:
    """The plans of ``seeds``, one after another in one home, each dying at a random call; how many did."""
    died = 0
    with settled(folder, seeds[0]) as rig:
        for seed in seeds:
            chosen = Random(-seed - 1)
            at = chosen.randint(1, 40)
            died += crashed(rig, seed, at, chosen.random() < 0.5) == at
    return died
