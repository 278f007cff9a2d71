"""The workflows of the config repo's template: their shell steps run here against real git."""

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from cli.render.markdown import MARK
from tests.support.branches import Forge, git, make_forge
from tests.support.folders import short_folder
from tests.support.workflows import FOLDER, Runner, steps, workflow

NAMES = sorted(path.name for path in FOLDER.glob("*.yml"))
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="the stand-in of the forge's CLI filters with jq")


@pytest.fixture
def forge() -> Iterator[Forge]:
    with short_folder() as folder:
        yield make_forge(folder)


def runner(forge: Forge, head: str) -> Runner:
    """A run on the pull request whose newest commit is ``head``."""
    folder = forge.home.root.parent / "runner"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    git(folder, "clone", "-q", str(forge.bare), "repository")
    git(folder / "repository", "fetch", "-q", str(forge.checkout), head)
    return Runner(
        folder,
        {
            "github.base_ref": "main",
            "github.event.pull_request.head.sha": head,
            "github.token": "token",
            "github.repository": "desk/config",
            "github.event.workflow_run.head_repository.owner.login": "fork",
            "github.event.workflow_run.head_branch": "wider",
            "github.event.workflow_run.head_sha": head,
        },
    )


def wider(forge: Forge) -> str:
    forge.branch("wider")
    forge.edit("risk_config.yaml", "max_position_pct: 15%", "max_position_pct: 20%")
    return forge.commit("risk: wider positions")


def test_init_when_it_has_made_a_repo_then_the_workflows_are_in_it(forge: Forge) -> None:
    listed = forge.git("ls-tree", "-r", "--name-only", "HEAD").split()
    assert {f".github/workflows/{name}" for name in NAMES} | {".github/gt-risk.txt"} <= set(listed)


@pytest.mark.parametrize("name", NAMES)
def test_workflow_when_read_then_every_action_is_pinned_by_its_commit(name: str) -> None:
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert used
    assert [item for item in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", item)] == []


@pytest.mark.parametrize("name", NAMES)
def test_workflow_when_read_then_no_text_of_a_stranger_becomes_a_command(name: str) -> None:
    assert [step["name"] for step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize(
    ("name", "event", "permissions"),
    [
        ("review.yml", "pull_request", {"contents": "read"}),
        ("comment.yml", "workflow_run", {"contents": "read", "pull-requests": "write"}),
    ],
)
def test_workflow_when_read_then_it_may_no_more_than_it_needs(name: str, event: str, permissions: Any) -> None:
    held = workflow(name)
    assert list(held["on"]) == [event]
    assert held["permissions"] == permissions
    assert all("permissions" not in job for job in held["jobs"].values())
    assert all(job["timeout-minutes"] <= 10 for job in held["jobs"].values())


def test_comment_when_it_may_write_then_it_checks_out_the_default_branch_alone() -> None:
    taken = [step.get("with", {}) for step in steps("comment.yml") if "checkout" in step.get("uses", "")]
    assert [set(item) for item in taken] == [{"fetch-depth", "path"}]


def test_review_when_the_branch_is_good_then_every_step_passes_and_the_plan_is_in_the_summary(forge: Forge) -> None:
    run = runner(forge, wider(forge))
    done = run.run("review.yml")
    assert {name: ran.returncode for name, ran in done.items() if ran.returncode} == {}, done
    assert "| `position.max_position_pct` | `15%` | `20%` | ⚠️ loosen |" in run.summary
    assert "Plan-Digest: " in run.summary


def test_review_when_a_document_has_mistakes_then_the_step_fails_with_file_and_line(forge: Forge) -> None:
    forge.branch("broken")
    forge.edit("risk_config.yaml", "max_position_pct: 15%", "max_position_pct: yes")
    done = runner(forge, forge.commit("risk: broken")).run("review.yml")
    assert done["Documents"].returncode == 1
    assert "risk_config.yaml:" in done["Documents"].stdout
    assert done["Plan"].returncode == 1


def test_review_when_the_head_lists_its_own_key_then_judged_by_the_trust_of_the_base(forge: Forge) -> None:
    forge.branch("mine")
    forge.stranger()
    line = (forge.checkout.parent / "stranger.pub").read_text().strip()
    trust = (forge.checkout / "trust.yaml").read_text()
    added = f"signers:\n  - principal: stranger\n    key: {line}\n    roles: [admin, risk-officer]\n"
    (forge.checkout / "trust.yaml").write_text(trust.replace("signers:\n", added, 1))
    (forge.checkout / ".github" / "gt-risk.txt").write_text("evil==6.6.6\n")
    run = runner(forge, forge.commit("trust: me"))
    done = run.run("review.yml")
    assert done["Commits"].returncode == 3
    assert "UnknownKey" in done["Commits"].stdout
    assert "evil" not in run.installed


@needs_jq
def test_comment_when_there_is_none_of_its_own_then_posted_and_later_renewed(forge: Forge) -> None:
    head = wider(forge)
    git(forge.bare, "fetch", "-q", str(forge.checkout), f"{head}:refs/pull/7/head")
    run = runner(forge, head)
    pulls = [{"number": 6, "head": {"sha": "0" * 40}, "base": {"ref": "main"}}]
    pulls += [{"number": 7, "head": {"sha": head}, "base": {"ref": "main"}}]
    stranger = {"id": 1, "user": {"login": "stranger"}, "body": MARK}
    (run.forge / "pulls.json").write_text(json.dumps(pulls))
    (run.forge / "comments.json").write_text(json.dumps([stranger]))
    done = run.run("comment.yml")
    assert {name: ran.stderr for name, ran in done.items() if ran.returncode} == {}
    method, path, body = run.posted
    assert (method, path) == ("POST", "repos/desk/config/issues/7/comments")
    assert body.startswith(MARK)
    assert "`15%` | `20%`" in body
    own = {"id": 2, "user": {"login": "github-actions[bot]"}, "body": body}
    (run.forge / "comments.json").write_text(json.dumps([stranger, own]))
    run.run("comment.yml")
    assert run.posted[:2] == ["PATCH", "repos/desk/config/issues/comments/2"]


@needs_jq
def test_comment_when_no_open_pull_request_ends_there_then_nothing_is_posted(forge: Forge) -> None:
    run = runner(forge, wider(forge))
    (run.forge / "pulls.json").write_text("[]")
    done = run.run("comment.yml")
    assert list(done) == ["Find the pull request"]
    assert done["Find the pull request"].returncode == 0
    assert not (run.forge / "posted").exists()
