"""Switch every safety rule off in turn; some test must fail each time: ``python -m tests.mutants.run [NAME…]``.

A name may be a part of a mutant's. One line a mutant, with the first test that noticed; at the end those tests run
once more with every rule in place and must pass. Exit 1 when a mutant survives or a run breaks.

One process imports the libraries (never our own modules) and forks for each mutant; byte code is shared in a folder
of its own. So a run costs its tests alone.
"""

import importlib
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.mutants.plugin import Noticing

_PRELOAD = (
    "alembic.command", "alembic.config", "anyio", "anyio.from_thread", "asyncio", "click.testing",
    "cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.serialization", "git", "hypothesis", "hypothesis.stateful", "jsonschema",
    "pydantic", "ruamel.yaml", "sqlalchemy", "watchfiles",
)  # fmt: skip
_QUICK = "not process and not hammer"
_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain", "--timeout=60")


@dataclass(frozen=True)
class Outcome:
    """How one forked run ended: pytest's exit code, the first failing test, what was printed."""

    code: int
    failed: str
    output: str

    @property
    def kind(self) -> str:
        if self.code == pytest.ExitCode.OK:
            return "survived"
        return "noticed" if self.code == pytest.ExitCode.TESTS_FAILED and self.failed else "broken"


def _forked(work: Callable[[], object]) -> tuple[int, Path]:
    """Start ``work`` in a fork; its pid, and the file that gets its printed lines and then its result as JSON."""
    descriptor, name = tempfile.mkstemp(prefix="mutant-", suffix=".txt")
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid, Path(name)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    code = 1
    try:
        result = json.dumps(work())
        sys.stdout.flush()
        os.write(1, f"\n{result}".encode())
        code = 0
    except BaseException:  # noqa: BLE001  # the edge of a fork: whatever it is belongs into the report
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _result(path: Path, status: int) -> tuple[object, str]:
    text, _, last = path.read_text(encoding="utf-8", errors="replace").rpartition("\n")
    path.unlink()
    return (json.loads(last), text) if status == 0 else (None, f"{text}\n{last}")


def _names() -> list[str]:
    from tests.mutants.catalogue import mutants  # imports our modules: only ever in a fork

    return [mutant.name for mutant in mutants()]


def _pytest(tests: Sequence[str], *options: str) -> list[object]:
    noticing = Noticing()
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
        options = (*_OPTIONS, f"--basetemp={folder}/base", *options)
        code = pytest.main([*options, *tests], plugins=[noticing])
    return [int(code), noticing.failed[0] if noticing.failed else ""]


def _mutated(name: str) -> list[object]:
    from tests.mutants.catalogue import find  # as above

    mutant = find(name)
    mutant.apply()
    files = {path.stem: str(path) for path in Path("tests").rglob("test_*.py")}
    return _pytest([files[test] for test in mutant.tests], "-m", _QUICK)


def _outcomes(names: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
    """Run each mutant in a fork of its own, as many at once as there are cores; in the order of ``names``."""
    waiting = list(names)
    running: dict[int, tuple[str, Path]] = {}
    done: dict[str, Outcome] = {}
    for name in names:
        while name not in done:
            while waiting and len(running) < (os.cpu_count() or 1):
                pid, path = _forked(partial(_mutated, waiting[0]))
                running[pid] = (waiting.pop(0), path)
            pid, status = os.wait()
            finished, path = running.pop(pid)
            result, output = _result(path, status)
            code, failed = result if isinstance(result, list) else (-1, "")
            done[finished] = Outcome(code, failed, output)
        yield name, done.pop(name)


def _hold(tests: Sequence[str]) -> str:
    """Empty when ``tests`` pass with every rule in place, else what they printed."""
    pid, path = _forked(lambda: _pytest(tests))
    result, output = _result(path, os.waitpid(pid, 0)[1])
    return "" if isinstance(result, list) and result[0] == 0 else output


def _catalogue() -> list[str]:
    pid, path = _forked(_names)
    listed, output = _result(path, os.waitpid(pid, 0)[1])
    if not isinstance(listed, list):
        raise SystemExit(output)
    return listed


def main(wanted: Sequence[str]) -> int:
    for module in _PRELOAD:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        sys.dont_write_bytecode, sys.pycache_prefix = False, folder
        return _run(wanted)


def _run(wanted: Sequence[str]) -> int:
    started = time.monotonic()
    chosen = [name for name in _catalogue() if not wanted or any(part in name for part in wanted)]
    noticed: list[str] = []
    for name, outcome in _outcomes(chosen):
        print(f"{outcome.kind:8}  {name}  {outcome.failed}", flush=True)
        if outcome.kind == "broken":
            print(outcome.output)
        if outcome.kind == "noticed":
            noticed.append(outcome.failed)
    problem = _hold(list(dict.fromkeys(noticed))) if noticed else ""
    if problem:
        print(f"with every rule in place the tests that noticed fail too:\n{problem}")
    took = time.monotonic() - started
    print(f"{len(noticed)} of {len(chosen)} rules make a test fail when switched off ({took:.0f} s)")
    return 0 if chosen and len(noticed) == len(chosen) and not problem else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
