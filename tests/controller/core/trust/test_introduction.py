"""An introduction breaks one rule at a time: each is refused, by that rule, before anything is trusted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.core.desired.documents import read_desired
from controller.core.trust import rules as trust
from controller.core.trust.case import Case
from controller.core.trust.keys import SignatureError, Signed, fingerprint, key_blob
from controller.settings import Pins
from schemas.desired import ClearedDocument, Desired
from schemas.status import RefusalReason
from tests.support import desired

REPO, COMMIT = "0" * 31 + "1", "a" * 40
HEAD = b"tree " + b"1" * 40 + b"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
KEY = key_blob(desired.key_line("kim"))
PINS = Pins(repo=REPO, introduction=COMMIT, fingerprints=(fingerprint(KEY),))


def tree() -> Desired:
    target = f'version: 1\ntarget:\n  repo: "{REPO}"\n  environment: paper\n  branch: main\n'
    signers = f"signers:\n  - principal: kim\n    key: {desired.key_line('kim')}\n    roles: [admin]\nrules: []\n"
    return read_desired(COMMIT, {**desired.files(), "trust.yaml": (target + signers).encode()})


def introduction() -> Case:
    return Case(
        commit=COMMIT,
        parents=(),
        payload=HEAD + b"\nBegin\n",
        message="Begin\n",
        has_signature=True,
        signer=Signed(KEY),
        problem="",
        pins=PINS,
        parent=None,
        child=tree(),
    )


def refuse_every_key(_: bytes) -> None:
    raise SignatureError("a kind of key that nothing here can verify")


def clearing(case: Case) -> Case:
    cleared = ClearedDocument(version=1, id="f" * 32, halt_digest="0" * 64, by="kim", reason="begun anew")
    return replace(case, child=tree().model_copy(update={"cleared": {cleared.id: cleared}}))


def denied(case: Case) -> Case:
    return replace(case, pins=replace(PINS, denied_keys=(fingerprint(KEY),)))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda case: replace(case, payload=HEAD + b"\nBe\0gin\n"), RefusalReason.BAD_OBJECT),
        (lambda case: replace(case, parents=("c" * 40, "d" * 40)), RefusalReason.NOT_DESCENDANT),
        (lambda case: replace(case, has_signature=False, signer=None), RefusalReason.UNSIGNED),
        (lambda case: replace(case, payload=HEAD + b"gpgsig x\n\nBegin\n"), RefusalReason.BAD_SIGNATURE),
        (lambda case: replace(case, signer=None, problem="was changed"), RefusalReason.BAD_SIGNATURE),
        (denied, RefusalReason.KEY_DENIED),
        (lambda case: replace(case, commit="c" * 40), RefusalReason.NOT_DESCENDANT),
        (lambda case: replace(case, pins=replace(PINS, fingerprints=("SHA256:x",))), RefusalReason.UNKNOWN_KEY),
    ],
)
def test_introduction_when_one_thing_is_wrong_then_refused_for_it(
    spoil: Callable[[Case], Case], reason: RefusalReason
) -> None:
    assert trust.judge(trust.INTRODUCTION_RULES, introduction()) is None
    found = trust.judge(trust.INTRODUCTION_RULES, spoil(introduction()))
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda case: replace(case, pins=replace(PINS, environment="live")), RefusalReason.WRONG_TARGET),
        (denied, RefusalReason.UNSAFE_PLAN),
        (clearing, RefusalReason.UNSAFE_PLAN),
        (lambda case: replace(case, check_key=refuse_every_key), RefusalReason.SCHEMA_INVALID),
    ],
)
def test_first_tree_when_one_thing_is_wrong_then_refused_for_it(
    spoil: Callable[[Case], Case], reason: RefusalReason
) -> None:
    assert trust.judge(trust.INTRODUCTION_TREE_RULES, introduction()) is None
    found = trust.judge(trust.INTRODUCTION_TREE_RULES, spoil(introduction()))
    assert found is not None
    assert found.reason is reason
