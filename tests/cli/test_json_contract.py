from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from cli.tree import root
from schemas.edits import Proposal
from schemas.plan import Change, Direction, Plan
from tests.support.book import COMMIT, HeldControl, halt, overview
from tests.support.cli import Ran, gt_risk, served
from tests.support.documents import assert_described
from tests.support.folders import short_folder
from tests.support.leaves import leaves

ARGUMENTS = {
    "limits get": ["position.max_position_pct"],
    "limits set": ["position.max_position_pct", "20"],
    "limits reset": ["--all"],
    "config rollback": ["--commit", COMMIT],
    "strategy add": ["my-idea"],
    "strategy show": ["ml-momentum-v2"],
    "strategy metrics": ["ml-momentum-v2"],
    "strategy pause": ["ml-momentum-v2"],
    "strategy resume": ["ml-momentum-v2"],
    "strategy halt": ["ml-momentum-v2"],
    "ab-test status": ["t-1"],
    "ab-test create": ["--strategy", "ml-momentum-v2", "--name", "Longer", "--param-b", "lookback=60"],
    "ab-test stop": ["t-1"],
    "ab-test analyze": ["t-1"],
    "ab-test rollout": ["t-1"],
    "trust check": ["risk_config.yaml"],
    "completion": ["bash"],
    "dashboard user add": ["ada"],
    "dashboard user disable": ["ada"],
    "dashboard key create": ["a probe"],
    "dashboard key revoke": ["3f9a2c1d77b0"],
}
PAYLOAD = "dHJlZSAw"


LEAVES = [(words, command) for words, command in leaves(root)]


def proposal() -> Proposal:
    change = Change(
        kind="limit",
        scope="account",
        key="position.max_position_pct",
        label="position.max_position_pct",
        old="15%",
        new="20%",
        direction=Direction.LOOSEN,
    )
    plan = Plan(base=COMMIT, target=COMMIT, changes=(change,))
    return Proposal(
        parent=COMMIT, payload=PAYLOAD, subject="risk: x", audit_id="aud-1", plan=plan, notes=("Allow more",)
    )


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def checked(ran: Ran, words: Sequence[str]) -> Ran:
    assert ran.document["ok"] is (ran.code in (0, 3)), ran
    assert_described(words, ran.document)
    if not ran.document["ok"]:
        assert {"message", "hint", "code"} <= set(ran.document["error"]), ran
    return ran


@pytest.mark.parametrize("words", [words for words, _ in LEAVES], ids=" ".join)
def test_json_when_there_is_no_home_then_still_one_document(words: tuple[str, ...], home: Path) -> None:
    argv = [*words, *ARGUMENTS.get(" ".join(words), []), "--json"]
    checked(gt_risk(home, *argv, *(["--dry-run"] if words == ("init",) else [])), words)


@pytest.mark.parametrize(
    "words",
    [words for words, _ in LEAVES if words[0] not in ("init", "service", "doctor") and words != ("dashboard", "start")],
    ids=" ".join,
)
def test_json_when_served_then_one_document_with_ok(words: tuple[str, ...], home: Path) -> None:
    with served(HeldControl(proposal=proposal()), home):
        checked(gt_risk(home, *words, *ARGUMENTS.get(" ".join(words), []), "--json"), words)


@pytest.mark.parametrize("argv", [["limits", "get"], ["nothing"], ["limits", "get", "x", "--what"], ["strategy"]])
def test_json_when_the_usage_is_wrong_then_exit_2_and_one_document(argv: list[str], home: Path) -> None:
    assert checked(gt_risk(home, *argv, "--json"), argv).code == 2


def test_status_json_when_served_then_carries_what_scripts_rely_on(home: Path) -> None:
    with served(HeldControl(), home):
        document = checked(gt_risk(home, "status", "--json"), ["status"]).document
    assert document["mode"] == "normal"
    assert document["equity"] == 98450.23
    assert document["positions"] == 3
    assert document["strategies"][0]["id"] == "contrarian-swing"
    assert set(document["revision"]) >= {"observed_tip", "last_verified", "last_attempted", "last_applied"}
    assert document["conditions"][0]["type"] == "Ready"
    assert document["as_of"]


def test_config_show_json_when_served_then_names_clone_and_branch(home: Path) -> None:
    with served(HeldControl(), home):
        document = gt_risk(home, "config", "show", "--json").document
    assert (document["repository"], document["branch"]) == (str(home / "config"), "main")


def test_status_when_a_halt_is_open_then_exit_3_and_ok(home: Path) -> None:
    with served(HeldControl(overview("halt-all", (halt(),))), home):
        ran = gt_risk(home, "status", "--json")
    assert (ran.code, ran.document["ok"]) == (3, True)


@pytest.mark.parametrize(
    ("words", "command"), LEAVES, ids=lambda item: " ".join(item) if isinstance(item, tuple) else ""
)
def test_command_when_it_exists_then_has_json_and_a_help_line(words: tuple[str, ...], command: click.Command) -> None:
    options = {name for parameter in command.params for name in parameter.opts}
    assert "--json" in options, words
    assert command.help, words


MUTATING = {
    ("limits", "set"),
    ("limits", "reset"),
    ("config", "edit"),
    ("config", "rollback"),
    ("strategy", "add"),
    ("strategy", "pause"),
    ("strategy", "resume"),
    ("strategy", "halt"),
    ("emergency", "halt-all"),
    ("emergency", "resume"),
    ("init",),
    ("service", "start"),
    ("service", "stop"),
}


@pytest.mark.parametrize("words", sorted(MUTATING), ids=" ".join)
def test_mutating_command_when_it_exists_then_has_dry_run_and_reason(words: tuple[str, ...]) -> None:
    options = {name for parameter in dict(LEAVES)[words].params for name in parameter.opts}
    assert {"--dry-run", "--reason", "-r"} <= options


def test_short_options_when_used_then_mean_one_thing_each() -> None:
    meaning: dict[str, set[str]] = {}
    for _, command in LEAVES:
        for parameter in command.params:
            for name in parameter.opts:
                if name.startswith("-") and not name.startswith("--"):
                    meaning.setdefault(name, set()).add(str(parameter.name))
    assert {name: sorted(names) for name, names in meaning.items() if len(names) > 1} == {}
