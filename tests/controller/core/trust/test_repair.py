"""A repair of trust breaks one rule at a time: each is refused, by that rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.core.desired.documents import read_desired
from controller.core.trust.case import Case
from controller.core.trust.keys import SignatureError, Signed, key_blob
from controller.core.trust.repair import (
    REPAIR_RULES,
    REPAIR_TREE_RULES,
    countersignature,
    countersigned,
    statement,
)
from controller.core.trust.rules import judge
from controller.settings import Pins
from schemas.desired import Desired
from schemas.status import RefusalReason
from tests.support import desired

REPO, COMMIT, PARENT = "0" * 31 + "1", "a" * 40, "b" * 40
HEAD = b"tree " + b"1" * 40 + b"\nparent " + b"b" * 40 + b"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
ONE, TWO = (Signed(key_blob(desired.key_line(name))) for name in ("kim", "lee"))
STRANGER = Signed(key_blob(desired.key_line("max")))
PINS = Pins(repo=REPO, repairs=(COMMIT,), repair_keys=(ONE.fingerprint, TWO.fingerprint))


def tree(environment: str = "paper") -> Desired:
    target = f'version: 1\ntarget:\n  repo: "{REPO}"\n  environment: {environment}\n  branch: main\n'
    signers = f"signers:\n  - principal: kim\n    key: {desired.key_line('kim')}\n    roles: [admin]\nrules: []\n"
    return read_desired(COMMIT, {**desired.files(), "trust.yaml": (target + signers).encode()})


def repair() -> Case:
    return Case(
        commit=COMMIT,
        parents=(PARENT,),
        payload=HEAD + b"\nRepair\n",
        message="Repair\n",
        has_signature=True,
        signer=ONE,
        problem="",
        pins=PINS,
        child=tree(),
        paths=frozenset({"trust.yaml"}),
        countersigned=TWO,
    )


def refuse_every_key(_: bytes) -> None:
    raise SignatureError("a kind of key that nothing here can verify")


def denying(signed: Signed) -> Pins:
    return replace(PINS, denied_keys=(signed.fingerprint,))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda case: replace(case, payload=HEAD + b"\nRe\0pair\n"), RefusalReason.BAD_OBJECT),
        (lambda case: replace(case, parents=()), RefusalReason.NOT_DESCENDANT),
        (lambda case: replace(case, parents=(PARENT, "c" * 40)), RefusalReason.NOT_DESCENDANT),
        (lambda case: replace(case, has_signature=False), RefusalReason.UNSIGNED),
        (lambda case: replace(case, payload=HEAD + b"gpgsig x\n\nRepair\n"), RefusalReason.BAD_SIGNATURE),
        (lambda case: replace(case, problem="was changed"), RefusalReason.BAD_SIGNATURE),
        (lambda case: replace(case, pins=denying(ONE)), RefusalReason.KEY_DENIED),
        (lambda case: replace(case, pins=denying(TWO)), RefusalReason.UNKNOWN_KEY),
        (lambda case: replace(case, signer=STRANGER), RefusalReason.UNKNOWN_KEY),
        (lambda case: replace(case, countersigned=None), RefusalReason.UNKNOWN_KEY),
        (lambda case: replace(case, countersigned=STRANGER), RefusalReason.UNKNOWN_KEY),
        (lambda case: replace(case, countersigned=ONE), RefusalReason.UNKNOWN_KEY),
    ],
)
def test_repair_when_one_thing_is_wrong_then_refused_for_it(
    spoil: Callable[[Case], Case], reason: RefusalReason
) -> None:
    assert judge(REPAIR_RULES, repair()) is None
    found = judge(REPAIR_RULES, spoil(repair()))
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda case: replace(case, paths=case.paths | {"cleared/x.yaml"}),
            RefusalReason.NOT_AUTHORIZED_FOR_PATH,
        ),
        (lambda case: replace(case, message="Repair\n\nGt-Target: other/paper/main\n"), RefusalReason.WRONG_TARGET),
        (lambda case: replace(case, child=tree("live")), RefusalReason.WRONG_TARGET),
        (lambda case: replace(case, pins=denying(ONE)), RefusalReason.UNSAFE_PLAN),
        (lambda case: replace(case, check_key=refuse_every_key), RefusalReason.SCHEMA_INVALID),
    ],
)
def test_repaired_tree_when_one_thing_is_wrong_then_refused_for_it(
    spoil: Callable[[Case], Case], reason: RefusalReason
) -> None:
    assert judge(REPAIR_TREE_RULES, repair()) is None
    found = judge(REPAIR_TREE_RULES, spoil(repair()))
    assert found is not None
    assert found.reason is reason


def test_statement_when_made_then_it_names_tree_and_parents_and_nothing_that_a_signature_may_add() -> None:
    payload = HEAD + b"\nRepair\n\nGt-Target: x\n"
    said = b"gt-risk trust repair\ntree " + b"1" * 40 + b"\nparent " + b"b" * 40 + b"\n"
    assert statement(payload) == said == statement(countersigned(payload, b"armour"))


def test_countersignature_when_carried_then_read_back_and_two_are_none() -> None:
    payload = HEAD + b"\nRepair\n\nGt-Target: x\n"
    once = countersigned(payload, b"-----BEGIN\nx\n").partition(b"\n\n")[2].decode()
    assert countersignature(once) == b"-----BEGIN\nx\n"
    twice = countersigned(countersigned(payload, b"a"), b"b").partition(b"\n\n")[2].decode()
    assert countersignature(twice) == countersignature("Repair\n\nGt-Target: x\n") == b""
    assert countersignature("Repair\n\nRepair-Signature: %%%\n") == b""
