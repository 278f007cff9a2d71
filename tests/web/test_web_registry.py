"""Declarations of endpoints: what goes in is checked before a view, and nothing is served that was not declared."""

from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from schemas.scalars import Model
from web import problems
from web.registry import Endpoint, Kind, Rate, Registry, Role, Undeclared, registry_of


class Words(Model):
    word: str
    number: int = 1


class World:
    """Two endpoints that say what they were given, behind a guard that remembers what it let through."""

    def __init__(self) -> None:
        self.registry, self.seen, self.refuse = Registry(), list[Endpoint](), False

        @self.registry.api("/api/things/<id>", "A thing", query=Words)
        def thing(id: str, query: Words) -> dict[str, Any]:
            return {"id": id, **query.model_dump()}

        @self.registry.control("/api/things", "Make a thing", body=Words, rate=Rate.HALT, statuses=(202,))
        def make(body: Words) -> tuple[dict[str, Any], int]:
            return body.model_dump(), 202

        self.app = Flask("test", static_folder=None)
        problems.install(self.app, lambda document: f"page: {document.title}")

    def guard(self, endpoint: Endpoint) -> Response | None:
        self.seen.append(endpoint)
        return Response("no", 403) if self.refuse else None

    def client(self) -> FlaskClient:
        self.registry.install(self.app, self.guard)
        return self.app.test_client()


@pytest.fixture
def world() -> World:
    return World()


def test_view_when_the_query_is_good_then_it_gets_the_model_and_the_rules_variables(world: World) -> None:
    answer = world.client().get("/api/things/a?word=b&number=3")
    assert answer.get_json() == {"id": "a", "word": "b", "number": 3}


@pytest.mark.parametrize(
    ("query", "where"),
    [("", "word"), ("word=a&number=x", "number"), ("word=a&wrod=b", "wrod"), ("word=a&word=b", "word")],
)
def test_view_when_the_query_is_not_good_then_a_problem_names_the_parameter(
    world: World, query: str, where: str
) -> None:
    answer = world.client().get(f"/api/things/a?{query}")
    document = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (400, problems.MEDIA_TYPE)
    assert [item["where"] for item in document["mistakes"]] == [where] and document["ok"] is False
    assert document["type"] == "urn:gt-risk:problem:invalid" and document["instance"] == "/api/things/a"


def test_body_when_json_or_a_form_then_the_model_without_the_guards_own_fields(world: World) -> None:
    client = world.client()
    assert client.post("/api/things", json={"word": "a"}).get_json() == {"word": "a", "number": 1}
    assert client.post("/api/things", data={"word": "a", "_token": "t"}).status_code == 202


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [(b"{}", "text/plain", 415), (b"{", "application/json", 400), (b"[1]", "application/json", 400), (b"", "", 415)],
)
def test_body_when_no_json_object_then_refused(world: World, sent: bytes, kind: str, status: int) -> None:
    answer = world.client().post("/api/things", data=sent, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (status, problems.MEDIA_TYPE)


def test_guard_then_asked_before_the_view_and_for_nothing_that_is_nobodys(world: World) -> None:
    world.refuse = True
    client = world.client()
    assert client.get("/api/things/a?nonsense").status_code == 403
    assert [item.name for item in world.seen] == ["api.thing"]
    assert client.get("/elsewhere").status_code == 404 and len(world.seen) == 1


def test_declaration_then_says_role_rate_and_every_status_the_good_one_first(world: World) -> None:
    thing, make = world.registry.endpoints
    assert (thing.kind, thing.role, thing.rate) == (Kind.API, Role.VIEWER, Rate.READ)
    assert thing.statuses == (200, 400, 401, 403, 404, 429, 503)
    assert (make.kind, make.rate, make.statuses) == (Kind.CONTROL, Rate.HALT, (202, 400, 401, 403, 415, 429, 503))
    world.client()
    assert registry_of(world.app) is world.registry


def test_rule_when_not_declared_or_declared_twice_then_the_application_does_not_start(world: World) -> None:
    with pytest.raises(Undeclared, match="declared twice"):
        world.registry.api("/api/more", "More", name="thing")(lambda: "")
    world.app.add_url_rule("/back-door", "back", lambda: "")
    with pytest.raises(Undeclared, match="/back-door"):
        world.client()


def test_methods_when_not_declared_then_refused_with_those_that_are(world: World) -> None:
    client = world.client()
    answers = [client.open("/api/things", method=method) for method in ("GET", "PUT", "DELETE", "OPTIONS")]
    assert [(answer.status_code, answer.headers["Allow"]) for answer in answers] == [(405, "POST")] * 4


def test_problem_when_a_view_fails_then_nobody_is_told_how(world: World, caplog: pytest.LogCaptureFixture) -> None:
    @world.registry.api("/api/broken", "Broken")
    def broken() -> str:
        raise RuntimeError("a secret")

    @world.registry.page("/broken", "Broken")
    def page() -> str:
        raise RuntimeError("a secret")

    client = world.client()
    answers = [client.get("/api/broken"), client.get("/broken")]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert all("secret" not in answer.text for answer in answers) and "RuntimeError: a secret" in caplog.text
    assert answers[1].text == "page: Internal Server Error"
