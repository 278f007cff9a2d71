"""docs/change-control.md: its commands on a real service, and a reviewed plan that lands by its digest."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import CALM, Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "change-control.md"
ROOT = PAGE.parents[1]
BIN = Path(sys.executable).parent
LIMIT = "position.max_positions"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(env=CALM) as started:
        yield started


def run(service: Service, line: str) -> "subprocess.CompletedProcess[str]":
    keep = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    path = {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environ = {**keep, **CALM, **path, "GT_RISK_HOME": str(service.home), "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(
        ["bash", "-c", line], cwd=service.clone, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def value(service: Service) -> float:
    return float(service.read("limits", "get", LIMIT)["limit"]["value"])


def test_page_when_its_commands_are_run_in_order_then_each_does_what_it_says(service: Service) -> None:
    service.must("limits", "set", LIMIT, "25", "--force")
    assert run(service, "git pull --rebase -q").returncode == 0
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 10
    for line in lines:
        done = run(service, line)
        assert done.returncode == 0, (line, done)
    assert value(service) == 20
    again = service.gt("limits", "set", LIMIT, "25", "--yes")
    assert again.code == 4, again
    assert "proved bad: rolled back by" in again.err


def test_plan_when_reviewed_on_a_branch_then_its_digest_lands_the_merge(service: Service) -> None:
    assert run(service, "git pull --rebase -q").returncode == 0
    wider = "sed -i 's/allocation_pct: .*/allocation_pct: 5%/' strategies/*.yaml"
    land = "git commit -q -S -a -m smaller && git push -q origin HEAD:main"
    assert run(service, f"{wider} && {land}").returncode == 0
    until(lambda: not service.read("status")["attention"], "the smaller allocations are in force")
    branch = "git checkout -q -b topic && git config core.hooksPath /dev/null && "
    branch += wider.replace("5%", "6%") + " && sed -i 's/max_position_pct: 15%/max_position_pct: 16%/' risk_config.yaml"
    assert run(service, f"{branch} && git commit -q -S -a -m wider").returncode == 0
    plan = run(service, "gt risk config plan --base origin/main --head HEAD --json")
    assert plan.returncode == 0, plan
    trailer = re.search(r'"(Plan-Digest: [0-9a-f]{64})"', plan.stdout)
    target = re.search(r'Gt-Target: [^"\\]+', run(service, "git log -5 --format=%B origin/main").stdout)
    assert trailer is not None and target is not None
    merge = f"git checkout -q main && git merge -q -S --no-ff topic -m 'Merge topic' -m '{target[0].strip()}"
    assert run(service, f"{merge}\n{trailer[1]}' && git push -q origin HEAD:main").returncode == 0
    applied = run(service, "git rev-parse HEAD").stdout.strip()
    until(lambda: bool(service.read("status")["revision"]["last_applied"] == applied), "the merge is in force")


@pytest.mark.parametrize(
    ("push", "reason"),
    [
        ("git commit -q --amend --allow-empty -S -m rewritten && git push --force origin HEAD:main", "has moved since"),
        ("git push origin :main", "may not be deleted"),
        ("git push origin HEAD:refs/heads/other", "only main lives here"),
        ("git push origin HEAD:refs/tags/v1", "only main lives here"),
        ("git push origin HEAD:refs/heads/gt-risk/halts", "halt"),
        ("git commit -q --allow-empty --no-gpg-sign -m x && git push origin HEAD:main", "not signed"),
    ],
)
def test_bare_repo_when_pushed_to_against_its_rules_then_refused_with_the_reason(
    service: Service, push: str, reason: str
) -> None:
    clone = "git config core.hooksPath /dev/null && git fetch -q && git checkout -q -B attack origin/main"
    assert run(service, clone).returncode == 0
    before = run(service, "git ls-remote origin refs/heads/main").stdout
    done = run(service, push)
    assert done.returncode != 0
    assert reason in done.stderr, done.stderr
    assert run(service, "git ls-remote origin refs/heads/main").stdout == before
