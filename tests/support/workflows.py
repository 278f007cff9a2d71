"""Runs the shell steps of a workflow as a forge's runner would: real git, a stand-in of the forge's own CLI."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support.cli import ENTRY

FOLDER = Path(__file__).parents[2] / "desired-state" / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{ *([^}]+?) *\}\}")
_GH = """#!{python}
import json, os, subprocess, sys
from pathlib import Path
words, forge = sys.argv[1:], Path(os.environ["FORGE"])
method = words[words.index("--method") + 1] if "--method" in words else "GET"
path = next(word for word in words if word.startswith("repos/"))
with (forge / "asked").open("a") as file:
    print(method, path, *[word for word in words if word.startswith("head=")], file=file)
if method != "GET":
    body = Path(next(word for word in words if word.startswith("body=@"))[6:]).read_text()
    (forge / "posted").write_text(json.dumps([method, path, body]))
    sys.exit(0)
held = (forge / ("pulls.json" if path.endswith("/pulls") else "comments.json")).read_text()
jq = words[words.index("--jq") + 1]
sys.exit(subprocess.run(["jq", "-r", jq], input=held, text=True).returncode)
"""


def workflow(name: str) -> dict[str, Any]:
    """One workflow of the template."""
    loaded: dict[str, Any] = YAML(typ="safe").load((FOLDER / name).read_text())
    return loaded


def steps(name: str) -> list[dict[str, Any]]:
    """Every step of a workflow."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@dataclass
class Runner:
    """One run. ``values``: what the forge puts for an expression; ``folder`` is the runner's working folder."""

    folder: Path
    values: Mapping[str, str]
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools = self.folder / "tools"
        for path in (tools, self.folder / "temp", self.forge):
            path.mkdir(exist_ok=True)
        _script(tools / "gt-risk", f"#!{sys.executable}\n{ENTRY}\n")
        _script(tools / "pip", '#!/bin/sh\nfor last; do :; done\ncp "$last" "$RUNNER_TEMP/installed"\n')
        _script(tools / "gh", _GH.replace("{python}", sys.executable))
        self.environ = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "GT_RISK_HOME": str(self.folder / "none"),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_ENV": str(self.folder / "temp" / "env"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "temp" / "summary"),
            "FORGE": str(self.forge),
        }

    @property
    def forge(self) -> Path:
        """What the stand-in of the forge answers and was asked."""
        return self.folder / "forge"

    @property
    def summary(self) -> str:
        """What was written to the summary of the run."""
        return Path(self.environ["GITHUB_STEP_SUMMARY"]).read_text()

    @property
    def installed(self) -> str:
        """The requirement that was installed."""
        return (self.folder / "temp" / "installed").read_text()

    @property
    def posted(self) -> list[str]:
        """Method, path and body of the newest comment that was written."""
        found: list[str] = json.loads((self.forge / "posted").read_text())
        return found

    def run(self, name: str) -> dict[str, subprocess.CompletedProcess[str]]:
        """Run every shell step of a workflow; what each did, by its name. A failed one skips those without ``if``."""
        environ = {**self.environ, **self._resolved(workflow(name).get("env", {}))}
        done: dict[str, subprocess.CompletedProcess[str]] = {}
        for step in steps(name):
            failed = any(ran.returncode for ran in done.values())
            if "run" not in step or not self._wanted(step.get("if", ""), environ, failed):
                continue
            done[step["name"]] = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder / step.get("working-directory", "."),
                env=environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            noted = Path(environ["GITHUB_ENV"])
            lines = noted.read_text().splitlines() if noted.exists() else []
            environ |= dict(line.split("=", 1) for line in lines)
        return done

    def _wanted(self, condition: str, environ: Mapping[str, str], failed: bool) -> bool:
        if condition == "${{ !cancelled() }}":
            return True
        if condition == "${{ env.NUMBER }}":
            return not failed and bool(environ.get("NUMBER"))
        assert not condition, condition
        return not failed

    def _resolved(self, env: Mapping[str, str]) -> dict[str, str]:
        return {name: _EXPRESSION.sub(lambda found: self.values[found[1]], text) for name, text in env.items()}


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
