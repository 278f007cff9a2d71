"""Invariants of the design over every case: what a halt needs, what a signature covers, what a plan's digest names."""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.signatures.keys import KeyFile, generate
from controller.adapters.signatures.sshsig import verify
from controller.core.desired.documents import read_desired
from controller.core.plan.planner import Inputs, plan_for
from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare_desired
from controller.core.trust.keys import SignatureError
from controller.halt import CLI, halt
from controller.latch.reader import LatchReader
from tests.support import desired as template
from tests.support.rig import Rig, desired, make_rig

PARTS = ("git", "store", "controller", "journal")
BROKEN = list(chain.from_iterable(combinations(PARTS, count) for count in range(len(PARTS) + 1)))
COMMIT = b"tree " + b"1" * 40 + b"\nauthor Ada <ada@example.org> 1768818225 +0000\n\nLower the limit\n"


def damage(rig: Rig, part: str) -> None:
    if part == "git":
        rig.history.down = "down"
    elif part == "store":
        rig.store.fail("disk full")
    elif part == "controller":
        rig.booted.permit.close()
    else:
        rig.home.journal.unlink()
        rig.home.journal.mkdir()


@pytest.mark.parametrize("broken", BROKEN, ids="+".join)
def test_halt_when_any_subset_of_the_rest_is_broken_then_it_binds_the_gate(
    tmp_path: Path, broken: tuple[str, ...]
) -> None:
    rig = make_rig(tmp_path, desired(1))
    rig.reconciler.reconcile_once()
    for part in broken:
        damage(rig, part)
    outcome = halt(str(rig.home.root), "account", 3, "ada", "drill", CLI, notify=False)
    gate = LatchReader(str(rig.home.raise_file), str(rig.home.permit_file))
    assert outcome.raised and outcome.word in gate.poll(1).words and gate.poll(1).mode == 3
    if "controller" not in broken:
        rig.desk.adopt()
        rig.reconciler.reconcile_once()
        assert outcome.word in gate.reread(2).words and gate.poll(2).mode == 3
    gate.close()
    rig.close()


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    path = tmp_path_factory.mktemp("keys") / "ada"
    generate(path, "ada")
    yield KeyFile(path)(COMMIT)


def signer(payload: bytes, signature: bytes) -> bytes | None:
    try:
        return verify(payload, signature).key
    except SignatureError:
        return None


@given(at=st.integers(0, len(COMMIT) - 1), flip=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_commit_when_any_byte_of_it_changes_then_its_signature_is_no_good(signed: bytes, at: int, flip: int) -> None:
    assert signer(COMMIT, signed) is not None
    changed = bytearray(COMMIT)
    changed[at] ^= flip
    assert signer(bytes(changed), signed) is None


@given(data=st.data(), flip=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_signature_when_any_byte_of_it_changes_then_nobody_else_has_signed(
    signed: bytes, data: st.DataObject, flip: int
) -> None:
    at = data.draw(st.integers(0, len(signed) - 1))
    changed = bytearray(signed)
    changed[at] ^= flip
    assert signer(COMMIT, bytes(changed)) in (None, signer(COMMIT, signed))


def digest(files: Mapping[str, bytes]) -> str:
    before, after = read_desired("1" * 40, template.files()), read_desired("2" * 40, files)
    changes = compare_desired(before, after, {})
    return plan_for(Inputs(compile_policy(before, {}), compile_policy(after, {}), None, changes)).digest()


@given(order=st.permutations(sorted(template.files())))
@settings(max_examples=25, deadline=None)
def test_plan_when_files_come_in_another_order_then_the_same_digest(order: list[str]) -> None:
    files = template.files(risk_config=("max_position_pct: 15%", "max_position_pct: 10%"))
    assert digest({path: files[path] for path in order}) == digest(files)
