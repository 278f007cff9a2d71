"""What a read says of an empty book, of a halted one, and of one that nobody answers for: never a zero."""

from pathlib import Path

import pytest

from cli import reads
from cli.render import audit, detail, health, risk, strategy
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from schemas.overview import Overview
from tests.support.alert_desk import alert_methods
from tests.support.book import HeldControl, halt, overview
from tests.support.greenplace import GreenplaceControl, greenplace

SETTINGS = Settings(home=Path("/home/op"))


def empty() -> Overview:
    """The book without strategies, positions, orders and decisions."""
    seen = greenplace()
    assert seen.live is not None and seen.desired is not None and seen.effective is not None
    live = seen.live.model_copy(update={"positions": (), "orders": (), "strategies": {}})
    account = live.account.model_copy(update={"long_exposure": 0})
    return seen.model_copy(
        update={
            "live": live.model_copy(update={"account": account}),
            "desired": seen.desired.model_copy(update={"strategies": {}}),
            "effective": seen.effective.model_copy(update={"strategies": {}}),
            "decisions": (),
        }
    )


def lines(words: str, seen: Overview) -> list[str]:
    found = reads.READS[tuple(words.split())]
    document = Dispatcher(HeldControl(seen), SETTINGS).call(found.method, {})
    return list(reads.renderer(found.render)(document))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("status", "  Max Position:   none held"),
        ("status", "  Sector Conc:    none held"),
        ("status", "  none"),
        ("strategy list", "No strategies (add one in strategies/<id>.yaml)."),
        ("portfolio positions", "No positions."),
        ("portfolio exposure", "No positions."),
        ("portfolio risk", "  none held"),
        ("emergency status", "No halt is open."),
    ],
)
def test_read_when_its_list_is_empty_then_says_so(words: str, said: str) -> None:
    assert said in lines(words, empty())


def test_audit_log_when_there_are_no_events_then_says_so() -> None:
    assert "No events." in audit.log({"events": [], "shown": 50})


def test_interventions_when_there_are_none_then_says_so() -> None:
    control = GreenplaceControl([])
    document = alert_methods(control, SETTINGS)["audit.interventions"]({})
    assert audit.interventions({**document, "days": 30}) == ["Manual Interventions (last 30 days):", "", "None."]


def test_config_changes_when_there_are_none_then_says_so() -> None:
    assert audit.config_changes({"changes": []}) == ["No configuration changes."]


@pytest.mark.parametrize(
    "words", ["status", "portfolio exposure", "portfolio risk", "portfolio status", "portfolio positions"]
)
def test_read_when_the_engine_is_silent_then_no_figure_is_zero_and_nothing_is_green(words: str) -> None:
    shown = "\n".join(lines(words, overview(engine=False)))
    assert "n/a (gate.sock: connection refused)" in shown
    assert "$0" not in shown
    assert "🟢" not in shown


@pytest.mark.parametrize("words", [" ".join(words) for words in reads.READS if words != ("trust", "list")])
def test_read_when_nothing_was_ever_applied_then_still_renders(words: str) -> None:
    revision = overview().revision.model_copy(update={"last_applied": ""})
    assert lines(words, Overview(pid=1, as_of_ns=1, revision=revision))


def test_status_when_halted_then_is_red_and_names_the_halt() -> None:
    shown = "\n".join(lines("status", overview("halt-all", (halt(),))))
    assert "Status: 🔴 EMERGENCY - all strategies halted" in shown
    assert "halt dddddddddddd in force (account, halt-all)" in shown


def test_status_when_the_permit_has_run_out_then_says_that_only_reducing_orders_pass() -> None:
    seen = overview()
    assert seen.live is not None
    gate = seen.live.gate.model_copy(update={"permit": "expired"})
    late = seen.model_copy(update={"live": seen.live.model_copy(update={"gate": gate})})
    document = Dispatcher(HeldControl(late), SETTINGS).call("status", {})
    assert "gate: reducing only (permit expired)" in document["attention"]


def test_emergency_status_when_halted_then_says_how_to_resume() -> None:
    shown = lines("emergency status", overview("halt-all", (halt(),)))
    assert "      Reason: market volatility check" in shown
    assert shown[-1] == "To resume: gt risk emergency resume"


def test_emergency_status_when_a_liquidation_has_left_something_then_says_what_and_how_to_go_on() -> None:
    note = "liquidation 111111111111 was left with NVDA 30 of 100 (gone): gt risk portfolio liquidate --resume 1"
    seen = overview(mode="halt-all", halts=(halt(),)).model_copy(update={"notes": (note,)})
    assert f"  ⚠️  {note}" in lines("emergency status", seen)
    assert note in Dispatcher(HeldControl(seen), SETTINGS).call("status", {})["attention"]


def test_strategy_show_when_it_is_not_computed_yet_then_each_figure_says_so() -> None:
    document = Dispatcher(HeldControl(overview()), SETTINGS).call("strategy.show", {"id": "ml-momentum-v2"})
    assert "  Sharpe Ratio:     n/a (not computed yet)" in strategy.details(document)


def test_risk_when_it_is_not_computed_yet_then_each_figure_says_so() -> None:
    document = Dispatcher(HeldControl(overview()), SETTINGS).call("portfolio.risk", {})
    assert "  Beta:                 n/a (not computed yet)" in risk.risk(document)


def test_detail_when_the_engine_is_silent_then_limits_have_no_use_and_the_gate_is_not_known() -> None:
    document = Dispatcher(HeldControl(overview(engine=False)), SETTINGS).call("status.detail", {})
    shown = detail.detail(document)
    assert "  n/a (it does not answer)" in shown
    assert all(item["used"] is None and item["utilisation_pct"] is None for item in document["limits"])


def test_health_when_the_engine_is_silent_then_permit_and_data_are_not_known() -> None:
    control = HeldControl(overview(engine=False))
    document = Dispatcher(control, SETTINGS, more=alert_methods(control, SETTINGS)).call("health", {})
    states = {item["name"]: item["state"] for item in document["components"]}
    assert (states["gate"], states["permit"], states["data"]) == ("error", "error", "error")
    assert not any("equity" in line for line in health.metrics(document))
