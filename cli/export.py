"""``audit export``: the whole chain, a page at a time, with the head that it was verified against."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cli.output import ATTENTION, OK, Document, Failure, finish, notice
from cli.remote import ask

_PAGE = 2_000
_SECONDS = 30.0
_COLUMNS = (
    *("seq", "time", "at_ns", "event", "actor", "channel", "level", "kind", "intent", "outcome", "scope", "strategy"),
    *("reason", "before", "after", "revision", "audit_id", "details", "previous", "hash"),
)


def export_chain(kind: str, output: Path | None, as_json: bool) -> int:
    """Verify, then write what was verified. Exit code 3 when the chain is broken: it is written all the same.

    With ``as_json`` and no file the one document holds the records; with a file it says what was written.
    """
    head = ask("audit.verify", timeout=_SECONDS)
    summary = {**{key: head[key] for key in ("intact", "records", "head", "attention")}, "format": kind}
    code = ATTENTION if head["attention"] else OK
    if as_json and output is None:
        return finish({**summary, "events": list(_records(head["records"]))}, code, as_json, lambda _: [])
    with _opened(output) as file:
        written = _WRITERS[kind](file, summary)
    verifier = _with_verifier(output) if output is not None and kind == "jsonl" else None
    summary |= {"written": written, "output": str(output) if output else None, "verifier": verifier}
    if output is None:
        for line in _said(summary):
            notice(line)
        return code
    return finish(summary, code, as_json, _said)


def _said(summary: Document) -> list[str]:
    where = f" to {summary['output']}" if summary["output"] else ""
    verdict = "✓" if summary["intact"] else f"✗ {summary['attention'][0]};"
    check = f"  check it anywhere: python3 {summary['verifier']} {summary['output']}"
    found = [f"{verdict} {summary['written']} records{where}, chain head {summary['head'][:16]}"]
    return [*found, *([check] if summary["verifier"] else [])]


def _with_verifier(output: Path) -> str:
    """The script that checks an export, beside it; one that is there already is replaced."""
    path = output.with_name("verify-audit.py")
    path.write_text(Path(__file__).with_name("verifier.py").read_text())
    path.chmod(0o600)
    return str(path)


def _records(last: int) -> Iterator[Document]:
    """Every record up to number ``last``: what was appended since it was verified waits for the next export."""
    after = 0
    while after < last:
        page = ask("audit.page", {"after": after, "limit": min(_PAGE, last - after)}, _SECONDS)["events"]
        if not page:
            return
        yield from page
        after = page[-1]["seq"]


def _json_lines(file: TextIO, summary: Document) -> int:
    """A record a line, then one with the head."""
    count = 0
    for record in _records(summary["records"]):
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        count += 1
    head = {"chain_head": summary["head"], "records": summary["records"], "intact": summary["intact"]}
    file.write(json.dumps(head) + "\n")
    return count


def _csv(file: TextIO, summary: Document) -> int:
    """A row a record under its column names; the head is the hash of the last."""
    writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for record in _records(summary["records"]):
        writer.writerow(record)
        count += 1
    return count


_WRITERS = {"jsonl": _json_lines, "csv": _csv}


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a new file with mode 0600; what fails on the way leaves none behind."""
    if output is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Failure(f"{output} exists already", f"gt risk audit export --output {output}.new") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        output.unlink()
        raise
