"""Merges on real git: what each attack gets, and what a team may do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.reconcile.verifier import Verified
from schemas.status import Refusal, RefusalReason
from tests.support.config_repo import LANDING, make_site, replaced, trust_text
from tests.support.histories import PLAIN, Files, Histories, record

SIGNERS = ("operator", "bot", "emergency", "officer", "trader", "web", "forge")


def limit(percent: int) -> Files:
    return replaced("risk_config.yaml", "max_position_pct: 15%", f"max_position_pct: {percent}%")


def benchmark(name: str) -> Files:
    return replaced("risk_config.yaml", "benchmark: SPX", f"benchmark: {name}")


class Repo(Histories):
    """A site's bare repo and the verdict on its merges, which must not depend on where verification begins."""

    @property
    def base(self) -> str:
        return self.site.pins.introduction

    def advance(self, tip: str, since: str = "") -> Verified:
        """Verify from ``since``; the verdict must be the same from the introduction on and by first parents."""
        found = self.site.advance(self.source, tip, since)
        again = self.site.verifier(self.source).advance("", tip)
        assert (found.refusal is None) is (again.refusal is None)
        return found

    def refusal(self, tip: str, since: str = "") -> Refusal:
        refusal = self.advance(tip, since).refusal
        assert refusal is not None
        assert refusal.fix
        return refusal

    def position(self, tip: str, since: str = "") -> str:
        return str(self.advance(tip, since).required().desired.risk.hard_limits.position.max_position_pct)


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repo]:
    site = make_site(tmp_path, SIGNERS)
    source = site.source()
    yield Repo(site, source)
    source.close()


def test_merge_when_it_takes_what_both_sides_did_then_verified_with_all_that_it_brings(repo: Repo) -> None:
    main = repo.commit(repo.base, limit(10), "emergency", PLAIN)
    side = repo.commit(repo.base, record(1))
    merge = repo.merge(main, side, files=record(1))
    found = repo.advance(merge, main)
    assert (found.commit, found.commits, found.refusal) == (merge, (side, merge), None)
    assert repo.position(repo.merge(side, main, files=limit(10)), main) == "10"


def test_merge_when_it_brings_an_unsigned_commit_then_refused_for_that_commit(repo: Repo) -> None:
    main = repo.commit(repo.base, limit(10))
    side = repo.unsigned(repo.base, record(1))
    merge = repo.merge(main, side, files=record(1), signer="operator", message="Merge" + LANDING)
    refusal = repo.refusal(merge, main)
    assert (refusal.commit, refusal.reason) == (side, RefusalReason.UNSIGNED)
    assert repo.advance(merge).commit == main


@pytest.mark.parametrize(
    ("signer", "message", "reason"),
    [
        ("forge", "Merge" + LANDING, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("trader", "Merge" + LANDING, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("officer", "Merge\n", RefusalReason.NOT_LANDED),
        ("officer", "Merge" + LANDING, None),
    ],
)
def test_merge_when_ours_undoes_a_tightening_then_it_is_the_mergers_own_loosening(
    repo: Repo, signer: str, message: str, reason: RefusalReason | None
) -> None:
    side = repo.commit(repo.base, record(1))
    main = repo.commit(repo.base, limit(10), "emergency", PLAIN)
    merge = repo.merge(side, main, signer=signer, message=message)
    if reason is None:
        assert repo.position(merge, main) == "15"
        return
    refusal = repo.refusal(merge, main)
    assert (refusal.commit, refusal.reason) in ((merge, reason), (merge, RefusalReason.NOT_AUTHORIZED_FOR_PATH))
    assert signer != "trader" or refusal.reason is reason


def test_merge_when_a_side_tightened_and_loosened_again_then_the_stricter_parent_is_expected(repo: Repo) -> None:
    main = repo.commit(repo.commit(repo.base, limit(10)), limit(15))
    side = repo.commit(repo.base, limit(30))
    refusal = repo.refusal(repo.merge(main, side, files=limit(30)), main)
    assert refusal.reason is RefusalReason.NOT_AUTHORIZED_FOR_PATH
    assert "max_position_pct (loosen)" in refusal.message
    assert repo.position(repo.merge(main, side), main) == "15"


def test_merge_when_one_side_loosened_and_landed_it_then_the_forge_may_merge(repo: Repo) -> None:
    main = repo.commit(repo.base, record(1))
    side = repo.commit(repo.base, limit(30), "officer")
    assert repo.position(repo.merge(main, side, files=limit(30)), main) == "30"


def test_merge_when_criss_cross_then_the_stricter_parent_is_expected(repo: Repo) -> None:
    left = repo.commit(repo.base, limit(30), "officer")
    right = repo.commit(repo.base, record(1))
    one = repo.merge(left, right, files=record(1))
    other = repo.merge(right, left, files=limit(30))
    tight = repo.commit(other, limit(20), "emergency", PLAIN)
    assert len(repo.source.merge_bases(one, tight)) == 2
    assert repo.position(repo.merge(one, tight, files=limit(20)), tight) == "20"
    refusal = repo.refusal(repo.merge(one, tight, signer="trader", message="Merge" + LANDING), tight)
    assert refusal.reason is RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION


def test_merge_when_criss_cross_and_one_side_loosens_then_not_taken_from_the_forge(repo: Repo) -> None:
    left, right = repo.commit(repo.base, record(1)), repo.commit(repo.base, record(2))
    one, other = repo.merge(left, right, files=record(2)), repo.merge(right, left, files=record(1))
    loose = repo.commit(other, limit(30), "officer")
    for parents in ((one, loose), (loose, one)):
        merge = repo.merge(*parents, files=limit(30))
        assert repo.refusal(merge, one).commit == merge
    landed = repo.merge(one, loose, files=limit(30), signer="officer", message="Merge" + LANDING)
    assert repo.position(landed, one) == "30"


def test_merge_when_octopus_then_refused(repo: Repo) -> None:
    sides = [repo.commit(repo.base, record(number)) for number in range(3)]
    octopus = repo.merge(*sides, files={**record(1), **record(2)}, signer="operator", message="Merge" + LANDING)
    assert repo.refusal(octopus, sides[0]).reason is RefusalReason.TOO_LARGE


def test_merge_when_histories_are_unrelated_then_refused(repo: Repo) -> None:
    payload = repo.source.stage(repo.base, {}, "A <a@b>", 1, "Another root" + LANDING)
    payload = payload.replace(f"parent {repo.base}\n".encode(), b"")
    root = repo.source.seal(payload, repo.site.key("operator")(payload))
    merge = repo.merge(repo.base, root, signer="operator", message="Merge" + LANDING)
    assert repo.source.merge_bases(repo.base, root) == frozenset()
    refusal = repo.refusal(merge)
    assert (refusal.commit, refusal.reason) == (root, RefusalReason.NOT_DESCENDANT)


def without(repo: Repo, *gone: str) -> Files:
    return {"trust.yaml": trust_text({name: repo.site.line(name) for name in SIGNERS if name not in gone})}


def test_merge_when_it_brings_a_removed_keys_commit_from_before_then_concurrent(repo: Repo) -> None:
    before = repo.commit(repo.base, limit(10), "officer")
    removed = repo.commit(repo.base, without(repo, "officer"))
    refusal = repo.refusal(repo.merge(removed, before, files=limit(10)), removed)
    assert (refusal.commit, refusal.reason) == (before, RefusalReason.CONCURRENT_WITH_TRUST_CHANGE)
    assert "rebase" in refusal.fix
    later = repo.commit(removed, record(1))
    assert repo.refusal(repo.merge(later, before, files=limit(10)), later).commit == before


def test_merge_when_a_side_branch_changes_trust_then_only_before_the_branch_moves_on(repo: Repo) -> None:
    side = repo.commit(repo.base, without(repo, "officer"))
    merge = repo.merge(repo.base, side, files=without(repo, "officer"))
    assert repo.advance(merge).required().commit == merge
    main = repo.commit(repo.base, record(1))
    late = repo.merge(main, side, files=without(repo, "officer"))
    refusal = repo.refusal(late, main)
    assert (refusal.commit, refusal.reason) == (side, RefusalReason.CONCURRENT_WITH_TRUST_CHANGE)


def test_merge_when_two_branches_change_trust_then_concurrent(repo: Repo) -> None:
    main, side = repo.commit(repo.base, without(repo, "officer")), repo.commit(repo.base, without(repo, "web"))
    merge = repo.merge(main, side, files=without(repo, "officer", "web"), signer="operator", message="Merge" + LANDING)
    assert repo.refusal(merge, main).reason is RefusalReason.CONCURRENT_WITH_TRUST_CHANGE


def test_merge_when_its_key_is_known_on_one_side_only_then_refused(repo: Repo) -> None:
    side = repo.commit(repo.base, without(repo, "forge"))
    merge = repo.merge(repo.base, side, files=without(repo, "forge"))
    assert repo.refusal(merge).reason is RefusalReason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("signer", "message", "said"),
    [
        ("officer", "Merge" + LANDING, ""),
        ("officer", "Merge\n", "it has no Gt-Target trailer"),
        ("trader", "Merge" + LANDING, "trader may not make position.max_position_pct (loosen)"),
        ("forge", "Merge" + LANDING, "forge may not make position.max_position_pct (loosen)"),
    ],
)
def test_work_in_progress_when_merged_then_lands_only_by_a_person_with_the_right(
    repo: Repo, signer: str, message: str, said: str
) -> None:
    main = repo.commit(repo.base, record(1))
    loose = repo.commit(repo.base, limit(30), "operator", PLAIN)
    merge = repo.merge(main, loose, files=limit(30), signer=signer, message=message)
    if not said:
        assert repo.position(merge, main) == "30"
        return
    refusal = repo.refusal(merge, main)
    assert (refusal.commit, refusal.reason) == (loose, RefusalReason.NOT_LANDED)
    assert said in refusal.message
    assert repo.advance(merge, main).commit == main


def test_work_in_progress_when_fast_forwarded_then_not_landed_whatever_follows(repo: Repo) -> None:
    loose = repo.commit(repo.base, limit(30), "operator", PLAIN)
    assert repo.refusal(loose).reason is RefusalReason.NOT_LANDED
    after = repo.commit(loose, record(1))
    assert repo.refusal(after).commit == loose
    merge = repo.merge(repo.base, loose, files=limit(30), signer="officer", message="Merge" + LANDING)
    assert repo.refusal(loose).reason is RefusalReason.NOT_LANDED
    assert repo.position(merge) == "30"


def test_work_in_progress_when_an_outer_merge_lands_what_the_inner_did_not_then_verified(repo: Repo) -> None:
    loose = repo.commit(repo.base, limit(30), "operator", PLAIN)
    inner = repo.merge(repo.commit(repo.base, record(1)), loose, files=limit(30))
    main = repo.commit(repo.base, record(2))
    files = {**record(1), **limit(30)}
    assert repo.refusal(repo.merge(main, inner, files=files), main).reason is RefusalReason.NOT_LANDED
    outer = repo.merge(main, inner, files=files, signer="officer", message="Merge" + LANDING)
    assert repo.position(outer, main) == "30"


def test_side_commit_when_its_signer_has_no_right_then_no_merge_helps(repo: Repo) -> None:
    loose = repo.commit(repo.base, limit(30), "trader", PLAIN)
    merge = repo.merge(repo.base, loose, files=limit(30), signer="officer", message="Merge" + LANDING)
    assert repo.refusal(merge).reason is RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION


def test_merge_when_it_drops_a_halt_record_of_a_side_then_refused_whoever_signs(repo: Repo) -> None:
    main, side = repo.commit(repo.base, record(1)), repo.commit(repo.base, record(2))
    for ours, theirs in ((main, side), (side, main)):
        merge = repo.merge(ours, theirs, signer="operator", message="Merge" + LANDING)
        assert repo.refusal(merge, main).reason is RefusalReason.HALT_RECORD_REMOVED


def test_merge_when_both_sides_change_an_opaque_value_then_any_choice_is_the_mergers(repo: Repo) -> None:
    main, side = repo.commit(repo.base, benchmark("QQQ")), repo.commit(repo.base, benchmark("IWM"))
    assert repo.refusal(repo.merge(main, side), main).commit
    merge = repo.merge(main, side, signer="trader", message="Merge" + LANDING)
    assert repo.advance(merge, main).required().desired.risk.account.benchmark == "QQQ"


def test_merge_when_it_changes_what_no_side_changed_then_judged_as_any_commit(repo: Repo) -> None:
    main, side = repo.commit(repo.base, record(1)), repo.commit(repo.base, record(2))
    evil = repo.merge(main, side, files={**record(2), **limit(30)}, signer="trader", message="Merge" + LANDING)
    assert repo.refusal(evil, main).reason is RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION
    hidden = repo.merge(main, side, files={**record(2), "README.md": b"x"}, signer="forge")
    assert repo.refusal(hidden, main).reason is RefusalReason.NOT_AUTHORIZED_FOR_PATH


def test_merge_when_the_local_line_is_its_first_parent_then_judged_alike(repo: Repo) -> None:
    upstream = repo.commit(repo.base, limit(10), "emergency", PLAIN)
    local = repo.commit(repo.base, record(1))
    pulled = repo.merge(local, upstream, files=limit(10), signer="trader")
    found = repo.advance(pulled, upstream)
    assert (found.commit, found.commits) == (pulled, (local, pulled))
    assert repo.refusal(repo.merge(local, upstream, signer="trader"), upstream).commit


def test_merge_when_a_later_commit_is_refused_then_comes_as_far_as_the_merge(repo: Repo) -> None:
    main, side = repo.commit(repo.base, record(1)), repo.commit(repo.base, record(2))
    merge = repo.merge(main, side, files=record(2))
    bad = repo.commit(merge, limit(30), "emergency")
    found = repo.advance(bad, repo.base)
    assert found.commit == merge
    assert set(found.commits) == {main, side, merge}
    assert repo.position(merge, repo.base) == "15"
