"""OPEN is the union: each place alone keeps a halt open; and only a clear that names it ends it, everywhere."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.adapters.engines.memory import MemoryEngine
from controller.core.desired.documents import parse
from controller.core.plan.drawdown import Drawdown
from controller.core.plan.effective import evidence_text
from controller.halt import CLI, halt
from controller.latch.journal import fold, read_home
from controller.latch.journal_record import HALT as RAISED
from controller.latch.journal_record import Entry
from controller.latch.raising import RaiseFile
from controller.reconcile.monitor import Monitor, covered
from schemas.desired import Desired, HaltDocument, TradingMode
from schemas.halts import Halt
from schemas.live import LiveState
from tests.support.policies import halt as make_halt
from tests.support.rig import UID_A, Rig, clear, desired, journal_of

ONE = make_halt(1, opened_ns=1_768_818_225_000_001_000)


def in_latch(rig: Rig) -> None:
    latch = RaiseFile.open(str(rig.home.raise_file), str(rig.home.permit_file))
    latch.raise_halt(bytes.fromhex(ONE.id), ONE.scope, 3, 0, ONE.opened_ns)
    latch.close()


def in_journal(rig: Rig) -> None:
    journal = journal_of(rig.home)
    journal.append(Entry(RAISED, ONE.id, ONE.opened_ns, scope=ONE.scope, mode=3, source=0, actor="ada"))
    journal.close()


def in_store(rig: Rig) -> None:
    rig.store.save_halt(ONE)


def in_evidence(rig: Rig) -> None:
    rig.history.files[f"halts/{ONE.id}.yaml"] = evidence_text(ONE).encode()
    rig.desk.evidence.load(lambda _: True)


@pytest.mark.parametrize("known", [in_latch, in_journal, in_store, in_evidence])
def test_open_when_one_place_alone_knows_the_halt_then_open(rig: Rig, known: Callable[[Rig], None]) -> None:
    assert rig.desk.open_halts(desired(1)) == ()
    known(rig)
    assert [(item.id, item.mode) for item in rig.desk.open_halts(desired(1))] == [(ONE.id, TradingMode.HALT_ALL)]


def test_open_when_the_tree_alone_knows_the_halt_then_open(rig: Rig) -> None:
    tree = with_record(desired(2))
    assert [item.id for item in rig.desk.open_halts(tree)] == [ONE.id]


def with_record(tree: Desired) -> Desired:
    document = parse(f"halts/{ONE.id}.yaml", evidence_text(ONE).encode()).model
    assert isinstance(document, HaltDocument)
    return tree.model_copy(update={"halts": {ONE.id: document}})


def test_release_then_in_the_latch_in_the_journal_and_in_the_store(rig: Rig) -> None:
    halt_id = halt(str(rig.home.root), "account", 3, "ada", "x", CLI, notify=False).halt_id
    rig.desk.adopt()
    assert rig.desk.words() != ()
    rig.desk.release(halt_id, "2" * 40)
    assert rig.desk.words() == ()
    assert fold(read_home(str(rig.home.root))[0])[halt_id].released
    assert halt_id in rig.store.released()


def test_release_when_two_are_open_then_the_other_binds_on(rig: Rig) -> None:
    first, second = (halt(str(rig.home.root), "account", 3, "ada", "x", CLI, notify=False).halt_id for _ in range(2))
    rig.desk.release(first, "2" * 40)
    assert [item.id for item in rig.desk.open_halts(desired(1))] == [second]
    assert len(rig.desk.words()) == 1


@pytest.mark.parametrize(
    ("cleared", "found"), [({}, False), ({ONE.id: clear(make_halt(2))}, False), ({ONE.id: clear(ONE)}, True)]
)
def test_binding_halt_then_up_for_release_only_when_its_own_digest_is_cleared(
    rig: Rig, cleared: dict[str, Any], found: bool
) -> None:
    in_latch(rig)
    in_journal(rig)
    named = {key: item.model_copy(update={"id": key}) for key, item in cleared.items()}
    assert bool(rig.desk.standing(desired(2, cleared=named))[1]) is found


@pytest.mark.parametrize(
    ("key", "scope", "mode", "expected"),
    [
        ("account", "account", TradingMode.HALT_ALL, True),
        ("account", "account", TradingMode.PAUSE_NEW_ORDERS, False),
        ("account", "account", TradingMode.HALT_TRADING, False),
        ("account", f"strategy:{UID_A}", TradingMode.HALT_ALL, False),
        (UID_A, f"strategy:{UID_A}", TradingMode.HALT_ALL, True),
        (UID_A, f"strategy:{UID_A}", TradingMode.HALT_TRADING, True),
        (UID_A, f"strategy:{UID_A}", TradingMode.PAUSE_NEW_ORDERS, False),
        (UID_A, "account", TradingMode.HALT_ALL, False),
        (UID_A, "strategy:" + "c" * 32, TradingMode.HALT_ALL, False),
    ],
)
def test_breach_then_covered_only_by_a_halt_of_its_own_scope_that_is_strict_enough(
    key: str, scope: str, mode: TradingMode, expected: bool
) -> None:
    assert covered(Drawdown(key, 70, 100, 200_000, "halt"), (one(scope, mode),)) is expected


def one(scope: str, mode: TradingMode) -> Halt:
    return make_halt(7, scope, mode)


@pytest.mark.parametrize(("feed", "told"), [("live", ["market", "monitor"]), ("stale", ["monitor"])])
def test_sample_when_prices_are_stale_then_the_market_makes_no_progress(rig: Rig, feed: str, told: list[str]) -> None:
    class Fed(MemoryEngine):
        def read(self) -> LiveState:
            return super().read().model_copy(update={"feed": feed})

    marks: list[str] = []
    engine = Fed(rig.clock, policies=rig.home.policy)
    Monitor(rig.store, engine, rig.desk, rig.clock, lambda: None, marks.append).sample()
    assert marks == told
