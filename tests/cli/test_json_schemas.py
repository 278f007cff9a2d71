"""Every ``--json`` document on the fixed books against its generated schema; those of real services are checked where
they are read (tests/support/service.py), those of processes in test_json_contract.py."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from cli.reads import READS
from cli.tree import root
from controller.ports import Control
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from schemas.documents import COMMANDS
from schemas.generate import DIALECT, document_schema
from schemas.overview import Overview
from tests.support.alert_desk import alert_methods
from tests.support.book import HeldControl, halt, overview
from tests.support.documents import assert_described, command_of
from tests.support.greenplace import GreenplaceControl
from tests.support.leaves import leaves
from tests.support.sample_tests import sampled

BARE = Overview(pid=1, as_of_ns=1, revision=overview().revision.model_copy(update={"last_applied": ""}))
BOOKS: dict[str, Control] = {
    "the samples": GreenplaceControl(),
    "the samples with tests": sampled(),
    "a quiet book": HeldControl(),
    "halted": HeldControl(overview("halt-all", (halt(), halt(f"strategy:{1:032x}")))),
    "engine silent": HeldControl(overview(engine=False)),
    "nothing applied": HeldControl(BARE),
}
OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "status -v": ("status.detail", {}),
    "limits get": ("limits.get", {"name": "position.max_position_pct"}),
    "strategy show": ("strategy.show", {"id": "ml-momentum-v2"}),
    "strategy metrics": ("strategy.metrics", {"id": "ml-momentum-v2"}),
    "config plan": ("config.plan", {}),
    "config verify": ("config.verify", {}),
    "audit log": ("audit.log", {}),
    "health": ("health", {}),
    "ab-test status": ("abtest.show", {"id": "test-20240119"}),
    "ab-test analyze": ("abtest.analysis", {"id": "test-20240110"}),
    "trust check": ("trust.check", {"path": "risk_config.yaml", "field": "position.max_position_pct"}),
}
CASES = {" ".join(words): (read.method, dict[str, str]()) for words, read in READS.items()} | OTHERS


def produced(book: str, words: str) -> dict[str, Any]:
    method, params = CASES[words]
    settings = Settings(home=Path("/home/op"))
    dispatcher = Dispatcher(BOOKS[book], settings, more=alert_methods(BOOKS[book], settings))
    found = dispatcher.reply({"id": 1, "method": method, "params": params})
    if "error" in found:
        error = found["error"]
        trouble = {"message": error["message"], "hint": error["data"]["hint"], "code": error["data"]["code"]}
        return {"ok": False, "error": trouble}
    return json.loads(json.dumps({"ok": True, **found["result"]}))  # type: ignore[no-any-return]  # an object


@pytest.mark.parametrize("words", sorted(set(CASES) & set(COMMANDS)))
@pytest.mark.parametrize("book", BOOKS)
def test_document_then_as_its_schema_says(book: str, words: str) -> None:
    assert_described(words.split(), produced(book, words))


@pytest.mark.parametrize("words", COMMANDS)
def test_schema_then_valid_and_closed(words: str) -> None:
    schema = document_schema(words)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert all(item["additionalProperties"] is False for item in schema["$defs"].values() if "properties" in item)


def test_document_when_a_field_is_not_named_or_missing_then_refused() -> None:
    document = produced("the samples", "status")
    assert command_of(("status", "--json")) == "status"
    for wrong in ({**document, "surprise": 1}, {key: value for key, value in document.items() if key != "equity"}):
        with pytest.raises(AssertionError, match="status: "):
            assert_described(("status",), wrong)


def test_command_when_it_takes_json_then_has_a_schema_and_each_schema_a_command() -> None:
    taking = {
        " ".join(words) for words, command in leaves(root) if any("--json" in item.opts for item in command.params)
    }
    assert taking == set(COMMANDS) - {"status -v"}


def test_read_when_it_runs_then_loads_no_models() -> None:
    code = (
        "import sys, cli.reads, cli.writes, cli.landing.limits, cli.render.status; sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
