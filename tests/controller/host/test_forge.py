"""The doctor's question to a forge, which answers as the documented APIs of GitHub and GitLab do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from controller.core.change.protection import Told, github, gitlab
from controller.host.forge import findings
from tests.support.config_repo import Site, make_site

TOKEN = "a-token-that-nobody-may-read"
GITHUB: dict[str, Any] = {
    "/repos/desk/risk/branches/main/protection": {
        "required_status_checks": {"strict": True, "contexts": ["review"], "checks": [{"context": "review"}]},
        "required_signatures": {"enabled": True},
        "enforce_admins": {"enabled": True},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
    },
    "/repos/desk/risk/rules/branches/main": [],
    "/repos/desk/risk": {"allow_squash_merge": False, "allow_rebase_merge": False, "allow_merge_commit": True},
}
RULES: list[dict[str, Any]] = [
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {"type": "required_signatures"},
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": True,
            "required_status_checks": [{"context": "review"}],
        },
    },
]
GITLAB: dict[str, Any] = {
    "/projects/desk%2Frisk/protected_branches/main": {"name": "main", "allow_force_push": False},
    "/projects/desk%2Frisk/push_rule": {"reject_unsigned_commits": True},
    "/projects/desk%2Frisk": {
        "merge_method": "merge",
        "squash_option": "never",
        "only_allow_merge_if_pipeline_succeeds": True,
    },
}


class Forge:
    """A forge on this machine; ``answers`` by path, a number is a status without a document."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.seen: list[tuple[str, str]] = []
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                who = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
                forge.seen.append((self.path, who))
                found = forge.answers.get(self.path.removeprefix("/api"), 404)
                status, document = (found, {"message": "Not Found"}) if isinstance(found, int) else (200, found)
                if isinstance(document, tuple):
                    status, document = document
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()
                self.wfile.write(document if isinstance(document, bytes) else json.dumps(document).encode())

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/api"


@pytest.fixture
def forge() -> Iterator[Forge]:
    made = Forge()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    return make_site(tmp_path)


def told(site: Site, forge: Forge, kind: str = "github", token: str = "env:FORGE_TOKEN") -> list[tuple[str, str]]:
    text = site.home.settings.read_text().replace('remote = ""', 'remote = "https://forge.invalid/desk/risk.git"')
    lines = ["[forge]", f'kind = "{kind}"', f'api = "{forge.api}"', 'project = "desk/risk"', f'token = "{token}"']
    site.home.settings.write_text("\n".join([text.partition("[forge]")[0].rstrip("\n"), *lines, ""]))
    found: list[tuple[str, str]] = [(item.level, f"{item.message} → {item.hint}") for item in findings(site.home)]
    assert TOKEN not in str(found)
    return found


@pytest.mark.parametrize(("kind", "answers", "asked"), [("github", GITHUB, "Bearer "), ("gitlab", GITLAB, "")])
def test_forge_when_everything_is_set_then_ok_and_only_it_has_the_token(
    site: Site, forge: Forge, kind: str, answers: dict[str, Any], asked: str
) -> None:
    forge.answers = answers
    assert [level for level, _ in told(site, forge, kind)] == ["ok"]
    assert {path.removeprefix("/api") for path, _ in forge.seen} == set(answers)
    assert {who for _, who in forge.seen} == {asked + TOKEN}


def test_forge_when_nothing_is_set_then_each_thing_is_named(site: Site, forge: Forge) -> None:
    forge.answers = {
        "/repos/desk/risk/branches/main/protection": (404, {"message": "Branch not protected"}),
        "/repos/desk/risk/rules/branches/main": [],
        "/repos/desk/risk": {"allow_squash_merge": True, "allow_rebase_merge": False},
    }
    found = told(site, forge)
    assert [level for level, _ in found] == ["warning"] * 5
    assert all("not so" in text and "Branch protection" in text for _, text in found)
    forge.answers = {"/projects/desk%2Frisk": {"merge_method": "ff", "squash_option": "never"}}
    assert [level for level, _ in told(site, forge, "gitlab")] == ["warning"] * 5


def test_forge_when_the_token_may_not_look_then_it_is_unknown_and_not_well(site: Site, forge: Forge) -> None:
    forge.answers = {"/repos/desk/risk": {"name": "risk"}, "/repos/desk/risk/rules/branches/main": 403}
    found = told(site, forge)
    assert [level for level, _ in found] == ["warning"] * 5
    assert all("the forge does not tell" in text for _, text in found)


@pytest.mark.parametrize("answer", [500, 302, (200, b"<html>")])
def test_forge_when_it_answers_oddly_then_nothing_is_well(site: Site, forge: Forge, answer: Any) -> None:
    forge.answers = dict.fromkeys(GITHUB, answer)
    found = told(site, forge)
    assert found and {level for level, _ in found} == {"warning"}
    assert not any("elsewhere" in path for path, _ in forge.seen)


def test_forge_when_it_cannot_be_asked_then_why(site: Site, forge: Forge) -> None:
    assert "env:NOTHING is not set" in told(site, forge, token="env:NOTHING")[0][1]
    forge.server.shutdown()
    forge.server.server_close()
    assert "127.0.0.1 does not answer: ConnectionRefusedError" in told(site, forge)[0][1]


def test_remote_when_no_forge_is_named_then_nobody_was_asked(site: Site) -> None:
    text = site.home.settings.read_text().replace('remote = ""', 'remote = "https://forge.invalid/desk/risk.git"')
    site.home.settings.write_text(text)
    assert [(item.level, "nobody was asked" in item.message) for item in findings(site.home)] == [("warning", True)]


def test_embedded_repo_when_git_would_take_what_it_must_not_then_named(site: Site) -> None:
    assert [item.level for item in findings(site.home)] == ["ok"]
    site.git("config", "receive.fsckObjects", "false", cwd=site.home.bare)
    found = list(findings(site.home))
    assert [(item.level, item.hint.rpartition(" config ")[2]) for item in found] == [
        ("warning", "receive.fsckObjects true")
    ]


def holds(found: Iterator[Told]) -> list[bool | None]:
    return [item.holds for item in found]


def test_github_when_a_ruleset_protects_then_as_good_as_a_protection() -> None:
    project = GITHUB["/repos/desk/risk"]
    assert holds(github({}, RULES, project)) == [True] * 5
    assert holds(github(None, RULES, project)) == [True] * 5
    assert holds(github({}, [], project)) == [False] * 4 + [True]
    assert holds(github(None, None, None)) == [None] * 5
    for at in range(4):
        assert holds(github({}, [*RULES[:at], *RULES[at + 1 :]], project)).count(False) == 1


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("allow_force_pushes", {"enabled": True}, 0),
        ("allow_deletions", {"enabled": True}, 1),
        ("required_signatures", {"enabled": False}, 2),
        ("required_status_checks", {"strict": False, "contexts": ["review"]}, 3),
        ("required_status_checks", {"strict": True, "contexts": ["lint"]}, 3),
        ("required_status_checks", None, 3),
    ],
)
def test_github_when_one_thing_is_off_then_that_one(field: str, value: object, wrong: int) -> None:
    protection = {**GITHUB["/repos/desk/risk/branches/main/protection"], field: value}
    assert holds(github(protection, [], GITHUB["/repos/desk/risk"])) == [at != wrong for at in range(5)]


def test_gitlab_when_one_thing_is_off_then_that_one() -> None:
    protected, rule, project = GITLAB.values()
    assert holds(gitlab(protected, rule, project)) == [True] * 5
    assert holds(gitlab({}, rule, project)) == [False, False, True, True, True]
    assert holds(gitlab({"allow_force_push": True}, {}, project)) == [False, True, False, True, True]
    assert holds(gitlab(None, None, None)) == [None] * 5
    assert holds(gitlab(protected, rule, {**project, "squash_option": "default_on"}))[-1] is False
