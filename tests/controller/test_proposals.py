import json
import stat
from pathlib import Path

import pytest

from controller.proposals import LIFE_NS, MOST, Proposals, TooMany, refusal

PAUSE = {"kind": "set-status", "strategy": "s", "status": "paused"}
NOW = 1_768_818_225_000_000_000


@pytest.fixture
def proposals(tmp_path: Path) -> Proposals:
    return Proposals(tmp_path / "proposals")


def test_proposal_when_added_then_found_as_it_was_by_its_owner_alone(proposals: Proposals, tmp_path: Path) -> None:
    made = proposals.add(PAUSE, "ada", "odd", "risk: pause strategy s", "d" * 64, NOW)
    assert proposals.find(made.id) == made
    assert proposals.waiting(NOW) == [made]
    folder = tmp_path / "proposals"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_proposal_when_removed_or_too_old_then_gone(proposals: Proposals) -> None:
    one = proposals.add(PAUSE, "ada", "", "one", "", NOW)
    two = proposals.add(PAUSE, "ada", "", "two", "", NOW + 1)
    proposals.remove(one.id)
    proposals.remove(one.id)
    assert proposals.waiting(NOW + LIFE_NS) == [two]
    assert proposals.waiting(NOW + 1 + LIFE_NS) == []
    assert proposals.find(two.id) is None


@pytest.mark.parametrize("id", ["", "../settings", "zz", "a/b", "..", "A0"])
def test_proposal_when_the_id_is_none_then_nothing_is_read(proposals: Proposals, tmp_path: Path, id: str) -> None:
    made = proposals.add(PAUSE, "ada", "", "one", "", NOW)
    (tmp_path / "settings.json").write_bytes((tmp_path / "proposals" / f"{made.id}.json").read_bytes())
    assert proposals.find(id) is None


def test_proposal_when_its_file_is_damaged_then_left_out(proposals: Proposals, tmp_path: Path) -> None:
    made = proposals.add(PAUSE, "ada", "", "one", "", NOW)
    for content in ("", "[]", json.dumps({"id": made.id})):
        (tmp_path / "proposals" / f"{made.id}.json").write_text(content)
        assert proposals.waiting(NOW) == []


def test_proposals_when_too_many_wait_then_no_more(proposals: Proposals) -> None:
    for _ in range(MOST):
        proposals.add(PAUSE, "ada", "", "one", "", NOW)
    with pytest.raises(TooMany):
        proposals.add(PAUSE, "ada", "", "one more", "", NOW)


@pytest.mark.parametrize(
    ("intent", "barred"),
    [
        (PAUSE, False),
        ({"kind": "resume", "halts": []}, False),
        ({"kind": "write-documents", "files": {"risk_config.yaml": "x"}}, False),
        ({"kind": "write-documents", "files": {"risk_config.yaml": "x", "trust.yaml": "x"}}, True),
        ({"kind": "write-documents", "files": {"cleared/x.yaml": "x"}}, True),
        ({"kind": "write-documents", "files": {"halts/x.yaml": None}}, True),
        ({"kind": "approve"}, True),
        ({"kind": "rollback"}, True),
        ({}, True),
    ],
)
def test_intent_when_it_is_about_who_may_do_what_then_no_proposal(intent: dict[str, object], barred: bool) -> None:
    assert bool(refusal(intent)) is barred
