"""Every command that changes desired state, as a whole process with ``--force`` until its change is in force."""

import json
from collections.abc import Iterator

from tests.bench.figures import Figure, Goal
from tests.bench.processes import SCRIPT, bare_ms, environment, ready_service, run
from tests.support.service import Service

WRITE = Goal(p50=200, p99=1_000)
ACTIVE = ("ml-momentum-v2", "heuristic-value-1", "contrarian-swing")
LIMIT, STRATEGY = "order.max_per_minute", ACTIVE[0]
RATE = 130
Step = tuple[str, tuple[str, ...]]


def writes(rounds: int) -> list[Figure]:
    """One row a command; each round ends where it began, by a rollback."""
    times: dict[str, list[float]] = {}
    bare: list[float] = []
    with ready_service() as service:
        base = json.loads(run((SCRIPT, "config", "show", "--json"), environment(service.home)).out)
        for index in range(rounds + 1):
            bare.append(bare_ms())
            for name, words in _round(index, base["revision"]["last_applied"]):
                took = _took(service, words)
                if index and name:
                    times.setdefault(name, []).append(took)
    return [Figure.of(f"{name} --force, process", "ms", took, WRITE, bare) for name, took in times.items()]


def _round(index: int, base: str) -> Iterator[Step]:
    """What is timed; a step without a name is not."""
    yield "limits set", ("limits", "set", LIMIT, str(RATE + index), "--force")
    yield "limits set --dry-run", ("limits", "set", LIMIT, "60", "--dry-run", "--force")
    yield "limits reset", ("limits", "reset", LIMIT, "--force")
    yield "strategy pause", ("strategy", "pause", STRATEGY, "--force")
    yield "strategy resume", ("strategy", "resume", STRATEGY, "--force")
    yield "strategy add", ("strategy", "add", f"idea-{index}", "--force")
    yield "config edit (editor: sed)", ("config", "edit", "risk_config.yaml", "--force")
    yield "config rollback", ("config", "rollback", "--commit", base, "--force")
    yield "config reload", ("config", "reload")
    yield "", ("emergency", "halt-all", "--yes", "-r", "bench")
    yield "emergency resume", ("emergency", "resume", "--force")
    for strategy in ACTIVE:
        yield "", ("strategy", "resume", strategy, "--force")


def _took(service: Service, words: tuple[str, ...]) -> float:
    """Milliseconds of one command, which must have come into force."""
    editor = "sed -i 's/duplicate_seconds: 2/duplicate_seconds: 3/' risk_config.yaml; :"
    env = environment(service.home, EDITOR=editor, VISUAL="")
    ran = run((SCRIPT, *words, "--json"), env)
    document = json.loads(ran.out)
    assert "applied" not in document or document["applied"]["in_force"], document
    return ran.ms
