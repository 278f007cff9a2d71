"""What the bare repo's hook takes and what it refuses, asked in process: objects are there, no branch has moved."""

import pytest

from controller.adapters.git.receive import Verdict, judge
from controller.adapters.git.source import EVIDENCE, GitSource
from controller.adapters.git.writer import ZERO
from controller.core.plan.effective import evidence_text
from controller.latch.journal import Journal, create
from controller.latch.journal_record import HALT, Entry
from controller.settings import load
from schemas.desired import TradingMode
from tests.support.config_repo import Site, replaced
from tests.support.policies import halt

MAIN, HALTS = "refs/heads/main", EVIDENCE
LOOSER = replaced("risk_config.yaml", "max_positions: 20", "max_positions: 30")
RECORD = {f"halts/{number:032x}.yaml": evidence_text(halt(number)).encode() for number in (1, 2)}
FIRST, SECOND = RECORD


def push(site: Site, old: str, new: str, ref: str = MAIN) -> Verdict:
    return judge(load({"GT_RISK_HOME": str(site.home.root)}), [f"{old} {new} {ref}\n"], {})


def test_push_when_signed_and_allowed_then_taken(site: Site, source: GitSource) -> None:
    assert push(site, source.tip(), site.commit(source, LOOSER)).accepted


def test_push_when_the_signer_may_not_then_refused(site: Site, source: GitSource) -> None:
    verdict = push(site, source.tip(), site.commit(source, LOOSER, "bot"))
    assert not verdict.accepted
    assert any("NotAuthorized" in line for line in verdict.said)


def test_push_when_it_rewinds_then_refused(site: Site, source: GitSource) -> None:
    first, tip = source.tip(), site.commit(source, LOOSER)
    assert push(site, first, tip).accepted
    assert not push(site, tip, first).accepted


@pytest.mark.parametrize(
    ("old", "new", "ref", "why"),
    [
        ("tip", "tip", "refs/heads/other", "only main lives here"),
        ("tip", "tip", "refs/tags/v1", "only main lives here"),
        ("tip", ZERO, MAIN, "may not be deleted"),
        ("tip", ZERO, HALTS, "may not be deleted"),
        (ZERO, "tip", MAIN, "made by gt risk init"),
    ],
)
def test_push_when_to_another_branch_or_deleting_then_refused(
    site: Site, source: GitSource, old: str, new: str, ref: str, why: str
) -> None:
    tip = source.tip()
    verdict = push(site, old.replace("tip", tip), new.replace("tip", tip), ref)
    assert not verdict.accepted
    assert why in verdict.said[0]


def test_push_when_it_writes_a_halt_down_then_judged_by_the_journal_too(site: Site, source: GitSource) -> None:
    one = halt(1, opened_ns=1_768_818_225_000_000_000)
    milder = one.model_copy(update={"mode": TradingMode.PAUSE_NEW_ORDERS})
    false, true = (site.commit(source, {FIRST: evidence_text(item).encode()}) for item in (milder, one))
    create(str(site.home.journal))
    journal = Journal(str(site.home.journal))
    journal.append(Entry(HALT, one.id, one.opened_ns, scope=one.scope, mode=3, source=0, actor="ada"))
    journal.close()
    assert not push(site, source.tip(), false).accepted
    assert push(site, source.tip(), true).accepted


def evidence(site: Site, source: GitSource, files: dict[str, bytes | None], signer: str = "bot") -> Verdict:
    """Push a commit on top of one that holds the first record."""
    parent = source.publish_evidence({FIRST: RECORD[FIRST]}, "halts: first\n", site.own)
    return push(site, parent, site.commit(source, files, signer, "halts: more\n", parent), HALTS)


def test_evidence_when_the_bot_adds_a_record_then_taken(site: Site, source: GitSource) -> None:
    assert evidence(site, source, {SECOND: RECORD[SECOND]}).accepted


@pytest.mark.parametrize("signer", ["operator", "stranger"])
def test_evidence_when_not_by_the_bot_then_refused(site: Site, source: GitSource, signer: str) -> None:
    assert not evidence(site, source, {SECOND: RECORD[SECOND]}, signer).accepted


@pytest.mark.parametrize(
    "files",
    [
        {FIRST: None, SECOND: RECORD[SECOND]},
        {FIRST: RECORD[FIRST].replace(b"halt-all", b"pause-new-orders")},
        {"risk_config.yaml": b"version: 1\n"},
        {"cleared/" + "1" * 32 + ".yaml": b"version: 1\n"},
    ],
)
def test_evidence_when_a_record_goes_or_something_else_comes_then_refused(
    site: Site, source: GitSource, files: dict[str, bytes | None]
) -> None:
    assert not evidence(site, source, files).accepted


def test_push_when_a_record_of_a_stranger_says_otherwise_then_the_bots_own_counts(
    site: Site, source: GitSource
) -> None:
    one = halt(1, opened_ns=1_768_818_225_000_000_000)
    milder = one.model_copy(update={"mode": TradingMode.PAUSE_NEW_ORDERS})
    tip = source.publish_evidence({FIRST: evidence_text(one).encode()}, "halts: first\n", site.own)
    forged = site.commit(source, {FIRST: evidence_text(milder).encode()}, "stranger", "halts: more\n", tip)
    site.git("update-ref", HALTS, forged, cwd=site.home.bare)
    false, true = (site.commit(source, {FIRST: evidence_text(item).encode()}) for item in (milder, one))
    assert not push(site, source.tip(), false).accepted
    assert push(site, source.tip(), true).accepted


def test_evidence_when_it_rewinds_then_refused(site: Site, source: GitSource) -> None:
    first = source.publish_evidence({FIRST: RECORD[FIRST]}, "halts: first\n", site.own)
    second = source.publish_evidence({SECOND: RECORD[SECOND]}, "halts: second\n", site.own)
    assert not push(site, second, first, HALTS).accepted
