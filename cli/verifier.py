"""Check an exported audit log: python3 verify-audit.py EXPORT.jsonl [CONFIG.git [ALLOWED_SIGNERS]]

Needs Python 3.9 and nothing else; `gt risk audit export --output` puts it beside the export. It recomputes every
hash, from the first record to the head in the last line. With the config repository it compares the log with each
note of refs/notes/gt-risk-audit; with a file of allowed signers (`PRINCIPAL KEY` lines) it has git check that the bot
signed them. Ends with 0 when all of it holds, else with 1 and the first bad record.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

NOTES = "refs/notes/gt-risk-audit"
ADDED = ("seq", "time", "strategy", "previous", "hash")


class Bad(Exception):
    """What does not hold."""


def records(path: str) -> dict[int, str]:
    """The hash of each record by number, checked. Raises Bad."""
    found: dict[int, str] = {}
    previous, head = "0" * 64, None
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if "chain_head" in record:
                head = record
                break
            seq, fields = len(found) + 1, {key: value for key, value in record.items() if key not in ADDED}
            if record["seq"] != seq:
                raise Bad(f"record {seq} is missing: {record['seq']} stands in its place")
            if record["previous"] != previous:
                raise Bad(f"record {seq} does not continue record {seq - 1}")
            text = json.dumps([seq, previous, fields], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous = hashlib.sha256(text.encode()).hexdigest()
            if previous != record["hash"]:
                raise Bad(f"record {seq} was changed: its hash does not fit its content")
            found[seq] = previous
    if head is None or head["records"] != len(found) or head["chain_head"] != previous:
        raise Bad(f"record {len(found) + 1} is missing: the export ends before its head")
    return found


def git(repository: str, *argv: str) -> str:
    """What git says. Raises Bad when it fails."""
    done = subprocess.run(["git", f"--git-dir={repository}", *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Bad(f"git {argv[-1]}: {done.stderr.strip()}")
    return done.stdout


def notes(repository: str, signers: str, known: dict[int, str]) -> int:
    """How many notes agree with the log. Raises Bad for the first that does not, oldest first."""
    shown = "%H %(trailers:key=Audit-Head,valueonly,separator=%x20)"
    lines = git(repository, "log", "--reverse", "--first-parent", f"--format={shown}", NOTES).splitlines()
    proved = 0
    for line in lines:
        note, seq, digest = line.split()[:3]
        if signers:
            option = f"gpg.ssh.allowedSignersFile={signers}"
            git(repository, "-c", option, "verify-commit", note)
        if int(seq) <= len(known) and known[int(seq)] != digest:
            raise Bad(f"record {proved + 1} or a later one was changed: record {seq} is not that of note {note}")
        proved = int(seq)
    return len(lines)


def main(arguments: list[str]) -> int:
    """The exit code."""
    if not 1 <= len(arguments) <= 3:
        sys.stderr.write(__doc__)
        return 2
    try:
        known = records(arguments[0])
        agreed = notes(arguments[1], arguments[2] if len(arguments) > 2 else "", known) if len(arguments) > 1 else None
    except (Bad, OSError, ValueError, KeyError) as error:
        print(f"BAD: {error}")
        return 1
    told = "" if agreed is None else f"; {agreed} notes agree" + (", signatures checked" if len(arguments) > 2 else "")
    print(f"OK: {len(known)} records, head {known.get(len(known), '0' * 64)}{told}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
