import re

import pytest

from controller.core.desired.documents import parse, read_desired
from controller.core.desired.template import fill
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import LIMITS
from schemas.trust import Role
from tests.support.desired import UIDS, desired, files, key_line, template

NAMES = {
    "ml-momentum-v2": ("ML Momentum v2", StrategyStatus.ACTIVE, 40, "momentum"),
    "heuristic-value-1": ("Value Following", StrategyStatus.ACTIVE, 35, "value"),
    "contrarian-swing": ("Contrarian Swing", StrategyStatus.ACTIVE, 25, "contrarian"),
    "disclosure-follower": ("Disclosure Follower", StrategyStatus.PAUSED, 20, "disclosure"),
}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_template_when_limit_then_has_its_default_and_its_meaning(limit: object) -> None:
    from schemas.limits import Limit

    assert isinstance(limit, Limit)
    text = template()["risk_config.yaml"].decode()
    group = text[text.index(f"\n  {limit.group}:", text.index("hard_limits:" if limit.hard else "soft_limits:")) :]
    match = re.search(rf"((?:    #.*\n)+)    {limit.key}: (.*)\n", group)
    assert match
    assert limit.doc in match[1]
    assert match[2] == limit.default
    section = desired().risk.hard_limits if limit.hard else desired().risk.soft_limits
    assert getattr(getattr(section, limit.group), limit.key) == limit.parse(limit.default)


def test_template_when_filled_then_is_the_demo_of_the_design() -> None:
    state = desired()
    assert state.emergency.trading_mode is TradingMode.NORMAL
    found = {
        key: (item.name, item.status, int(item.allocation_pct), item.module) for key, item in state.strategies.items()
    }
    assert found == NAMES
    assert [rule.trigger for rule in state.alerts.alerts.rules] == [
        "hard_limit_violation",
        "soft_limit_warning",
        "strategy_halt",
        "emergency_halt",
    ]
    assert "\n    max_position_pct: 15%\n" in template()["risk_config.yaml"].decode()


def test_template_when_yaml_then_names_its_schema() -> None:
    for path, content in template().items():
        if path.endswith(".yaml"):
            first = content.decode().partition("\n")[0]
            name = path.removeprefix("templates/").removesuffix(".template.yaml")
            up = "../" if "/" in PLACES.get(name, path) else ""
            assert re.fullmatch(rf"# yaml-language-server: \$schema={re.escape(up)}\.schemas/[a-z_]+\.json", first)


def test_fill_when_done_then_only_the_values_differ() -> None:
    changed = {path for path, content in files().items() if content != template()[path]}
    assert changed == {"trust.yaml", *(f"strategies/{key}.yaml" for key in UIDS)}
    before, after = template()["trust.yaml"].decode().splitlines(), files()["trust.yaml"].decode().splitlines()
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert differing == [
        f'  repo: "{"0" * 31}1"',
        "  - principal: kim",
        f"    key: {key_line('kim')}",
        f"    key: {key_line('bot')}",
    ]
    trust = desired().trust
    assert (trust.target.environment, trust.target.branch) == ("paper", "main")
    assert Role.ADMIN in trust.signers[0].roles
    assert trust.signers[1].roles == (Role.BOT,)


def test_fill_when_too_few_uids_then_refuses() -> None:
    with pytest.raises(ValueError, match="shorter"):
        fill(template(), "0" * 32, "paper", "main", "kim", key_line("kim"), key_line("bot"), ["1" * 32])


def test_fill_when_a_name_is_odd_then_it_is_quoted() -> None:
    odd = 'Kim "K": #1'
    filled = fill(template(), "0" * 32, "live", "trunk", odd, key_line("kim"), key_line("bot"), list(UIDS.values()))
    assert b'principal: "Kim \\"K\\": #1"' in filled["trust.yaml"]
    assert b"environment: live" in filled["trust.yaml"]


PLACES = {
    "risk_config": "risk_config.yaml",
    "risk_alerts": "risk_alerts.yaml",
    "strategy": "strategies/my-strategy.yaml",
    "ab_test": "ab_tests/my-test.yaml",
}


@pytest.mark.parametrize(("name", "path"), PLACES.items())
def test_template_of_one_document_when_put_in_its_place_then_without_a_mistake(name: str, path: str) -> None:
    assert parse(path, template()[f"templates/{name}.template.yaml"]).problems == ()


def test_templates_when_all_are_put_in_their_places_then_one_desired_state() -> None:
    places = {path: template()[f"templates/{name}.template.yaml"] for name, path in PLACES.items()}
    found = read_desired("a" * 40, {**files(), **places})
    assert found.strategies["my-strategy"].status is StrategyStatus.PAUSED
    assert found.ab_tests["my-test"].strategy == "my-strategy"


def test_template_of_the_limits_when_read_then_the_very_documents_that_init_writes() -> None:
    for name in ("risk_config", "risk_alerts"):
        assert template()[f"templates/{name}.template.yaml"] == template()[f"{name}.yaml"]
