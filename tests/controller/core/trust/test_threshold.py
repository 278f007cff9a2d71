"""How many people a loosening takes, by rules over path, field and size; and who may do what, for every combination."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.trust.authority import MACHINES, Need, may, need_of
from controller.core.trust.threshold import approval_digest, needed, number, within
from schemas.plan import Change, Direction
from schemas.trust import Role, Signer, Target, Trust, TrustRule
from tests.support.desired import key_line

TARGET = Target(repo="0" * 32, environment="paper")
RISK = "risk_config.yaml"
OWN = "strategies/s-a.yaml"


def signer(name: str, *roles: Role, key: str = "") -> Signer:
    return Signer(principal=name, key=key_line(key or name), roles=roles)


ADA = signer("ada", Role.ADMIN, Role.RISK_OFFICER, Role.OPERATOR)
ADA_AGAIN = signer("ada", Role.ADMIN, Role.RISK_OFFICER, key="ada's other key")
BEN = signer("ben", Role.RISK_OFFICER)
FORGE = signer("forge", Role.FORGE, Role.RISK_OFFICER)
OLA = signer("ola", Role.OWNER)


def trust(*rules: TrustRule, signers: tuple[Signer, ...] = (ADA, ADA_AGAIN, BEN, FORGE, OLA)) -> Trust:
    return Trust(version=1, target=TARGET, signers=signers, rules=rules)


def rule(**fields: Any) -> TrustRule:
    return TrustRule(**{"path": RISK, "direction": "loosen", "roles": (Role.RISK_OFFICER,), "signers": 2, **fields})


def limit(old: str = "15%", new: str = "20%", direction: Direction = Direction.LOOSEN) -> Change:
    name = "position.max_position_pct"
    return Change(kind="limit", scope="account", key=name, label=name, old=old, new=new, direction=direction, path=RISK)


def of_strategy(key: str, direction: Direction, path: str = OWN) -> Change:
    return Change(
        kind="status" if key == "status" else "allocation",
        scope="a" * 32,
        key=key,
        label=f"s-a.{key}",
        old="active",
        new="paused",
        direction=direction,
        path=path,
    )


def test_needed_when_no_rule_asks_then_one_person_is_enough() -> None:
    (found,) = needed([limit()], trust(), ["ben"])
    assert (found.signers, found.signed, found.missing, found.satisfied) == (1, ("ben",), 0, True)


def test_needed_when_two_are_asked_then_names_who_must_also_sign() -> None:
    (found,) = needed([limit()], trust(rule()), ["ben"])
    assert (found.missing, found.candidates, found.satisfied) == (1, ("ada",), False)
    assert str(found) == "position.max_position_pct 15% → 20%: signed by ben, needs 2; must also sign: ada"


def test_needed_when_one_person_has_two_keys_then_counts_once() -> None:
    (found,) = needed([limit()], trust(rule(), signers=(ADA, ADA_AGAIN)), ["ada", "ada"])
    assert (found.signed, found.missing, found.candidates) == (("ada",), 1, ())
    assert "nobody else may" in str(found)


def test_needed_when_a_machine_signs_then_it_is_nobody() -> None:
    (found,) = needed([limit()], trust(rule()), ["forge", "ben"])
    assert found.signed == ("ben",)
    (found,) = needed([limit()], trust(), ["forge"])
    assert not found.satisfied


def test_needed_when_it_tightens_then_asks_nobody() -> None:
    assert needed([limit("20%", "15%", Direction.TIGHTEN)], trust(rule(direction="any")), []) == ()


@pytest.mark.parametrize(
    ("base", "new", "signers"),
    [("15%", "16.5%", 1), ("15%", "16.6%", 2), ("10%", "16%", 2), ("$100,000", "$110,000", 1), ("unbounded", "5", 2)],
)
def test_needed_when_a_rule_has_a_size_then_it_measures_from_the_last_approved(
    base: str, new: str, signers: int
) -> None:
    change = limit("15%", new)
    bases = {(change.scope, change.key): base}
    (found,) = needed([change], trust(rule(over_pct="10%")), ["ben"], bases=bases)
    assert found.signers == signers


def test_needed_when_the_plan_must_be_named_then_waits_until_it_is() -> None:
    asked = trust(rule(signers=1, plan_digest=True))
    (found,) = needed([limit()], asked, ["ben"])
    assert not found.satisfied
    assert "must name the plan" in str(found)
    assert needed([limit()], asked, ["ben"], named=True)[0].satisfied


def test_trust_when_there_are_two_admins_then_both_must_sign() -> None:
    change = limit().model_copy(update={"kind": "trust", "path": "trust.yaml", "key": "trust.version"})
    cy = signer("cy", Role.ADMIN)
    assert needed([change], trust(), ["ada"])[0].satisfied
    both = trust(rule(path="*", roles=(Role.ADMIN,), signers=1), signers=(ADA, ADA_AGAIN, cy))
    (found,) = needed([change], both, ["ada"])
    assert (found.candidates, found.missing) == (("cy",), 1)
    assert needed([change], both, ["ada", "cy"])[0].satisfied


def test_owner_when_the_strategy_is_the_own_one_then_may_pause_and_not_raise() -> None:
    owners = {OWN: "ola", "strategies/s-b.yaml": "ben"}
    pause, raised = of_strategy("status", Direction.TIGHTEN), of_strategy("allocation", Direction.LOOSEN)
    assert may(trust(), need_of(pause, owners), OLA)
    assert not may(trust(), need_of(raised, owners), OLA)
    other = of_strategy("status", Direction.TIGHTEN, "strategies/s-b.yaml")
    assert not may(trust(), need_of(other, owners), OLA)
    assert not may(trust(), need_of(limit("2%", "1%", Direction.TIGHTEN), owners), OLA)


def test_owner_when_a_rule_names_the_field_then_may_resume_and_still_not_raise() -> None:
    by_field = trust(rule(path="strategies/*.yaml", field="status", roles=(Role.OWNER, Role.OPERATOR), signers=1))
    owners = {OWN: "ola"}
    assert may(by_field, need_of(of_strategy("status", Direction.LOOSEN), owners), OLA)
    assert not may(by_field, need_of(of_strategy("allocation", Direction.LOOSEN), owners), OLA)
    assert not may(by_field, need_of(of_strategy("status", Direction.LOOSEN), {OWN: "ben"}), OLA)


ROLES = st.sets(st.sampled_from(list(Role)), min_size=1).map(tuple)
RULES = st.lists(
    st.builds(
        TrustRule,
        path=st.sampled_from(["*", RISK, "strategies/*.yaml", "trust.yaml"]),
        field=st.sampled_from(["*", "status", "allocation_pct"]),
        direction=st.sampled_from(["tighten", "loosen", "any"]),
        roles=ROLES,
        signers=st.integers(1, 3),
        plan_digest=st.booleans(),
    ),
    max_size=4,
)
PEOPLE = st.lists(
    st.builds(
        Signer,
        principal=st.sampled_from(["ada", "ben", "cy"]),
        key=st.sampled_from([key_line(name) for name in "1234"]),
        roles=ROLES,
    ),
    min_size=1,
    max_size=5,
)


@given(
    rules=RULES, people=PEOPLE, path=st.sampled_from([RISK, OWN, "trust.yaml"]), names=st.sets(st.sampled_from("ab"))
)
def test_needed_when_satisfied_then_so_many_persons_who_may_have_signed(
    rules: list[TrustRule], people: list[Signer], path: str, names: set[str]
) -> None:
    signed = {"a": "ada", "b": "ben"}
    asked = trust(*rules, signers=tuple(people))
    change = of_strategy("allocation", Direction.LOOSEN, path)
    owners = {OWN: "cy"}
    (found,) = needed([change], asked, [signed[name] for name in names], owners)
    need = need_of(change, owners)
    able = {item.principal for item in people if may(asked, need, item) and not MACHINES & set(item.roles)}
    assert set(found.signed) == able & {signed[name] for name in names}
    assert not set(found.signed) & set(found.candidates)
    if found.satisfied:
        assert len(found.signed) >= found.signers >= 1
    if path == "trust.yaml":
        assert able <= {item.principal for item in people if Role.ADMIN in item.roles}
        assert found.signers >= min(2, len(able))


@given(rules=RULES, roles=ROLES, path=st.sampled_from([RISK, OWN, "trust.yaml", "README.md"]))
def test_may_when_the_key_has_no_role_to_loosen_then_no_rule_gives_it_one(
    rules: list[TrustRule], roles: tuple[Role, ...], path: str
) -> None:
    key = signer("ada", *roles)
    never = MACHINES | {Role.EMERGENCY}
    for owner in ("", "ada", "ben"):
        need = Need(path, Direction.LOOSEN, field="status", owner=owner)
        if set(roles) <= never or (set(roles) <= never | {Role.OWNER} and owner != "ada"):
            assert not may(trust(*rules), need, key)
        if path == "trust.yaml":
            assert Role.ADMIN in roles or not may(trust(*rules), need, key)


def test_digest_when_a_value_differs_then_is_another() -> None:
    asked = trust(rule())
    one, other = needed([limit()], asked, []), needed([limit("16%")], asked, [])
    assert approval_digest("r/paper/main", one) != approval_digest("r/paper/main", other)
    assert approval_digest("r/paper/main", one) != approval_digest("r/live/main", one)
    assert approval_digest("r/paper/main", one) == approval_digest("r/paper/main", needed([limit()], asked, ["ben"]))
    assert approval_digest("r/paper/main", ()) == ""


@pytest.mark.parametrize(("text", "value"), [("15%", "15"), ("$25,000.50", "25000.50"), ("300s", "300"), ("3", "3")])
def test_number_when_a_value_is_one_then_reads_it(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["-", "never", "unbounded", "NaN", "Infinity", ""])
def test_number_when_a_value_is_none_then_is_none(text: str) -> None:
    assert number(text) is None
    assert not within(text, "1", Decimal(100))
    assert not within("1%", "1", Decimal(100))
