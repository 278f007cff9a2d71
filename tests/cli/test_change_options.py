"""``--not-before`` and ``--override-freeze``: what they leave in the signed commit."""

import subprocess

from tests.support.cli import gt_risk
from tests.support.folders import short_folder


def test_limit_when_it_may_loosen_later_and_in_a_freeze_then_its_commit_says_so() -> None:
    with short_folder() as home:
        assert gt_risk(home, "init", "--name", "op", "--email", "op@example.org").code == 0
        words = ("limits", "set", "position.max_position_pct", "20%", "--yes", "--json")
        bad = gt_risk(home, *words, "--not-before", "tomorrow")
        assert (bad.code, bad.document["error"]["code"]) == (2, "BadArgument"), bad
        asked = ("--not-before", "2030-02-01T09:00:00+00:00", "--override-freeze", "earnings  were moved")
        ran = gt_risk(home, *words, *asked)
        assert ran.code == 3 and "comes into force at 2030-02-01T09:00:00+00:00" in ran.document["missing"], ran
        shown = subprocess.run(
            ["git", "-C", str(home / "config.git"), "log", "-1", "--format=%B", "main"],
            capture_output=True,
            text=True,
            check=True,
        )
        last = shown.stdout.strip().rpartition("\n\n")[2].splitlines()
        assert {"Not-Before: 2030-02-01T09:00:00+00:00", "Freeze-Override: earnings were moved"} <= set(last)
