"""Snapshots as the controller writes them: a policy that is held already is not compiled again, and is the same."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.policy.text import text_of
from controller.gate.policy import PolicyKeeper, PolicyRefused, Snapshot, parse
from controller.reconcile.publisher import Publisher
from schemas import policy as schemas
from tests.support.gates import make_policy

POLICIES = [
    make_policy(),
    make_policy({"order.max_dollars": 1}),
    make_policy(strategy={"module": 'é "],"policies":[{'}),
    make_policy(shadow=("order.max_dollars",)),
]
TEXTS = [text_of(policy) for policy in POLICIES]
HEAD = '{"environment":"paper","fence":1,"format":1,"version":1'


def sealed(text: str) -> bytes:
    """A snapshot file with ``text`` for its policies and a digest that fits."""
    return f'{HEAD},"digest":"{hashlib.sha256(text.encode()).hexdigest()}","policies":{text}}}'.encode()


def shown(snapshot: Snapshot) -> list[dict[str, object]]:
    """All that its policies say."""
    return [
        {
            **{name: getattr(policy, name) for name in policy.__slots__ if name not in ("strategies", "bounds")},
            "strategies": {uid: item.source for uid, item in policy.strategies.items()},
        }
        for policy in snapshot.policies
    ]


@given(st.lists(st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=2), min_size=1, max_size=4))
def test_parse_when_policies_are_known_then_what_reading_anew_gives(steps: list[list[int]]) -> None:
    held: Snapshot | None = None
    for step in steps:
        known = dict(zip(held.texts, held.policies, strict=True)) if held is not None else {}
        data = sealed(f"[{','.join(TEXTS[number] for number in step)}]")
        held, anew = parse(data, known), parse(data)
        assert (held.digest, held.texts, shown(held)) == (anew.digest, anew.texts, shown(anew))
        assert [item in known for item in held.texts] == [item in known.values() for item in held.policies]
        documents = tuple(POLICIES[number] for number in step)
        assert held.digest == schemas.Snapshot(
            version=1, fence=1, book="b", environment="paper", policies=documents
        ).digest()  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "{}",
        "null",
        f"[{TEXTS[0]},]",
        f"[,{TEXTS[0]}]",
        f"[{TEXTS[0]}{TEXTS[1]}]",
        f"[{TEXTS[0]};{TEXTS[1]}]",
        f"[{TEXTS[0]}],[{TEXTS[1]}]",
        f"[[{TEXTS[0]}]]",
        f"[{TEXTS[0]},0]",
        f"[{TEXTS[0][:-1]}]",
        f"x{TEXTS[0]}]",
        f"[{TEXTS[0]},{TEXTS[1]},{TEXTS[2]}]",
    ],
)
def test_parse_when_the_policies_are_no_list_of_one_or_two_then_refused(text: str) -> None:
    known = dict(zip(TEXTS, parse(sealed(f"[{TEXTS[0]}]")).policies * len(TEXTS), strict=True))
    for held in (known, {}):
        with pytest.raises(PolicyRefused):
            parse(sealed(text), held)


def test_adopt_when_old_and_new_then_new_alone_then_each_is_compiled_once(tmp_path: Path) -> None:
    named: list[tuple[int, str]] = []
    publisher = Publisher(tmp_path, "b", "paper", 1, lambda version, digest: named.append((version, digest)))
    keeper = PolicyKeeper(tmp_path, "paper")
    held = []
    for texts in (TEXTS[:1], TEXTS[:2], TEXTS[1:2]):
        publisher.publish(texts)
        version, digest = named[-1]
        assert keeper.adopt(version, int(digest[:6], 16), 1), keeper.problem
        assert keeper.snapshot is not None
        held.append(keeper.snapshot.policies)
    assert held[1][0] is held[0][0] and held[2][0] is held[1][1]


def test_adopt_when_a_known_policy_comes_with_a_wrong_digest_then_refused(tmp_path: Path) -> None:
    keeper = PolicyKeeper(tmp_path, "paper")
    data = sealed(f"[{TEXTS[0]}]")
    (tmp_path / "1.json").write_bytes(data)
    digest = json.loads(data)["digest"]
    assert keeper.adopt(1, int(digest[:6], 16), 1)
    wrong = data.replace(b'"version":1', b'"version":2').replace(digest.encode(), digest[::-1].encode())
    (tmp_path / "2.json").write_bytes(wrong)
    assert not keeper.adopt(2, int(digest[:6], 16), 1)
    assert "is not the declared" in keeper.problem
