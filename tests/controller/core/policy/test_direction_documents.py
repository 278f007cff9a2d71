"""The direction of what documents say beside limits, and of whole documents."""

import pytest

from controller.core.policy.direction import compare_desired
from schemas.plan import Direction
from tests.support.desired import COMMITS, UIDS, desired, files, key_line, read

UID = UIDS["ml-momentum-v2"]
SECTORS = {"AAPL": "Technology", "JPM": "Financials"}
TIGHTEN, LOOSEN, NEUTRAL = Direction.TIGHTEN, Direction.LOOSEN, Direction.NEUTRAL


def documents(**changes: tuple[str, str]) -> list[tuple[str, str, str, str, Direction, str]]:
    return [
        (item.kind, item.label, item.old, item.new, item.direction, item.path)
        for item in compare_desired(desired(), read(files(**changes), COMMITS[1]), SECTORS)
    ]


RISK_PATH, ALERTS_PATH = "risk_config.yaml", "risk_alerts.yaml"
DOCUMENT_CASES: dict[str, tuple[dict[str, tuple[str, str]], tuple[str, str, str, str, Direction, str]]] = {
    "trust key": (
        {"trust": (key_line("bot"), key_line("new"))},
        ("trust", "trust.signers.1.key", key_line("bot"), key_line("new"), LOOSEN, "trust.yaml"),
    ),
    "trust role removed": (
        {"trust": ("roles: [admin, risk-officer, operator, emergency, liquidate]", "roles: [admin]")},
        (
            "trust",
            "trust.signers.0.roles",
            "admin, risk-officer, operator, emergency, liquidate",
            "admin",
            LOOSEN,
            "trust.yaml",
        ),
    ),
    "alert level": (
        {"risk_alerts": ("max_per_hour: 100", "max_per_hour: 5")},
        ("document", "alerts.alerts.rate_limiting.max_per_hour", "100", "5", LOOSEN, ALERTS_PATH),
    ),
    "benchmark": (
        {"risk_config": ("benchmark: SPX", "benchmark: XOM")},
        ("document", "account.benchmark", "SPX", "XOM", LOOSEN, RISK_PATH),
    ),
    "guard looser": (
        {"risk_config": ("max_changed_pct: 50%", "max_changed_pct: 60%")},
        ("document", "guards.max_changed_pct", "50%", "60%", LOOSEN, RISK_PATH),
    ),
    "guard stricter": (
        {"risk_config": ("max_changed_pct: 50%", "max_changed_pct: 40%")},
        ("document", "guards.max_changed_pct", "50%", "40%", TIGHTEN, RISK_PATH),
    ),
    "goal of a phase": (
        {"risk_config": ("        trades: 100\n", "        trades: 10\n")},
        ("document", "learning.phases.0.goals.trades", "100", "10", LOOSEN, RISK_PATH),
    ),
    "multiplier of another phase down": (
        {"risk_config": ("position_size_multiplier: 0.75", "position_size_multiplier: 0.7")},
        ("document", "learning.phases.1.position_size_multiplier", "0.75", "0.7", TIGHTEN, RISK_PATH),
    ),
    "multiplier of another phase up": (
        {"risk_config": ("position_size_multiplier: 0.75", "position_size_multiplier: 0.8")},
        ("document", "learning.phases.1.position_size_multiplier", "0.75", "0.8", LOOSEN, RISK_PATH),
    ),
    "first day of a phase": (
        {"risk_config": ('started: "2015-06-01"', 'started: "2015-06-02"')},
        ("document", "learning.started", "2015-06-01", "2015-06-02", NEUTRAL, RISK_PATH),
    ),
    "ladder earlier": (
        {"risk_config": ("after_seconds: 3600", "after_seconds: 1800")},
        ("document", "staleness.no-loosening", "3600s", "1800s", TIGHTEN, RISK_PATH),
    ),
    "ladder later": (
        {"risk_config": ("after_seconds: 3600", "after_seconds: 7200")},
        ("document", "staleness.no-loosening", "3600s", "7200s", LOOSEN, RISK_PATH),
    ),
    "ladder without its last rung": (
        {"risk_config": ("    - after_seconds: 86400\n      action: pause-new-orders\n", "")},
        ("document", "staleness.pause-new-orders", "86400s", "never", LOOSEN, RISK_PATH),
    ),
    "reason": (
        {"emergency": ('reason: ""', "reason: earnings")},
        ("document", "emergency.reason", "", "earnings", NEUTRAL, "emergency.yaml"),
    ),
    "owner": (
        {"strategies__ml_momentum_v2": ("owner: system", "owner: kim")},
        ("document", "ml-momentum-v2.owner", "system", "kim", LOOSEN, "strategies/ml-momentum-v2.yaml"),
    ),
    "tag": (
        {"strategies__ml_momentum_v2": ("tags: [momentum]", "tags: [a, b]")},
        ("document", "ml-momentum-v2.tags", "momentum", "a, b", LOOSEN, "strategies/ml-momentum-v2.yaml"),
    ),
    "limit": (
        {"risk_config": ("max_position_pct: 15%", "max_position_pct: 20")},
        ("limit", "position.max_position_pct", "15%", "20%", LOOSEN, RISK_PATH),
    ),
}


@pytest.mark.parametrize("name", DOCUMENT_CASES)
def test_compare_desired_when_a_document_changes_then_says_which_and_where_to(name: str) -> None:
    changes, expected = DOCUMENT_CASES[name]
    assert documents(**changes) == [expected]


def test_compare_desired_when_only_comments_and_spelling_change_then_nothing_does() -> None:
    assert documents(risk_config=("max_position_pct: 15%", "max_position_pct: 15 # as it was")) == []


def test_compare_desired_when_initial_capital_changes_then_it_loosens_either_way() -> None:
    for value in ("$90,000", "$110,000"):
        found = {item[1]: item[4] for item in documents(risk_config=("$100,000", value))}
        assert found["account.initial_capital"] is LOOSEN


def test_compare_desired_when_halts_and_clears_are_added_then_the_clear_loosens_and_names_the_digest() -> None:
    old = desired()
    one = f"version: 1\nid: '{'1' * 32}'\nscope: {{kind: account}}\nmode: halt-all\nopened: 2026-01-19T10:23:45Z\n"
    tree = files() | {
        f"halts/{'1' * 32}.yaml": (one + "actor: kim\nchannel: cli\n").encode(),
        f"cleared/{'1' * 32}.yaml": (
            f"version: 1\nid: '{'1' * 32}'\nhalt_digest: '{'ab' * 32}'\nby: kim\nreason: x\n".encode()
        ),
    }
    new = read(tree, COMMITS[1])
    found = [(item.kind, item.label, item.new, item.direction) for item in compare_desired(old, new)]
    assert found == [
        ("halt", f"cleared/{'1' * 32}.yaml", "ab" * 32, LOOSEN),
        ("halt", f"halts/{'1' * 32}.yaml", "halt-all account", NEUTRAL),
    ]
    assert [item.direction for item in compare_desired(new, old)] == [LOOSEN, LOOSEN]


def test_compare_desired_when_a_strategy_is_added_then_is_one_change() -> None:
    old = desired().model_copy(update={"strategies": {k: v for k, v in desired().strategies.items() if v.uid != UID}})
    assert [(item.kind, item.label) for item in compare_desired(old, desired())] == [("strategy", "ml-momentum-v2")]


def test_compare_desired_when_an_ab_test_appears_changes_or_goes_then_it_loosens() -> None:
    test = (
        b"version: 1\nid: t-1\nname: T\nstrategy: ml-momentum-v2\nstarted: 2026-01-19\nduration_days: 14\n"
        b"variant_a: {name: A}\nvariant_b: {name: B, parameters: {lookback: 60}}\n"
    )
    without = desired()
    with_test = read(files() | {"ab_tests/t-1.yaml": test})
    stopped = read(files() | {"ab_tests/t-1.yaml": test + b"status: stopped\n"})
    for old, new in ((without, with_test), (with_test, stopped), (stopped, without)):
        changes = compare_desired(old, new)
        assert changes
        assert all(item.direction is LOOSEN and item.path == "ab_tests/t-1.yaml" for item in changes)
