import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired.documents import DocumentCache, read_desired
from controller.core.desired.yaml_source import position
from controller.errors import InvalidDesired
from schemas.desired import Desired, StrategyStatus
from schemas.places import is_relevant
from schemas.status import Problem
from tests.support.desired import COMMITS, UIDS, cached, files, read

MISTAKES = {
    "unknown field with a near name": (
        files(risk_config=("price_collar_pct: 5%", "price_colar_pct: 5%")),
        "hard_limits.order.price_colar_pct is not a field here (fix: did you mean price_collar_pct?)",
    ),
    "unknown field without one": (
        files(emergency=("version: 1", "version: 1\nzzz: 1")),
        "zzz is not a field here (fix: remove it; known here: version, trading_mode, reason)",
    ),
    "missing limit names its default": (
        files(risk_config=("    max_positions: 20\n", "")),
        "hard_limits.position.max_positions is missing (fix: add `max_positions: 20`)",
    ),
    "missing group": (
        files(risk_config=("  strategy:\n", "  strategies:\n")),
        "hard_limits.strategy is missing (fix: add `strategy:` with its fields or value)",
    ),
    "missing enum": (
        files(emergency=("trading_mode: normal\n", "")),
        "trading_mode is missing (fix: add `trading_mode: normal`)",
    ),
    "unknown enum value": (
        files(emergency=("trading_mode: normal", "trading_mode: nrmal")),
        "trading_mode is 'nrmal' (fix: write one of: normal, pause-new-orders, halt-trading or halt-all)",
    ),
    "unknown literal": (
        files(trust=("environment: paper", "environment: moon")),
        "target.environment is 'moon' (fix: write one of: paper or live)",
    ),
    "float money": (
        files(risk_config=("$100,000", "100000.50")),
        'initial_capital: 100000.50 is a float; money must be exact (fix: write "$100000.50" in quotes)',
    ),
    "ambiguous percent": (
        files(risk_config=("max_position_pct: 15%", "max_position_pct: 0.15")),
        "max_position_pct: 0.15 is ambiguous (fix: write 0.15% for 0.15 percent, or 15.00% for the fraction)",
    ),
    "text where a number is due": (
        files(risk_config=("max_positions: 20", 'max_positions: "20"')),
        "hard_limits.position.max_positions is '20' (fix: write a whole number without quotes)",
    ),
    "boolean as version": (
        files(emergency=("version: 1", "version: true")),
        "version: True is not a version (fix: write 1)",
    ),
    "text where a boolean is due": (
        files(risk_alerts=("enabled: true", 'enabled: "true"')),
        "alerts.channels.dashboard.enabled is 'true' (fix: write true or false)",
    ),
    "number where text is due": (
        files(strategies__ml_momentum_v2=("owner: system", "owner: 7")),
        "owner is 7 (fix: write text; quote it if it looks like a number)",
    ),
    "float parameter": (
        files(strategies__ml_momentum_v2=("lookback: 126", "lookback: 1.5")),
        "parameters.lookback is 1.5",
    ),
    "empty value": (files(emergency=("trading_mode: normal", "trading_mode:")), "trading_mode is empty"),
    "group where a value is due": (
        files(emergency=("trading_mode: normal", "trading_mode: {a: 1}")),
        "trading_mode is a group of fields",
    ),
    "value where a list is due": (
        files(strategies__ml_momentum_v2=("tags: [momentum]", "tags: momentum")),
        "tags is 'momentum' (fix: write a list: [a, b])",
    ),
    "value where a group is due": (
        files(emergency=("version: 1\n", "")) | {"emergency.yaml": b"normal\n"},
        "the document is 'normal' (fix: write its fields below it, indented)",
    ),
    "bad uid": (
        files(strategies__ml_momentum_v2=("uid: " + '"' + UIDS["ml-momentum-v2"], 'uid: "xyz')),
        "(fix: 32 random hexadecimal digits, unique to this strategy)",
    ),
    "secret in the open": (
        files(risk_alerts=("env:GT_RISK_SLACK_WEBHOOK", "https://example.com/hook")),
        "webhook_url is not a reference to a secret (fix: a reference to the secret: env:NAME or file:/PATH)",
    ),
    "lower-case symbol": (
        files(strategies__ml_momentum_v2=("tags: [momentum]", "universe: [aapl]")),
        "universe.0 is 'aapl'",
    ),
    "file name is not the id": (
        files() | {"strategies/other.yaml": files()["strategies/ml-momentum-v2.yaml"]},
        "id is 'ml-momentum-v2', the file is named 'other'"
        " (fix: write `id: other` or rename the file to ml-momentum-v2.yaml)",
    ),
    "unknown file in a folder": (
        files() | {"strategies/notes.txt": b""},
        "strategies/notes.txt:1:1: no document lives here",
    ),
    "wrong ending": (files() | {"strategies/x.yml": b""}, "strategies/x.yml:1:1: no document lives here"),
    "folder in a folder": (files() | {"halts/x/y.yaml": b""}, "halts/x/y.yaml:1:1: no document lives here"),
    "unknown YAML at the root": (
        files() | {"risk_confg.yaml": b"a: 1\n"},
        "risk_confg.yaml:1:1: no document lives here (fix: did you mean risk_config.yaml?)",
    ),
    "limits missing": (
        {path: text for path, text in files().items() if path != "risk_config.yaml"},
        "risk_config.yaml:1:1: the document is missing",
    ),
    "mode missing": (
        {path: text for path, text in files().items() if path != "emergency.yaml"},
        "emergency.yaml:1:1: the document is missing",
    ),
    "trust missing": (
        {path: text for path, text in files().items() if path != "trust.yaml"},
        "trust.yaml:1:1: the document is missing",
    ),
    "nothing at all": ({"README.md": b"hello"}, "the commit holds no documents at all"),
    "syntax": (files() | {"emergency.yaml": b"a: [1\n"}, "emergency.yaml:2:1: not YAML"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_read_desired_when_mistaken_then_says_where_what_and_fix(name: str) -> None:
    tree, said = MISTAKES[name]
    with pytest.raises(InvalidDesired) as caught:
        read(tree)
    assert said in str(caught.value)
    assert re.match(r"\S+:\d+:\d+: ", str(caught.value))


PLACES = {
    "unknown field": (("emergency", "version: 1", "version: 1\nzzz: 1"), "zzz"),
    "unknown field, nested": (("risk_config", "price_collar_pct: 5%", "zzz: 5%"), "zzz"),
    "missing field": (("risk_config", "max_positions: 20", "# none"), "position:\n"),
    "value": (("risk_config", "$100,000", "100000.50"), "100000.50"),
    "value in a list": (("risk_alerts", "levels: [INFO, WARN", "levels: [INFO, NOPE"), "NOPE"),
    "value in a list of groups": (("trust", "roles: [bot]", "roles: [bott]"), "bott"),
    "empty value": (("emergency", "trading_mode: normal", "trading_mode:"), "\nreason"),
    "duplicate key": (("emergency", "version: 1", "version: 1\n'version': 2"), "'version'"),
}


@pytest.mark.parametrize("name", PLACES)
def test_read_desired_when_mistaken_then_points_at_the_very_place(name: str) -> None:
    (stem, old, new), needle = PLACES[name]
    tree = files(**{stem: (old, new)})
    with pytest.raises(InvalidDesired) as caught:
        read(tree)
    text = tree[f"{stem}.yaml"].decode()
    places = [(problem.path, problem.line, problem.column) for problem in caught.value.problems]
    assert (f"{stem}.yaml", *position(text, text.index(needle))) in places


def test_read_desired_when_several_files_are_wrong_then_reports_every_mistake_in_order() -> None:
    tree = files(
        emergency=("trading_mode: normal", "trading_mode: off"),
        strategies__contrarian_swing=("owner: system", "owner: 1\nzzz: 2"),
        risk_config=("max_positions: 20", "max_positions: -1"),
    )
    tree["strategies/ml-momentum-v2.yaml"] += b"version: 1\n"
    tree["halts/x.txt"] = b""
    with pytest.raises(InvalidDesired) as caught:
        read(tree)
    assert [(problem.path, problem.message.split(" ")[0]) for problem in caught.value.problems] == [
        ("emergency.yaml", "off"),
        ("halts/x.txt", "no"),
        ("risk_config.yaml", "hard_limits.position.max_positions"),
        ("strategies/contrarian-swing.yaml", "owner"),
        ("strategies/contrarian-swing.yaml", "zzz"),
        ("strategies/ml-momentum-v2.yaml", "'version'"),
    ]


def test_read_desired_when_a_value_cannot_be_read_then_says_so_once() -> None:
    with pytest.raises(InvalidDesired) as caught:
        read(files(emergency=("trading_mode: normal", "trading_mode: &x on")))
    assert [problem.message[:9] for problem in caught.value.problems] == ["anchor &x", "on means "]


def test_read_desired_when_valid_then_has_every_document() -> None:
    tree = files() | {
        "README.md": b"\xff not read",
        ".github/workflows/x.yaml": b"a: &b 1",
        "ab_tests/t-1.yaml": b"version: 1\nid: t-1\nname: T\nstrategy: ml-momentum-v2\nstarted: 2026-01-19\n"
        b"duration_days: 14\nvariant_a: {name: A}\nvariant_b: {name: B, parameters: {lookback: 60}}\n",
    }
    desired = read(tree)
    assert desired.commit == COMMITS[0]
    assert sorted(desired.strategies) == sorted(UIDS)
    assert desired.strategies["disclosure-follower"].status is StrategyStatus.PAUSED
    assert desired.ab_tests["t-1"].duration_days == 14
    assert desired.trust.signers[0].principal == "kim"


def test_is_relevant_when_nobody_reads_a_path_then_false() -> None:
    relevant = ["trust.yaml", "x.yml", "halts/a.yaml", "strategies/.gitkeep", "cleared/a/b"]
    assert [path for path in [*relevant, "README.md", ".github/a.yaml", ".schemas/x.json"] if is_relevant(path)] == (
        relevant
    )


def test_cache_when_a_file_is_unchanged_then_reuses_its_document() -> None:
    cache = DocumentCache()
    first = cached(cache, files())
    second = cached(cache, files(emergency=("normal", "halt-all")), COMMITS[1])
    assert second.strategies["ml-momentum-v2"] is first.strategies["ml-momentum-v2"]
    assert second.emergency is not first.emergency
    assert len(cache.newest) == len([path for path in files() if is_relevant(path)])
    assert len(cache.older) == 1


def test_cache_when_the_same_content_is_elsewhere_then_judges_it_there() -> None:
    cache = DocumentCache()
    cached(cache, files())
    copied = files() | {"strategies/other.yaml": files()["strategies/ml-momentum-v2.yaml"]}
    with pytest.raises(InvalidDesired):
        cached(cache, copied)


def test_cache_when_what_left_comes_back_then_only_at_its_place_with_its_content() -> None:
    cache = DocumentCache()
    first = cache.parse_all({"emergency.yaml": "1"}, str.encode)
    cache.parse_all({"emergency.yaml": "2"}, str.encode)
    assert cache.parse_all({"emergency.yaml": "1"}, str.encode)["emergency.yaml"] is first["emergency.yaml"]
    moved = cache.parse_all({"trust.yaml": "2"}, str.encode)["trust.yaml"]
    assert (moved.path, moved.content) == ("trust.yaml", b"2")


def test_cache_when_full_then_drops_the_oldest_but_none_of_the_newest_tree() -> None:
    cache = DocumentCache()
    for number in range(4_100):
        cache.parse_all({"emergency.yaml": str(number)}, str.encode)
    assert len(cache.older) == 4_096
    many = {f"halts/{number:032x}.yaml": "{}" for number in range(5_000)}
    cache.parse_all(many, str.encode)
    assert (len(cache.newest), len(cache.older)) == (5_000, 4_096)
    kept = cache.newest
    found = cache.parse_all(many, str.encode)
    assert all(found[path] is kept[path] for path in many)


_EDITS = st.dictionaries(
    st.sampled_from(["emergency.yaml", "risk_config.yaml", "strategies/ml-momentum-v2.yaml"]),
    st.sampled_from(
        [("version: 1", "version: 2"), ("normal", "halt-all"), ("15%", "12%"), ("momentum", "value"), None]
    ),
)


@given(st.lists(_EDITS, max_size=6))
def test_cache_when_files_change_then_gives_what_reading_anew_gives(
    steps: list[dict[str, tuple[str, str] | None]],
) -> None:
    cache = DocumentCache()
    for step in steps:
        tree = files()
        for path, edit in step.items():
            if edit is None:
                del tree[path]
            else:
                tree[path] = tree[path].replace(edit[0].encode(), edit[1].encode(), 1)
        assert _outcome(cached, cache, tree) == _outcome(read_desired, COMMITS[0], tree)


def _outcome(make: Callable[..., Desired], *arguments: object) -> Desired | tuple[Problem, ...]:
    try:
        return make(*arguments)
    except InvalidDesired as error:
        return error.problems
