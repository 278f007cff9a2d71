"""``gt risk health``: one line a component, the exit code, and Prometheus' text format."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.render import health as render
from controller.host import pidfile
from controller.views.health import ChannelState, health
from controller.views.status import attention
from schemas.alerting import ChannelHealth
from schemas.overview import Overview
from schemas.status import Condition, ConditionType
from tests.support.book import NOW, HeldControl, halt, overview
from tests.support.cli import gt_risk, served
from tests.support.folders import short_folder
from tests.support.greenplace import greenplace

SECOND = 1_000_000_000
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = rf'{NAME}="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{{LABEL}(?:,{LABEL})*\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)")


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


WELL = [ChannelState("logs", None), ChannelState("email", ChannelHealth(channel="email", ok_ns=NOW))]


def states(seen: Overview, store_error: str = "", now_ns: int = NOW) -> dict[str, str]:
    return {item["name"]: item["state"] for item in health(seen, store_error, WELL, now_ns)["components"]}


def test_health_when_all_is_well_then_every_component_is_ok() -> None:
    assert set(states(greenplace()).values()) == {"ok"}
    assert health(greenplace(), "", WELL, NOW)["attention"] == []


def test_health_when_the_store_is_silent_then_said_with_the_next_command() -> None:
    document = health(greenplace(), "database is locked", [], NOW)
    assert document["attention"] == [
        "store: database is locked",
        "channels: not known: the store does not answer",
    ]
    assert "                next: gt risk doctor" in render.components(document)


def test_health_when_a_halt_is_open_then_the_latch_needs_attention() -> None:
    assert states(overview("halt-all", (halt(),)))["latch"] == "warning"


def test_health_when_the_controller_is_down_then_the_rest_is_told_all_the_same() -> None:
    found = states(greenplace().model_copy(update={"pid": 0}))
    assert (found["controller"], found["gate"], found["data"]) == ("error", "ok", "ok")


def test_health_when_the_reading_is_older_than_five_seconds_then_stale() -> None:
    assert states(greenplace(), now_ns=NOW + 6 * SECOND)["data"] == "error"


def test_health_when_the_newest_reading_failed_then_what_was_known_before_is_not_called_well() -> None:
    silent = greenplace().model_copy(update={"live_error": "gate.sock: connection refused"})
    found = states(silent)
    assert (found["gate"], found["permit"], found["data"]) == ("error", "error", "error")
    assert "the engine does not answer: gate.sock: connection refused" in attention(silent)


@pytest.mark.parametrize(("feed", "state"), [("live", "ok"), ("ended", "warning"), ("stale", "error")])
def test_health_when_the_feed_is_not_live_then_data_says_so(feed: str, state: str) -> None:
    seen = greenplace()
    assert seen.live is not None
    live = seen.live.model_copy(update={"feed": feed})
    assert states(seen.model_copy(update={"live": live}))["data"] == state


@pytest.mark.parametrize("type_", [ConditionType.SOURCE_STALE, ConditionType.HISTORY_REWRITTEN])
def test_health_when_git_is_in_trouble_then_the_source_says_so(type_: ConditionType) -> None:
    trouble = Condition(type=type_, status="True", reason="Old", message="for an hour")
    seen = greenplace()
    assert states(seen.model_copy(update={"conditions": (*seen.conditions, trouble)}))["source"] == "error"


def test_health_when_the_source_is_away_just_now_then_warned_at_once() -> None:
    away = Condition(type=ConditionType.SOURCE_STALE, status="False", reason="SourceUnavailable", message="gone")
    seen = greenplace().model_copy(update={"conditions": (*greenplace().conditions, away)})
    assert states(seen)["source"] == "warning"
    assert "SourceStale (SourceUnavailable): gone" in attention(seen)


def test_health_when_the_permit_has_run_out_then_said() -> None:
    seen = greenplace()
    assert seen.live is not None
    gate = seen.live.gate.model_copy(update={"permit": "expired"})
    seen = seen.model_copy(update={"live": seen.live.model_copy(update={"gate": gate})})
    assert "permit: expired: only reducing orders pass" in health(seen, "", WELL, NOW)["attention"]


def test_metrics_then_each_line_is_prometheus_text_and_each_family_is_declared_once() -> None:
    lines = render.metrics(health(greenplace(), "", WELL, NOW))
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) > 10
    found = [SAMPLE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(found)
    assert {item[1] for item in found if item} == set(names)


def test_metrics_then_in_base_units_and_from_the_same_figures() -> None:
    lines = render.metrics(health(greenplace(), "", WELL, NOW))
    assert "gt_risk_equity_dollars 98450.23" in lines
    assert "gt_risk_volatility_ratio 0.182" in lines
    assert 'gt_risk_limit_utilisation_ratio{limit="position.max_positions"} 0.6' in lines
    assert 'gt_risk_strategy_status{strategy="ml-sentiment-exp",status="halted"} 1' in lines


def failing(failures: int) -> list[ChannelState]:
    said = ChannelHealth(channel="slack", failures=failures, error="503 Service Unavailable", waiting=7)
    return [*WELL, ChannelState("slack", said)]


@pytest.mark.parametrize(("failures", "state"), [(0, "ok"), (1, "warning"), (2, "warning"), (3, "error")])
def test_health_when_a_channel_fails_then_it_is_named_and_three_times_in_a_row_are_an_error(
    failures: int, state: str
) -> None:
    line = health(greenplace(), "", failing(failures), NOW)["components"][-1]
    assert (line["name"], line["state"]) == ("channels", state)
    assert line["message"].startswith("logs ok, email ok, slack ")
    assert ("503 Service Unavailable" in line["message"]) is bool(failures)
    assert line["hint"] == ("gt risk alerts config" if failures else "")


def test_health_when_no_channel_is_enabled_then_a_warning() -> None:
    line = health(greenplace(), "", [], NOW)["components"][-1]
    assert (line["state"], line["message"]) == ("warning", "none is enabled")


def test_metrics_then_failures_and_what_waits_by_channel() -> None:
    lines = render.metrics(health(greenplace(), "", failing(2), NOW))
    assert 'gt_risk_channel_failures{channel="slack"} 2' in lines
    assert 'gt_risk_channel_waiting{channel="slack"} 7' in lines
    assert 'gt_risk_channel_failures{channel="logs"} 0' in lines


def test_metrics_when_a_label_has_quotes_and_lines_then_escaped() -> None:
    sample = {"name": "x", "help": "h", "value": True, "labels": {"reason": 'a"b\\c\nd'}}
    assert render.metrics({"metrics": [sample]})[-1] == 'x{reason="a\\"b\\\\c\\nd"} 1'


def test_health_when_the_runner_is_down_then_exit_3_and_when_it_lives_then_0(home: Path) -> None:
    (home / "run").mkdir()
    with served(HeldControl(greenplace().model_copy(update={"live": None})), home):
        assert gt_risk(home, "health").code == 3
    with served(HeldControl(fresh()), home):
        ran = gt_risk(home, "health", "--json")
        assert (ran.code, ran.document["attention"]) == (3, ["runner: down: nothing trades"])
        descriptor = pidfile.hold(home / "run" / "runner.pid")
        assert descriptor is not None
        try:
            assert gt_risk(home, "health").code == 0
            assert 'gt_risk_component_ok{component="runner"} 1' in gt_risk(home, "health", "--metrics").out
        finally:
            os.close(descriptor)


def fresh() -> Overview:
    """The samples' book as if read in a moment that is still to come, so that it is never old."""
    seen = greenplace()
    assert seen.live is not None
    return seen.model_copy(update={"live": seen.live.model_copy(update={"as_of_ns": 2**62})})
