"""Every rule of trust by itself: who may sign what, and what no signature allows."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from controller.core.desired.documents import read_desired
from controller.core.policy.direction import compare_desired
from controller.core.trust import rules as trust
from controller.core.trust.case import Case
from controller.core.trust.commits import TARGET
from controller.core.trust.keys import SignatureError, Signed, key_blob
from controller.settings import Pins
from schemas.desired import Desired
from schemas.status import RefusalReason
from tests.support import desired

REPO = "0" * 31 + "1"
PINS = Pins(repo=REPO, introduction="a" * 40, fingerprints=("SHA256:pinned",))
LANDED = f"Change\n\n{TARGET}: {REPO}/paper/main\n"
PAYLOAD = (
    b"tree " + b"1" * 40 + b"\nparent " + b"a" * 40 + b"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nChange\n"
)
Changes = dict[str, tuple[str, str]]
ROLES: Mapping[str, str] = {
    "kim": "admin, risk-officer, operator, emergency",
    "officer": "risk-officer",
    "trader": "operator",
    "guard": "emergency",
    "panel": "web",
    "bot": "bot",
    "forge": "forge",
}


def trust_file(names: tuple[str, ...] = tuple(ROLES), rules: str = "rules: []", environment: str = "paper") -> bytes:
    signers = [
        f"  - principal: {name}\n    key: {desired.key_line(name)}\n    roles: [{ROLES[name]}]" for name in names
    ]
    head = f'version: 1\ntarget:\n  repo: "{REPO}"\n  environment: {environment}\n  branch: main\nsigners:\n'
    return (head + "\n".join(signers) + f"\n{rules}\n").encode()


def tree(trust_yaml: bytes | None = None, changes: Changes | None = None) -> Desired:
    files = {**desired.files(**(changes or {})), "trust.yaml": trust_yaml or trust_file()}
    return read_desired("b" * 40, files)


def case(signer: str, changes: Changes | None = None, message: str = LANDED, rules: str = "rules: []") -> Case:
    """A commit by ``signer`` that makes ``changes`` to the template."""
    parent, child = tree(trust_file(rules=rules)), tree(trust_file(rules=rules), changes)
    return made(parent, child, signer, message)


def made(parent: Desired, child: Desired, signer: str, message: str = LANDED) -> Case:
    changes = compare_desired(parent, child)
    return Case(
        commit="b" * 40,
        parents=("a" * 40,),
        payload=PAYLOAD,
        message=message,
        has_signature=True,
        signer=Signed(key_blob(desired.key_line(signer))),
        problem="",
        pins=PINS,
        parent=parent,
        child=child,
        changes=changes,
        paths=frozenset(change.path for change in changes),
    )


def reason(verdict: object) -> RefusalReason | None:
    return getattr(verdict, "reason", None)


def judged(subject: Case) -> RefusalReason | None:
    return reason(trust.judge((*trust.SIGNER_RULES, *trust.CHANGE_RULES), subject))


LOOSER_HARD = {"risk_config": ("max_position_pct: 15%", "max_position_pct: 20%")}
TIGHTER_HARD = {"risk_config": ("max_position_pct: 15%", "max_position_pct: 10%")}
LOOSER_SOFT = {"risk_config": ("strategy_halt_pct: 20%", "strategy_halt_pct: 22%")}
PAUSE = {"strategies__ml_momentum_v2": ("status: active", "status: paused")}
NORMAL = {"emergency": ("trading_mode: normal", "trading_mode: halt-all")}
COMMENT = {"risk_config": ("version: 1", "version: 1 # the first")}


@pytest.mark.parametrize(
    ("signer", "changes", "expected"),
    [
        ("kim", LOOSER_HARD, None),
        ("officer", LOOSER_HARD, None),
        ("trader", LOOSER_HARD, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("guard", LOOSER_HARD, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("panel", LOOSER_HARD, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("trader", LOOSER_SOFT, None),
        ("officer", LOOSER_SOFT, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("guard", LOOSER_SOFT, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        ("guard", TIGHTER_HARD, None),
        ("panel", TIGHTER_HARD, None),
        ("trader", TIGHTER_HARD, None),
        ("guard", NORMAL, None),
        ("bot", NORMAL, RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        ("bot", TIGHTER_HARD, RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        ("bot", PAUSE, None),
        ("forge", PAUSE, RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        ("forge", TIGHTER_HARD, RefusalReason.NOT_AUTHORIZED_FOR_PATH),
    ],
)
def test_change_by_role_when_no_rules_then_path_and_direction_decide(
    signer: str, changes: Changes, expected: RefusalReason | None
) -> None:
    assert judged(case(signer, changes)) is expected


@pytest.mark.parametrize("signer", ["officer", "trader", "guard", "panel", "bot", "forge"])
def test_trust_change_when_not_admin_then_path_is_refused(signer: str) -> None:
    child = tree(trust_file(tuple(name for name in ROLES if name != "panel")))
    assert judged(made(tree(), child, signer)) is RefusalReason.NOT_AUTHORIZED_FOR_PATH


def test_trust_change_when_admin_then_passes() -> None:
    child = tree(trust_file(tuple(name for name in ROLES if name != "panel")))
    assert judged(made(tree(), child, "kim")) is None


def test_other_file_when_emergency_key_then_path_is_refused() -> None:
    subject = replace(made(tree(), tree(), "guard"), paths=frozenset({"README.md", ".github"}))
    assert judged(subject) is RefusalReason.NOT_AUTHORIZED_FOR_PATH
    assert judged(replace(subject, signer=Signed(key_blob(desired.key_line("trader"))))) is None


def test_rule_when_it_grants_loosening_to_emergency_then_still_refused() -> None:
    rules = "rules:\n  - path: '*'\n    roles: [emergency, web, bot, forge]"
    for signer in ("guard", "panel", "forge", "bot"):
        assert judged(case(signer, LOOSER_HARD, rules=rules)) in (
            RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION,
            RefusalReason.NOT_AUTHORIZED_FOR_PATH,
        )


def test_rule_when_first_match_names_role_then_it_beats_the_default() -> None:
    rules = "rules:\n  - path: risk_config.yaml\n    direction: loosen\n    roles: [operator]"
    assert judged(case("trader", LOOSER_HARD, rules=rules)) is None
    assert judged(case("officer", LOOSER_HARD, rules=rules)) is RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION
    assert judged(case("guard", TIGHTER_HARD, rules=rules)) is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LANDED, None),
        ("Change\n", RefusalReason.NOT_LANDED),
        (f"{TARGET}: {REPO}/paper/main\n", RefusalReason.NOT_LANDED),
        (f"Change\n\n{TARGET}: {REPO}/paper/main\n\nmore text\n", RefusalReason.NOT_LANDED),
        (f"Change\n\nsome text\n{TARGET}: {REPO}/paper/main\n", RefusalReason.NOT_LANDED),
        (f"Change\n\n{TARGET.lower()}: {REPO}/paper/main\n", RefusalReason.NOT_LANDED),
        (LANDED + f"{TARGET}: {REPO}/paper/main\n", RefusalReason.NOT_LANDED),
        (f"Change\n\n{TARGET}: {REPO}/live/main\n", RefusalReason.WRONG_TARGET),
        (f"Change\n\n{TARGET}: {REPO}/paper/other\n", RefusalReason.WRONG_TARGET),
        (f"Change\n\n{TARGET}: {'f' * 32}/paper/main\n", RefusalReason.WRONG_TARGET),
        (LANDED + f"{TARGET}: {REPO}/live/main\n", RefusalReason.WRONG_TARGET),
    ],
)
def test_loosening_when_landing_trailer_varies_then_only_the_exact_one_lands(
    message: str, expected: RefusalReason | None
) -> None:
    assert judged(case("kim", LOOSER_HARD, message)) is expected


def test_tightening_when_without_trailer_then_passes() -> None:
    assert judged(case("kim", TIGHTER_HARD, "Tighter\n")) is None


def test_tightening_when_signed_for_another_target_then_refused() -> None:
    assert judged(case("kim", TIGHTER_HARD, f"Tighter\n\n{TARGET}: {REPO}/live/main\n")) is RefusalReason.WRONG_TARGET


def test_trust_target_when_changed_then_refused() -> None:
    child = tree(trust_file(environment="live"))
    assert judged(made(tree(), child, "kim")) is RefusalReason.WRONG_TARGET


def test_comment_when_nothing_compiles_to_a_change_then_tighteners_may() -> None:
    subject = case("guard", COMMENT, "Comment\n")
    assert judged(replace(subject, paths=frozenset({"risk_config.yaml"}))) is None


def test_unsigned_when_judged_then_refused_before_anything_else() -> None:
    subject = replace(case("kim", TIGHTER_HARD), has_signature=False, signer=None)
    assert judged(subject) is RefusalReason.UNSIGNED


def test_refusal_when_the_commit_is_published_then_the_fix_amends_nothing() -> None:
    unsigned = trust.judge(trust.SIGNER_RULES, replace(case("kim", TIGHTER_HARD), has_signature=False, signer=None))
    unknown = trust.judge(trust.SIGNER_RULES, case("eve", TIGHTER_HARD))
    assert unsigned is not None and unknown is not None
    assert "--amend" in unsigned.fix and "config verify --explain" in trust.published(unsigned).fix
    rebase = unsigned.model_copy(update={"fix": "git rebase -S onto the tip; then push"})
    assert "config verify --explain" in trust.published(rebase).fix
    assert trust.published(unknown) == unknown


def test_signature_when_invalid_then_refused_with_its_reason() -> None:
    subject = replace(case("kim", TIGHTER_HARD), signer=None, problem="it was made for namespace 'file'")
    verdict = trust.judge(trust.SIGNER_RULES, subject)
    assert verdict is not None
    assert verdict.reason is RefusalReason.BAD_SIGNATURE
    assert "namespace 'file'" in verdict.message


def test_key_when_unknown_to_parent_then_refused() -> None:
    assert judged(case("stranger", TIGHTER_HARD)) is RefusalReason.UNKNOWN_KEY


def test_key_when_added_by_the_commit_itself_then_refused() -> None:
    parent, child = tree(trust_file(("kim", "bot"))), tree(trust_file(("kim", "bot", "officer")))
    assert judged(made(parent, child, "officer")) is RefusalReason.UNKNOWN_KEY


def test_key_when_denied_locally_then_refused_although_listed() -> None:
    denied = Signed(key_blob(desired.key_line("kim"))).fingerprint
    subject = replace(case("kim", TIGHTER_HARD), pins=replace(PINS, denied_keys=(denied,)))
    assert reason(trust.judge(trust.SIGNER_RULES, subject)) is RefusalReason.KEY_DENIED


def test_merge_when_of_more_than_two_then_refused() -> None:
    parents = ("a" * 40, "c" * 40, "d" * 40)
    assert judged(replace(case("kim"), parents=parents[:2])) is None
    assert judged(replace(case("kim"), parents=parents)) is RefusalReason.TOO_LARGE


@pytest.mark.parametrize(
    ("signer", "expected"),
    [
        ("guard", None),
        ("forge", None),
        ("panel", RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        ("bot", RefusalReason.NOT_AUTHORIZED_FOR_PATH),
    ],
)
def test_merge_when_it_changes_nothing_itself_then_persons_and_the_forge_may(
    signer: str, expected: RefusalReason | None
) -> None:
    assert judged(replace(case(signer), parents=("a" * 40, "c" * 40))) is expected


def test_second_signature_when_in_payload_then_refused() -> None:
    payload = PAYLOAD.replace(b"\n\nChange", b"\ngpgsig-sha256 -----BEGIN\n x\n\nChange")
    assert judged(replace(case("kim", TIGHTER_HARD), payload=payload)) is RefusalReason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "payload",
    [
        PAYLOAD + b"\0hidden",
        PAYLOAD.replace(b"\n\nChange", b"\nencoding latin1\n\nChange"),
        PAYLOAD.replace(b"\n\nChange", b"\nmergetag x\n\nChange"),
        PAYLOAD.replace(b"author", b"committer", 1),
        PAYLOAD.replace(b"tree " + b"1" * 40 + b"\n", b"tree " + b"1" * 40 + b"\ntree " + b"2" * 40 + b"\n"),
        PAYLOAD + b"\xff",
    ],
)
def test_commit_when_malformed_then_refused(payload: bytes) -> None:
    assert judged(replace(case("kim", TIGHTER_HARD), payload=payload)) is RefusalReason.BAD_OBJECT


def test_trust_change_when_only_a_denied_admin_is_left_then_refused() -> None:
    roles = trust_file(("kim", "bot", "officer")).replace(b"roles: [risk-officer]", b"roles: [admin]")
    parent = tree(roles)
    denied = Signed(key_blob(desired.key_line("officer"))).fingerprint
    child = tree(roles.replace(b"roles: [admin, risk-officer", b"roles: [risk-officer"))
    subject = replace(made(parent, child, "kim"), pins=replace(PINS, denied_keys=(denied,)))
    assert judged(subject) is RefusalReason.UNSAFE_PLAN
    assert judged(replace(subject, pins=PINS)) is None


def test_trust_change_when_a_key_cannot_be_verified_then_refused() -> None:
    def check(blob: bytes) -> None:
        raise SignatureError("key type 'sk-ssh-ed25519@openssh.com' is not accepted")

    child = tree(trust_file(("kim", "bot", "officer")))
    subject = replace(made(tree(), child, "kim"), check_key=check)
    assert judged(subject) is RefusalReason.SCHEMA_INVALID
    assert judged(replace(case("kim", TIGHTER_HARD), check_key=check)) is None


def test_refusals_when_several_then_all_are_told_and_the_first_is_the_reason() -> None:
    verdict = trust.judge(trust.CHANGE_RULES, case("guard", LOOSER_HARD, "Looser\n"))
    assert verdict is not None
    assert verdict.reason is RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION
    assert "guard (emergency)" in verdict.message
    assert "is not landed" in verdict.message
    assert "kim or officer" in verdict.fix


def introduction() -> Case:
    signer = Signed(key_blob(desired.key_line("kim")))
    return Case(
        commit="a" * 40,
        parents=(),
        payload=PAYLOAD.replace(b"parent " + b"a" * 40 + b"\n", b""),
        message="Introduce",
        has_signature=True,
        signer=signer,
        problem="",
        pins=replace(PINS, fingerprints=(signer.fingerprint,)),
        child=tree(),
    )


def test_introduction_when_pinned_then_passes() -> None:
    assert trust.judge((*trust.INTRODUCTION_RULES, *trust.INTRODUCTION_TREE_RULES), introduction()) is None


def test_introduction_when_another_commit_then_refused() -> None:
    verdict = trust.judge(trust.INTRODUCTION_RULES, replace(introduction(), commit="e" * 40))
    assert reason(verdict) is RefusalReason.NOT_DESCENDANT


def test_introduction_when_signed_by_another_key_then_refused() -> None:
    subject = replace(introduction(), signer=Signed(key_blob(desired.key_line("officer"))))
    assert reason(trust.judge(trust.INTRODUCTION_RULES, subject)) is RefusalReason.UNKNOWN_KEY


def test_introduction_when_for_another_target_then_refused() -> None:
    subject = replace(introduction(), pins=replace(PINS, environment="live"))
    assert reason(trust.judge(trust.INTRODUCTION_TREE_RULES, subject)) is RefusalReason.WRONG_TARGET
