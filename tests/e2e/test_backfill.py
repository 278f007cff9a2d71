"""A halt in git: its evidence stays whatever people commit from an older checkout."""

import pytest

from tests.support.service import Service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
EVIDENCE = "origin/gt-risk/halts"


def in_git(service: Service, halt_id: str) -> bool:
    """Whether the bot's branch holds the record, as anybody who fetches sees it."""
    service.git("fetch", "-q", "origin")
    return f"halts/{halt_id}.yaml" in service.git("ls-tree", "-r", "--name-only", EVIDENCE).stdout


def test_halt_when_backfilled_and_a_person_commits_from_an_older_checkout_then_still_in_git_and_in_force(
    service: Service,
) -> None:
    before = service.git("rev-parse", "HEAD").stdout
    halt_id = service.halt("emergency", "halt-all", "--json", "-r", "drill").document["halt"]["id"]
    until(lambda: in_git(service, halt_id), "the halt is backfilled")
    assert service.git("rev-parse", "HEAD").stdout == before, "nothing moved under the checkout"
    service.edit("risk_config.yaml", "max_positions: 20", "max_positions: 18")
    done = service.git("commit", "-q", "-a", "-S", "-m", "Fewer positions")
    assert done.returncode == 0, done.stderr
    commit = service.git("rev-parse", "HEAD").stdout.strip()
    until(lambda: service.read("status")["revision"]["last_applied"] == commit, "applied")
    assert in_git(service, halt_id)
    assert service.read("status")["mode"] == "halt-all"
    assert service.git("pull", "-q").returncode == 0
    service.must("emergency", "resume", "--yes", "-r", "over")
    assert service.git("pull", "-q").returncode == 0
    for folder in ("halts", "cleared"):
        assert (service.clone / folder / f"{halt_id}.yaml").exists(), "the resume commit copies the record in"
    stale = service.git("checkout", "-q", before.strip(), "--", "risk_config.yaml")
    assert stale.returncode == 0
    assert service.git("commit", "-q", "-a", "-S", "-m", "As it was").returncode == 0
    assert (service.clone / "halts" / f"{halt_id}.yaml").exists()
    assert in_git(service, halt_id)


def test_halt_record_when_a_person_deletes_it_then_the_commit_is_refused(service: Service) -> None:
    halt_id = service.halt("emergency", "halt-all", "--json", "-r", "drill").document["halt"]["id"]
    service.must("emergency", "resume", "--yes", "-r", "over")
    assert service.git("pull", "-q").returncode == 0
    for folder in ("halts", "cleared"):
        assert service.git("rm", "-q", f"{folder}/{halt_id}.yaml").returncode == 0
        done = service.git("commit", "-q", "-S", "-m", "Tidy up")
        assert "HaltRecordRemoved" in done.stderr, done
        service.git("reset", "-q", "--hard", "origin/main")
