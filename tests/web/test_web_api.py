"""The API's reads: the documents of the commands, how fresh they are, and what is said when there are none."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from schemas.exposition import MEDIA_TYPE as PROMETHEUS
from tests.support.book import NOW, overview
from tests.support.web_rig import WebRig
from web.api.openapi import openapi
from web.headers import HEADERS
from web.options import Options
from web.problems import MEDIA_TYPE
from web.registry import Kind, registry_of

STRATEGY = "ml-momentum-v2"
SAME = {
    "/api/status": "status",
    "/api/portfolio/status": "portfolio.status",
    "/api/portfolio/positions": "portfolio.positions",
    "/api/portfolio/exposure": "portfolio.exposure",
    "/api/portfolio/risk": "portfolio.risk",
    "/api/limits": "limits.list",
    "/api/strategies": "strategy.list",
    "/api/emergency/status": "emergency.status",
    "/api/config": "config.show",
    "/api/learning/status": "learning.status",
    "/api/learning/metrics": "learning.metrics",
    "/api/learning/history": "learning.history",
    "/api/learning/experiments": "learning.experiments",
    "/api/ab-tests": "abtest.list",
}
NAMED = (
    f"/api/strategies/{STRATEGY}",
    f"/api/strategies/{STRATEGY}/metrics",
    "/api/alerts",
    "/api/alerts/47",
    "/api/audit/log",
    "/health",
)
SECOND = 1_000_000_000


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> WebRig:
    monkeypatch.setattr("time.time_ns", lambda: NOW)
    made = WebRig()
    made.look()
    return made


@cache
def described() -> dict[str, Any]:
    return openapi(registry_of(WebRig().app()).endpoints)


def mistakes(path: str, document: dict[str, Any]) -> list[str]:
    """What in the document of a path is not as its schema says."""
    declared = path.replace(STRATEGY, "{id}").replace("47", "{id}")
    content = described()["paths"][declared]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": described()["components"]}
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize(("path", "method"), SAME.items())
def test_read_then_the_document_of_the_command(rig: WebRig, path: str, method: str) -> None:
    answer = rig.client().get(path)
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    assert answer.get_json() == {"ok": True, **rig.ask(method, {})}


@pytest.mark.parametrize("engine", [True, False])
def test_reads_when_fresh_or_stale_then_as_the_openapi_document_says(rig: WebRig, engine: bool) -> None:
    if not engine:
        rig.control.seen = overview(engine=False)
        rig.look()
    client = rig.client()
    paths = [*SAME, *NAMED]
    fresh = {path: client.get(path).get_json() for path in paths}
    rig.down = True
    rig.now += 60 * SECOND
    rig.look()
    stale = {path: client.get(path).get_json() for path in paths}
    assert [
        (path, found) for path in paths for found in mistakes(path, fresh[path]) + mistakes(path, stale[path])
    ] == []
    assert bool([path for path in paths if "stale" in fresh[path]]) is not engine
    assert [path for path in paths if "stale" not in stale[path]] == ["/health"]


def test_every_read_of_the_spec_is_declared(rig: WebRig) -> None:
    declared = {item.rule for item in registry_of(rig.app()).endpoints if item.kind is Kind.API}
    named = {"/api/strategies/<id>", "/api/strategies/<id>/metrics", "/api/ab-tests/<id>"}
    assert {*SAME, *named, "/api/alerts", "/api/audit/log"} <= declared


def test_read_when_the_client_has_it_then_304_until_it_changes(rig: WebRig) -> None:
    client = rig.client()
    first = client.get("/api/status")
    headers = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/api/status", headers=headers)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client.get("/api/portfolio/risk", headers=headers).status_code == 200
    rig.control.seen = overview("halt-all")
    rig.look()
    assert client.get("/api/status", headers=headers).get_json()["mode"] == "halt-all"


def test_read_when_the_controller_is_away_then_the_last_document_with_its_age(rig: WebRig) -> None:
    client = rig.client()
    fresh = client.get("/api/status")
    assert "Age" not in fresh.headers
    rig.down = True
    rig.now += 41 * SECOND
    rig.look()
    answer = client.get("/api/status")
    document = answer.get_json()
    age = document["stale"]["age_seconds"]
    assert answer.status_code == 200 and age >= 42 and answer.headers["Age"] == str(age)
    assert "nobody answers" in answer.headers["X-Stale"] and "nobody answers" in document["stale"]["reason"]
    assert document["attention"][-1] == f"stale, {age} s old: {document['stale']['reason']}"
    assert document["equity"] == fresh.get_json()["equity"]


@pytest.mark.parametrize("path", [*SAME, "/api/alerts", f"/api/strategies/{STRATEGY}"])
def test_read_when_there_never_was_a_document_then_503_and_when_to_ask_again(path: str) -> None:
    rig = WebRig(down=True)
    rig.look()
    answer = rig.client().get(path)
    document = answer.get_json()
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, MEDIA_TYPE, "2")
    assert document["type"] == "urn:gt-risk:problem:service-down" and document["hint"] == "gt risk service start"


@pytest.mark.parametrize(
    "path", ["/api/strategies/nobody", "/api/strategies/nobody/metrics", "/api/alerts/4711", "/api/ab-tests/none"]
)
def test_read_when_nothing_has_that_name_then_404_and_what_to_run(rig: WebRig, path: str) -> None:
    answer = rig.client().get(path)
    assert (answer.status_code, answer.mimetype) == (404, MEDIA_TYPE)
    assert answer.get_json()["type"] == "urn:gt-risk:problem:not-found" and "gt risk" in answer.get_json()["hint"]


def test_strategy_when_it_is_gone_then_404_and_never_its_old_document(rig: WebRig) -> None:
    client = rig.client()
    assert client.get(f"/api/strategies/{STRATEGY}").status_code == 200
    desired = rig.control.seen.desired
    assert desired is not None
    left = {name: item for name, item in desired.strategies.items() if name != STRATEGY}
    rig.control.seen = rig.control.seen.model_copy(update={"desired": desired.model_copy(update={"strategies": left})})
    rig.look()
    assert client.get(f"/api/strategies/{STRATEGY}").status_code == 404


def test_alerts_when_filtered_then_only_those_and_counts_of_all(rig: WebRig) -> None:
    client = rig.client()
    found = client.get("/api/alerts?level=ERROR&since=2026-01-01&limit=1000").get_json()
    assert {item["level"] for item in found["alerts"]} == {"ERROR"} and found["total"] == 47 and not found["recent"]
    assert len(client.get("/api/alerts?since=2026-01-01&limit=3").get_json()["alerts"]) == 3
    assert client.get("/api/alerts").get_json()["recent"] is True
    assert client.get("/api/alerts?state=open&since=3d").get_json()["alerts"]


@pytest.mark.parametrize(
    "query", ["since=soon", "since=2999-01-01", "limit=0", "limit=1001", "level=error", "state=gone", "sort=asc"]
)
def test_alerts_when_asked_for_what_cannot_be_meant_then_400_names_it(rig: WebRig, query: str) -> None:
    answer = rig.client().get(f"/api/alerts?{query}")
    assert answer.status_code == 400
    assert [item["where"] for item in answer.get_json()["mistakes"]] == [query.partition("=")[0]]


def test_audit_log_when_filtered_then_those_of_that_user(rig: WebRig) -> None:
    client = rig.client()
    every = client.get("/api/audit/log?limit=1000").get_json()["events"]
    assert every == rig.ask("audit.log", {"limit": 1000})["events"]
    assert client.get("/api/audit/log?since=2h&type=config&level=info&user=nobody").status_code == 200


def test_reads_when_many_ask_then_the_controller_is_asked_once_a_second(rig: WebRig) -> None:
    client = rig.client()
    rig.asked.clear()
    for _ in range(5):
        for path in ("/api/status", "/api/alerts", "/api/alerts?since=2h", "/api/config"):
            client.get(path)
    assert sorted(rig.asked) == ["alerts.list", "alerts.list", "config.show"]


@pytest.mark.parametrize("path", ["/", "/api/status", "/api/nothing", "/nothing", "/api/docs", "/health", "/ws"])
def test_answer_then_every_header_that_keeps_a_browser_in_bounds(rig: WebRig, path: str) -> None:
    answer = rig.client().get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["Content-Security-Policy"] and answer.headers["Cache-Control"]
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(("host", "told"), [("192.0.2.1", "max-age=31536000"), ("127.0.0.1", None)])
def test_answer_when_over_tls_then_browsers_never_come_to_that_name_without_it(
    tmp_path: Path, rig: WebRig, host: str, told: str | None
) -> None:
    rig.options = Options(home=tmp_path, host=host, certificate=tmp_path / "c", key=tmp_path / "k")
    found = rig.client().get("/health", headers={"Host": "localhost"})
    assert found.headers.get("Strict-Transport-Security") == told


def test_health_when_a_source_is_not_fresh_then_503_and_which(rig: WebRig) -> None:
    client = rig.client()
    assert (client.get("/health").status_code, client.get("/health").get_json()["ok"]) == (200, True)
    rig.down = True
    rig.look()
    answer = client.get("/health")
    assert answer.status_code == 503 and {item["state"] for item in answer.get_json()["sources"]} == {"stale"}
    unread = WebRig(down=True).client().get("/health")
    assert (unread.status_code, unread.get_json()["ok"]) == (503, False)


def test_metrics_then_own_figures_and_the_controllers_in_prometheus_form(rig: WebRig) -> None:
    client = rig.client()
    client.get("/api/status")
    client.get("/api/strategies/nobody")
    answer = client.get("/metrics")
    lines = answer.text.splitlines()
    assert answer.content_type == f"{PROMETHEUS}; charset=utf-8"
    assert 'gt_risk_http_seconds_count{route="/api/status"} 1' in lines
    assert 'gt_risk_http_answers_total{route="/api/strategies/<id>",status="404"} 1' in lines
    assert "gt_risk_dashboard_users 1" in lines and 'gt_risk_dashboard_streams{kind="sse"} 0' in lines
    assert "gt_risk_up 1" in lines and any(line.startswith("gt_risk_equity_dollars ") for line in lines)
    assert len([line for line in lines if line.startswith("# TYPE gt_risk_http_seconds ")]) == 1
    rig.down = True
    rig.look()
    gone = client.get("/metrics").text.splitlines()
    assert "gt_risk_up 0" in gone and not any(line.startswith("gt_risk_equity_dollars ") for line in gone)


def test_openapi_then_every_schema_is_valid_and_docs_name_every_path(rig: WebRig) -> None:
    client = rig.client()
    document = client.get("/api/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert "/api/emergency/halt-all" in document["paths"] and "/api/stream" in document["paths"]
    page = client.get("/api/docs").text
    assert all(f"{path}</code>" in page for path in document["paths"])
    assert client.get("/api").headers["Location"] == "/api/docs"
    assert document == described()


def test_reads_when_asked_anything_then_as_the_document_says(rig: WebRig) -> None:
    api = schemathesis.openapi.from_wsgi("/api/openapi.json", rig.app())
    paths = described()["paths"]
    found = [api[path]["GET"] for path in paths if "get" in paths[path] and path != "/api/stream"]
    assert len(found) >= len(SAME) + len(NAMED)
    for operation in found:

        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def conforms(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance])  # no schema knows which date is past

        conforms()
