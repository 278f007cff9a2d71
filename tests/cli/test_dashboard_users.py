"""Users and keys of the dashboard from the command line, in a home without a service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Ran, gt_risk
from tests.support.documents import assert_described
from tests.support.folders import short_folder

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_folder() as folder:
        assert gt_risk(folder, "init", "--name", "op", "--email", "op@example.org").code == 0
        (folder / "password").write_text(f"{PASSWORD}\n")
        yield folder


def run(home: Path, *words: str) -> Ran:
    ran = gt_risk(home, "dashboard", *words, "--json")
    assert_described(("dashboard", *words), ran.document)
    return ran


def add(home: Path, name: str, *more: str) -> Ran:
    return run(home, "user", "add", name, "--password-file", str(home / "password"), *more)


def audited(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gt_risk(home, "audit", "log", "--type", "dashboard", "--json").document["events"]
    return found


def test_user_when_added_and_disabled_then_listed_so_and_in_the_audit_log(home: Path) -> None:
    assert add(home, "ada", "--role", "operator").document["user"]["role"] == "operator"
    again = add(home, "ada")
    assert (again.code, "already" in again.document["error"]["message"]) == (2, True)
    assert run(home, "user", "disable", "ada").document["user"]["disabled"] is True
    assert [(item["name"], item["disabled"]) for item in run(home, "user", "list").document["users"]] == [("ada", True)]
    enabled = add(home, "ada", "--role", "emergency", "--liquidate").document["user"]
    assert (enabled["disabled"], enabled["role"], enabled["liquidate"]) == (False, "emergency", True)
    told = [(item["kind"], item["after"]) for item in audited(home)]
    assert ("intent", "added ada: emergency, may ask for a liquidation") in told
    assert ("outcome", "disabled ada") in told


def test_user_when_there_is_no_terminal_and_no_file_then_nobody_is_asked_for_a_password(home: Path) -> None:
    ran = run(home, "user", "add", "kim")
    assert (ran.code, "--password-file" in ran.document["error"]["hint"]) == (4, True)


@pytest.mark.parametrize("name", ["", "Ada", "a b", "x" * 33, "ada\n"])
def test_user_when_the_name_is_none_then_refused(home: Path, name: str) -> None:
    assert add(home, name).code == 2


def test_user_when_the_password_is_short_then_refused_and_not_repeated(home: Path) -> None:
    short = home / "short"
    short.write_text("hunter2\n")
    ran = run(home, "user", "add", "kim", "--password-file", str(short))
    assert (ran.code, "12 to 256" in ran.document["error"]["message"]) == (2, True)
    assert "hunter2" not in ran.out + ran.err


def test_key_when_made_then_its_secret_is_shown_once_and_nowhere_else(home: Path) -> None:
    made = run(home, "key", "create", "a probe", "--scope", "/api/portfolio/*", "--days", "7").document
    id, secret = made["key"]["id"], made["secret"]
    assert secret.startswith(f"{id}.")
    listed = run(home, "key", "list")
    assert secret.partition(".")[2] not in listed.out
    assert (listed.document["keys"][-1]["scope"], listed.document["keys"][-1]["good"]) == (["/api/portfolio/*"], True)
    assert secret.partition(".")[2] not in str(audited(home))
    assert run(home, "key", "revoke", id).document["key"]["good"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("user", "disable", "nobody"),
        ("key", "revoke", "0" * 12),
        ("key", "create", "x", "--scope", "portfolio"),
        ("key", "create", "x", "--scope", "/a b"),
    ],
)
def test_command_when_it_cannot_be_meant_then_exit_2_with_the_next_command(home: Path, words: tuple[str, ...]) -> None:
    ran = run(home, *words)
    assert (ran.code, bool(ran.document["error"]["hint"])) == (2, True)


def test_command_when_there_is_no_home_then_says_so() -> None:
    with short_folder() as empty:
        ran = run(empty, "user", "list")
        assert (ran.code, ran.document["error"]["hint"]) == (1, "gt risk init")
