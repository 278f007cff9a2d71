"""The contract of ports.Store, on every adapter. A further one is a further entry of tests.support.stores.STORES."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.adapters.store.retention import DAY, MINUTE, SECOND
from controller.ports import Store
from schemas.audit import GENESIS, chain_hash
from schemas.desired import TradingMode
from schemas.live import FillView, ShadowView
from schemas.plan import Plan
from schemas.status import Revision
from schemas.trials import ArmSeen, Look, Trial
from tests.support import policies
from tests.support.stores import NOW, STORES, decision, entry, order, position
from tests.support.trials import trips

BOOK = "b" * 32


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def test_append_audit_when_empty_then_starts_from_genesis(store: Store) -> None:
    first, second = store.append_audit(entry(1)), store.append_audit(entry(2))
    assert (first.seq, first.previous, first.hash) == (1, GENESIS, chain_hash(1, GENESIS, entry(1)))
    assert (second.seq, second.previous) == (2, first.hash)


def test_verify_audit_when_untouched_then_ok_and_names_the_head(store: Store) -> None:
    assert store.verify_audit().ok
    records = [store.append_audit(entry(number)) for number in range(1, 6)]
    report = store.verify_audit()
    assert (report.ok, report.records, report.head, report.bad_seq) == (True, 5, records[-1].hash, 0)


def test_append_audit_from_many_threads_then_one_unbroken_chain(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda number: store.append_audit(entry(number)), range(40)))
    assert sorted(record.seq for record in records) == list(range(1, 41))
    assert store.verify_audit().ok


def test_audit_then_newest_first_with_every_field(store: Store) -> None:
    full = entry(7, reason="müde\n'; --", before="15%", after="20%", revision="1" * 40, details="{}", level="warn")
    record = store.append_audit(full)
    store.append_audit(entry(8))
    assert [found.entry for found in store.audit()] == [entry(8), full]
    assert store.audit(level="warn") == [record]


def test_audit_after_then_the_chain_goes_on_from_there_oldest_first(store: Store) -> None:
    records = [store.append_audit(entry(number)) for number in range(1, 6)]
    assert list(store.audit_after(0, 2)) == records[:2]
    assert list(store.audit_after(2, 10)) == records[2:]
    assert list(store.audit_after(5, 10)) == []


def test_audit_when_filtered_then_prefix_actor_time_and_limit_apply(store: Store) -> None:
    for number, event in enumerate(("config.change", "config_change", "emergency.halt_all", "strategy.halt"), 1):
        store.append_audit(entry(number, event, actor="Ada" if number < 3 else "Bob"))
    assert [found.entry.event for found in store.audit(event="config.")] == ["config.change"]
    assert [found.entry.event for found in store.audit(event="config_")] == ["config_change"]
    assert [found.seq for found in store.audit(actor="Bob")] == [4, 3]
    assert [found.seq for found in store.audit(since_ns=NOW + 3)] == [4, 3]
    assert [found.seq for found in store.audit(limit=1)] == [4]


def test_open_intents_when_outcome_is_missing_then_names_the_intent(store: Store) -> None:
    left = store.append_audit(entry(1, kind="intent"))
    closed = store.append_audit(entry(2, kind="intent"))
    store.append_audit(entry(3, kind="outcome", intent=closed.seq, outcome="done"))
    assert store.open_intents() == [left]
    assert store.verify_audit().open_intents == (left.seq,)


def test_audited_then_only_ids_that_are_there(store: Store) -> None:
    store.append_audit(entry(1))
    assert store.audited(["aud-1", "aud-2"]) == {"aud-1"}
    assert store.audited([]) == frozenset()


def test_revision_when_saved_then_read_back(store: Store) -> None:
    assert store.revision() == Revision()
    for tip in ("1" * 40, "2" * 40):
        revision = Revision(observed_tip=tip, last_applied="3" * 40)
        store.save_revision(revision)
        assert store.revision() == revision


def test_plan_when_saved_twice_then_kept_once(store: Store) -> None:
    plan = Plan(base=None, target="1" * 40, halts=("a" * 32,))
    assert store.plan(plan.digest()) is None
    store.save_plan(plan, NOW, "refused")
    store.save_plan(plan, NOW + 1, "applied")
    assert store.plan(plan.digest()) == plan


def test_save_halt_when_known_then_facts_grow_and_identity_stays(store: Store) -> None:
    first = policies.halt(1, word=0x1F, slot=3, reason="fire")
    store.save_halt(first)
    store.save_halt(policies.halt(1, mode=TradingMode.PAUSE_NEW_ORDERS, durable=True))
    store.save_halt(policies.halt(1, adopted=True, word=2**64 - 6, slot=4))
    facts = {"durable": True, "adopted": True, "word": 2**64 - 6, "slot": 4}
    assert store.halts() == [first.model_copy(update=facts)]


def test_release_halt_then_never_open_again(store: Store) -> None:
    store.save_halt(policies.halt(1))
    store.save_halt(policies.halt(2, scope=f"strategy:{policies.UIDS[0]}"))
    store.release_halt(policies.halt(1).id, NOW, "1" * 40)
    store.release_halt(policies.halt(1).id, NOW + 1, "2" * 40)
    store.save_halt(policies.halt(1, reason="late"))
    assert [halt.id for halt in store.halts()] == [policies.halt(2).id]
    assert [halt.reason for halt in store.halts(only_open=False)] == ["late", ""]
    assert store.released() == {policies.halt(1).id}


def test_release_halt_when_unknown_then_released_before_it_is_saved(store: Store) -> None:
    store.release_halt(policies.halt(9).id, NOW, "1" * 40)
    store.save_halt(policies.halt(9))
    assert store.halts() == []


def test_peaks_when_saved_then_upserted(store: Store) -> None:
    store.save_peaks({"account": 5, policies.UIDS[0]: 7})
    store.save_peaks({"account": 4})
    store.save_peaks({})
    assert store.peaks() == {"account": 4, policies.UIDS[0]: 7}


def test_samples_then_in_order_within_range_for_one_key(store: Store) -> None:
    for second in (2, 0, 1, 3):
        store.add_samples("equity", NOW + second * SECOND, "2008-09-15", {"account": second, "other": -second})
    store.add_samples("positions", NOW, "2008-09-15", {"account": 99})
    store.add_samples("metrics", NOW, "2008-09-15", {})
    assert store.samples("equity", "account", NOW, NOW + 2 * SECOND) == [
        (NOW, 0),
        (NOW + SECOND, 1),
        (NOW + 2 * SECOND, 2),
    ]
    assert store.samples("metrics", "account", 0, 2 * NOW) == []


def test_add_samples_when_same_time_again_then_last_value_stays(store: Store) -> None:
    store.add_samples("equity", NOW, "2008-09-15", {"account": 1})
    store.add_samples("equity", NOW, "2008-09-15", {"account": 2})
    assert store.samples("equity", "account", NOW, NOW) == [(NOW, 2)]


def test_add_samples_when_series_is_unknown_then_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="unknown series 'equtiy'"):
        store.add_samples("equtiy", NOW, "", {"account": 1})


def test_retain_over_100_days_then_raw_minutes_and_days_remain(store: Store) -> None:
    start = NOW // DAY * DAY
    for day in range(100):
        for minute in (0, 600):
            for second in (0, 30, 59):
                at = start + day * DAY + minute * MINUTE + second * SECOND
                store.add_samples("equity", at, "", {"account": day * 1_000_000 + minute * 1_000 + second})
        store.retain(start + (day + 1) * DAY)
    now = start + 100 * DAY
    for _ in range(3):
        store.retain(now)
    found = dict(store.samples("equity", "account", 0, now))
    assert [at for at in found if at >= now - DAY] == [
        now - DAY + minute * MINUTE + second * SECOND for minute in (0, 600) for second in (0, 30, 59)
    ]
    minutes = [at for at in found if now - 90 * DAY <= at < now - DAY]
    assert len(minutes) == 89 * 2
    assert found[now - 2 * DAY + 600 * MINUTE] == 98 * 1_000_000 + 600_059
    assert [at for at in found if at < now - 90 * DAY] == [start + day * DAY for day in range(10)]
    assert found[start] == 600_059


def test_retain_when_repeated_then_nothing_changes(store: Store) -> None:
    for second in range(120):
        store.add_samples("equity", NOW + second * SECOND, "", {"account": second})
    store.retain(NOW + 2 * DAY)
    found = store.samples("equity", "account", 0, 2 * NOW)
    store.retain(NOW + 2 * DAY)
    assert store.samples("equity", "account", 0, 2 * NOW) == found
    assert [value for _, value in found] == [14, 74, 119]


def fill(seq: int, uid: str = policies.UIDS[0]) -> FillView:
    return FillView(
        seq=seq,
        order=f"o{seq}",
        uid=uid,
        symbol="AAPL",
        side="buy",
        quantity=5,
        price=100_000_000,
        fee=1,
        position=5 * seq,
        market_time="2008-06-02",
        at_ns=NOW,
        arm="B",
        test="t-1",
        epoch=seq,
    )


def test_fills_when_added_twice_then_kept_once_as_first_seen_newest_first(store: Store) -> None:
    store.add_fills(BOOK, [fill(1), fill(2, policies.UIDS[1])])
    store.add_fills(BOOK, [fill(2, policies.UIDS[1]).model_copy(update={"price": 1}), fill(3)])
    store.add_fills(BOOK, [])
    assert store.fills(BOOK) == [fill(3), fill(2, policies.UIDS[1]), fill(1)]
    assert store.fills(BOOK, uid=policies.UIDS[0], limit=1) == [fill(3)]


def test_fills_when_another_book_has_the_same_numbers_then_each_keeps_its_own(store: Store) -> None:
    other = fill(1).model_copy(update={"price": 7})
    store.add_fills(BOOK, [fill(1), fill(2)])
    store.add_fills("c" * 32, [other])
    assert store.fills("c" * 32) == [other]
    assert store.fills(BOOK) == [fill(2), fill(1)]


def test_save_book_when_orders_move_then_positions_and_orders_follow(store: Store) -> None:
    live = policies.live()
    half = order(1, filled=40, average=100_000_000)
    store.save_book(live.model_copy(update={"orders": (half, order(2)), "positions": (position(),)}))
    full = order(1, filled=100, average=106_000_000)
    store.save_book(live.model_copy(update={"orders": (full, order(2)), "as_of_ns": live.as_of_ns + 1}))
    store.save_book(live.model_copy(update={"orders": (full,), "positions": (position(symbol="IBM"),)}))
    assert store.orders() == [order(2), full]
    assert store.orders(uid=full.uid, limit=1) == [full]
    assert store.positions() == [position(symbol="IBM")]


def test_decisions_when_added_twice_then_kept_once_newest_first(store: Store) -> None:
    store.add_decisions([decision(1), decision(2, NOW + 5)])
    store.add_decisions([decision(2, NOW + 5), decision(3, NOW + 6)])
    store.add_decisions([])
    assert [found.seq for found in store.decisions()] == [3, 2, 1]
    assert store.decisions(limit=1) == [decision(3, NOW + 6)]


def test_decided_then_counts_what_was_about_a_limit_since_then_by_kind(store: Store) -> None:
    named = {"limit": "order.max_dollars"}
    store.add_decisions([decision(1), decision(2).model_copy(update=named)])
    store.add_decisions([decision(number, NOW + 5).model_copy(update=named) for number in (3, 4)])
    store.add_decisions([decision(5, NOW + 6).model_copy(update=named | {"kind": "warned"})])
    store.add_decisions([decision(6, NOW + 6).model_copy(update={"limit": ""})])
    assert store.decided(NOW + 5) == {decision(1).kind: 2, "warned": 1}
    assert store.decided(NOW + 7) == {}


def test_decisions_when_the_gate_counts_anew_then_both_are_kept(store: Store) -> None:
    store.add_decisions([decision(1)])
    store.add_decisions([decision(1, NOW + 1)])
    assert len(store.decisions()) == 2


def test_decisions_when_older_than_90_days_then_retain_forgets_them(store: Store) -> None:
    store.add_decisions([decision(1), decision(2, NOW + DAY)])
    store.retain(NOW + 90 * DAY + 1)
    assert [found.seq for found in store.decisions()] == [2]


def test_close_when_repeated_then_harmless(store: Store) -> None:
    store.close()
    store.close()


def trial(**fields: object) -> Trial:
    return Trial.model_validate({"test": "t-1", "strategy": "s", "book": BOOK, "plan": "p", **fields})


def look(n: int, **fields: object) -> Look:
    figures = {"information": n / 120, "z": 1.1, "boundary": 2.9, "spent": 0.001, "p": 0.3, "shown": 0.7}
    return Look.model_validate({"n": n, **figures, **fields})


def test_trial_when_saved_with_a_look_then_read_back_as_one(store: Store) -> None:
    assert store.tests.trials() == {}
    seen = trial(state="running", began={0: "2008-09-15"}, n=34, a=ArmSeen(n=18, pnl=-5, curve=(("2008-09-16", 0.1),)))
    looks = [look(34, crossed="b"), look(36, p=1 / 3)]
    store.tests.save_trial(trial())
    store.tests.save_trial(seen, looks)
    store.tests.save_trial(seen, [look(34, shown=0.1)])
    assert store.tests.trials() == {"t-1": seen}
    assert list(store.tests.looks("t-1")) == looks
    assert list(store.tests.looks("t-2")) == []


def test_trial_when_decided_then_stays_so_and_counts_on(store: Store) -> None:
    store.tests.save_trial(trial(state="winner_b", decided_ns=7, decided_market="2008-09-15", reason="crossed"))
    store.tests.save_trial(trial(state="running", n=90, reason="later"))
    kept = store.tests.trials()["t-1"]
    assert (kept.state, kept.decided_ns, kept.reason, kept.n) == ("winner_b", 7, "crossed", 90)
    store.tests.save_trial(trial(state="returned", decided_ns=9, reason="it lost"))
    kept = store.tests.trials()["t-1"]
    assert (kept.state, kept.decided_ns, kept.reason) == ("returned", 9, "it lost")


def test_shadows_when_added_again_then_kept_once_each_by_book_and_test(store: Store) -> None:
    def shadow(seq: int, test: str = "t-1") -> ShadowView:
        return ShadowView(
            seq=seq, uid="u", test=test, epoch=0, market_time=f"2008-09-{seq:02d}", return_a=-seq, return_b=seq
        )

    assert store.tests.last_shadow(BOOK) == 0
    store.tests.add_shadows(BOOK, [shadow(1), shadow(2, "t-2")])
    store.tests.add_shadows(BOOK, [shadow(2), shadow(3)])
    store.tests.add_shadows("c" * 32, [shadow(9)])
    assert list(store.tests.shadows(BOOK, "t-1")) == [shadow(1), shadow(3)]
    assert store.tests.last_shadow(BOOK) == 3


def test_fills_when_of_one_test_then_no_others(store: Store) -> None:
    fills = trips("A", [0.1]) + trips("B", [0.1], first=3, test="t-2", uid="v")
    store.add_fills(BOOK, fills)
    assert list(store.fills(BOOK, test="t-1")) == [fills[1], fills[0]]
    assert list(store.fills(BOOK, uid="v", test="t-1")) == []
