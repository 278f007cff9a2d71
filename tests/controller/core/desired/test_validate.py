import base64

import pytest

from controller.core.desired.alert_documents import ALERT_RULES
from controller.core.desired.experiment_documents import EXPERIMENT_RULES
from controller.core.desired.key_lines import read_key_line
from controller.core.desired.validate import RULES
from controller.errors import InvalidDesired
from tests.support.desired import UIDS, files, key_line, read, wire

TEST = (
    b"version: 1\nid: t-1\nname: T\nstrategy: ml-momentum-v2\nstarted: 2026-01-19\nduration_days: 14\n"
    b"traffic_split: 50/50\nvariant_a: {name: A}\nvariant_b: {name: B, parameters: {lookback: 60}}\n"
)
BROKEN = {
    "limit out of range": (
        files(risk_config=("cash_reserve_pct: 5%", "cash_reserve_pct: 101%")),
        "risk_config.yaml",
        "account.cash_reserve_pct 101% is out of range (fix: write 0% to 100%)",
    ),
    "limit below zero": (
        files(risk_config=("min_position_dollars: $500", "min_position_dollars: -$500")),
        "risk_config.yaml",
        "position.min_position_dollars -$500 is out of range",
    ),
    "limit finer than the gate's integers": (
        files(risk_config=("cash_reserve_pct: 5%", "cash_reserve_pct: 0.00001%")),
        "risk_config.yaml",
        "account.cash_reserve_pct has more than 4 decimals",
    ),
    "warning above reduction": (
        files(risk_config=("sector_warning_pct: 40%", "sector_warning_pct: 60%")),
        "risk_config.yaml",
        "concentration.sector_warning_pct 60% is above concentration.sector_reduction_pct 50% (fix: write at most 50%)",
    ),
    "smallest above largest position": (
        files(risk_config=("min_position_dollars: $500", "min_position_dollars: $30,000")),
        "risk_config.yaml",
        "position.min_position_dollars $30,000 is above position.max_position_dollars $25,000",
    ),
    "shadow of what is no limit": (
        files(risk_config=("shadow: []", "shadow: [order.max_dollar]")),
        "risk_config.yaml",
        "order.max_dollar cannot be in shadow (fix: one of: account.margin_multiplier,",
    ),
    "shadow of the capital": (
        files(risk_config=("shadow: []", "shadow: [account.initial_capital]")),
        "risk_config.yaml",
        "account.initial_capital cannot be in shadow (fix: one of: account.margin_multiplier,",
    ),
    "too many active": (
        files(strategies__disclosure_follower=("status: paused", "status: active")),
        "strategies/ml-momentum-v2.yaml",
        "4 strategies are active; strategy.max_strategies_active is 3",
    ),
    "allocation above its limit": (
        files(strategies__disclosure_follower=("allocation_pct: 20%", "allocation_pct: 41%")),
        "strategies/disclosure-follower.yaml",
        "allocation 41% of disclosure-follower is not between 0% and 40%",
    ),
    "negative allocation": (
        files(strategies__disclosure_follower=("allocation_pct: 20%", "allocation_pct: -20%")),
        "strategies/disclosure-follower.yaml",
        "allocation -20% of disclosure-follower is not between 0% and 40%",
    ),
    "active allocations over 100 percent": (
        files(strategies__contrarian_swing=("allocation_pct: 25%", "allocation_pct: 26%")),
        "strategies/ml-momentum-v2.yaml",
        "active strategies get 101% together; 100% x account.margin_multiplier is 100% (fix: take 1% off one of:",
    ),
    "active allocations over the margin": (
        files(risk_config=("margin_multiplier: 1.0", "margin_multiplier: 0.9")),
        "strategies/ml-momentum-v2.yaml",
        "active strategies get 100% together; 100% x account.margin_multiplier is 90%",
    ),
    "uid twice": (
        files(strategies__disclosure_follower=(UIDS["disclosure-follower"], UIDS["ml-momentum-v2"])),
        "strategies/ml-momentum-v2.yaml",
        "uid is already that of disclosure-follower",
    ),
    "key that is none": (
        files(trust=(key_line("bot"), "ssh-ed25519 AAAA")),
        "trust.yaml",
        "key of gt-risk-bot: it is cut off",
    ),
    "key twice": (
        files(trust=(key_line("bot"), key_line("kim").replace(" kim", " another"))),
        "trust.yaml",
        "key of gt-risk-bot is already listed for kim",
    ),
    "nobody is admin": (files(trust=("roles: [admin, ", "roles: [")), "trust.yaml", "nobody has the role admin"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_validate_when_a_rule_is_broken_then_says_where_what_and_fix(name: str) -> None:
    tree, path, said = BROKEN[name]
    with pytest.raises(InvalidDesired) as caught:
        read(tree)
    found = [problem for problem in caught.value.problems if said in str(problem)]
    assert found, caught.value.problems
    assert found[0].path == path
    assert found[0].line > 1
    assert found[0].fix


def test_validate_when_each_rule_is_asked_then_a_case_above_breaks_it() -> None:
    assert len(BROKEN) >= len(RULES) - len(ALERT_RULES) - len(EXPERIMENT_RULES)


def test_validate_when_paused_then_allocation_does_not_count() -> None:
    tree = files(
        strategies__contrarian_swing=("status: active", "status: paused"),
        strategies__disclosure_follower=("status: paused", "status: active"),
    )
    assert len(read(tree).strategies) == 4


def test_validate_when_a_strategy_has_mistakes_of_its_own_then_its_test_is_not_blamed() -> None:
    tree = files(strategies__ml_momentum_v2=("owner: system", "owner: 1")) | {"ab_tests/t-1.yaml": TEST}
    with pytest.raises(InvalidDesired) as caught:
        read(tree)
    assert [problem.path for problem in caught.value.problems] == ["strategies/ml-momentum-v2.yaml"]


def key(kind: str, *parts: bytes) -> str:
    return f"{kind} {base64.b64encode(wire(*parts)).decode()} somebody"


POINT = b"\x04" + b"\x01" * 64
GOOD_KEYS = {
    "ed25519": key_line("a"),
    "without a comment": key_line("a").rpartition(" ")[0],
    "rsa": key("ssh-rsa", b"ssh-rsa", b"\x01\x00\x01", b"\x00" + b"\xff" * 256),
    "ecdsa": key("ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp256", b"nistp256", POINT),
    "sk": key("sk-ssh-ed25519@openssh.com", b"sk-ssh-ed25519@openssh.com", b"\x01" * 32, b"ssh:"),
}
BAD_KEYS = {
    "empty": "",
    "type only": "ssh-ed25519",
    "options": 'command="x" ' + key_line("a"),
    "unknown type": key("ssh-dss", b"ssh-dss", b"1", b"2"),
    "other type inside": key("ssh-ed25519", b"ssh-rsa", b"\x01" * 32),
    "short": key("ssh-ed25519", b"ssh-ed25519", b"\x01" * 31),
    "one part too many": key("ssh-ed25519", b"ssh-ed25519", b"\x01" * 32, b"x"),
    "weak rsa": key("ssh-rsa", b"ssh-rsa", b"\x01\x00\x01", b"\x00" + b"\xff" * 128),
    "cut off": key_line("a")[:60],
    "not base64": "ssh-ed25519 A*B=",
    "private": "-----BEGIN OPENSSH PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", GOOD_KEYS)
def test_read_key_line_when_well_formed_then_gives_the_wire_form(name: str) -> None:
    assert read_key_line(GOOD_KEYS[name]) == base64.b64decode(GOOD_KEYS[name].split()[1])


@pytest.mark.parametrize("name", BAD_KEYS)
def test_read_key_line_when_it_holds_something_else_then_refuses(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_key_line(BAD_KEYS[name])
