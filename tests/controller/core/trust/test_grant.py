"""Who may liquidate: each rule alone."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.trust import grant as grants
from controller.core.trust.grant import MOST_NS, Grant, problems
from controller.core.trust.keys import Signed
from schemas.liquidation import LiquidationRequest, LiquidationScope
from schemas.trust import Role, Signer, Target, Trust

NOW = 10**18
BOOK = "b" * 32 + "/paper/desk"
REQUEST = LiquidationRequest(
    book=BOOK, digest="d" * 64, expires_ns=NOW + MOST_NS, id="1" * 32, scope=LiquidationScope.EVERYTHING
)


def key(name: str) -> bytes:
    return len(b"ssh-ed25519").to_bytes(4, "big") + b"ssh-ed25519" + name.encode()


def signer(name: str, *roles: Role) -> Signer:
    return Signer(principal=name, key=f"ssh-ed25519 {base64.b64encode(key(name)).decode()}", roles=roles)


def grant(*roles: Role, by: str = "ada", **changes: object) -> Grant:
    trust = Trust(
        version=1, target=Target(repo="b" * 32, environment="paper"), signers=(signer("ada", *roles or (Role.ADMIN,)),)
    )
    made = Grant(REQUEST, Signed(key(by)), "", trust, (), BOOK, NOW)
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are fields of a Grant


GOOD = (Role.OPERATOR, Role.LIQUIDATE)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.RISK_OFFICER, Role.OPERATOR])
def test_request_of_a_person_with_the_right_then_granted(role: Role) -> None:
    assert problems(grant(role, Role.LIQUIDATE)) == []
    assert problems(grant(role, Role.EMERGENCY, Role.LIQUIDATE)) == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LIQUIDATE])
def test_request_without_the_right_then_refused(role: Role) -> None:
    assert any("no role liquidate" in text for text in problems(grant(Role.ADMIN, role)))


@pytest.mark.parametrize("role", [Role.BOT, Role.WEB, Role.FORGE])
def test_request_of_a_machine_then_refused_whatever_else_its_key_may(role: Role) -> None:
    assert any("person's key" in text for text in problems(grant(role, *GOOD, Role.ADMIN)))


def test_request_of_a_key_for_emergencies_alone_then_refused() -> None:
    assert any("person's key" in text for text in problems(grant(Role.EMERGENCY, Role.LIQUIDATE)))


def test_request_when_the_signature_is_not_valid_then_refused() -> None:
    assert problems(grant(*GOOD, signed=None, problem="torn")) == ["the signature of the request is not valid: torn"]


def test_request_of_an_unknown_key_then_refused() -> None:
    assert any("not listed" in text for text in problems(grant(*GOOD, by="eve")))


def test_request_of_a_denied_key_then_refused() -> None:
    assert any("denied" in text for text in problems(grant(*GOOD, denied=(Signed(key("ada")).fingerprint,))))


@pytest.mark.parametrize("book", ["b" * 32 + "/live/desk", "c" * 32 + "/paper/desk", "b" * 32 + "/paper/other"])
def test_request_for_another_book_then_refused(book: str) -> None:
    assert any("is for book" in text for text in problems(grant(*GOOD, book=book)))


@pytest.mark.parametrize("late", [1, MOST_NS, MOST_NS * 2])
def test_request_when_run_out_or_too_long_then_refused(late: int) -> None:
    assert problems(grant(*GOOD, now_ns=REQUEST.expires_ns - 1)) == []
    assert any("run out" in text for text in problems(grant(*GOOD, now_ns=NOW - late)))
    assert any("run out" in text for text in problems(grant(*GOOD, now_ns=REQUEST.expires_ns + late - 1)))


@given(st.sets(st.sampled_from(list(Role)), min_size=1))
def test_right_then_only_by_role_liquidate_on_a_persons_key(roles: set[Role]) -> None:
    person = bool(roles & {Role.ADMIN, Role.RISK_OFFICER, Role.OPERATOR})
    machine = bool(roles & {Role.BOT, Role.WEB, Role.FORGE})
    assert (problems(grant(*roles)) == []) == (Role.LIQUIDATE in roles and person and not machine)


def test_text_is_canonical_and_reads_back() -> None:
    assert REQUEST.text().startswith(f'{{"book":"{BOOK}","digest":"')
    assert LiquidationRequest.model_validate_json(REQUEST.text()) == REQUEST


def test_rules_then_each_has_a_name_and_says_nothing_about_a_good_request() -> None:
    assert [rule(grant(*GOOD)) for rule in grants.GRANT_RULES] == [""] * len(grants.GRANT_RULES)
