import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.gate.policy import PolicyKeeper, PolicyRefused, parse
from schemas.desired import StrategyStatus
from schemas.policy import Policy, Snapshot, digest_of
from tests.support.gates import ANN, make_policy

Change = Callable[[dict[str, Any]], object]


def write(folder: Path, snapshot: Snapshot, change: Change | None = None, *, name: int = 0) -> int:
    """Put the snapshot's file into ``folder``, changed as told; the first three bytes of its true digest."""
    source = json.loads(snapshot.text())
    if change is not None:
        change(source)
    (folder / f"{name or snapshot.version}.json").write_text(json.dumps(source))
    return int(digest_of(source["policies"])[:6], 16)


def make(version: int = 1, fence: int = 1, *policies: Policy, environment: str = "paper") -> Snapshot:
    return Snapshot(
        version=version,
        fence=fence,
        book="b",
        environment=environment,
        policies=policies or (make_policy(),),
    )


def test_adopt_when_file_is_as_named_then_in_force(tmp_path: Path) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    digest = write(tmp_path, make(3))
    assert keeper.adopt(3, digest, 1)
    assert keeper.in_force(3, digest, 1)
    assert keeper.snapshot is not None
    assert keeper.snapshot.policies[0].strategies[ANN].status == 0


def test_snapshot_has_the_digest_of_the_schema() -> None:
    snapshot = make(1, 1, make_policy(strategy={"parameters": {"n": 3, "name": "é", "on": True}}))
    assert parse(snapshot.text().encode()).digest == snapshot.digest()


@pytest.mark.parametrize(
    ("version", "fence", "permit_fence", "problem"),
    [(2, 5, 5, "version 2 is below 3"), (4, 4, 5, "fence 4 is below 5"), (4, 5, 4, "permit fence 4 is below 5")],
)
def test_adopt_when_version_or_fence_is_below_seen_then_refused(
    tmp_path: Path, version: int, fence: int, permit_fence: int, problem: str
) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    assert keeper.adopt(3, write(tmp_path, make(3, 5)), 5)
    assert not keeper.adopt(version, write(tmp_path, make(version, fence)), permit_fence)
    assert problem in keeper.problem
    assert keeper.snapshot is not None
    assert keeper.snapshot.version == 3


def test_adopt_when_permit_names_another_digest_then_refused(tmp_path: Path) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    digest = write(tmp_path, make())
    assert not keeper.adopt(1, digest ^ 1, 1)
    assert "is not the permit's" in keeper.problem


def test_adopt_when_file_says_another_version_then_refused(tmp_path: Path) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    assert not keeper.adopt(7, write(tmp_path, make(6), name=7), 1)
    assert "says 6" in keeper.problem


def test_adopt_when_environment_is_another_then_refused(tmp_path: Path) -> None:
    keeper = PolicyKeeper(tmp_path, "live")
    assert not keeper.adopt(1, write(tmp_path, make()), 1)
    assert "paper" in keeper.problem


def test_adopt_when_file_is_missing_or_huge_then_refused(tmp_path: Path) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    assert not keeper.adopt(1, 1, 1)
    (tmp_path / "1.json").write_bytes(b" " * 16_000_001)
    assert not keeper.adopt(1, 1, 1)
    assert "over" in keeper.problem


def test_adopt_when_permit_names_none_then_refused(tmp_path: Path) -> None:
    assert not PolicyKeeper(tmp_path, "paper").adopt(0, 0, 0)


def _limit(value: object) -> Change:
    return lambda source: source["policies"][0]["limits"].__setitem__("order.max_dollars", value)


@pytest.mark.parametrize(
    "change",
    [
        _limit(1.5),
        _limit(True),
        _limit(-1),
        _limit("5"),
        _limit(None),
        lambda source: source["policies"][0].__setitem__("mode", "fast"),
        lambda source: source["policies"][0].pop("sectors"),
        lambda source: source["policies"][0]["strategies"][ANN].__setitem__("status", "odd"),
        lambda source: source["policies"][0]["strategies"][ANN].__setitem__("allocation", 0.5),
        lambda source: source["policies"].clear(),
        lambda source: source["policies"].extend(source["policies"] * 2),
        lambda source: source.__setitem__("format", 2),
        lambda source: source.__setitem__("digest", "0" * 64),
    ],
)
def test_adopt_when_content_is_wrong_then_refused_and_last_one_stays(tmp_path: Path, change: Change) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    assert keeper.adopt(1, write(tmp_path, make()), 1)
    assert not keeper.adopt(2, write(tmp_path, make(2), change), 1)
    assert keeper.snapshot is not None
    assert keeper.snapshot.version == 1


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff", b'{"format":1}'])
def test_parse_when_it_is_no_snapshot_then_refused(data: bytes) -> None:
    with pytest.raises(PolicyRefused):
        parse(data)


def test_strategies_are_known_by_their_uid_not_their_key(tmp_path: Path) -> None:
    policy = make_policy(statuses={ANN: StrategyStatus.PAUSED})
    renamed = policy.model_copy(update={"strategies": {"momentum": policy.strategies[ANN]}})
    keeper = PolicyKeeper(tmp_path, "paper")
    assert keeper.adopt(1, write(tmp_path, make(1, 1, renamed)), 1)
    assert keeper.snapshot is not None
    assert set(keeper.snapshot.policies[0].strategies) == {ANN}
