"""What no rule of trust.yaml can grant, and who may do what without any rule."""

from itertools import product

import pytest

from controller.core.policy.direction import compare
from controller.core.trust.authority import MACHINES, Need, needs, roles_for, rule_for
from schemas.plan import Direction
from schemas.trust import Role, Signer, Target, Trust, TrustRule
from tests.support.policies import policy

ALL = tuple(Role)
PATHS = ("risk_config.yaml", "strategies/a.yaml", "trust.yaml", "emergency.yaml", "README.md")


def trust(*rules: TrustRule) -> Trust:
    return Trust(
        version=1,
        target=Target(repo="0" * 32, environment="paper"),
        signers=(Signer(principal="ada", key="ssh-ed25519 AAAA", roles=(Role.ADMIN,)),),
        rules=rules,
    )


EVERYBODY = trust(TrustRule(path="*", direction="any", roles=ALL, signers=1))


@pytest.mark.parametrize(("path", "direction", "pause"), list(product(PATHS, Direction, (False, True))))
def test_roles_when_a_rule_grants_everything_to_everybody_then_never_these(
    path: str, direction: Direction, pause: bool
) -> None:
    granted = roles_for(EVERYBODY, Need(path, direction, pause=pause))
    assert Role.FORGE not in granted
    if path == "trust.yaml":
        assert granted == {Role.ADMIN}
    elif direction is Direction.LOOSEN:
        assert not granted & (MACHINES | {Role.EMERGENCY})
        assert Role.OPERATOR in granted
    else:
        assert (Role.BOT in granted) is pause
        assert Role.EMERGENCY in granted


@pytest.mark.parametrize(
    ("need", "roles"),
    [
        (Need("trust.yaml", Direction.NEUTRAL), {Role.ADMIN}),
        (Need("risk_config.yaml", Direction.LOOSEN, hard=True), {Role.RISK_OFFICER}),
        (Need("risk_config.yaml", Direction.LOOSEN), {Role.OPERATOR}),
        (Need("README.md", Direction.NEUTRAL), {Role.OPERATOR}),
        (
            Need("risk_config.yaml", Direction.TIGHTEN),
            {Role.OPERATOR, Role.RISK_OFFICER, Role.EMERGENCY, Role.WEB, Role.OWNER},
        ),
    ],
)
def test_roles_when_there_is_no_rule_then_the_default(need: Need, roles: set[Role]) -> None:
    assert roles_for(trust(), need) == roles


def test_roles_when_a_rule_matches_then_it_replaces_the_default() -> None:
    narrow = trust(TrustRule(path="risk_config.yaml", direction="loosen", roles=(Role.ADMIN,), signers=1))
    assert roles_for(narrow, Need("risk_config.yaml", Direction.LOOSEN)) == {Role.ADMIN}
    assert Role.OPERATOR in roles_for(narrow, Need("risk_config.yaml", Direction.TIGHTEN))


@pytest.mark.parametrize(
    ("old", "new", "role"),
    [
        ((), ("order.max_dollars",), Role.RISK_OFFICER),
        (
            ("volatility.position_reduction",),
            ("exposure.max_gross_pct", "volatility.position_reduction"),
            Role.RISK_OFFICER,
        ),
        ((), ("volatility.position_reduction",), Role.OPERATOR),
        (("order.max_dollars",), ("order.max_dollars", "volatility.position_warning"), Role.OPERATOR),
    ],
)
def test_limit_that_goes_into_the_shadow_then_whoever_may_loosen_it(
    old: tuple[str, ...], new: tuple[str, ...], role: Role
) -> None:
    """A limit in shadow binds no more."""
    before, after = (policy().model_copy(update={"shadow": names}) for names in (old, new))
    (need,) = needs((), compare(before, after))
    assert need.direction is Direction.LOOSEN and roles_for(trust(), need) == {role}


def test_limit_that_goes_into_the_shadow_then_the_rule_of_its_own_field_applies_the_strictest_of_several() -> None:
    def ruled(field: str, signers: int) -> TrustRule:
        return TrustRule(
            path="risk_config.yaml", field=field, direction="loosen", roles=(Role.RISK_OFFICER,), signers=signers
        )

    rules = trust(ruled("exposure.*", 1), ruled("order.max_dollars", 2))

    def asked(*names: str) -> int:
        (need,) = needs((), compare(policy(), policy().model_copy(update={"shadow": names})))
        rule = rule_for(rules, need)
        return rule.signers if rule else 0

    assert (asked("order.max_dollars"), asked("exposure.max_gross_pct")) == (2, 1)
    assert asked("exposure.max_gross_pct", "order.max_dollars") == 2
    assert asked("volatility.position_warning") == 0
