"""Uids of all history: read once, and the same answer whatever was asked before."""

from collections.abc import Sequence

import pytest

from controller.adapters.git.source import GitSource
from controller.ports import RawCommit
from controller.reconcile.trees import Trees
from schemas.status import RefusalReason
from tests.support.config_repo import Site

GONE = "strategies/disclosure-follower.yaml"
UIDS = {name: f"{digit * 32}" for name, digit in (("one", "a"), ("two", "b"), ("three", "c"))}


def strategy(source: GitSource, name: str, uid: str = "") -> dict[str, bytes | None]:
    content = source.blob(source.tree(source.tip())[GONE].id).decode()
    before = next(line for line in content.splitlines() if line.startswith("uid:"))
    again = content.replace("id: disclosure-follower", f"id: {name}")
    return {f"strategies/{name}.yaml": again.replace(before, f"uid: {uid or UIDS[name]}").encode()}


def test_retired_when_asked_again_then_reads_the_newer_trees_alone(
    site: Site, source: GitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = Trees(source)
    added = site.commit(source, strategy(source, "one"))
    gone = site.commit(source, {"strategies/one.yaml": None}, parent=added)
    again = site.commit(source, strategy(source, "two"), parent=gone)
    assert UIDS["one"] not in trees.retired(trees.desired(source.tip()), trees.desired(added))
    walked, history = list[str | None](), source.history

    def watched(since: str | None, tip: str) -> Sequence[RawCommit]:
        walked.append(since)
        return history(since, tip)

    monkeypatch.setattr(source, "history", watched)
    assert UIDS["one"] in trees.retired(trees.desired(gone), trees.desired(again))
    assert walked == [source.tip()]


def test_retired_when_a_side_line_was_asked_before_then_its_uids_are_not_retired_here(
    site: Site, source: GitSource
) -> None:
    side = site.commit(source, strategy(source, "one"))
    further = site.commit(source, strategy(source, "two"), parent=side)
    here = site.commit(source, strategy(source, "three", UIDS["one"]))
    verifier = site.verifier(source)
    assert verifier.advance(site.pins.introduction, further).refusal is None
    assert verifier.advance(site.pins.introduction, here).refusal is None


def test_uid_when_retired_since_a_strategy_was_new_last_then_refused(site: Site, source: GitSource) -> None:
    verifier = site.verifier(source)
    one = site.commit(source, strategy(source, "one"))
    two = site.commit(source, strategy(source, "two"), parent=one)
    assert verifier.advance(site.pins.introduction, two).refusal is None
    gone = site.commit(source, {"strategies/two.yaml": None}, parent=two)
    back = site.commit(source, strategy(source, "three", UIDS["two"]), parent=gone)
    refusal = verifier.advance(two, back).refusal
    assert refusal is not None
    assert (refusal.commit, refusal.reason) == (back, RefusalReason.UID_CHANGED)
