"""The hooks' process: the controller's verdict when it gives one, its own otherwise, never a push unverified."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.git.source import GitSource
from controller.adapters.store.memory import MemoryStore
from controller.host.hooks import not_pushed, pre_receive, quarantine
from controller.rpc.pushes import methods
from controller.settings import load
from tests.support.config_repo import Site, make_site, replaced
from tests.support.folders import short_folder
from tests.support.line_server import line_server

LOOSER = replaced("risk_config.yaml", "max_positions: 20", "max_positions: 30")


@pytest.fixture
def site() -> Iterator[Site]:
    with short_folder() as folder:
        made = make_site(folder)
        made.home.run.mkdir()
        yield made


def push(site: Site, source: GitSource, signer: str) -> int:
    update = f"{source.tip()} {site.commit(source, LOOSER, signer)} refs/heads/main"
    return pre_receive(str(site.home.root), [update], {})


def test_push_when_the_controller_judges_then_its_verdict_and_words(
    site: Site, source: GitSource, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [{"result": {"accepted": False, "said": ["gt-risk: no"]}}, {"result": {"accepted": True, "said": []}}]
    with line_server(site.home.controller_socket, answers) as asked:
        assert push(site, source, "operator") == 1
        assert capsys.readouterr().err == "gt-risk: no\n"
        assert push(site, source, "stranger") == 0
    assert [request["method"] for request in asked] == ["pushes.judge"] * 2


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"message": "no such method"}},
        {"result": {}},
        {"result": {"accepted": True}},
        {"result": "accepted"},
        {"result": {"accepted": "yes", "said": []}},
        None,
    ],
)
def test_push_when_the_controller_gives_no_verdict_then_an_unverified_push_is_refused(
    site: Site, source: GitSource, answer: Any
) -> None:
    with line_server(site.home.controller_socket, [answer]):
        assert push(site, source, "stranger") == 1


def test_push_when_the_service_is_down_then_judged_all_the_same(
    site: Site, source: GitSource, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(site, source, "operator") == 0
    assert push(site, source, "stranger") == 1
    assert "UnknownKey" in capsys.readouterr().err


def test_push_when_settings_are_broken_then_refused_naming_it(
    site: Site, source: GitSource, capsys: pytest.CaptureFixture[str]
) -> None:
    site.home.settings.write_text("unknown = 1\n")
    assert push(site, source, "operator") == 1
    assert "settings.toml: unknown setting 'unknown'" in capsys.readouterr().err


def test_judge_when_asked_by_the_hook_then_by_the_settings_of_this_moment(site: Site, source: GitSource) -> None:
    store = MemoryStore()
    judge = methods(load({"GT_RISK_HOME": str(site.home.root)}), store, ManualClock())["pushes.judge"]
    wanted = site.commit(source, LOOSER)
    params = {"updates": [f"{source.tip()} {wanted} refs/heads/main"], "quarantine": {}}
    assert judge(params)["accepted"] is True
    denied = f"denied_keys = ['{site.key('operator').fingerprint}']"
    site.home.settings.write_text(site.home.settings.read_text().replace("denied_keys = []", denied))
    verdict = judge(params)
    assert verdict["accepted"] is False
    assert any("KeyDenied" in line for line in verdict["said"])
    records = [item.entry for item in store.audit()]
    assert [(item.event, item.level, item.revision) for item in records] == [("config.refused", "error", wanted)]
    assert "KeyDenied" in records[0].details


def test_quarantine_when_relative_then_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = quarantine(
        {"GIT_OBJECT_DIRECTORY": "./objects/incoming", "GIT_ALTERNATE_OBJECT_DIRECTORIES": "a:/b", "X": "y"}
    )
    assert found == {
        "GIT_OBJECT_DIRECTORY": f"{tmp_path}/objects/incoming",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f"{tmp_path}/a:/b",
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            ["remote: gt-risk: Unsigned: no  ", "remote: gt-risk: next: sign", "error: x"],
            ["Unsigned: no", "next: sign"],
        ),
        ([" ! [rejected] main -> main (non-fast-forward)"], ["the branch has moved", "next: git pull --rebase -S"]),
        (["fatal: unable to access"], ["fatal: unable to access", "next: git push"]),
        ([], ["git push failed", "next: git push"]),
    ],
)
def test_not_pushed_then_the_reason_and_the_next_command(
    said: list[str], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not_pushed(said) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "gt-risk: NOT PUSHED: the commit is only in this clone"
    assert len(lines) == 3
    for line, text in zip(lines[1:], told, strict=True):
        assert line.startswith(f"gt-risk: {text}")
